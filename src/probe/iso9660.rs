//! ISO 9660 with Joliet. The UUID is the time of the last change.
//!
//! Source: ECMA-119, Microsoft's "Joliet Specification", kernel include/uapi/linux/iso_fs.h.

use super::{Answer, Format};
use crate::bytes::Text;
use crate::disk::{Disk, le32};
use crate::identity::{Encoding, Identity, Type, push_label};

const DESCRIPTORS: u64 = 0x8000;
const DESCRIPTOR_BYTES: u64 = 0x800;
/// The last descriptor that is looked at, the 16th: all of them lie in the head of the disk.
const LAST_DESCRIPTOR: u64 = 0xf800;

const VD_PRIMARY: u8 = 1;
const VD_SUPPLEMENTARY: u8 = 2;
const VD_END: u8 = 255;

const VOLUME_ID: u64 = 40;
const VOLUME_ID_BYTES: usize = 32;
const ESCAPE: usize = 88;
const CREATION_DATE: u64 = 813;
const MODIFICATION_DATE: u64 = 830;
/// 16 digits, and the time zone.
const NO_DATE: &[u8] = b"0000000000000000\0";

/// The bit that makes a letter of ASCII a small one.
const CASE: u8 = 0x20;

/// Where year, month, day, hour, minute, second and hundredths end.
const DATE_GROUPS: u32 = 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 12 | 1 << 14;

pub(super) const FORMAT: Format = Format::new(Type::Iso9660).at(DESCRIPTORS).magic(1, b"CD001");

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], identity: &mut Identity) -> Answer {
    let (mut primary, mut joliet) = (0, 0);
    while disk.base <= LAST_DESCRIPTOR {
        let descriptor = disk.head_sector();
        match descriptor[0] {
            VD_PRIMARY if primary == 0 => primary = disk.base,
            // `%/@`, `%/C`, `%/E`: one of UCS-2's three levels.
            VD_SUPPLEMENTARY if joliet == 0 => match le32(descriptor, ESCAPE) << 8 {
                0x402f_2500 | 0x432f_2500 | 0x452f_2500 => joliet = disk.base,
                _ => {}
            },
            VD_END => break,
            _ => {}
        }
        disk.base += DESCRIPTOR_BYTES;
    }
    if primary == 0 {
        return None;
    }
    disk.base = primary;
    identity.label_at(disk, VOLUME_ID, VOLUME_ID_BYTES, Encoding::Bytes);
    if joliet != 0 {
        disk.base = joliet;
        let (wide, merged) = (disk.bytes(VOLUME_ID, VOLUME_ID_BYTES), &mut identity.uuid);
        merge(merged, identity.label.as_bytes(), wide);
        identity.label.clear();
        push_label(&mut identity.label, merged.as_bytes(), Encoding::Utf16Be);
        merged.clear();
        disk.base = primary;
    }
    let mut date = MODIFICATION_DATE;
    while disk.magic(date, NO_DATE) {
        if date == CREATION_DATE {
            return Some(true);
        }
        date = CREATION_DATE;
    }
    identity.grouped_at(disk, date, 16, DATE_GROUPS);
    Some(true)
}

/// The label out of both, in UTF-16: the first has more characters, the second more of them to choose from. It is the
/// second where they aren't the same, but for case and for the `_` that stands for what a character set lacks.
fn merge(merged: &mut Text, mut short: &[u8], wide: &[u8]) {
    let mut rest = wide;
    while rest.len() + short.len() != 0 {
        // Behind its end it lacks all of them.
        let (mut high, mut low) = (0, b'_');
        if let [first, second, behind @ ..] = rest {
            (high, low, rest) = (*first, *second, behind);
        }
        // The first half of a pair has no letter of its own.
        if high & 0xfc != 0xd8 {
            let mut letter = b' ';
            if let [first, behind @ ..] = short {
                (letter, short) = (*first, behind);
            }
            if letter != b'_' {
                let case = if letter.is_ascii_alphabetic() { CASE } else { 0 };
                let same = (low ^ letter) & !case == 0;
                if high != 0 || !same && low != b'_' {
                    return merged.set(wide);
                }
                if !same || letter & CASE != 0 {
                    low = letter;
                }
            }
        }
        merged.push(&[high, low]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::tests::Image;

    fn image(label: &[u8; 32]) -> Image {
        let image = Image::new(1 << 20).put(DESCRIPTORS, b"\x01CD001").put(DESCRIPTORS + VOLUME_ID, label);
        let image = image.put(DESCRIPTORS + 0x800, b"\xffCD001");
        image.put(DESCRIPTORS + 813, b"2001020304050607\0").put(DESCRIPTORS + 830, b"2026112317514500\x04")
    }

    fn joliet(short: &[u8; 32], wide: &str) -> Image {
        let wide: Vec<u8> = wide.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let image = image(short).put(DESCRIPTORS + 0x800, b"\x02CD001").put(DESCRIPTORS + 0x858, b"%/E");
        image.put(DESCRIPTORS + 0x828, wide).put(DESCRIPTORS + 0x1000, b"\xff")
    }

    #[test]
    fn dates() {
        let plain = || image(b"DISC                            ");
        let unset = |at| plain().put(at, b"0000000000000000\0");
        let rows = [
            (plain(), "iso9660 2026-11-23-17-51-45-00 DISC"),
            (unset(DESCRIPTORS + 830), "iso9660 2001-02-03-04-05-06-07 DISC"),
            (unset(DESCRIPTORS + 830).put(DESCRIPTORS + 813, b"0000000000000000\0"), "iso9660  DISC"),
            (plain().put(DESCRIPTORS + 830, [0; 17]), "iso9660  DISC"),
            (plain().put(DESCRIPTORS, b"\x02"), ""),
            (plain().put(DESCRIPTORS + 1, b"x"), ""),
        ];
        for (row, (mut image, expected)) in rows.into_iter().enumerate() {
            assert_eq!(image.identify(), expected, "{row}");
        }
    }

    #[test]
    fn labels_of_both() {
        let rows = [
            ("DEBIAN_12_AMD64_A_LONG_LABEL    ", "Debian 12 amd64 ", "Debian 12 amd64 A_LONG_LABEL"),
            ("lower_CASE                      ", "LOWER_case      ", "lower_case"),
            ("__UMLAUT                        ", "\u{c4}\u{d6}umlaut        ", "\u{c4}\u{d6}umlaut"),
            ("A_B                             ", "A\u{1d11e}B            ", "A\u{1d11e}B"),
            ("OTHER                           ", "Joliet          ", "Joliet"),
            ("SHORT                           ", "Short\0\0\0", "Short"),
        ];
        for (short, wide, expected) in rows {
            let short = short.as_bytes().try_into().expect("32 bytes");
            let expected = format!("iso9660 2026-11-23-17-51-45-00 {}", expected.as_bytes().escape_ascii());
            assert_eq!(joliet(short, wide).identify(), expected);
        }
    }
}
