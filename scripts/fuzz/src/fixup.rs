//! Checksums that are right again after a mutation: with wrong ones nothing behind them would be reached.

use crate::image::Image;
use pintle::crc::{CRC32, CRC32C, crc32};

/// No more than this is summed up: it would take too long.
const MOST_BYTES: usize = 80 << 10;

fn le32(image: &Image, at: u64) -> u32 {
    u32::from_le_bytes(image.array(at))
}

fn le16(image: &Image, at: u64) -> usize {
    u16::from_le_bytes(image.array(at)).into()
}

fn le64(image: &Image, at: u64) -> u64 {
    u64::from_le_bytes(image.array(at))
}

fn has(image: &Image, at: u64, magic: &[u8]) -> bool {
    image.bytes(at, magic.len()) == magic
}

/// The CRC of `length` bytes at `at`, those 4 at `hole` taken for zeros.
fn crc(image: &Image, polynomial: u32, seed: u32, at: u64, length: usize, hole: usize) -> u32 {
    let mut bytes = image.bytes(at, length.min(MOST_BYTES));
    bytes.iter_mut().skip(hole).take(4).for_each(|byte| *byte = 0);
    crc32(polynomial, seed, &bytes)
}

/// Writes it only where it is wrong.
fn put(image: &mut Image, at: u64, bytes: &[u8]) {
    if image.bytes(at, bytes.len()) != bytes {
        image.put(at, bytes);
    }
}

/// Puts all of them right that are there.
pub fn fix(image: &mut Image) {
    for block in [512, 4096] {
        gpt(image, block);
    }
    superblocks(image);
    lvm(image);
    nilfs2(image);
    exfat(image);
    romfs(image);
    cramfs(image);
    udf(image);
}

fn gpt(image: &mut Image, sector: u64) {
    let last = (image.size / sector).saturating_sub(1);
    for lba in [1, last] {
        let Some(at) = lba.checked_mul(sector).filter(|at| has(image, *at, b"EFI PART")) else { continue };
        let all = u64::from(le32(image, at + 80)) * u64::from(le32(image, at + 84));
        if let (Some(entries), Ok(all @ ..=MOST_BYTES)) =
            (le64(image, at + 72).checked_mul(sector), usize::try_from(all))
        {
            let entries = !crc(image, CRC32, !0, entries, all, all);
            put(image, at + 88, &entries.to_le_bytes());
        }
        let header = le32(image, at + 12) as usize;
        let header = !crc(image, CRC32, !0, at, header.min(4096), 16);
        put(image, at + 16, &header.to_le_bytes());
    }
}

fn superblocks(image: &mut Image) {
    if has(image, 0, b"XFSB") {
        let sum = !crc(image, CRC32C, !0, 0, 1 << (image.array::<1>(121)[0] & 15), 224);
        put(image, 224, &sum.to_le_bytes());
    }
    if has(image, 1024 + 0x38, b"\x53\xef") && le32(image, 1024 + 0x64) & 0x400 != 0 {
        let sum = crc(image, CRC32C, !0, 1024, 0x3fc, 0x3fc);
        put(image, 1024 + 0x3fc, &sum.to_le_bytes());
    }
    if has(image, 0x10040, b"_BHRfS_M") {
        let sum = !crc(image, CRC32C, !0, 0x10020, 4064, 4064);
        put(image, 0x10000, &sum.to_le_bytes());
    }
    if has(image, 1024, b"\x10\x20\xf5\xf2") {
        let at = le32(image, 1024 + 0x20);
        if (1..=4092).contains(&at) {
            let sum = crc(image, CRC32, 0xf2f5_2010, 1024, at as usize, at as usize);
            put(image, 1024 + u64::from(at), &sum.to_le_bytes());
        }
    }
    if has(image, 1024, b"\xe2\xe1\xf5\xe0") {
        let block = 1usize << image.array::<1>(1024 + 12)[0].min(17);
        let sum = crc(image, CRC32C, !0, 1024, if block > 1024 { block - 1024 } else { block }, 4);
        put(image, 1024 + 4, &sum.to_le_bytes());
    }
}

fn lvm(image: &mut Image) {
    for at in [0, 512, 1024, 1536] {
        if has(image, at, b"LABELONE") {
            let sum = crc(image, CRC32, 0xf597_a6cf, at + 20, 492, 492);
            put(image, at + 16, &sum.to_le_bytes());
        }
    }
}

fn nilfs2(image: &mut Image) {
    for at in [1024, (image.size & !511).saturating_sub(4096)] {
        if has(image, at.saturating_add(6), b"\x34\x34") {
            let sum = crc(image, CRC32, le32(image, at + 12), at, le16(image, at + 8), 16);
            put(image, at + 16, &sum.to_le_bytes());
        }
    }
}

fn exfat(image: &mut Image) {
    let bits = image.array::<1>(108)[0];
    if has(image, 3, b"EXFAT   ") && matches!(bits, 9..=12) {
        let boot = image.bytes(0, 11 << bits);
        let summed = boot.iter().enumerate().filter(|(place, _)| !matches!(place, 106 | 107 | 112));
        let sum = summed.fold(0u32, |sum, (_, byte)| sum.rotate_right(1).wrapping_add((*byte).into()));
        put(image, 11 << bits, &sum.to_le_bytes());
    }
}

fn romfs(image: &mut Image) {
    if has(image, 0, b"-rom1fs-") {
        let length = u32::from_be_bytes(image.array(8)).min(512) as usize;
        let words = image.bytes(0, length);
        let sum = words.as_chunks().0.iter().fold(0u32, |sum, word| sum.wrapping_add(u32::from_be_bytes(*word)));
        let old = u32::from_be_bytes(image.array(12));
        put(image, 12, &old.wrapping_sub(sum).to_be_bytes());
    }
}

fn cramfs(image: &mut Image) {
    let (little, big) = (has(image, 0, b"\x45\x3d\xcd\x28"), has(image, 0, b"\x28\xcd\x3d\x45"));
    if little || big {
        let number: fn([u8; 4]) -> u32 = if big { u32::from_be_bytes } else { u32::from_le_bytes };
        let sum = !crc(image, CRC32, !0, 0, number(image.array(4)) as usize, 32);
        put(image, 32, &if big { sum.to_be_bytes() } else { sum.to_le_bytes() });
    }
}

/// Descriptors of UDF are where there are bytes that could be one's tag.
fn udf(image: &mut Image) {
    if !has(image, 0x8001, b"BEA01") && !has(image, 0x8001, b"NSR0") {
        return;
    }
    let places: Vec<u64> = image.runs().iter().map(|(at, _)| at & !511).filter(|at| *at >= 0x1_0000).collect();
    for at in places {
        let tag = image.array::<16>(at);
        let sum = tag.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte)).wrapping_sub(tag[4]);
        put(image, at + 4, &[sum]);
    }
}
