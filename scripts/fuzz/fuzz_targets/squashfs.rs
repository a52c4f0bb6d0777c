//! SquashFS.
#![no_main]

pintle_fuzz::prober!("squashfs");
