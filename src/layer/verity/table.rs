//! The parameters of a verity target, exactly as the kernel writes them when it is asked what it has: so that both can be
//! compared.
//!
//! Source: Documentation/admin-guide/device-mapper/verity.rst; `verity_status()` in drivers/md/dm-verity-target.c,
//! `verity_fec_status_table()` in dm-verity-fec.c.

use super::options::Options;
use super::superblock::Tree;
use crate::bytes::{Dev, Text, part};
use crate::packed;
use crate::template::push_packed;

/// What they are made of.
pub struct Table<'t> {
    /// What the superblock says.
    pub tree: &'t Tree<'t>,
    /// What the command line says.
    pub options: &'t Options<'t>,
    /// The root hash.
    pub digest: &'t [u8],
    /// The devices of the data and of the hashes.
    pub devs: [Dev; 2],
    /// The one with what corrects errors.
    pub fec: Option<Dev>,
    /// Bytes of the hash device that it covers: all of it, or, where it is itself on that one, those up to itself.
    pub covered: u64,
    /// The name of the key that is the root hash's signature; empty for none.
    pub key: &'t [u8],
}

/// The options, in the order in which the kernel writes them: what it does with a block that doesn't match, which one with one
/// that can't be read, and those that a value follows.
const WORDS: &[u8] = packed!(WORDS_TEXT);
pub(crate) const WORDS_TEXT: &[u8] =
    b"ignore_corruption|restart_on_corruption|panic_on_corruption|restart_on_error|panic_on_error|\
ignore_zero_blocks|check_at_most_once|\
use_fec_from_device|fec_blocks|fec_start|fec_roots|root_hash_sig_key_desc";
const FIRST_VALUE: u32 = 7;
const KEY: u32 = 11;
const END: u32 = KEY + 1;

impl Table<'_> {
    /// Puts them into `text`. Those that aren't `strict` have the kernel do nothing about a block that doesn't match but to
    /// say so to its reader; `on_error` those that are do the same with what can't be read as with what doesn't match.
    #[inline(never)]
    pub fn put(&self, strict: bool, on_error: bool, text: &mut Text) {
        let Table { tree, options, .. } = self;
        let [data_bits, hash_bits] = tree.bits.map(|bits| bits & 63);
        text.clear();
        text.push_number(tree.format.into());
        for dev in &self.devs {
            push_dev(text, *dev);
        }
        for number in &[1 << data_bits, 1 << hash_bits, tree.data_blocks, tree.start] {
            push_number(text, *number);
        }
        push_word(text, tree.algorithm);
        for bytes in &[self.digest, tree.salt] {
            push_word(text, if bytes.is_empty() { b"-" } else { b"" });
            text.push_hexes(bytes);
        }

        // `ignore_zero_blocks` and `check_at_most_once`.
        let mut words = (options.flags & 0x18) << 2;
        if strict {
            // By itself it is a panic: `panic=` decides then what follows, as it does elsewhere.
            let mode = if options.flags & 3 == 0 { 4 } else { options.flags & options.flags.wrapping_neg() & 3 };
            words |= mode;
            if on_error {
                words |= (mode & 6) << 2;
            }
        }
        if self.fec.is_some() {
            words |= 0xf << FIRST_VALUE;
        }
        if !self.key.is_empty() {
            words |= 1 << KEY;
        }
        if words == 0 {
            return;
        }
        let mut count = 0;
        for place in 0..END {
            count += u64::from(words >> place & 1) << u32::from(place >= FIRST_VALUE);
        }
        push_number(text, count);
        let covered = (self.covered >> data_bits).saturating_sub(tree.start);
        let [fec_offset, fec_roots] = options.fec();
        let numbers = [tree.data_blocks.wrapping_add(covered), fec_offset >> hash_bits, fec_roots];
        for place in 0..END {
            if words >> place & 1 == 0 {
                continue;
            }
            text.push_byte(b' ');
            push_packed(part(WORDS, b'|', place as usize), text);
            match (place, self.fec) {
                (KEY, _) => push_word(text, self.key),
                (FIRST_VALUE, Some(dev)) => push_dev(text, dev),
                _ => {
                    if let Some(number) = numbers.get(place.wrapping_sub(FIRST_VALUE + 1) as usize) {
                        push_number(text, *number);
                    }
                }
            }
        }
    }
}

#[inline(never)]
fn push_word(text: &mut Text, word: &[u8]) {
    text.push_byte(b' ');
    text.push(word);
}

#[inline(never)]
fn push_dev(text: &mut Text, dev: Dev) {
    text.push_byte(b' ');
    dev.push(text);
}

#[inline(never)]
fn push_number(text: &mut Text, number: u64) {
    text.push_byte(b' ');
    text.push_number(number);
}

#[cfg(test)]
mod tests;
