//! romfs.
#![no_main]

pintle_fuzz::prober!("romfs");
