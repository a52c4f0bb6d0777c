//! NILFS2, by its first superblock or the one at the end of the device.
//!
//! Source: kernel include/uapi/linux/nilfs2_ondisk.h, `struct nilfs_super_block`.

use super::{Answer, Format};
use crate::crc::CRC32;
use crate::disk::{Disk, le16, le32, le64};
use crate::identity::{Identity, Type};

const SB_OFFSET: u64 = 1024;
/// Of the second superblock, from the end of the device.
const SB2_FROM_END: u64 = 4096;
const SUPER_MAGIC: u32 = 0x3434;
const S_SUM: usize = 16;
/// The fields that a checksum must cover, and the size of the structure.
const MIN_BYTES: u32 = 20;
const MAX_BYTES: u32 = 1024;

pub(super) const FORMAT: Format = Format::new(Type::Nilfs2).least(1 << 20).at(SB_OFFSET).uuid(152).label(168, 80);

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], _: &mut Identity) -> Answer {
    while !has_super(disk) {
        if disk.base != SB_OFFSET {
            return None;
        }
        disk.seek((disk.size & !511) - SB2_FROM_END);
    }
    Some(true)
}

/// Whether a good one stands here.
fn has_super(disk: &mut Disk<'_>) -> bool {
    let sb = disk.sector();
    let (magic, bytes, seed, dev_size) = (le16(sb, 6), le16(sb, 8), le32(sb, 12), le64(sb, 32));
    // At the end of a disk stands that of its last partition.
    magic == SUPER_MAGIC
        && (disk.base == SB_OFFSET || dev_size == disk.size)
        && matches!(bytes, MIN_BYTES..=MAX_BYTES)
        && disk.checksum(CRC32, seed, 0, bytes as usize, S_SUM)
}

#[cfg(test)]
mod tests {
    use crate::crc::CRC32;
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    const END: u64 = (1 << 20) - 4096;

    /// Both, with a label each; `bytes` are covered by the checksum.
    fn image(bytes: u16) -> Image {
        let mut image = Image::new((1 << 20) + 511);
        for (sb, label) in [(1024, b"one"), (END, b"two")] {
            image = image.put(sb + 6, b"\x34\x34").put(sb + 8, bytes.to_le_bytes()).put(sb + 12, [1, 2, 3, 4]);
            image = image.put(sb + 32, ((1u64 << 20) + 511).to_le_bytes()).put(sb + 152, UUID).put(sb + 168, label);
            let crc = image.crc(CRC32, 0x0403_0201, sb, bytes.into());
            image = image.put(sb + 16, crc.to_le_bytes());
        }
        image
    }

    #[test]
    fn first_and_second() {
        let [one, two] = ["one", "two"].map(|label| format!("nilfs2 {UUID_TEXT} {label}"));
        let rows: &[(u16, &[u64], &str)] = &[
            (280, &[], &one),
            (1024, &[], &one),
            (20, &[], &one),
            (280, &[1024 + 6], &two),
            (280, &[1024 + 279], &two),
            (280, &[1024 + 280], &one),
            (280, &[1024 + 7, END + 6], ""),
            (280, &[1024 + 7, END + 200], ""),
            (280, &[1024 + 16, END + 32], ""),
            (19, &[], ""),
            (1025, &[], ""),
        ];
        for (bytes, damage, expected) in rows {
            let image = damage.iter().fold(image(*bytes), |image, at| image.put(*at, b"~"));
            assert_eq!(image.clone().identify(), *expected, "{bytes} {damage:?}");
        }
    }
}
