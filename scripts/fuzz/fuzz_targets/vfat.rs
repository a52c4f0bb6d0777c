//! FAT12, FAT16 and FAT32.
#![no_main]

pintle_fuzz::prober!("vfat");
