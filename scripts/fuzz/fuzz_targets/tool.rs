//! `init probe`: what is written of whatever is found.
#![no_main]

pintle_fuzz::image_target!(pintle_fuzz::machine::check);
