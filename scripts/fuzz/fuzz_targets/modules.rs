//! `modules.dep` and the list of modules.
#![no_main]

use pintle_fuzz::{libfuzzer_sys::fuzz_target, text};

fuzz_target!(|input: &[u8]| text::check_modules(input));
