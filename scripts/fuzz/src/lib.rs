//! What the fuzz targets share: sparse images, how they are mutated, and what must hold of every answer.

pub mod fixup;
pub mod image;
pub mod machine;
pub mod mutate;
pub mod probers;
pub mod tables;
pub mod text;
pub mod tree;

pub use libfuzzer_sys;

/// A target whose input is an [`image::Image`], which `check` is called with.
#[macro_export]
macro_rules! image_target {
    ($check:expr) => {
        $crate::libfuzzer_sys::fuzz_target!(|input: &[u8]| {
            let check: fn(&$crate::image::Image) = $check;
            check(&$crate::image::Image::parse(input));
        });
        $crate::libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate::mutate(data, size, max_size, seed)
        });
    };
}

/// A target for one prober alone.
#[macro_export]
macro_rules! prober {
    ($name:literal) => {
        $crate::image_target!(|image| $crate::probers::check(const { $crate::probers::place($name) }, image));
    };
}
