//! Devices of a ZFS pool. Four labels, two at each end, hold a list of names and values and a ring of uberblocks.
//!
//! Source: the ZFS On-Disk Specification, chapters 1.2 and 1.3; OpenZFS include/sys/vdev_impl.h, include/sys/nvpair.h.

use super::{Answer, Format};
use crate::disk::Disk;
use crate::identity::{Encoding, Identity, Type};

const LABEL_BYTES: u64 = 256 * 1024;
/// Where the list stands in a label, and how much of it is looked at: names and values as XDR, the pool's come first.
const NVLIST: u64 = 16 * 1024;
const NVLIST_BYTES: u64 = 4096;
/// Of the list, after its encoding and the byte order of the host: version 0, no name twice.
const NVLIST_HEADER: &[u8] = b"\0\0\0\0\0\0\0\0\0\x01";
const NVPAIR_HEADER: u32 = 12;
const UBERBLOCKS: u64 = 128 * 1024;
const UBERBLOCK_BYTES: u64 = 1024;
const UBERBLOCK_MAGIC: u64 = 0x00ba_b10c;
/// So many must be there: what was wiped has some left.
const WANTED: u32 = 4;
/// Length and text of the name, padded to 4 bytes, then the type of the value, a string and a number, and its count.
const NAME: &[u8] = b"\0\0\0\x04name\0\0\0\x09\0\0\0\x01";
const POOL_GUID: &[u8] = b"\0\0\0\x09pool_guid\0\0\0\0\0\0\x08\0\0\0\x01";

pub(super) const FORMAT: Format = Format::new(Type::ZfsMember).least(64 << 20);

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], identity: &mut Identity) -> Answer {
    let end = disk.size & !(LABEL_BYTES - 1);
    // The first one that is there speaks for all four.
    while !disk.magic(NVLIST + 2, NVLIST_HEADER) {
        disk.base += LABEL_BYTES;
        if disk.base == 2 * LABEL_BYTES {
            disk.base = end - disk.base;
        }
        if disk.base == end {
            return None;
        }
    }
    let (mut found, mut uberblock) = (0, UBERBLOCKS);
    while found < WANTED {
        let magic = disk.u64(uberblock);
        if uberblock == LABEL_BYTES || disk.failed {
            return None;
        }
        // In either byte order: the other way round it is larger.
        found += u32::from(magic.min(magic.swap_bytes()) == UBERBLOCK_MAGIC);
        uberblock += UBERBLOCK_BYTES;
    }
    disk.big = true;
    // The pool's name and number, of all the list. Lists within it are passed over, whole.
    disk.base += NVLIST + u64::from(NVPAIR_HEADER);
    let end = disk.base + NVLIST_BYTES - u64::from(NVPAIR_HEADER);
    while disk.base < end {
        let size = disk.u32(0);
        if size < NVPAIR_HEADER {
            break;
        }
        if disk.magic(8, NAME) {
            let length = disk.u32(24);
            identity.label_at(disk, 28, length as usize, Encoding::Bytes);
        }
        if disk.magic(8, POOL_GUID) {
            identity.uuid.clear();
            identity.uuid.push_number(disk.u64(32));
        }
        disk.base += u64::from(size);
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::Image;

    const SIZE: u64 = (64 << 20) + 4096;

    /// One label at `at`, with as many uberblocks.
    fn label(image: Image, at: u64, uberblocks: u64) -> Image {
        let pairs: [&[u8]; 4] = [
            b"\x01\x01\0\0\0\0\0\0\0\0\0\x01",
            // A list with a name of its own.
            b"\0\0\0\x20\0\0\0\x20\0\0\0\x02ab\0\0\0\0\0\x04name\0\0\0\x09\0\0\0\0",
            b"\0\0\0\x24\0\0\0\x20\0\0\0\x04name\0\0\0\x09\0\0\0\x01\0\0\0\x06tank 1\0\0",
            b"\0\0\0\x28\0\0\0\x20\0\0\0\x09pool_guid\0\0\0\0\0\0\x08\0\0\0\x01\xff\xff\xff\xff\xff\xff\xff\xfe",
        ];
        let image = image.put(at + 16384, pairs.concat());
        (0..uberblocks).fold(image, |image, number| {
            let magic = if number % 2 == 0 { 0x00ba_b10c_u64 } else { 0x00ba_b10c_u64.swap_bytes() };
            image.put(at + 131_072 + (127 - number) * 1024, magic.to_le_bytes())
        })
    }

    #[test]
    fn any_label() {
        let found = "!zfs_member 18446744073709551614 tank 1";
        let end = 64 << 20;
        for at in [0, 262_144, end - 524_288, end - 262_144] {
            assert_eq!(label(Image::new(SIZE), at, 4).identify(), found, "{at}");
            assert_eq!(label(Image::new(SIZE), at, 3).identify(), "", "{at}");
            assert_eq!(label(Image::new(SIZE), at, 4).put(at + 16395, b"\0").identify(), "", "{at}");
        }
        assert_eq!(label(Image::new(end - 1), 0, 128).identify(), "", "too small");
        assert_eq!(label(Image::new(SIZE), 262_144, 4).put(16384, [1; 12]).identify(), found);
        assert_eq!(label(Image::new(SIZE), 0, 128).identify(), found);
    }
}
