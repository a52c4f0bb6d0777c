//! Physical volumes of LVM2.
#![no_main]

pintle_fuzz::prober!("lvm");
