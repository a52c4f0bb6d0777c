//! The image's own settings, and a command line that has no say in them.
#![no_main]

use pintle_fuzz::{libfuzzer_sys::fuzz_target, text};

fuzz_target!(|input: &[u8]| text::check_settings(input));
