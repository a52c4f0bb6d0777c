//! cramfs, in either byte order.
//!
//! Source: kernel include/uapi/linux/cramfs_fs.h, Documentation/filesystems/cramfs.rst.

use super::{Answer, Format};
use crate::crc::CRC32;
use crate::disk::{Disk, HEAD_BYTES};
use crate::identity::{Identity, Type};

const MAGIC: u32 = 0x28cd_3d45;
const CRC: usize = 32;

const FLAG_FSID_VERSION_2: u32 = 1;

/// The checksum covers all of the image: of a larger one it would take reads that others need.
const MOST_CHECKED: usize = HEAD_BYTES;

pub(super) const FORMAT: Format = Format::new(Type::CramFs).label(48, 16);

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], _: &mut Identity) -> Answer {
    if !disk.order(MAGIC) {
        return None;
    }
    let (size, flags) = (disk.u32(4) as usize, disk.u32(8));
    let checked = flags & FLAG_FSID_VERSION_2 != 0 && size <= MOST_CHECKED;
    (!checked || disk.checksum(CRC32, !0, 0, size, CRC)).then_some(true)
}

#[cfg(test)]
mod tests {
    use crate::crc::{CRC32, crc32};
    use crate::probe::tests::Image;

    fn image(big: bool, size: u32, flags: u32) -> Image {
        let number = |number: u32| if big { number.to_be_bytes() } else { number.to_le_bytes() };
        let mut bytes = [0x28cd_3d45, size, flags, 0].map(number).concat();
        bytes.extend(b"Compressed ROMFS\0\0\0\0editblokfiletiny root");
        bytes.resize(size as usize, 3);
        bytes[57..64].fill(0);
        let crc = !crc32(CRC32, !0, &bytes);
        bytes[32..36].copy_from_slice(&number(crc));
        Image::new(256 * 1024).put(0, bytes)
    }

    #[test]
    fn checksums() {
        for big in [false, true] {
            for (size, flags, at, expected) in [
                (8192, 3, 9000, "cramfs  tiny root"),
                (8192, 3, 8191, ""),
                (8192, 2, 8191, "cramfs  tiny root"),
                (8192, 3, 36, ""),
                (8192, 3, 32, ""),
                (8192, 3, 1, ""),
                (68 * 1024, 3, 68 * 1024, "cramfs  tiny root"),
                (68 * 1024, 3, 68 * 1024 - 1, ""),
                (68 * 1024 + 1, 3, 100, "cramfs  tiny root"),
            ] {
                assert_eq!(image(big, size, flags).put(at, b"x").identify(), expected, "{big} {size} {flags} {at}");
            }
        }
    }
}
