//! Master boot records and the chains of extended ones.
#![no_main]

pintle_fuzz::image_target!(pintle_fuzz::tables::check);
