//! The hash device of dm-verity.
//!
//! Source: cryptsetup's wiki, "DMVerity", Verity superblock format.

use super::{Answer, Format};
use crate::disk::{Disk, le32};
use crate::identity::{Identity, Type};

const VERSION: usize = 8;

pub(super) const FORMAT: Format = Format::new(Type::DmVerityHash).magic(0, b"verity\0\0").uuid(16);

pub(super) fn probe(_: &mut Disk<'_>, sb: &[u8; 512], _: &mut Identity) -> Answer {
    (le32(sb, VERSION) == 1).then_some(true)
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    #[test]
    fn hash_devices() {
        let image = Image::new(1 << 20).put(0, b"verity").put(8, [1, 0, 0, 0, 1]).put(16, UUID);
        assert_eq!(image.clone().identify(), format!("!DM_verity_hash {UUID_TEXT} "));
        for (at, bytes) in [(0, b"Verity"), (6, b"\x01\0\x01\0\0\0"), (8, b"\x02\0\0\0\0\0"), (8, b"\x01\x01\0\0\0\0")]
        {
            assert_eq!(image.clone().put(at, bytes).identify(), "", "{at} {bytes:?}");
        }
    }
}
