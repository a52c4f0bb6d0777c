//! EROFS.
//!
//! Source: kernel Documentation/filesystems/erofs.rst, fs/erofs/erofs_fs.h, `struct erofs_super_block`.

use super::{Answer, Format};
use crate::crc::CRC32C;
use crate::disk::{Disk, le32};
use crate::identity::{Identity, Type};

const CHECKSUM: usize = 4;
const FEATURE_COMPAT_SB_CHKSUM: u32 = 1;

pub(super) const FORMAT: Format =
    Format::new(Type::Erofs).at(1024).magic(0, b"\xe2\xe1\xf5\xe0").uuid(48).label(64, 16);

pub(super) fn probe(disk: &mut Disk<'_>, sb: &[u8; 512], _: &mut Identity) -> Answer {
    let (features, blkszbits) = (le32(sb, 8), sb[12]);
    // From one sector to the largest page.
    if !matches!(blkszbits, 9..=16) {
        return None;
    }
    // What is left of the first block behind the boot sector; where blocks are no larger than that, one of them.
    let block = 1usize << blkszbits;
    let length = if blkszbits > 10 { block - 1024 } else { block };
    let checked = features & FEATURE_COMPAT_SB_CHKSUM != 0;
    (!checked || disk.checksum(CRC32C, !0, 0, length, CHECKSUM)).then_some(true)
}

#[cfg(test)]
mod tests {
    use crate::crc::CRC32C;
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    fn image(blkszbits: u8, covered: usize) -> Image {
        let image = Image::new(1 << 20).put(1024, b"\xe2\xe1\xf5\xe0").put(1032, [1]).put(1036, [blkszbits]);
        let mut image = image.put(1072, UUID).put(1088, b"sixteen bytes oka");
        let crc = image.crc(CRC32C, !0, 1024, covered);
        image.put(1028, crc.to_le_bytes())
    }

    #[test]
    fn good_and_damaged() {
        let found = format!("erofs {UUID_TEXT} sixteen bytes ok");
        for (blkszbits, covered) in [(9, 512), (10, 1024), (11, 1024), (12, 3072), (16, 0xfc00)] {
            let image = image(blkszbits, covered);
            assert_eq!(image.clone().identify(), found, "{blkszbits}");
            assert_eq!(image.clone().put(1023 + covered as u64, b"x").identify(), "", "{blkszbits}");
            assert_eq!(image.clone().put(1024 + covered as u64, b"x").identify(), found, "{blkszbits}");
            assert_eq!(image.put(1032, b"\0").put(1200, b"x").identify(), found, "{blkszbits}: without checksum");
        }
        for (blkszbits, covered) in [(8, 256), (17, 0x1fc00), (255, 512)] {
            assert_eq!(image(blkszbits, covered).identify(), "", "{blkszbits}");
        }
    }
}
