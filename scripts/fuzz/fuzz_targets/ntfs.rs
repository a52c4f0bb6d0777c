//! NTFS.
#![no_main]

pintle_fuzz::prober!("ntfs");
