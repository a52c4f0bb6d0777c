//! JFS.
#![no_main]

pintle_fuzz::prober!("jfs");
