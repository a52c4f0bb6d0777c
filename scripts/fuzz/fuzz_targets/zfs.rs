//! Devices of a ZFS pool.
#![no_main]

pintle_fuzz::prober!("zfs");
