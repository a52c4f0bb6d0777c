//! Members of Linux software RAID, with metadata of versions 0.90, 1.0, 1.1 and 1.2.
//!
//! Source: kernel include/uapi/linux/raid/md_p.h, drivers/md/md.c.

use super::{Answer, Format};
use crate::disk::{Disk, le32, le64};
use crate::identity::{IN_ORDER, Identity, Type, WORDS, push_uuid};

const MAGIC: u32 = 0xa92b_4efc;
/// What version 0.90 keeps free for its superblock, at a multiple of as much.
const RESERVED_BYTES: u64 = 64 * 1024;

const MAJOR_VERSION: usize = 4;
const SET_UUID: u8 = 16;
const SET_NAME: u16 = 32;
const SUPER_OFFSET: usize = 144;

pub(super) const FORMAT: Format = Format::new(Type::LinuxRaidMember).uuid(SET_UUID).label(SET_NAME, 32);

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], identity: &mut Identity) -> Answer {
    let mut at = 0;
    if disk.size > RESERVED_BYTES {
        disk.base = (disk.size & !(RESERVED_BYTES - 1)) - RESERVED_BYTES;
        if version_0(disk, identity) {
            return Some(false);
        }
        at = (disk.size & !0xfff) - 0x2000;
    }
    // At the end, at the start, or 4 KiB from there.
    loop {
        disk.seek(at);
        let sb = disk.sector();
        if le32(sb, 0) == MAGIC && le32(sb, MAJOR_VERSION) == 1 && le64(sb, SUPER_OFFSET) == at / 512 {
            return Some(true);
        }
        at = match at {
            0 => 4096,
            4096 => return None,
            _ => 0,
        };
    }
}

/// In the byte order of the machine that made it. The UUID is in four words, all but the first of them behind the rest.
fn version_0(disk: &mut Disk<'_>, identity: &mut Identity) -> bool {
    // No room for what there is before the superblock. (In KiB, both.)
    if !disk.order(MAGIC) || disk.base >> 10 < disk.u32(32).into() {
        return false;
    }
    let (minor, order) = (disk.u32(8), if disk.big { IN_ORDER } else { WORDS });
    let sb = disk.sector();
    let mut uuid = [0; 16];
    uuid[..4].copy_from_slice(&sb[20..24]);
    if minor >= 90 {
        uuid[4..].copy_from_slice(&sb[52..64]);
    }
    push_uuid(&mut identity.uuid, &uuid, order);
    true
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    const SIZE: u64 = (4 << 20) + 0x1_3200;

    /// Version 0.`minor` for `kib` KiB, at `at`.
    fn version_0(big: bool, at: u64, minor: u32, kib: u32) -> Image {
        let mut image = Image::new(SIZE);
        let (uuid, _) = UUID.as_chunks();
        let [a, b, c, d] = [0, 1, 2, 3].map(|word| u32::from_be_bytes(uuid[word]));
        for (place, number) in [(0, 0xa92b_4efc), (8, minor), (20, a), (32, kib), (52, b), (56, c), (60, d), (120, 7)] {
            image = image.put(at + place, if big { number.to_be_bytes() } else { number.to_le_bytes() });
        }
        image
    }

    #[test]
    fn version_0_at_the_end() {
        let (good, bad) = (format!("!linux_raid_member {UUID_TEXT} "), String::new());
        let first = format!("!linux_raid_member {}-0000-0000-0000-000000000000 ", &UUID_TEXT[..8]);
        for big in [false, true] {
            for (at, minor, kib, expected) in [
                (4 << 20, 90, 4096, &good),
                (4 << 20, 91, 1024, &good),
                (4 << 20, 36, 4096, &first),
                (4 << 20, 90, 4097, &bad),
                (4 << 20, 90, u32::MAX, &bad),
                ((4 << 20) - 0x1_0000, 90, 1024, &bad),
                ((4 << 20) + 512, 90, 1024, &bad),
            ] {
                assert_eq!(&version_0(big, at, minor, kib).identify(), expected, "{big} {at} {minor} {kib}");
            }
            assert_eq!(version_0(big, 4 << 20, 90, 1024).put((4 << 20) + 1, b"x").identify(), "");
        }
    }

    /// Version 1.x at `at`, which says that it is in `sector`.
    fn version_1(at: u64, sector: u64) -> Image {
        let mut bytes = [0; 256];
        for (place, part) in [
            (0, &b"\xfc\x4e\x2b\xa9\x01"[..]),
            (16, &UUID),
            (32, b"host:root "),
            (144, &sector.to_le_bytes()),
            (220, &[2]),
        ] {
            bytes[place..place + part.len()].copy_from_slice(part);
        }
        Image::new(SIZE).put(at, bytes)
    }

    #[test]
    fn version_1_in_three_places() {
        let expected = format!("!linux_raid_member {UUID_TEXT} host:root");
        let end = (SIZE & !0xfff) - 0x2000;
        for (at, good) in [(0, true), (4096, true), (end, true), (512, false), (8192, false), (end + 4096, false)] {
            assert_eq!(version_1(at, at / 512).identify(), if good { &expected } else { "" }, "{at}");
            assert_eq!(version_1(at, at / 512 + 1).identify(), "", "{at}");
        }
        for at in [0, 3, 4, 5, 144, 151] {
            assert_eq!(version_1(4096, 8).put(4096 + at, b"x").identify(), "", "{at}");
        }
    }
}
