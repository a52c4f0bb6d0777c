//! F2FS.
#![no_main]

pintle_fuzz::prober!("f2fs");
