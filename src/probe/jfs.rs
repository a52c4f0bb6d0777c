//! JFS.
//!
//! Source: kernel fs/jfs/jfs_superblock.h, `struct jfs_superblock`.

use super::{Answer, Format};
use crate::disk::{Disk, le16, le32};
use crate::identity::{Identity, Type};

const SUPER1_OFF: u64 = 32 * 1024;

pub(super) const FORMAT: Format =
    Format::new(Type::Jfs).least(16 << 20).at(SUPER1_OFF).magic(0, b"JFS1").uuid(136).label(152, 16);

pub(super) fn probe(_: &mut Disk<'_>, sb: &[u8; 512], _: &mut Identity) -> Answer {
    let (l2bsize, l2bfactor, l2pbsize) = (le16(sb, 20), le16(sb, 22), le16(sb, 28));
    // What is not as it should be, of all of them.
    let wrong = ((l2pbsize + l2bfactor) ^ l2bsize)
        | (l2bsize & !31)
        | (le32(sb, 16) ^ (1 << (l2bsize & 31)))
        | (le32(sb, 24) ^ (1 << (l2pbsize & 31)));
    (wrong == 0).then_some(true)
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    fn image() -> Image {
        let image = Image::new(16 << 20).put(0x8000, b"JFS1").put(0x8010, b"\0\x10\0\0\x0c\0\x03\0\0\x02\0\0\x09\0");
        image.put(0x8088, UUID).put(0x8098, b"label")
    }

    #[test]
    fn good_and_damaged() {
        assert_eq!(image().identify(), format!("jfs {UUID_TEXT} label"));
        for at in (0x8000..0x8004).chain(0x8010..0x801e) {
            assert_eq!(image().put(at, b"\x2b").identify(), "", "{at:#x}");
        }
    }
}
