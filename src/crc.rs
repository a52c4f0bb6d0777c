//! CRC-32, by four bits at a time: a table of 16 numbers is made for each run of bytes, which takes less code than keeping two.

/// The polynomial of zlib, Ethernet and GPT, reflected.
pub const CRC32: u32 = 0xedb8_8320;
/// Castagnoli's, of ext4, XFS and btrfs, reflected.
pub const CRC32C: u32 = 0x82f6_3b78;

/// Goes on from `crc`, without the inversions at either end that many formats have.
#[allow(clippy::indexing_slicing, reason = "a number of four bits")]
pub fn crc32(polynomial: u32, mut crc: u32, bytes: &[u8]) -> u32 {
    let mut table = [0u32; 16];
    for (place, entry) in (0..).zip(&mut table) {
        *entry = place;
        for _ in 0..4 {
            *entry = *entry >> 1 ^ (polynomial & (*entry & 1).wrapping_neg());
        }
    }
    for byte in bytes {
        crc ^= u32::from(*byte);
        crc = crc >> 4 ^ table[crc as usize & 15];
        crc = crc >> 4 ^ table[crc as usize & 15];
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values() {
        // The check values of the catalogue of parametrised CRC algorithms: ISO-HDLC, ISCSI, JAMCRC; those of RFC 3720.
        let rows: [(u32, u32, &[u8], u32); 7] = [
            (CRC32, !0, b"123456789", !0xcbf4_3926),
            (CRC32C, !0, b"123456789", !0xe306_9283),
            (CRC32, !0, b"123456789", 0x340b_c6d9),
            (CRC32C, !0, &[0; 32], !0x8a91_36aa),
            (CRC32C, !0, &[0xff; 32], !0x62a8_ab43),
            (CRC32C, 7, b"", 7),
            (CRC32, 0, &[0; 99], 0),
        ];
        for (polynomial, seed, bytes, expected) in rows {
            assert_eq!(crc32(polynomial, seed, bytes), expected, "{polynomial:#x} {seed:#x} {bytes:?}");
        }
    }

    #[test]
    fn in_parts() {
        let bytes = b"a checksum doesn't mind where its parts end";
        for middle in 0..=bytes.len() {
            let (one, other) = bytes.split_at(middle);
            assert_eq!(crc32(CRC32C, crc32(CRC32C, !0, one), other), crc32(CRC32C, !0, bytes), "{middle}");
        }
    }
}
