//! exFAT. Its checksum says that all of the boot sectors are there, and meant.
//!
//! Source: Microsoft's "exFAT file system specification", kernel fs/exfat/exfat_raw.h.

use super::fat::Directory;
use super::{Answer, Format};
use crate::disk::{Disk, le32};
use crate::identity::{Identity, Type};

/// Sectors that the boot checksum is taken of; it fills the next one. All of them lie in the head of the disk.
const CHECKED_SECTORS: usize = 11;
/// And the first letter of the name.
const JUMP_BOOT: u32 = u32::from_le_bytes(*b"\xeb\x76\x90E");

pub(super) const FORMAT: Format = Format::new(Type::ExFat).magic(3, b"EXFAT   ");

pub(super) fn probe(disk: &mut Disk<'_>, boot: &[u8; 512], identity: &mut Identity) -> Answer {
    let (sector_bits, cluster_bits) = (boot[108], boot[108].wrapping_add(boot[109]));
    let root = Directory {
        fat: u64::from(le32(boot, 80)) << (sector_bits & 15),
        mask: !0,
        heap: u64::from(le32(boot, 88)) << (sector_bits & 15),
        cluster_bytes: 1 << (cluster_bits & 31),
        cluster: le32(boot, 96),
    };
    let serial = le32(boot, 100);
    if le32(boot, 0) != JUMP_BOOT || !matches!(sector_bits, 9..=12) || !(sector_bits..=25).contains(&cluster_bits) {
        return None;
    }
    let mut checksum = 0u32;
    for (place, byte) in disk.bytes(0, CHECKED_SECTORS << sector_bits).iter().enumerate() {
        // VolumeFlags and PercentInUse change while it is mounted.
        if !matches!(place, 106 | 107 | 112) {
            checksum = checksum.rotate_right(1).wrapping_add((*byte).into());
        }
    }
    if disk.u32((CHECKED_SECTORS as u64) << sector_bits) != checksum {
        return None;
    }
    root.identify(disk, identity, serial);
    Some(false)
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "all of it is small")]
mod tests {
    use crate::probe::tests::Image;

    const SECTOR: u64 = 4096;
    /// Clusters of two sectors.
    const HEAP: u64 = 30 * SECTOR;

    /// `patches` are put into a boot sector, and the checksum over it.
    fn image(patches: &[(u64, &[u8])]) -> Image {
        let fields: [(u64, &[u8]); 8] = [
            (0, b"\xeb\x76\x90EXFAT   "),
            (80, b"\x18"),
            (84, b"\x01"),
            (88, b"\x1e"),
            (92, b"\x80"),
            (96, b"\x04"),
            (100, b"\xef\xbe\xad\xde"),
            (108, b"\x0c\x01\x01"),
        ];
        let (mut image, mut boot) = (Image::new(16 << 20), [0; 11 * SECTOR as usize]);
        for (at, bytes) in fields.iter().chain(patches) {
            image = image.put(*at, bytes);
            for (byte, to) in bytes.iter().zip(&mut boot[*at as usize..]) {
                *to = *byte;
            }
        }
        let checked = boot.iter().enumerate().filter(|(place, _)| ![106, 107, 112].contains(place));
        let sum = checked.fold(0u32, |sum, (_, byte)| sum.rotate_right(1).wrapping_add(u32::from(*byte)));
        image.put(11 * SECTOR, sum.to_le_bytes())
    }

    #[test]
    fn labels_and_damage() {
        let label = b"\x83\x04A\0\xc4\0\x34\xd8\x1e\xdd\0\0";
        let root = HEAP + 4 * SECTOR;
        let long = b"\x83\xffA\0A\0A\0A\0A\0A\0A\0A\0A\0A\0A\0B\0";
        let full = || image(&[]).put(root, [0x81; 2 * SECTOR as usize]).put(24 * SECTOR + 16, b"\x09\0\0\0");
        let rows = [
            (image(&[]), "exfat DEAD-BEEF "),
            (image(&[(106, b"\x02")]), "exfat DEAD-BEEF "),
            (image(&[(100, &[0; 4])]), "exfat  "),
            (image(&[]).put(root, b"\x81").put(root + 32, label), "exfat DEAD-BEEF A\\xc3\\x84\\xf0\\x9d\\x84\\x9e"),
            (image(&[]).put(root, long), "exfat DEAD-BEEF AAAAAAAAAAA"),
            (full().put(HEAP + 14 * SECTOR, label), "exfat DEAD-BEEF A\\xc3\\x84\\xf0\\x9d\\x84\\x9e"),
            (full().put(24 * SECTOR + 16, b"\xff\xff\xff\xff"), "exfat DEAD-BEEF "),
            (image(&[]).put(200, b"x"), ""),
            (image(&[(3, b"EXFAX")]), ""),
            (image(&[(108, b"\x08")]), ""),
            (image(&[(108, b"\x0d")]), ""),
            (image(&[(109, b"\x0e")]), ""),
            (image(&[(109, b"\xff")]), ""),
        ];
        for (row, (mut image, expected)) in rows.into_iter().enumerate() {
            assert_eq!(image.identify(), expected, "{row}");
        }
    }
}
