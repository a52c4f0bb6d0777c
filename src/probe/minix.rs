//! minix, versions 1 to 3.
//!
//! Source: kernel include/uapi/linux/minix_fs.h, fs/minix/inode.c.

use super::{Answer, Format};
use crate::disk::{Disk, le16};
use crate::identity::{Identity, Type};
use core::array::from_fn;

/// Bits of a map's block. libblkid's idea, with version 3 too.
const BITS: u32 = 1024 * 8;
/// The magic numbers, each where names are short. Where they are long those of versions 1 and 2 have this more.
const MAGIC_1: u32 = 0x137f;
const MAGIC_2: u32 = 0x2468;
const MAGIC_3: u32 = 0x4d5a;
const LONG_NAMES: u32 = 0x10;
/// What the state may say: valid, erroneous.
const STATES: u32 = 3;
/// ext's numbers can look like this: its magic, and where it stands.
const MAGIC_OF_EXT: u32 = 0xef53;
const EXT: usize = 0x38;

pub(super) const FORMAT: Format = Format::new(Type::Minix).at(1024);

pub(super) fn probe(disk: &mut Disk<'_>, sb: &[u8; 512], _: &mut Identity) -> Answer {
    loop {
        // All of it is numbers of 16 bits; s_zones, and s_ninodes in version 3, are two of them each.
        let words: [u32; 13] = from_fn(|place| disk.u16(place as u64 * 2));
        let magic = words[8];
        let is = |version: u32| magic.wrapping_sub(version) & !LONG_NAMES == 0;
        let mut inodes = words[0];
        let mut zones = if disk.big { words[10] << 16 | words[11] } else { words[11] << 16 | words[10] };
        let mut maps = [words[2], words[3], words[4], words[5]];
        if is(MAGIC_1) {
            zones = words[1];
        }
        if is(MAGIC_1) || is(MAGIC_2) {
            if words[9] & !STATES != 0 {
                return None;
            }
        } else if disk.big {
            return None;
        } else if words[12] == MAGIC_3 {
            // libblkid knows a little-endian one only.
            inodes |= words[1] << 16;
            maps = [words[3], words[4], words[5], words[6]];
        } else {
            disk.big = true;
            continue;
        }
        let [imap_blocks, zmap_blocks, firstdatazone, log_zone_size] = maps;
        let valid = log_zone_size == 0
            && inodes != 0
            && imap_blocks * BITS > inodes
            && firstdatazone <= zones
            && zmap_blocks * BITS > zones - firstdatazone
            && le16(sb, EXT) != MAGIC_OF_EXT;
        return valid.then_some(true);
    }
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::Image;

    /// 512 inodes, one block of each map, 1000 zones of which the first with data is 20.
    fn image(version: u32, magic: u16, big: bool) -> Image {
        let zones = if version == 1 { 0 } else { 1000 };
        let halves: &[u16] = if version == 3 {
            &[512, 0, 0, 1, 1, 20, 0, 0, 0, 0, zones, 0, magic]
        } else {
            &[512, 1000, 1, 1, 20, 0, 0, 0, magic, 1, zones, 0]
        };
        let bytes = halves.iter().flat_map(|half| if big { half.to_be_bytes() } else { half.to_le_bytes() });
        let image = Image::new(1000 * 1024).put(1024, bytes.collect::<Vec<_>>());
        // A big-endian number of 32 bits has its halves the other way round.
        if big && version == 2 { image.put(1044, [0, 0, 3, 0xe8]) } else { image }
    }

    #[test]
    fn versions() {
        for (version, magic) in [(1, 0x137f), (1, 0x138f), (2, 0x2468), (2, 0x2478), (3, 0x4d5a)] {
            for big in [false, true] {
                let expected = if big && version == 3 { "" } else { "minix  " };
                assert_eq!(image(version, magic, big).identify(), expected, "{magic:#x} {big}");
                assert_eq!(image(version, magic + 1, big).identify(), "", "{magic:#x} {big}");
            }
        }
    }

    #[test]
    fn ranges() {
        let rows: [(u32, u16, u64, &[u8], bool); 21] = [
            (1, 0x138f, 18, &[3, 0], true),
            (1, 0x138f, 18, &[4, 0], false),
            (1, 0x138f, 18, &[0, 1], false),
            (1, 0x138f, 10, &[1, 0], false),
            (1, 0x138f, 0, &[0, 0], false),
            (1, 0x138f, 0, &[0xff, 0x1f], true),
            (1, 0x138f, 0, &[0, 0x20], false),
            (1, 0x138f, 4, &[0, 0], false),
            (1, 0x138f, 8, &[0xe8, 3], true),
            (1, 0x138f, 8, &[0xe9, 3], false),
            (1, 0x138f, 6, &[0, 0], false),
            (1, 0x138f, 2, &[19, 0], false),
            (1, 0x138f, 2, &[0x13, 0x20], true),
            (1, 0x138f, 2, &[0x14, 0x20], false),
            (2, 0x2468, 2, &[19, 0], true),
            (2, 0x2468, 22, &[1], false),
            (3, 0x4d5a, 18, &[4, 0], true),
            (3, 0x4d5a, 0, &[0xff; 4], false),
            (3, 0x4d5a, 2, &[1], false),
            (3, 0x4d5a, 12, &[1], false),
            (3, 0x4d5a, 22, &[1], false),
        ];
        for (version, magic, at, bytes, good) in rows {
            let expected = if good { "minix  " } else { "" };
            assert_eq!(
                image(version, magic, false).put(1024 + at, bytes).identify(),
                expected,
                "{version} {at} {bytes:?}"
            );
        }
        // An unknown ext, too, is no minix.
        assert_eq!(image(1, 0x138f, false).put(1024 + 0x38, b"\x53\xef").put(1024 + 0x60, [4]).identify(), "");
    }
}
