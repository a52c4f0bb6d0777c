//! The options of a verity device, as `systemd.verity_root_options=` has them: text, no more.
//!
//! Source: veritytab(5), systemd-veritysetup-generator(8).

use super::superblock::{
    ALGORITHM, DATA_BLOCK, DATA_BLOCKS, FORMAT, HASH_BLOCK, SALT, SALT_BYTES, SALT_END, START, Superblock, UUID,
};
use crate::bytes::{NOWHERE, place_of, put, take_part, take_until};
use crate::packed;

/// Those with a number, those with another value, and those without one: what is done with a block that doesn't match, more
/// flags, and those that speak to others.
const NAMES: &[u8] = packed!(NAMES_TEXT);
pub(crate) const NAMES_TEXT: &[u8] =
    b"format|data-block-size|hash-block-size|data-blocks|hash-offset|fec-offset|fec-roots|\
superblock|salt|uuid|hash|fec-device|root-hash-signature|\
ignore-corruption|restart-on-corruption|panic-on-corruption|ignore-zero-blocks|check-at-most-once|\
noauto|nofail|_netdev|x-initrd.attach";
/// What they are without being said.
const DEFAULTS: &[u8] = b"format=1,data-block-size=4K,hash-block-size=4K,fec-roots=2,superblock=1,hash=sha256";
const NUMBERS: usize = 7;
const TEXTS: usize = 6;

/// What they say.
pub struct Options<'a> {
    /// The numbers, in that order: what a superblock of one's own is made of comes first.
    numbers: [u64; NUMBERS],
    /// The texts.
    texts: [Option<&'a [u8]>; TEXTS],
    /// The others, a bit each.
    pub flags: u32,
}

/// The bit of `ignore-corruption`, the one that has to be permitted.
pub const IGNORE: u32 = 1;

const BOOLEANS: &[u8] = b"1|yes|y|true|t|on|0|no|n|false|f|off";
const FIRST_NO: usize = 6;

impl<'a> Options<'a> {
    /// Without any.
    pub fn new() -> Self {
        let mut options = Options { numbers: [0; NUMBERS], texts: [None; TEXTS], flags: 0 };
        let _ = options.read(DEFAULTS);
        options
    }

    /// Reads them; the error is the one that is unknown, or whose value can't be.
    #[inline(never)]
    pub fn read(&mut self, mut text: &'a [u8]) -> Result<(), &'a [u8]> {
        while let Some(option) = take_part(&mut text, b',') {
            let mut value = option;
            let name = take_until(&mut value, b'=');
            let place = place_of(NAMES, name.unwrap_or(option));
            // Which of them have a value.
            let has_value = place < NUMBERS + TEXTS;
            let known = place != NOWHERE && name.is_some() == has_value || option.is_empty();
            if !known {
                return Err(option);
            }
            if let Some(slot) = self.numbers.get_mut(place) {
                // Those of 32 bits come first.
                *slot = number(value).filter(|number| place > 2 || number >> 32 == 0).ok_or(option)?;
            } else if let Some(slot) = self.texts.get_mut(place.wrapping_sub(NUMBERS)) {
                *slot = Some(value);
            } else if !option.is_empty() {
                self.flags |= 1 << (place.wrapping_sub(NUMBERS + TEXTS) & 31);
            }
        }
        Ok(())
    }

    /// The text in this place; empty for none.
    #[inline(never)]
    fn text(&self, place: usize) -> &'a [u8] {
        self.texts.get(place).copied().flatten().unwrap_or_default()
    }

    /// Whether there is a superblock on the device; `None` where that isn't said in words that mean anything.
    pub fn on_device(&self) -> Option<bool> {
        is_yes(self.text(0))
    }

    /// Bytes before the superblock, or before the hashes.
    pub fn offset(&self) -> u64 {
        self.numbers[4]
    }

    /// Bytes before what corrects errors on its device, and the bytes of parity in a code word.
    pub fn fec(&self) -> [u64; 2] {
        [self.numbers[5], self.numbers[6]]
    }

    /// The device with what corrects errors; empty for none.
    pub fn fec_device(&self) -> &'a [u8] {
        self.text(4)
    }

    /// The root hash's signature: `base64:` and itself, or a file; empty for none.
    pub fn signature(&self) -> &'a [u8] {
        self.text(5)
    }

    /// Puts one together for where there is none on the device. `None`: of these it can't be. Otherwise whether it has a UUID.
    pub fn put_superblock(&self, sb: &mut Superblock) -> Option<bool> {
        let [salt, uuid, hash] = [1, 2, 3].map(|place| self.text(place));
        put(sb, 0, START);
        // Each is 8 bytes long, and written over by those behind it.
        for (number, at) in self.numbers.iter().zip([FORMAT, DATA_BLOCK, HASH_BLOCK, DATA_BLOCKS]) {
            put(sb, at, &number.to_le_bytes());
        }
        // A NUL ends it, or nothing does.
        put(sb.get_mut(ALGORITHM..DATA_BLOCK)?, 0, hash);
        digits(uuid, sb.get_mut(UUID..ALGORITHM)?)?;
        let length = digits(salt, sb.get_mut(SALT..SALT_END)?)?;
        put(sb, SALT_BYTES, &length.to_le_bytes());
        Some(!uuid.is_empty())
    }
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether it says yes; `None` where it says neither that nor no (`parse_boolean()` in systemd).
pub fn is_yes(text: &[u8]) -> Option<bool> {
    let place = place_of(BOOLEANS, text);
    (place != NOWHERE).then_some(place < FIRST_NO)
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
pub fn digits(text: &[u8], bytes: &mut [u8]) -> Option<usize> {
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
    (count & 1 == 0).then_some(count / 2)
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
