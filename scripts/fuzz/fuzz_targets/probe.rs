//! All probers, as they are asked together.
#![no_main]

pintle_fuzz::image_target!(pintle_fuzz::probers::check_all);
