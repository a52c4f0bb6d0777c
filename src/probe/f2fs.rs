//! F2FS.
//!
//! Source: kernel include/linux/f2fs_fs.h, `struct f2fs_super_block`.

use super::{Answer, Format};
use crate::crc::CRC32;
use crate::disk::{Disk, le32};
use crate::identity::{Encoding, Identity, Type};

const SUPER_MAGIC: u32 = 0xf2f5_2010;
/// The last place of a checksum in the superblock's block.
const MAX_CHECKSUM_OFFSET: u32 = 4096 - 4;
/// `major_ver` and `minor_ver` of a superblock that was laid out differently.
const VERSION_1_0: u32 = 1;

pub(super) const FORMAT: Format =
    Format::new(Type::F2fs).at(1024).near().magic(0, &SUPER_MAGIC.to_le_bytes()).uuid(0x6c);

pub(super) fn probe(disk: &mut Disk<'_>, sb: &[u8; 512], identity: &mut Identity) -> Answer {
    let (version, offset) = (le32(sb, 4), le32(sb, 0x20));
    if version == VERSION_1_0 {
        return Some(false);
    }
    let length = offset as usize;
    if offset > MAX_CHECKSUM_OFFSET || offset != 0 && !disk.checksum(CRC32, SUPER_MAGIC, 0, length, length) {
        return None;
    }
    identity.label_at(disk, 0x7c, 1024, Encoding::Utf16Le);
    Some(true)
}

#[cfg(test)]
mod tests {
    use crate::crc::CRC32;
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    fn image(checksum_offset: u16) -> Image {
        let image = Image::new(1 << 20).put(0x400, b"\x10\x20\xf5\xf2\x01\0\x10").put(0x46c, UUID);
        let label: Vec<u8> = "f2 \u{e9}\u{1f600} \0x".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let mut image = image.put(0x47c, label).put(0x420, checksum_offset.to_le_bytes());
        let crc = image.crc(CRC32, 0xf2f5_2010, 0x400, checksum_offset.into());
        image
            .put(0x400 + u64::from(checksum_offset), if checksum_offset == 0 { 0xf2f5_2010 } else { crc }.to_le_bytes())
    }

    #[test]
    fn good_and_damaged() {
        let found = format!("f2fs {UUID_TEXT} f2 \\xc3\\xa9\\xf0\\x9f\\x98\\x80");
        assert_eq!(image(0).identify(), found);
        assert_eq!(image(0xbfc).identify(), found);
        assert_eq!(image(0xbfc).put(0xfff, b"x").identify(), "");
        assert_eq!(image(0xffd).identify(), "");
        assert_eq!(image(0).put(0x400, b"\x11").identify(), "");
        assert_eq!(image(0).put(0x406, b"\0").identify(), "f2fs  ", "version 1.0");
    }
}
