//! LUKS, both versions.
#![no_main]

pintle_fuzz::prober!("luks");
