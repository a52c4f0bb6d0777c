//! The options of a verity device, as `systemd.verity_root_options=` has them: text, no more.
//!
//! Source: veritytab(5), systemd-veritysetup-generator(8).

use super::superblock::{ALGORITHM, SALT, SALT_BYTES, SALT_END, Tree, UUID, UUID_BYTES};
use crate::bytes::{NOWHERE, place_of, take_part, take_until};
use crate::packed;

/// Those with a number, or with what becomes one, in the order of [`Tree::numbers`]; those with another value, in that of
/// [`Texts`]; and those without one, which are the bits of [`Tree::words`]: up to `root_hash_sig_key_desc` they are, in the order
/// in which the kernel writes them, words of its table, of which it calls some differently and some are none of the command
/// line's; and those that speak to others.
pub(crate) const NAMES: &[u8] = packed!(NAMES_TEXT);
pub(crate) const NAMES_TEXT: &[u8] =
    b"format|data-block-size|hash-block-size|data-blocks|hash-offset|superblock|fec-offset|fec-roots|salt|uuid|\
hash|fec-device|root-hash-signature|\
ignore_corruption|restart_on_corruption|panic_on_corruption|restart_on_error|panic_on_error|\
ignore_zero_blocks|check_at_most_once|\
use_fec_from_device|fec_blocks|fec_start|fec_roots|root_hash_sig_key_desc|\
noauto|nofail|_netdev|x-initrd.attach";
/// How many of them have a number.
pub const NUMBERS: usize = 10;
/// The first one without a value.
pub const WORDS: usize = NUMBERS + 3;
/// Which of those are the command line's, a bit each.
const KNOWN: u64 = 0b1111_0000_0110_0111;
const SUPERBLOCK: usize = 5;

/// The hash that the tree is made with, the device with what corrects errors, and the root hash's signature, `base64:` and
/// itself, or a file; empty for none.
pub type Texts<'a> = [&'a [u8]; WORDS - NUMBERS];
/// What they are without being said.
pub const DEFAULTS: Texts<'_> = [b"sha256", b"", b""];

/// The bit of `ignore-corruption`, the one that has to be permitted.
pub const IGNORE: u32 = 1;

const YES: &[u8] = b"1|yes|y|true|t|on";

/// Reads them; the error is the one that is unknown, or whose value can't be.
#[inline(never)]
pub fn read<'a>(mut text: &'a [u8], tree: &mut Tree, texts: &mut Texts<'a>) -> Result<(), &'a [u8]> {
    while let Some(option) = take_part(&mut text, b',') {
        if !option.is_empty() {
            read_one(option, tree, texts).ok_or(option)?;
        }
    }
    Ok(())
}

fn read_one<'a>(option: &'a [u8], tree: &mut Tree, texts: &mut Texts<'a>) -> Option<()> {
    let mut value = option;
    let name = take_until(&mut value, b'=');
    let place = place_of(NAMES, name.unwrap_or(option));
    if name.is_none() {
        let word = place.wrapping_sub(WORDS) & 63;
        tree.words |= 1 << (word & 31);
        return (KNOWN >> word & 1 != 0).then_some(());
    }
    if let Some(slot) = tree.numbers.get_mut(place) {
        *slot = match place {
            SUPERBLOCK => u64::from(is_yes(value)),
            UUID_BYTES => digits(value, tree.sb.get_mut(UUID..ALGORITHM)?)?,
            SALT_BYTES => digits(value, tree.sb.get_mut(SALT..SALT_END)?)?,
            _ => number(value)?,
        };
    } else {
        *texts.get_mut(place.wrapping_sub(NUMBERS))? = value;
    }
    Some(())
}

/// Whether it says yes (`parse_boolean()` in systemd).
pub fn is_yes(text: &[u8]) -> bool {
    place_of(YES, text) != NOWHERE
}

/// A number, of which K, M, G and T are the 1024-fold, that of it, and so on.
#[inline(never)]
fn number(text: &[u8]) -> Option<u64> {
    let mut number = None;
    let mut rest = text;
    while let [byte, behind @ ..] = rest {
        number = match (byte, number) {
            (b'0'..=b'9', _) => Some(number.unwrap_or(0u64).checked_mul(10)?.checked_add((byte - b'0').into())?),
            (_, Some(number)) if behind.is_empty() => {
                let power = 1 + b"KMGT".iter().position(|suffix| suffix == byte)?;
                number.checked_mul(1 << ((power * 10) & 63))
            }
            _ => return None,
        };
        rest = behind;
    }
    number
}

/// Puts the bytes whose hexadecimal digits `text` has into `bytes`, and says how many these are. A `-` says nothing, and so may
/// stand for none at all.
#[inline(never)]
pub fn digits(text: &[u8], bytes: &mut [u8]) -> Option<u64> {
    let mut count = 0;
    for byte in text {
        let digit = match byte {
            b'-' => continue,
            b'0'..=b'9' => byte - b'0',
            _ => match byte | 0x20 {
                letter @ b'a'..=b'f' => letter - b'a' + 10,
                _ => return None,
            },
        };
        let slot = bytes.get_mut(count / 2)?;
        *slot = *slot << 4 | digit;
        count += 1;
    }
    (count & 1 == 0).then_some(count as u64 / 2)
}

/// Puts the bytes that `text` is in base64 into `bytes`; returns how many, `None` where it isn't that, or doesn't fit.
#[inline(never)]
pub fn base64(text: &[u8], bytes: &mut [u8]) -> Option<usize> {
    let (mut bits, mut count, mut length) = (0u32, 0, 0);
    for byte in text {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            // It fills the end up.
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            *bytes.get_mut(length)? = (bits >> (count & 31)).to_le_bytes()[0];
            length += 1;
        }
    }
    Some(length)
}

#[cfg(test)]
mod tests;
