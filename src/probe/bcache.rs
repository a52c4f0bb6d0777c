//! bcache: devices of a cache, and those that stand behind one.
//!
//! Source: kernel drivers/md/bcache/bcache_ondisk.h, `struct cache_sb_disk`.

use super::{Answer, Format};
use crate::disk::Disk;
use crate::identity::{Identity, Type};

const SB_SECTOR: u64 = 8;
const MAGIC: &[u8; 16] = b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81";

pub(super) const FORMAT: Format =
    Format::new(Type::Bcache).least(8192).at(4096).magic(24, MAGIC.split_at(8).0).uuid(40);

pub(super) fn probe(disk: &mut Disk<'_>, _: &mut Identity) -> Answer {
    (disk.magic(24, MAGIC) && disk.u64(8) == SB_SECTOR).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::MAGIC;
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    fn image(size: u64) -> Image {
        Image::new(size).put(0x1008, b"\x08").put(0x1018, MAGIC).put(0x1028, UUID)
    }

    #[test]
    fn good_and_damaged() {
        let found = format!("!bcache {UUID_TEXT} ");
        assert_eq!(image(8192).identify(), found);
        assert_eq!(image(8191).identify(), "");
        assert_eq!(image(1 << 30).identify(), found);
        assert_eq!(image(8192).put(0x1027, b"x").identify(), "");
        assert_eq!(image(8192).put(0x100f, b"x").identify(), "");
    }
}
