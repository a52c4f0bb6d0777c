//! ISO 9660 with Joliet.
#![no_main]

pintle_fuzz::prober!("iso9660");
