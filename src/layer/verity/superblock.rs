//! Verity's superblock, and what has to hold of it: bytes and sizes, no more.
//!
//! Where there is none on the device one is made of the options of the command line ([`super::options`]), so that there is one
//! check of either.
//!
//! Source: cryptsetup's wiki, "DMVerity", Verity superblock format; Documentation/admin-guide/device-mapper/verity.rst.

use crate::disk::{le16, le32, le64, log2};

/// All of it.
pub type Superblock = [u8; 512];

/// What it begins with: signature and version.
pub const START: &[u8; 12] = b"verity\0\0\x01\0\0\0";
/// Where its fields are, and their sizes where those aren't 4 bytes.
pub const FORMAT: usize = 12;
/// 16 bytes.
pub const UUID: usize = 16;
/// 32 bytes, the last of them a NUL.
pub const ALGORITHM: usize = 32;
/// Of the data, in bytes.
pub const DATA_BLOCK: usize = 64;
/// Of the hashes.
pub const HASH_BLOCK: usize = 68;
/// 8 bytes.
pub const DATA_BLOCKS: usize = 72;
/// 2 bytes.
pub const SALT_BYTES: usize = 80;
/// As many bytes as that says, of 256.
pub const SALT: usize = 88;
/// What follows it.
pub const SALT_END: usize = SALT + 256;

/// Blocks have 512 bytes at least, and 512 KiB at most: so many bits.
const BLOCK_BITS: core::ops::RangeInclusive<u32> = 9..=19;

/// What a superblock says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tree<'s> {
    /// 0: Chrome OS's, 1: everybody else's.
    pub format: u32,
    /// Of the hash, as the kernel's crypto API calls it.
    pub algorithm: &'s [u8],
    /// What is hashed with each block; may be empty.
    pub salt: &'s [u8],
    /// Bits of the size of a block of data, and of one of hashes.
    pub bits: [u32; 2],
    /// Blocks of data.
    pub data_blocks: u64,
    /// The block of the hash device that the hashes begin with.
    pub start: u64,
}

/// What it is of.
#[derive(Clone, Copy)]
pub struct Devices {
    /// Bytes of the device that the data are on, and of the one of the hashes.
    pub bytes: [u64; 2],
    /// Bytes before the superblock, or, where there is none, before the hashes.
    pub offset: u64,
    /// There is one.
    pub on_device: bool,
    /// Bytes of a hash.
    pub digest: usize,
}

/// Reads `sb`; `None` where it is none, or none of these devices.
#[inline(never)]
pub fn parse<'s>(sb: &'s Superblock, devices: &Devices) -> Option<Tree<'s>> {
    let bits = [le32(sb, DATA_BLOCK), le32(sb, HASH_BLOCK)].map(log2);
    let [data_bits, hash_bits] = bits;
    let (format, mut data_blocks) = (le32(sb, FORMAT), le64(sb, DATA_BLOCKS));
    let [data_bytes, hash_bytes] = devices.bytes;
    if !sb.starts_with(START)
        || format > 1
        || !BLOCK_BITS.contains(&data_bits)
        || !BLOCK_BITS.contains(&hash_bits)
        || devices.offset & 511 != 0
    {
        return None;
    }
    let most = data_bytes >> (data_bits & 63);
    let mut first = devices.offset;
    if devices.on_device {
        // The next block behind it.
        first = first.checked_add(sb.len() as u64 - 1)? | ((1 << (hash_bits & 63)) - 1);
        first = first.checked_add(1)?;
    } else if data_blocks == 0 {
        // All of the device.
        data_blocks = most;
    }
    let start = first >> (hash_bits & 63);
    let algorithm = sb.get(ALGORITHM..DATA_BLOCK)?;
    let algorithm = algorithm.get(..algorithm.iter().position(|byte| *byte == 0)?)?;
    let salt = sb.get(SALT..SALT_END)?.get(..le16(sb, SALT_BYTES) as usize)?;
    // It becomes a word among others.
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fits = data_blocks != 0
        && data_blocks <= most
        && start << (hash_bits & 63) == first
        && !algorithm.is_empty()
        && algorithm.iter().all(is_word)
        && end(start, data_blocks, hash_bits, devices.digest)? <= hash_bytes >> (hash_bits & 63);
    fits.then_some(Tree { format, algorithm, salt, bits, data_blocks, start })
}

/// The block behind the last one of the tree: each level has a hash of every block of the one below, as many to a block as
/// fit and are a power of two. The kernel wants two at least; with fewer there would be no end.
fn end(start: u64, data_blocks: u64, hash_bits: u32, digest: usize) -> Option<u64> {
    let digest_bits = usize::BITS - digest.checked_sub(1)?.leading_zeros();
    let per_block = hash_bits.checked_sub(digest_bits).filter(|bits| *bits != 0)?;
    let (mut level, mut end) = (data_blocks, start);
    while level > 1 {
        level = ((level - 1) >> (per_block & 63)) + 1;
        end = end.checked_add(level)?;
    }
    Some(end)
}

#[cfg(test)]
pub(crate) mod tests;
