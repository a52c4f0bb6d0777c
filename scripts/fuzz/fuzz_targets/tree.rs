//! A verity superblock, the sizes of its devices, and the options that may stand in for it.
#![no_main]

use pintle_fuzz::{libfuzzer_sys::fuzz_target, tree};

fuzz_target!(|input: &[u8]| tree::check(input));
