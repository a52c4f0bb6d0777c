//! ext2, ext3, ext4 and their journals.
#![no_main]

pintle_fuzz::prober!("ext");
