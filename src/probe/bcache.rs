//! bcache: devices of a cache, and those that stand behind one.
//!
//! Source: kernel drivers/md/bcache/bcache_ondisk.h, `struct cache_sb_disk`.

use super::{Answer, Format};
use crate::disk::{Disk, le64};
use crate::identity::{Identity, Type};

const SB_SECTOR: u64 = 8;
/// The second half of the magic.
const MAGIC_END: u64 = u64::from_le_bytes(*b"\x82\x65\xf5\x7f\x48\xba\x6d\x81");

pub(super) const FORMAT: Format =
    Format::new(Type::Bcache).least(8192).at(4096).magic(24, b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca").uuid(40);

pub(super) fn probe(_: &mut Disk<'_>, sb: &[u8; 512], _: &mut Identity) -> Answer {
    (le64(sb, 8) == SB_SECTOR && le64(sb, 32) == MAGIC_END).then_some(true)
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    const MAGIC: &[u8; 16] = b"\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81";

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
