//! btrfs.
#![no_main]

pintle_fuzz::prober!("btrfs");
