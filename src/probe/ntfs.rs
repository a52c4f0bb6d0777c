//! NTFS. The label is read without the fix-ups of the record's sectors, as libblkid does: one of more than 80
//! characters may have a wrong one.
//!
//! Source: kernel fs/ntfs3/ntfs.h.

use super::{Answer, Format};
use crate::disk::{Disk, le16, le64, log2};
use crate::identity::{Encoding, Identity, Type};

const MAX_CLUSTER_BITS: u32 = 21;
/// What a record starts with.
const FILE: u32 = u32::from_le_bytes(*b"FILE");
/// The number of $Volume's record in the MFT.
const MFT_REC_VOL: u64 = 3;
const ATTR_LABEL: u32 = 0x60;
const ATTR_END: u32 = !0;
/// The fixed part of a resident attribute.
const ATTRIBUTE_BYTES: u64 = 22;

pub(super) const FORMAT: Format = Format::new(Type::Ntfs).magic(3, b"NTFS    ");

pub(super) fn probe(disk: &mut Disk<'_>, boot: &[u8; 512], identity: &mut Identity) -> Answer {
    let (sector_bits, sectors_bits) = (log2(le16(boot, 0xb)), size_bits(boot[0xd]));
    let cluster_bits = sector_bits + sectors_bits;
    let mut record_bits = size_bits(boot[0x40]);
    if boot[0x40] < 0x80 {
        record_bits += cluster_bits;
    }
    // FAT's fields, which are not in use here: those from 0xe to 0x14, at 0x16 and at 0x20.
    let unused = le64(boot, 0xd) >> 8 | le64(boot, 0x10) >> 48 | le64(boot, 0x1c) >> 32;
    let (sectors, mft, mft_mirror, serial) = (le64(boot, 0x28), le64(boot, 0x30), le64(boot, 0x38), le64(boot, 0x48));
    if !matches!(sector_bits, 8..=12)
        || cluster_bits > MAX_CLUSTER_BITS
        || !matches!(record_bits, 9..=12)
        || unused != 0
        || mft.max(mft_mirror) > sectors >> sectors_bits
    {
        return None;
    }
    if serial != 0 {
        identity.uuid.push_digits(serial, 16, b'A');
    }
    // What is shifted out has lost its way, and won't be found.
    disk.base = mft << cluster_bits;
    if disk.u32(0) != FILE {
        return None;
    }
    disk.base = disk.base.wrapping_add(MFT_REC_VOL << record_bits);
    let bytes = 1 << record_bits;
    disk.bytes(0, bytes);
    if disk.u32(0) != FILE {
        return None;
    }
    let last = u64::from(disk.u32(28)).min(bytes as u64 - ATTRIBUTE_BYTES);
    let mut place = u64::from(disk.u16(20));
    // Attributes: a byte long at least each, so no more than there are places.
    while place <= last {
        let (kind, size) = (disk.u32(place), disk.u32(place + 4));
        if kind == ATTR_LABEL {
            let (length, name) = (disk.u32(place + 16), place + u64::from(disk.u16(place + 20)));
            if name + u64::from(length) <= bytes as u64 {
                identity.label_at(disk, name, length as usize, Encoding::Utf16Le);
            }
        }
        if matches!(kind, ATTR_LABEL | ATTR_END) || size == 0 {
            break;
        }
        place += u64::from(size);
    }
    Some(true)
}

/// Binary logarithm of a number that is stored as it is, or as 256 less its logarithm; 99 where it's neither.
#[inline(never)]
fn size_bits(stored: u8) -> u32 {
    match stored {
        0xe1.. => 256 - u32::from(stored),
        _ => log2(stored.into()),
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::Image;

    const MFT: u64 = 4 * 4096;
    const VOLUME: u64 = MFT + 3 * 1024;

    fn image() -> Image {
        let image = Image::new(1 << 20).put(3, b"NTFS    \0\x02\x08").put(0x28, b"\xff\x07").put(0x30, b"\x04");
        let image = image.put(0x40, b"\xf6").put(0x48, b"\xef\xcd\xab\x89\x67\x45\x23\x01");
        image.put(MFT, b"FILE").put(VOLUME, b"FILE").put(VOLUME + 20, b"\x38").put(VOLUME + 28, b"\0\x04")
    }

    /// With an attribute before the label's.
    fn labelled(length: u8) -> Image {
        let image = image().put(VOLUME + 0x38, b"\x10\0\0\0\x48").put(VOLUME + 0x80, b"\x60\0\0\0\x28");
        image.put(VOLUME + 0x90, [length, 0, 0, 0, 0x18]).put(VOLUME + 0x98, b"A\0\xc4\0")
    }

    #[test]
    fn labels_and_damage() {
        let rows = [
            (image(), "ntfs 0123456789ABCDEF "),
            (labelled(4), "ntfs 0123456789ABCDEF A\\xc3\\x84"),
            (labelled(4).put(VOLUME + 0x92, b"\x01"), "ntfs 0123456789ABCDEF "),
            (labelled(4).put(VOLUME + 0x38, b"\xff\xff\xff\xff"), "ntfs 0123456789ABCDEF "),
            (labelled(4).put(VOLUME + 0x3c, b"\0"), "ntfs 0123456789ABCDEF "),
            (labelled(4).put(VOLUME + 28, b"\x7f\0"), "ntfs 0123456789ABCDEF "),
            (image().put(0x48, [0; 8]), "ntfs  "),
            (image().put(0xb, b"\0\x04\xfe"), "ntfs 0123456789ABCDEF "),
            (image().put(3, b"NTFX"), ""),
            (image().put(0xb, b"\x80\0"), ""),
            (image().put(0xd, b"\x03"), ""),
            (image().put(0xd, b"\xe1"), ""),
            (image().put(0xe, b"\x01"), ""),
            (image().put(0x14, b"\x01"), ""),
            (image().put(0x17, b"\x01"), ""),
            (image().put(0x20, b"\x01"), ""),
            (image().put(0x30, b"\0\x01"), ""),
            (image().put(0x38, b"\0\x01"), ""),
            (image().put(0x40, b"\x03"), ""),
            (image().put(0x40, b"\xe1"), ""),
            (image().put(MFT, b"BAAD"), ""),
            (image().put(VOLUME, b"BAAD"), ""),
        ];
        for (row, (mut image, expected)) in rows.into_iter().enumerate() {
            assert_eq!(image.identify(), expected, "{row}");
        }
    }
}
