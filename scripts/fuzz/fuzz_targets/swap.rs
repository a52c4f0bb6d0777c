//! Swap spaces, and suspended systems in them.
#![no_main]

pintle_fuzz::prober!("swap");
