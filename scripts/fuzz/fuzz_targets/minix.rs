//! minix.
#![no_main]

pintle_fuzz::prober!("minix");
