//! XFS. (A log of its own on another device is not recognised: it can lie anywhere in the first 256 KiB.)
//!
//! Source: kernel fs/xfs/libxfs/xfs_format.h, `struct xfs_dsb`.

use super::{Answer, Format};
use crate::crc::CRC32C;
use crate::disk::{Disk, le32};
use crate::identity::{Identity, Type};

const SB_CRC: usize = 224;
/// From this version on, the low four bits of `sb_versionnum`, the superblock has a checksum.
const VERSION_5: u8 = 5;
const MIN_RTEXTSIZE: u64 = 4 << 10;
const MAX_RTEXTSIZE: u64 = 1 << 30;
const MIN_AG_BLOCKS: u64 = 64;

pub(super) const FORMAT: Format = Format::new(Type::Xfs).near().magic(0, b"XFSB").uuid(32).label(108, 12);

pub(super) fn probe(disk: &mut Disk<'_>, sb: &[u8; 512], _: &mut Identity) -> Answer {
    let be32 = |at| le32(sb, at).swap_bytes();
    let (blocklog, sectlog, inodelog, inopblog, imax_pct) = (sb[120], sb[121], sb[122], sb[123], sb[127]);
    let blocksize = be32(4);
    // sb_sectsize and sb_inodesize, 16 bits each.
    let sizes = be32(102);
    let rtextsize = u64::from(be32(80)) * u64::from(blocksize);
    let (agblocks, agcount) = (u64::from(be32(84)), u64::from(be32(88)));
    let dblocks = u64::from(be32(8)) << 32 | u64::from(be32(12));
    let valid = matches!((sectlog, blocklog, inodelog), (9..=15, 9..=16, 8..=11))
        && blocksize == 1 << (blocklog & 31)
        && sizes == 0x10000 << (sectlog & 15) | 1 << (inodelog & 15)
        && inodelog.wrapping_add(inopblog) == blocklog
        && (MIN_RTEXTSIZE..=MAX_RTEXTSIZE).contains(&rtextsize)
        && imax_pct <= 100
        && agcount != 0
        && dblocks <= agcount * agblocks
        && dblocks >= (agcount - 1) * agblocks + MIN_AG_BLOCKS;
    // The low byte of sb_versionnum.
    let checked = sb[101] & 15 == VERSION_5;
    (valid && (!checked || disk.checksum(CRC32C, !0, 0, 1 << (sectlog & 15), SB_CRC))).then_some(true)
}

#[cfg(test)]
mod tests {
    use crate::crc::CRC32C;
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    fn image(version: u8) -> Image {
        let image = Image::new(1 << 30).put(0, b"XFSB\0\0\x10\0\0\0\0\0\0\0\x20\0").put(32, UUID);
        // sb_rextsize, sb_agblocks, sb_agcount; sb_versionnum, sb_sectsize, sb_inodesize; sb_fname; the logs
        let image = image.put(80, b"\0\0\0\x01\0\0\x08\0\0\0\0\x04").put(101, [version, 2, 0, 2, 0]);
        let mut image = image.put(108, b"twelve bytes").put(120, [12, 9, 9, 3, 11, 0, 0, 25]);
        let crc = !image.crc(CRC32C, !0, 0, 512);
        if version & 15 == 5 { image.put(224, crc.to_le_bytes()) } else { image }
    }

    #[test]
    fn good_and_damaged() {
        let found = format!("xfs {UUID_TEXT} twelve bytes");
        assert_eq!(image(0xb5).identify(), found);
        assert_eq!(image(0xb5).put(300, b"x").identify(), "", "checksum");
        assert_eq!(image(0xb4).put(300, b"x").identify(), found, "without checksum");
        let rows: &[(u64, &[u8])] = &[
            (0, b"Y"),
            (4, b"\x01"),
            (6, b"\x20"),
            (8, b"\x01"),
            (14, b"\x18\x3f"),
            (14, b"\x20\x01"),
            (80, b"\x01"),
            (83, b"\0"),
            (88, b"\0\0\0\0"),
            (102, b"\x04"),
            (104, b"\x04"),
            (120, b"\x2c"),
            (121, b"\x29"),
            (122, b"\x29"),
            (123, b"\x04"),
            (127, b"\x65"),
        ];
        for (at, bytes) in rows {
            assert_eq!(image(0xb4).put(*at, bytes).identify(), "", "{at}");
        }
        for bytes in [b"\x18\x40", b"\x20\0"] {
            assert_eq!(image(0xb4).put(14, bytes).identify(), found, "the last group is short, or whole");
        }
    }
}
