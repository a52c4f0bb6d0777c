//! Members of Linux software RAID.
#![no_main]

pintle_fuzz::prober!("md");
