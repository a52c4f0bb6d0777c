//! Verity's superblock, and what has to hold of it: bytes and sizes, no more.
//!
//! Where there is none on the device the options of the command line ([`super::options`]) say the same, so that there is one
//! check of either.
//!
//! Source: cryptsetup's wiki, "DMVerity", Verity superblock format; Documentation/admin-guide/device-mapper/verity.rst.

use super::options::NUMBERS;
use crate::bytes::ZStr;
use crate::disk::{le16, le32, le64};

/// All of it.
pub type Superblock = [u8; 512];

/// What it begins with: signature and version.
const START: &[u8; 12] = b"verity\0\0\x01\0\0\0";
/// 16 bytes.
pub const UUID: usize = 16;
/// 32 bytes, the last of them a NUL.
pub const ALGORITHM: usize = 32;
const ALGORITHM_END: usize = 64;
/// As many bytes as it says, of 256.
pub const SALT: usize = 88;
/// What follows it.
pub const SALT_END: usize = SALT + 256;

/// The places of numbers that are bytes of the superblock: those of the salt, and of the UUID.
pub const SALT_BYTES: usize = 8;
/// 16, or 0 without one.
pub const UUID_BYTES: usize = 9;

/// What the tree is, by the options and, where there is one, by the superblock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tree {
    /// What the options of that order say; of those that a superblock has what it says. Once they have been checked they are the
    /// table's: `hash-offset` is the block of the hash device that the hashes begin with, in the place of `superblock` stands
    /// the first block behind what is covered by error correction, and `fec-offset` is in blocks.
    pub numbers: [u64; NUMBERS],
    /// The options without a value, and the words of the table.
    pub words: u32,
    /// The superblock, or what there is of one that isn't on the device: salt and UUID.
    pub sb: Superblock,
}

impl Tree {
    /// Nothing.
    pub const fn new() -> Self {
        Tree { numbers: [0; NUMBERS], words: 0, sb: [0; 512] }
    }

    /// What it is without an option.
    pub fn clear(&mut self) {
        self.numbers = [1, 4096, 4096, 0, 0, 1, 0, 2, 0, 0];
        self.words = 0;
    }

    /// Whether the hash device has a superblock.
    pub fn is_on_device(&self) -> bool {
        self.numbers[5] != 0
    }

    /// Bytes before the superblock, or before the hashes.
    pub fn offset(&self) -> u64 {
        self.numbers[4]
    }

    /// Bytes before what corrects errors on its device.
    pub fn fec_offset(&self) -> u64 {
        self.numbers[6]
    }

    /// Bytes of the data.
    pub fn data_bytes(&self) -> u64 {
        self.numbers[1].wrapping_mul(self.numbers[3])
    }

    /// What is hashed with each block; may be empty.
    pub fn salt(&self) -> &[u8] {
        part(&self.sb, SALT, self.numbers[SALT_BYTES])
    }

    /// Empty without one.
    pub fn uuid(&self) -> &[u8] {
        part(&self.sb, UUID, self.numbers[UUID_BYTES])
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

#[allow(clippy::cast_possible_truncation, reason = "what is longer than the superblock has been refused")]
fn part(sb: &Superblock, at: usize, length: u64) -> &[u8] {
    sb.get(at..).and_then(|rest| rest.get(..length as usize)).unwrap_or_default()
}

/// Reads `sb` into `tree`.
pub fn read(sb: &Superblock, tree: &mut Tree) {
    let numbers = &mut tree.numbers;
    numbers[0] = le32(sb, 12).into();
    numbers[1] = le32(sb, 64).into();
    numbers[2] = le32(sb, 68).into();
    numbers[3] = le64(sb, 72);
    numbers[SALT_BYTES] = le16(sb, 80).into();
    numbers[UUID_BYTES] = 16;
    tree.sb = *sb;
}

/// The name of the hash as the kernel's crypto API has it; empty where `sb` is no superblock.
pub fn algorithm(sb: &Superblock) -> &[u8] {
    let field = sb.get(ALGORITHM..ALGORITHM_END).filter(|_| sb.starts_with(START));
    ZStr::until_nul(field.unwrap_or_default()).map_or(b"", ZStr::to_bytes)
}

/// Makes `numbers` the table's; `None` where no tree is like that, or none of devices of those sizes, the latter of which is
/// `covered` by what corrects errors so far as that (all of it, or, where that is itself on it, up to there). A hash has
/// `digest` bytes.
#[inline(never)]
pub fn check(
    numbers: &mut [u64; NUMBERS],
    algorithm: &[u8],
    digest: usize,
    data_bytes: u64,
    hash_bytes: u64,
    covered: u64,
) -> Option<()> {
    let [format, data_block, hash_block, data_blocks, offset, on_device, fec_offset, _, salt_bytes, _] = numbers;
    let (data_bits, hash_bits) = (bits(*data_block)?, bits(*hash_block)?);
    if *format > 1 || *offset & 511 != 0 {
        return None;
    }
    let most = data_bytes >> (data_bits & 63);
    let mut first = *offset;
    if *on_device != 0 {
        // The next block behind it.
        first = first.checked_add(511)? | (*hash_block - 1);
        first = first.checked_add(1)?;
    } else if *data_blocks == 0 {
        // All of the device.
        *data_blocks = most;
    }
    let start = first >> (hash_bits & 63);
    *offset = start;
    *on_device = data_blocks.wrapping_add((covered >> (data_bits & 63)).saturating_sub(start));
    *fec_offset >>= hash_bits & 63;
    // The algorithm becomes a word among others, and nothing that the kernel's crypto API would put together.
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let fits = *data_blocks != 0
        && *data_blocks <= most
        && start << (hash_bits & 63) == first
        && *salt_bytes <= 256
        && matches!(algorithm.len(), 1..32)
        && algorithm.iter().all(is_word)
        && end(start, *data_blocks, hash_bits, digest)? <= hash_bytes >> (hash_bits & 63);
    fits.then_some(())
}

/// Of what has a power of two of bytes, 512 at least, and 512 KiB at most, as blocks have, its bits.
#[inline(never)]
fn bits(bytes: u64) -> Option<u32> {
    (bytes.is_power_of_two() && matches!(bytes, 0x200..=0x8_0000)).then_some(bytes.trailing_zeros())
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
