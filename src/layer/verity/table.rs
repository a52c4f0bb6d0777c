//! The parameters of a verity target, exactly as the kernel writes them when it is asked what it has: so that both can be
//! compared.
//!
//! Source: Documentation/admin-guide/device-mapper/verity.rst; `verity_status()` in drivers/md/dm-verity-target.c,
//! `verity_fec_status_table()` in dm-verity-fec.c.

use super::options::{NAMES, WORDS};
use super::superblock::Tree;
use crate::bytes::{Dev, Text, part};
use crate::kernel::Fd;
use crate::template::push_packed;

/// What there is of the table's words for error correction, a bit each.
pub const FEC: u32 = 0xf << FIRST_VALUE;
/// The one for the key that is the root hash's signature.
pub const KEY: u32 = 1 << KEY_PLACE;
/// The words that say what is done with a block that doesn't match.
const MODES: u32 = 7;
/// The first word that a value follows.
const FIRST_VALUE: usize = 7;
const KEY_PLACE: usize = 11;
const END: usize = KEY_PLACE + 1;
/// The first one that a number follows, and where that is.
const FIRST_NUMBER: usize = FIRST_VALUE + 1;
const FEC_BLOCKS: usize = 5;

/// The devices, as [`crate::layer::dm::Mapper`] has them.
pub type Devices = [(Fd, Option<Dev>); 3];

/// Puts into `text` what every table of it begins with.
pub fn put_head(tree: &Tree, algorithm: &[u8], hash: &[u8], devices: &Devices, text: &mut Text) {
    let [format, numbers @ .., _, _, _, _, _] = &tree.numbers;
    text.clear();
    text.push_number(*format);
    for (_, dev) in &devices[..2] {
        push_dev(text, *dev);
    }
    for number in numbers {
        push_number(text, *number);
    }
    push_word(text, algorithm);
    push_word(text, b"");
    for digit in hash {
        // A small letter.
        text.push_byte(digit | 0x20);
    }
    let salt = tree.salt();
    push_word(text, if salt.is_empty() { b"-" } else { b"" });
    text.push_hexes(salt);
}

/// Appends the options. Those that aren't `strict` have the kernel do nothing about a block that doesn't match but to say so to
/// its reader; `on_error` those that are do the same with what can't be read as with what doesn't match. `key` is the name of
/// the root hash's signature.
#[inline(never)]
pub fn push_words(tree: &Tree, strict: bool, on_error: bool, fec: Option<Dev>, key: &[u8], text: &mut Text) {
    let mut words = tree.words & !MODES;
    if strict {
        // By itself it is a panic: `panic=` decides then what follows, as it does elsewhere.
        let mode = if tree.words & 3 == 0 { 4 } else { tree.words & tree.words.wrapping_neg() & 3 };
        words |= mode;
        if on_error {
            words |= (mode & 6) << 2;
        }
    }
    let mut count = 0;
    for place in 0..END {
        count += u64::from(words >> place & 1) << u32::from(place >= FIRST_VALUE);
    }
    if count == 0 {
        return;
    }
    push_number(text, count);
    for place in 0..END {
        if words >> place & 1 == 0 {
            continue;
        }
        push_word(text, b"");
        push_packed(part(NAMES, b'|', WORDS + place), text);
        match place {
            KEY_PLACE => push_word(text, key),
            FIRST_VALUE => push_dev(text, fec),
            FIRST_NUMBER.. => {
                if let Some(number) = tree.numbers.get(place - FIRST_NUMBER + FEC_BLOCKS) {
                    push_number(text, *number);
                }
            }
            _ => {}
        }
    }
}

#[inline(never)]
fn push_word(text: &mut Text, word: &[u8]) {
    text.push_byte(b' ');
    text.push(word);
}

#[inline(never)]
fn push_dev(text: &mut Text, dev: Option<Dev>) {
    text.push_byte(b' ');
    if let Some(dev) = dev {
        dev.push(text);
    }
}

#[inline(never)]
fn push_number(text: &mut Text, number: u64) {
    text.push_byte(b' ');
    text.push_number(number);
}

#[cfg(test)]
mod tests;
