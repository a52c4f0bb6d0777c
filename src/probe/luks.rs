//! LUKS, both versions; LUKS2 also by its second header, where the first is destroyed.
//!
//! Source: the LUKS On-Disk Format Specification and the LUKS2 one (cryptsetup's docs).

use super::{Answer, Format};
use crate::disk::Disk;
use crate::identity::{Encoding, Identity, Type, push_label};

/// The second header follows the first, whose size is a power of two in this range.
const LEAST_SECOND: u64 = 0x4000;
const LAST_SECOND: u64 = 0x40_0000;

pub(super) const FORMAT: Format = Format::new(Type::CryptoLuks);

pub(super) fn probe(disk: &mut Disk<'_>, _: &[u8; 512], identity: &mut Identity) -> Answer {
    let mut magic = b"LUKS\xba\xbe";
    while !disk.magic(0, magic) {
        disk.base = (disk.base * 2).max(LEAST_SECOND);
        magic = b"SKUL\xba\xbe";
        if disk.base > LAST_SECOND {
            return None;
        }
    }
    disk.big = true;
    let version = disk.u16(6);
    if version == 2 {
        identity.label_at(disk, 24, 48, Encoding::Bytes);
    }
    if matches!(version, 1 | 2) {
        push_label(&mut identity.uuid, disk.bytes(168, 40), Encoding::Bytes);
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::{Image, UUID_TEXT};

    fn image(at: u64, magic: &[u8], version: u8) -> Image {
        let image = Image::new(8 << 20).put(at, magic).put(at + 7, [version]);
        image.put(at + 24, b"vault \0").put(at + 168, UUID_TEXT)
    }

    #[test]
    fn headers() {
        let both = format!("!crypto_LUKS {UUID_TEXT} vault");
        assert_eq!(image(0, b"LUKS\xba\xbe", 1).identify(), format!("!crypto_LUKS {UUID_TEXT} "));
        assert_eq!(image(0, b"LUKS\xba\xbe", 2).identify(), both);
        assert_eq!(image(0, b"LUKS\xba\xbe", 3).identify(), "!crypto_LUKS  ");
        for shift in 14..=22 {
            assert_eq!(image(1 << shift, b"SKUL\xba\xbe", 2).identify(), both, "{shift}");
        }
        let rows: [(u64, &[u8]); 5] = [
            (0, b"LUKS\xba\xbf"),
            (0, b"SKUL\xba\xbe"),
            (0x4000, b"LUKS\xba\xbe"),
            (0x2000, b"SKUL\xba\xbe"),
            (0x7f_fffc, b"SKUL\xba\xbe"),
        ];
        for (at, magic) in rows {
            assert_eq!(image(at, magic, 2).identify(), "", "{at:#x} {magic:?}");
        }
    }
}
