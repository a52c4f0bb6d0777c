//! GUID partition tables.
#![no_main]

pintle_fuzz::image_target!(pintle_fuzz::tables::check);
