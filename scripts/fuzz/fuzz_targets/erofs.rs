//! EROFS.
#![no_main]

pintle_fuzz::prober!("erofs");
