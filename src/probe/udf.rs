//! UDF.
//!
//! Source: ECMA-167, OSTA's "Universal Disk Format Specification" 2.60, kernel fs/udf/ecma_167.h.

use super::{Answer, Format};
use crate::bytes::Text;
use crate::disk::{Disk, le16, le32};
use crate::identity::{Encoding, Identity, Type, push_encoded};

const MOST_BLOCK_BYTES: u32 = 4096;
const STRUCTURE_DESCRIPTORS: u64 = 0x8000;
/// Structure descriptors that are looked at, as many as lie in the head of the disk.
const MOST_STRUCTURE_DESCRIPTORS: u64 = 16;
/// What they say, 5 bytes each: the first two, that it is UDF; another one ends them.
const IDENTIFIERS: &[u8] = b"NSR02NSR03BEA01BOOT2CD001CDW02TEA01";
/// Volume descriptors that are looked at: 16 is what a sequence has.
const MOST_DESCRIPTORS: u32 = 64;

const TAG_PVD: u32 = 1;
const TAG_AVDP: u32 = 2;
const TAG_LVD: u32 = 6;
const TAG_TD: u32 = 8;

const CHARACTER_SET: &[u8] = b"\0OSTA Compressed Unicode\0";
/// The bytes of a string's field. The first says how it is stored, the last is its length.
const STRING_BYTES: usize = 128;

pub(super) const FORMAT: Format = Format::new(Type::Udf);

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], identity: &mut Identity) -> Answer {
    let block = anchor(disk)?;
    let (mut left, mut location) = (disk.u32(16), disk.u32(20));
    let end = location.wrapping_add(MOST_DESCRIPTORS);
    while location != end && left >= block {
        match tag(disk, block, location) {
            TAG_TD => break,
            TAG_PVD => string(disk, &mut identity.uuid, 72, 200),
            TAG_LVD => string(disk, &mut identity.label, 84, 20),
            _ => {}
        }
        left -= block;
        location = location.wrapping_add(1);
    }
    identity.label.trim_end();
    set_identifier(&mut identity.uuid);
    Some(true)
}

/// Goes to the anchor, and returns the size of a block, which only its place tells. Blocks smaller than the device's are
/// not for it to read.
#[allow(clippy::cast_possible_truncation, reason = "a sector is one of 4096 bytes at most, or fits nothing here")]
fn anchor(disk: &mut Disk<'_>) -> Option<u32> {
    let mut block = disk.sector as u32;
    while block <= MOST_BLOCK_BYTES {
        if has_nsr(disk, block.max(2048).into()) {
            // 512: a disc that was written once, and isn't closed.
            if tag(disk, block, 256) == TAG_AVDP || tag(disk, block, 512) == TAG_AVDP {
                return Some(block);
            }
        }
        block *= 2;
    }
    None
}

/// Whether the structure descriptors, one every `stride` bytes, have one that says UDF.
fn has_nsr(disk: &mut Disk<'_>, stride: u64) -> bool {
    disk.base = STRUCTURE_DESCRIPTORS;
    let end = STRUCTURE_DESCRIPTORS + MOST_STRUCTURE_DESCRIPTORS * stride;
    while disk.base != end {
        let mut known = IDENTIFIERS.as_chunks::<5>().0.iter();
        if !known.any(|id| disk.magic(1, id)) {
            break;
        }
        if known.len() >= 5 {
            return true;
        }
        disk.base += stride;
    }
    false
}

/// Goes to the block at `location`, and returns the identifier in its tag, that of the end if it says that it belongs
/// elsewhere. One whose checksum is wrong makes all of it wrong.
#[inline(never)]
fn tag(disk: &mut Disk<'_>, block: u32, location: u32) -> u32 {
    disk.base = u64::from(block) * u64::from(location);
    let mut sum = 0u8;
    let tag = disk.sector();
    if le32(tag, 12) != location {
        return TAG_TD;
    }
    for byte in tag.iter().take(16) {
        sum = sum.wrapping_add(*byte);
    }
    let identifier = le16(tag, 0);
    disk.failed |= sum != tag[4].wrapping_mul(2);
    identifier
}

/// Takes the string at `at` into `text` if that is empty yet, and it is stored in a way that UDF knows.
#[inline(never)]
fn string(disk: &mut Disk<'_>, text: &mut Text, at: u64, character_set: u64) {
    if !text.as_bytes().is_empty() || !disk.magic(character_set, CHARACTER_SET) {
        return;
    }
    let [encoding, characters @ .., length] = disk.bytes(at, STRING_BYTES) else { return };
    let encoding = match encoding {
        8 => Encoding::Latin1,
        16 => Encoding::Utf16Be,
        _ => return,
    };
    // With the first byte.
    let length = usize::from(*length).saturating_sub(1).min(characters.len());
    push_encoded(text, characters.get(..length).unwrap_or_default(), encoding);
}

