//! SquashFS, and its versions up to 3, which no kernel mounts any more. It has neither UUID nor label.
//!
//! Source: kernel fs/squashfs/squashfs_fs.h, `struct squashfs_super_block`.

use super::{Answer, Format};
use crate::disk::Disk;
use crate::identity::{Identity, Type};

const S_MAJOR: u64 = 28;
/// "hsqs" little-endian; the other way round a big-endian machine wrote it, which version 4 is never.
const SQUASHFS_MAGIC: u32 = 0x7371_7368;

pub(super) const FORMAT: Format = Format::new(Type::SquashFs).near();

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], identity: &mut Identity) -> Answer {
    if !disk.order(SQUASHFS_MAGIC) {
        return None;
    }
    if disk.u16(S_MAJOR) < 4 {
        identity.kind = Type::SquashFs3;
    } else if disk.big {
        return None;
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::Image;

    #[test]
    fn versions() {
        let rows: &[(&[u8], &[u8], &str)] = &[
            (b"hsqs", b"\x04\0\0\0", "squashfs  "),
            (b"hsqs", b"\x03\0\x01\0", "!squashfs3  "),
            (b"sqsh", b"\0\x03\0\x01", "!squashfs3  "),
            (b"sqsh", b"\0\x04\0\0", ""),
            (b"sqsH", b"\x04\0\0\0", ""),
        ];
        for (magic, version, expected) in rows {
            assert_eq!(Image::new(4096).put(0, magic).put(28, version).identify(), *expected);
        }
    }
}
