//! NILFS2.
#![no_main]

pintle_fuzz::prober!("nilfs2");
