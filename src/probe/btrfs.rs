//! btrfs, with what says whether all of its devices are there. (Not on zoned devices, where the superblock wanders.)
//!
//! Source: kernel include/uapi/linux/btrfs_tree.h, `struct btrfs_super_block`, `struct btrfs_dev_item`.

use super::{Answer, Format};
use crate::crc::CRC32C;
use crate::disk::{Disk, le16, le64};
use crate::identity::{Identity, Type};

const SUPER_INFO_OFFSET: u64 = 64 * 1024;
const SUPER_INFO_SIZE: usize = 4096;
const CSUM_SIZE: usize = 32;
/// The others (xxhash, SHA-256, BLAKE2) are the kernel's to check.
const CSUM_TYPE_CRC32: u32 = 0;

/// Smaller ones can't be made.
pub(super) const FORMAT: Format =
    Format::new(Type::Btrfs).least(1 << 20).at(SUPER_INFO_OFFSET).magic(0x40, b"_BHRfS_M").uuid(0x20).label(0x12b, 256);

pub(super) fn probe(disk: &mut Disk<'_>, sb: &[u8; 512], identity: &mut Identity) -> Answer {
    // num_devices, dev_item.uuid
    identity.devices = (le64(sb, 0x88), *sb.get(0x10b..)?.first_chunk()?);
    // It stands before what it covers.
    if le16(sb, 0xc4) == CSUM_TYPE_CRC32
        && !disk.checksum(CRC32C, !0, CSUM_SIZE as u64, SUPER_INFO_SIZE - CSUM_SIZE, CSUM_SIZE.wrapping_neg())
    {
        return None;
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use crate::crc::CRC32C;
    use crate::disk::{Disk, Windows};
    use crate::identity::Identity;
    use crate::probe::probe;
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    fn image(csum_type: u8) -> Image {
        let image = Image::new(1 << 20).put(0x10040, b"_BHRfS_M").put(0x10020, UUID).put(0x1012b, b"pool \0x");
        let image = image.put(0x10088, b"\x03").put(0x1010b, [7; 16]).put(0x100c4, [csum_type]);
        let crc = !image.clone().crc(CRC32C, !0, 0x10020, 4064);
        image.put(0x10000, crc.to_le_bytes())
    }

    #[test]
    fn good_and_damaged() {
        let found = format!("btrfs {UUID_TEXT} pool");
        assert_eq!(image(0).identify(), found);
        assert_eq!(image(0).put(0x10fff, b"x").identify(), "");
        assert_eq!(image(1).put(0x10fff, b"x").identify(), found, "xxhash");
        assert_eq!(image(1).put(0x10040, b"!").identify(), "", "under construction");
    }

    #[test]
    fn devices() {
        let (mut image, mut windows, mut identity) = (image(0), Windows::new(), Identity::new());
        probe(&mut Disk::new(&mut image, &mut windows, 0, 1 << 20, 512), &mut identity);
        assert_eq!((identity.fstype(), identity.devices), (&b"btrfs"[..], (3, [7; 16])));
        probe(&mut Disk::new(&mut image, &mut windows, 0, (1 << 20) - 1, 512), &mut identity);
        assert_eq!(identity.fstype(), b"");
    }
}
