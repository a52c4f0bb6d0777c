//! cramfs.
#![no_main]

pintle_fuzz::prober!("cramfs");
