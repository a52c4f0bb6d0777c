//! romfs.
//!
//! Source: kernel Documentation/filesystems/romfs.rst, fs/romfs/super.c.

use super::{Answer, Format};
use crate::disk::{Disk, le32};
use crate::identity::{Identity, Type};

/// Big-endian, as all numbers. The words of a sector sum up to zero, or all, where there are fewer.
const FULL_SIZE: usize = 8;
/// The smallest has these and nothing else.
const LEAST_WORDS: u32 = 4;

pub(super) const FORMAT: Format = Format::new(Type::RomFs).magic(0, b"-rom1fs-").label(16, 16);

pub(super) fn probe(_: &mut Disk<'_>, sb: &[u8; 512], _: &mut Identity) -> Answer {
    let words = le32(sb, FULL_SIZE).swap_bytes() / 4;
    let mut sum = 0u32;
    for word in sb.as_chunks().0.iter().take(words as usize) {
        sum = sum.wrapping_add(u32::from_be_bytes(*word));
    }
    (words >= LEAST_WORDS && sum == 0).then_some(true)
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::Image;

    /// Words of ones from 32 on, `size` bytes of them in all; the checksum is for the first `summed` bytes.
    fn image(size: u32, summed: u32) -> Image {
        let mut bytes = b"-rom1fs-\0\0\0\0\0\0\0\0tiny root\0\0\0\0\0\0\0".to_vec();
        bytes.resize(size as usize, 1);
        bytes[8..12].copy_from_slice(&size.to_be_bytes());
        let words =
            bytes[..summed as usize].chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().expect("4")));
        let sum = words.fold(0, u32::wrapping_add);
        bytes[12..16].copy_from_slice(&sum.wrapping_neg().to_be_bytes());
        Image::new(4096).put(0, bytes)
    }

    #[test]
    fn the_first_words_sum_up_to_zero() {
        for (size, summed, expected) in [
            (1024, 512, "romfs  tiny root"),
            (512, 512, "romfs  tiny root"),
            (99, 96, "romfs  tiny root"),
            (1024, 516, ""),
            (1024, 508, ""),
            (96, 92, ""),
        ] {
            assert_eq!(image(size, summed).identify(), expected, "{size} {summed}");
        }
        for (at, expected) in [(0, ""), (7, ""), (8, ""), (12, ""), (16, ""), (511, ""), (512, "romfs  tiny root")] {
            assert_eq!(image(1024, 512).put(at, b"x").identify(), expected, "{at}");
        }
        // Nothing to sum up: without the four words of its header it is none.
        assert_eq!(Image::new(4096).put(0, b"-rom1fs-").identify(), "");
    }
}