/// Makes the UUID out of the volume set's identifier: its first 16 characters where they are hexadecimal digits, else
/// 8 of them and 4 bytes in hexadecimal, or 8 bytes.
fn set_identifier(uuid: &mut Text) {
    let (mut start, mut length) = ([0; 16], 0);
    for (byte, stored) in start.iter_mut().zip(uuid.as_bytes()) {
        *byte = *stored;
        length += 1;
    }
    uuid.clear();
    if length < 8 {
        return;
    }
    let digits = start.iter().take_while(|byte| byte.is_ascii_hexdigit()).count() & !7;
    for (place, byte) in start.iter().enumerate() {
        if place < digits {
            // A small letter.
            uuid.push_byte(byte | 0x20);
        } else if place < 8 + digits / 2 {
            uuid.push_hex(*byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::Image;

    /// A descriptor with its tag.
    fn put(image: Image, block: u64, location: u32, id: u8, fields: &[(u64, &[u8])]) -> Image {
        let at = block * u64::from(location);
        let tag = [&[id, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0][..], &location.to_le_bytes()].concat();
        let sum = tag.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
        let image = image.put(at, tag).put(at + 4, [sum]);
        fields.iter().fold(image, |image, (place, bytes)| image.put(at + place, bytes))
    }

    fn image(block: u64, set: &[u8], label: &[u8]) -> Image {
        let mut image = Image::new(4 << 20);
        for (number, id) in (0..).zip([b"BEA01", b"NSR03", b"TEA01"]) {
            image = image.put(0x8001 + number * block.max(2048), id);
        }
        let charset = b"\0OSTA Compressed Unicode";
        let length = |text: &[u8]| [text.len().to_le_bytes()[0]];
        let image = put(image, block, 256, 2, &[(16, &[0, 0x40]), (20, &[32, 1])]);
        let image = put(image, block, 288, 1, &[(72, set), (199, &length(set)), (200, charset)]);
        let image = put(image, block, 289, 6, &[(84, label), (211, &length(label)), (20, charset)]);
        put(image, block, 290, 8, &[])
    }

    const SET: &[u8] = b"\x086B047D31D35dce03LinuxUDF";

    #[test]
    fn identifiers() {
        let rows: [(&[u8], &[u8], &str); 6] = [
            (SET, b"\x08Disc \xc4  ", "udf 6b047d31d35dce03 Disc \\xc3\\x84"),
            (SET, b"\x10\0A\xd8\x34\xdd\x1e", "udf 6b047d31d35dce03 A\\xf0\\x9d\\x84\\x9e"),
            (SET, b"\xffA", "udf 6b047d31d35dce03 "),
            (b"\x08DEADBEEFwx", b"", "udf deadbeef77780000 "),
            (b"\x08no digits", b"", "udf 6e6f206469676974 "),
            (b"\x08abcdef1", b"", "udf  "),
        ];
        for (set, label, expected) in rows {
            for block in [512, 1024, 2048, 4096] {
                assert_eq!(image(block, set, label).identify(), expected, "{block}");
            }
        }
    }

    #[test]
    fn damage() {
        let good = || image(2048, SET, b"\x08x");
        let unclosed = put(good().put(256 * 2048 + 12, b"\x07"), 2048, 512, 2, &[(16, &[0, 0x40]), (20, &[32, 1])]);
        let rows = [
            (unclosed, "udf 6b047d31d35dce03 x"),
            (good().put(256 * 2048 + 13, b"\x07"), ""),
            (good().put(256 * 2048 + 1, b"\x07"), ""),
            (good().put(0x8801, b"NSR01"), ""),
            (good().put(0x8001, b"x"), ""),
            (good().put(288 * 2048 + 8, b"\x01"), ""),
            (good().put(289 * 2048 + 12, b"\x01"), "udf 6b047d31d35dce03 "),
            (good().put(288 * 2048 + 201, b"x"), "udf  x"),
            (good().put(256 * 2048 + 16, b"\0\x08"), "udf 6b047d31d35dce03 "),
        ];
        for (row, (mut image, expected)) in rows.into_iter().enumerate() {
            assert_eq!(image.identify(), expected, "{row}");
        }
    }
}
