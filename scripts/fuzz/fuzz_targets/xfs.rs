//! XFS.
#![no_main]

pintle_fuzz::prober!("xfs");
