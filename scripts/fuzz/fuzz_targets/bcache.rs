//! bcache.
#![no_main]

pintle_fuzz::prober!("bcache");
