//! ext2, ext3, ext4 and their journal devices.
//!
//! Source: kernel Documentation/filesystems/ext4/super.rst, fs/ext4/ext4.h.

use super::{Answer, Format};
use crate::crc::CRC32C;
use crate::disk::{Disk, le32};
use crate::identity::{Identity, Type};

const CHECKSUM: usize = 0x3fc;

const COMPAT_HAS_JOURNAL: u32 = 0x4;
const INCOMPAT_JOURNAL_DEV: u32 = 0x8;
/// What ext2's driver and ext3's know; a file system with anything else is ext4's. (Compression and a pending journal
/// replay count as ext3's own.)
const RO_COMPAT_OF_EXT3: u32 = 0x7;
const INCOMPAT_OF_EXT2: u32 = 0x12;
const INCOMPAT_OF_EXT3: u32 = 0x16;
const RO_COMPAT_METADATA_CSUM: u32 = 0x400;

pub(super) const FORMAT: Format =
    Format::new(Type::Ext4).at(1024).near().magic(0x38, b"\x53\xef").uuid(0x68).label(0x78, 16);

pub(super) fn probe(disk: &mut Disk<'_>, sb: &[u8; 512], identity: &mut Identity) -> Answer {
    let (compat, incompat, ro_compat) = (le32(sb, 0x5c), le32(sb, 0x60), le32(sb, 0x64));
    if ro_compat & RO_COMPAT_METADATA_CSUM != 0 && !disk.checksum(CRC32C, !0, 0, CHECKSUM, CHECKSUM) {
        return None;
    }
    if incompat & INCOMPAT_JOURNAL_DEV != 0 {
        identity.kind = Type::Jbd;
    } else if ro_compat & !RO_COMPAT_OF_EXT3 == 0 && incompat & !INCOMPAT_OF_EXT3 == 0 {
        if compat & COMPAT_HAS_JOURNAL != 0 {
            identity.kind = Type::Ext3;
        } else if incompat & !INCOMPAT_OF_EXT2 == 0 {
            identity.kind = Type::Ext2;
        } else {
            return None;
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use crate::crc::{CRC32C, crc32};
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    fn image(compat: u32, incompat: u32, ro_compat: u32) -> Image {
        let features = [compat, incompat, ro_compat].map(u32::to_le_bytes).concat();
        let image = Image::new(1 << 20).put(0x438, b"\x53\xef").put(0x45c, features);
        image.put(0x468, UUID).put(0x478, b"root \0junk")
    }

    #[test]
    fn types_by_features() {
        let rows = [
            ((0, 0, 0), "ext2"),
            ((0, 2, 3), "ext2"),
            ((4, 2, 3), "ext3"),
            ((4, 6, 3), "ext3"),
            ((4, 0x2c2, 0x73), "ext4"),
            ((0, 0x2c2, 0x73), "ext4"),
            ((0, 8, 0), "!jbd"),
            ((0, 4, 0), ""),
        ];
        for ((compat, incompat, ro_compat), fstype) in rows {
            let expected = if fstype.is_empty() { String::new() } else { format!("{fstype} {UUID_TEXT} root") };
            assert_eq!(
                image(compat, incompat, ro_compat).identify(),
                expected,
                "{compat:#x} {incompat:#x} {ro_compat:#x}"
            );
        }
    }

    #[test]
    fn a_wrong_checksum() {
        let mut good = vec![0; 0x3fc];
        for (at, bytes) in [(0x38, &b"\x53\xef"[..]), (0x64, &[0, 4]), (0x68, &UUID)] {
            good[at..at + bytes.len()].copy_from_slice(bytes);
        }
        let image = Image::new(1 << 20).put(1024, &good).put(1024 + 0x3fc, crc32(CRC32C, !0, &good).to_le_bytes());
        assert_eq!(image.clone().identify(), format!("ext4 {UUID_TEXT} "));
        assert_eq!(image.put(1024 + 0x78, b"x").identify(), "");
    }
}
