//! Swap spaces, and those that a suspended system's memory lies in.
//!
//! Source: kernel include/linux/swap.h (`union swap_header`), kernel/power/swap.c; suspend-utils, TuxOnIce.

use super::{Answer, Format};
use crate::disk::{Disk, le32, le64};
use crate::identity::{Identity, Type};

/// libblkid's: ten pages of 4 KiB.
const LEAST_BYTES: u64 = 10 * 4096;
const LEAST_PAGE: u64 = 4096;
/// 4, 8, 16, 32, 64 KiB.
const MOST_PAGE: u64 = 64 * 1024;
/// The signature is the end of the first page.
pub(crate) const SIGNATURE: usize = 10;
/// The new format first, the old one second; the others are those of suspended systems. Padded with zeros, which don't
/// count.
pub(crate) const SIGNATURES: &[u8] = b"SWAPSPACE2SWAP-SPACES1SUSPEND\0S2SUSPEND\0ULSUSPEND\0LINHIB0001";
/// The place of the first of those.
pub(crate) const SUSPENDED: usize = 2;
const TUX_ON_ICE: u64 = 0x0ce5_5698_e902_c3ed;

/// Where the new format's fields start, the first of them the version.
const INFO: u64 = 1024;
const VERSION: u32 = 1;
const VERSION_BIG: u32 = VERSION.swap_bytes();
const LAST_PAGE: usize = 4;
const UUID: u8 = 12;
const VOLUME_NAME: u16 = 28;
/// Where libblkid looks whether there is rubbish rather than padding.
const PADDING: usize = 44 + 32 * 4;

pub(super) const FORMAT: Format = Format::new(Type::Swap).at(INFO).uuid(UUID).label(VOLUME_NAME, 16);

pub(super) fn probe(disk: &mut Disk<'_>, sb: &[u8; 512], identity: &mut Identity) -> Answer {
    if disk.size < LEAST_BYTES {
        return None;
    }
    let mut format = usize::MAX;
    if disk.u64(INFO.wrapping_neg()) != TUX_ON_ICE {
        format = signature(disk)?;
    }
    if format == 0 && (!matches!(le32(sb, 0), VERSION | VERSION_BIG) || le32(sb, LAST_PAGE) == 0) {
        return None;
    }
    if format >= SUSPENDED {
        identity.kind = Type::SwSuspend;
    }
    Some(format != 1 && le64(sb, PADDING) == 0)
}

/// The place in [`SIGNATURES`] of the one that stands at the end of the smallest page.
fn signature(disk: &mut Disk<'_>) -> Option<usize> {
    let mut page = LEAST_PAGE;
    while page <= MOST_PAGE {
        for (place, signature) in SIGNATURES.as_chunks::<SIGNATURE>().0.iter().enumerate() {
            let ([text @ .., 0] | text) = &signature[..];
            if disk.magic(page - SIGNATURE as u64 - INFO, text) {
                return Some(place);
            }
        }
        page *= 2;
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::probe::tests::{Image, UUID, UUID_TEXT};

    fn image(page: u64, signature: &[u8]) -> Image {
        let image = Image::new(1 << 20).put(1024, [1, 0, 0, 0, 255]).put(1036, UUID).put(1052, b"pages");
        image.put(page - 10, signature)
    }

    #[test]
    fn signatures_at_the_end_of_every_page_size() {
        let named = |kind: &str| format!("!{kind} {UUID_TEXT} pages");
        let rows: [(&[u8], String); 7] = [
            (b"SWAPSPACE2", named("swap")),
            (b"SWAP-SPACE", "!swap  ".into()),
            (b"S1SUSPEND", named("swsuspend")),
            (b"S2SUSPEND\xff", named("swsuspend")),
            (b"ULSUSPEND\0", named("swsuspend")),
            (b"LINHIB0001", named("swsuspend")),
            (b"SWAPSPACE3", String::new()),
        ];
        for (signature, expected) in rows {
            for page in [4096, 8192, 16384, 32768, 65536] {
                assert_eq!(image(page, signature).identify(), expected, "{page}");
            }
            for page in [2048, 131_072] {
                assert_eq!(image(page, signature).identify(), "", "{page}");
            }
        }
        let tux_on_ice = image(4096, b"SWAPSPACE2").put(0, super::TUX_ON_ICE.to_le_bytes());
        assert_eq!(tux_on_ice.clone().identify(), named("swsuspend"));
        assert_eq!(tux_on_ice.put(1052, [0]).identify(), format!("!swsuspend {UUID_TEXT} "));
    }

    #[test]
    fn damage() {
        let good = format!("!swap {UUID_TEXT} pages");
        let rows: [(u64, &[u8], &str); 6] = [
            (1024, &[0, 0, 0, 1], &good),
            (1024, &[0], ""),
            (1024, &[2], ""),
            (1028, &[0], ""),
            (1195, b"x", &good),
            (1203, b"x", "!swap  "),
        ];
        for (at, bytes, expected) in rows {
            assert_eq!(image(4096, b"SWAPSPACE2").put(at, bytes).identify(), expected, "{at} {bytes:?}");
        }
        let short = Image::new(10 * 4096 - 512).put(1024, [1, 0, 0, 0, 9]).put(4086, b"SWAPSPACE2");
        assert_eq!(short.clone().identify(), "");
    }
}
