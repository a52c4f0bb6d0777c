//! FAT12, FAT16 and FAT32. The label is the root directory's: the boot sector's is a copy that may be stale.
//!
//! Source: Microsoft's "FAT: General Overview of On-Disk Format", kernel include/uapi/linux/msdos_fs.h.

use super::fat::Directory;
use super::{Answer, Format};
use crate::disk::{Disk, le16, le32, log2};
use crate::identity::{Identity, Type};

/// The most clusters of FAT16 and FAT32.
const MAX_FAT16: u64 = 0xfff4;
const MAX_FAT32: u64 = 0x0fff_fff6;
const FAT32_MASK: u32 = 0x0fff_ffff;

const SIGNATURE: u32 = 0xaa55;
/// Others write a boot sector like FAT's and their name where its type stands.
const JFS: u32 = u32::from_le_bytes(*b"JFS ");
const HPFS: u32 = u32::from_le_bytes(*b"HPFS");

pub(super) const FORMAT: Format = Format::new(Type::Vfat);

pub(super) fn probe(disk: &mut Disk<'_>, boot: &[u8; 512], identity: &mut Identity) -> Answer {
    let (sector, reserved, dir_bytes) = (le16(boot, 0xb), le16(boot, 0xe), le16(boot, 0x11) * 32);
    let (sector_bits, cluster_bits) = (log2(sector), log2(boot[0xd].into()));
    let (fats, media) = (u32::from(boot[0x10]), boot[0x15]);
    let mut sectors = le16(boot, 0x13);
    if sectors == 0 {
        sectors = le32(boot, 0x20);
    }
    // The first sector of a partition table, which ends in the same two bytes, is none of FAT.
    if le16(boot, 0x1fe) != SIGNATURE
        || matches!(le32(boot, 0x36), JFS | HPFS)
        || !matches!(sector_bits, 9..=12)
        || cluster_bits > 7
        || media < 0xf0
        || matches!(media, 0xf1..=0xf7)
        || reserved * fats == 0
    {
        return None;
    }
    let (mut fat_length, mut max_clusters) = (le16(boot, 0x16), MAX_FAT16);
    let is_fat32 = fat_length == 0;
    if is_fat32 {
        (fat_length, max_clusters) = (le32(boot, 0x24), MAX_FAT32);
    }
    // In 40 bits.
    let heap = u64::from(fat_length) * u64::from(fats) + u64::from(reserved);
    let first_data = heap + u64::from((dir_bytes + sector - 1) >> sector_bits);
    let clusters = u64::from(sectors).checked_sub(first_data)? >> cluster_bits;
    if fat_length == 0 || clusters > max_clusters {
        return None;
    }
    let fat = u64::from(reserved) << sector_bits;
    let mut root = Directory { fat, mask: 0, heap: heap << sector_bits, cluster_bytes: dir_bytes, cluster: 2 };
    let mut serial = le32(boot, 0x27);
    if is_fat32 {
        (root.mask, root.cluster_bytes) = (FAT32_MASK, 1 << (sector_bits + cluster_bits));
        (root.cluster, serial) = (le32(boot, 0x2c), le32(boot, 0x43));
        let fsinfo = u64::from(le16(boot, 0x30)) << sector_bits;
        // RRaA or RRdA, then rrAa; some leave them out.
        if fsinfo != 0
            && !(matches!(disk.u32(fsinfo), 0x4161_5252 | 0x4164_5252 | 0)
                && matches!(disk.u32(fsinfo + 484), 0x6141_7272 | 0))
        {
            return None;
        }
    } else if !matches!(boot[0x26], 0x28 | 0x29) {
        // No serial number without a signature.
        serial = 0;
    }
    root.identify(disk, identity, serial);
    Some(false)
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::Image;

    /// 32 MiB: FAT16 with 512 entries in the root directory, which starts at sector 65, or FAT32 in clusters of a sector.
    fn image(fat32: bool) -> Image {
        let image = Image::new(32 << 20).put(0xb, b"\0\x02\x04\x01\0\x02").put(0x15, b"\xf8").put(0x1fe, b"\x55\xaa");
        let image = image.put(0x20, 65536u32.to_le_bytes());
        if fat32 {
            let image = image.put(0xd, b"\x01\x20").put(0x24, 500u32.to_le_bytes()).put(0x2c, b"\x02\0\0\0\x01");
            image.put(0x43, b"\xef\xbe\xad\xde").put(512, b"RRaA").put(996, b"rrAa")
        } else {
            image.put(0x11, b"\0\x02").put(0x16, b"\x20").put(0x26, b"\x29\xef\xbe\xad\xde")
        }
    }

    const LABEL: &[u8] = b"A B C      \x08";

    #[test]
    fn fat16() {
        let root = 65 * 512;
        let rows = [
            (image(false), "vfat DEAD-BEEF "),
            (image(false).put(root, LABEL), "vfat DEAD-BEEF A B C"),
            (image(false).put(root, b"\x05").put(root + 1, &LABEL[1..]), "vfat DEAD-BEEF \\xe5 B C"),
            (image(false).put(root, b"\xe5").put(root + 1, &LABEL[1..]), "vfat DEAD-BEEF "),
            (image(false).put(root, b"x\xe5").put(root + 11, b"\x0f").put(root + 32, LABEL), "vfat DEAD-BEEF A B C"),
            (image(false).put(root, LABEL).put(root + 26, b"\x02"), "vfat DEAD-BEEF "),
            (image(false).put(root + 32, LABEL), "vfat DEAD-BEEF "),
            (image(false).put(0x26, b"\0"), "vfat  "),
            (image(false).put(0x36, b"JFS     "), ""),
            (image(false).put(0x1fe, b"\0"), ""),
            (image(false).put(0xb, b"\0\x03"), ""),
            (image(false).put(0xd, b"\x03"), ""),
            (image(false).put(0xe, b"\0"), ""),
            (image(false).put(0x10, b"\0"), ""),
            (image(false).put(0x15, b"\xf7"), ""),
            (image(false).put(0x20, b"\x10\0\0\0"), ""),
            (image(false).put(0x22, b"\x05"), ""),
        ];
        for (row, (mut image, expected)) in rows.into_iter().enumerate() {
            assert_eq!(image.identify(), expected, "{row}");
        }
    }

    #[test]
    fn fat32() {
        let (fat, heap) = (32 * 512, 1032 * 512);
        let full = || image(true).put(heap, [b'x'; 512]).put(fat + 8, b"\x07\0\0\xf0");
        let rows = [
            (image(true), "vfat DEAD-BEEF "),
            (image(true).put(heap, LABEL), "vfat DEAD-BEEF A B C"),
            (full().put(heap + 5 * 512, LABEL), "vfat DEAD-BEEF A B C"),
            (full().put(fat + 8, b"\xff\xff\xff\x0f"), "vfat DEAD-BEEF "),
            (full().put(fat + 8, b"\x02\0"), "vfat DEAD-BEEF "),
            (image(true).put(512, b"\0\0\0\0").put(996, b"\0\0\0\0"), "vfat DEAD-BEEF "),
            (image(true).put(512, b"x"), ""),
            (image(true).put(996, b"x"), ""),
            (image(true).put(0x30, b"\0\0").put(512, b"x"), "vfat DEAD-BEEF "),
            (image(true).put(0x24, b"\0\0"), ""),
            (image(true).put(0x24, b"\0\0\0\xff"), ""),
        ];
        for (row, (mut image, expected)) in rows.into_iter().enumerate() {
            assert_eq!(image.identify(), expected, "{row}");
        }
    }
}
