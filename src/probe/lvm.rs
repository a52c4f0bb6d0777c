//! Physical volumes of LVM2.
//!
//! Source: lvm2 lib/format_text/layout.h, lib/label/label.h, lib/misc/crc.h.

use super::{Answer, Format};
use crate::crc::CRC32;
use crate::disk::{Disk, le64};
use crate::identity::{Identity, Type};

/// The label is in one of as many sectors at the start.
const LABEL_SECTORS: u64 = 4;
const SECTOR: u64 = 512;

const LABEL_ID: u64 = u64::from_le_bytes(*b"LABELONE");
const LVM2_LABEL: u64 = u64::from_le_bytes(*b"LVM2 001");
const SECTOR_XL: usize = 8;
const CRC_XL: usize = 16;
const OFFSET_XL: usize = 20;
const TYPE: usize = 24;
const PV_UUID: u64 = 32;
const INITIAL_CRC: u32 = 0xf597_a6cf;
/// The checksum covers what follows it in the sector.
const COVERED: usize = 492;

pub(super) const FORMAT: Format = Format::new(Type::Lvm2Member);

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], identity: &mut Identity) -> Answer {
    while !has_label(disk) {
        disk.base += SECTOR;
        if disk.base == LABEL_SECTORS * SECTOR {
            return None;
        }
    }
    // Groups of 6, 4, 4, 4, 4, 4 and 6.
    let groups = 1 << 6 | 1 << 10 | 1 << 14 | 1 << 18 | 1 << 22 | 1 << 26;
    identity.grouped_at(disk, PV_UUID, 32, groups);
    Some(true)
}

/// Whether there is a label in this sector.
fn has_label(disk: &mut Disk<'_>) -> bool {
    let label = disk.head_sector();
    le64(label, 0) == LABEL_ID
        && le64(label, TYPE) == LVM2_LABEL
        && le64(label, SECTOR_XL) == disk.base / SECTOR
        && disk.checksum(CRC32, INITIAL_CRC, OFFSET_XL as u64, COVERED, CRC_XL.wrapping_sub(OFFSET_XL))
}

#[cfg(test)]
mod tests {
    use crate::crc::{CRC32, crc32};
    use crate::probe::tests::Image;

    const ID: &[u8; 32] = b"KGsRwI3QmHNKiJ8kAlFMSJcnNHp4LE67";
    const ID_TEXT: &str = "KGsRwI-3QmH-NKiJ-8kAl-FMSJ-cnNH-p4LE67";

    /// With a label in `sector` that claims to be in `claimed`.
    fn image(sector: u64, claimed: u64, id: &[u8]) -> Image {
        let mut label = [0; 512];
        for (at, bytes) in [(0, &b"LABELONE"[..]), (8, &claimed.to_le_bytes()), (20, b"\x20\0\0\0LVM2 001"), (32, id)] {
            label[at..at + bytes.len()].copy_from_slice(bytes);
        }
        let crc = crc32(CRC32, 0xf597_a6cf, &label[20..]);
        label[16..20].copy_from_slice(&crc.to_le_bytes());
        Image::new(4 << 20).put(sector * 512, label)
    }

    #[test]
    fn labels() {
        for sector in 0..6 {
            let expected = if sector < 4 { format!("!LVM2_member {ID_TEXT} ") } else { String::new() };
            assert_eq!(image(sector, sector, ID).identify(), expected, "{sector}");
            assert_eq!(image(sector, 7, ID).identify(), "", "{sector}");
            // The same in bytes, but for what 64 bits don't hold.
            assert_eq!(image(sector, 1 << 55 | sector, ID).identify(), "", "{sector}");
        }
        assert_eq!(image(1, 1, b"").identify(), "!LVM2_member  ");
        assert_eq!(image(1, 1, b"abcdef\0g").identify(), "!LVM2_member abcdef- ");
        // An older label, which is not what counts, and the one that does.
        assert_eq!(image(1, 1, ID).put(0, b"LABELONE").identify(), format!("!LVM2_member {ID_TEXT} "));
        for at in [512, 513, 520, 528, 532, 536, 544, 1023] {
            assert_eq!(image(1, 1, ID).put(at, b"x").identify(), "", "{at}");
        }
    }
}
