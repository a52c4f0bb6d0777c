//! exFAT.
#![no_main]

pintle_fuzz::prober!("exfat");
