//! Texts for people in two thirds of the bytes: each byte from 0x80 on stands for two others, which may be such bytes
//! themselves (byte pair encoding). The compiler packs; what runs is [`Pairs::take`] alone.

/// A packed text, byte by byte as it was.
pub struct Pairs<'t> {
    packed: &'t [u8],
    /// What comes before the rest of `packed`, the next one lowest: as many bytes as the deepest pair has, 8 at most.
    before: u64,
}

impl<'t> Pairs<'t> {
    /// All of `packed`, which may be a text that never was packed.
    pub fn new(packed: &'t [u8]) -> Self {
        Pairs { packed, before: 0 }
    }

    /// The next byte; 0 at the end. (No iterator: the library's adapters are copied into each of its users.)
    #[inline(never)]
    pub fn take(&mut self) -> u8 {
        let [mut byte, ..] = self.before.to_le_bytes();
        if byte == 0 {
            let [first, rest @ ..] = self.packed else { return 0 };
            (byte, self.packed) = (*first, rest);
        }
        self.before >>= 8;
        while let Some(pair) = PAIRS.get(usize::from(byte.wrapping_sub(FIRST))) {
            self.before = self.before << 8 | u64::from(pair[1]);
            byte = pair[0];
        }
        byte
    }
}

/// The first byte that stands for two.
const FIRST: u8 = 0x80;

/// What each of them stands for. The test below says when the texts have changed so much that others would be better.
#[rustfmt::skip]
const PAIRS: [[u8; 2]; 128] = [
    *b"t ", *b"in", *b": ", *b"e ", *b"s ", *b"it", *b"th", *b"oo", *b"er", *b"r\x87", *b"no", *b"  ", *b", ", *b"d ",
    *b"un", *b"\x04\x04", *b"\x89t", *b"mo", *b"re", *b"on", *b"i\x84", *b"le", *b"\x04\x82", *b"\x86\x83", *b"de",
    *b"ma", *b"or", *b"\x91\x8e", *b"i\x80", *b"ha", *b"\x98v", *b"\x8f\x08", *b"ch", *b"\x8b\x8b", *b"\x8a\x80",
    *b"\x81g", *b"NO", *b"\x93 ", *b"an", *b"\x8a ", *b"\x86\x88", *b"\x81\x85", *b"st", *b"at", *b"a ", *b"\x9bt",
    *b"\x81t", *b"ic", *b"fs", *b" (", *b"\x89\x80", *b"v\x88", *b"ex", *b"ck", *b"\x9a ", *b"su", *b"ou", *b"me",
    *b"f ", *b"e\x84", *b"\xae\x95", *b"\xa9r", *b"\xa3 ", *b"\x90=", *b"\x88n", *b"\x81 ", *b"sh", *b"se", *b"p\xbc",
    *b"am", *b"..", *b"\xc4.", *b"\xb7\xb9", *b"\x9e\xaf", *b"\x9d\xc2", *b"\x9b\x80", *b"\x99g", *b"\x92\xc8",
    *b"\x8f\t", *b"y ", *b"w\x85", *b"wr", *b"\xd1\x85", *b"wa", *b"o\xba", *b"l\x8d", *b"l\x81", *b"iv", *b"el",
    *b"bl", *b" [", *b"\xbd\xc5", *b"\xb8\xd5", *b"\xb3\x85", *b"\xddy", *b"\xa1\xa1", *b"\x96\xa2", *b"\x94\xa5",
    *b"op", *b"i\xcc", *b"du", *b"cu", *b"_\x90", *b"ME", *b"ID", *b"/\x9e", *b"% ", *b"\xe9/", *b"\xe4\x95",
    *b"\xd3\x85", *b"\xc0\xd8", *b"\xb0\xb5", *b"\xaae", *b"\xa6\x8d", *b"\x99n", *b"\xf2\x8d", *b"\xf3\xd6",
    *b"\x91\xec", *b"\x8aw", *b"\xf6n", *b"\x85\x84", *b"\x84%", *b"w\xdc", *b"tc", *b"\xfb/", *b"om", *b"\xfd\xf4",
    *b"k\xf7",
];

/// A text that is known when pintle is compiled, packed: a `&'static [u8]`.
#[macro_export]
macro_rules! packed {
    ($text:expr) => {{
        const WHOLE: &[u8] = $text;
        const LONG: ([u8; WHOLE.len()], usize) = $crate::pairs::pack(WHOLE);
        // An array of its own: a reference to a part of the long one would keep all of that.
        const SHORT: &[u8; LONG.1] = &match LONG.0.first_chunk() {
            Some(bytes) => *bytes,
            None => unreachable!(),
        };
        SHORT
    }};
}

/// `text`, packed, and how much of the array that is. (For [`packed!`].)
pub const fn pack<const LENGTH: usize>(text: &[u8]) -> ([u8; LENGTH], usize) {
    let mut bytes = [0; LENGTH];
    bytes.copy_from_slice(text);
    let length = replace(&mut bytes, &PAIRS);
    (bytes, length)
}

/// Replaces each of `pairs`, in order, by the byte that stands for it; returns what is left of `bytes`.
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "the compiler runs it, and would stop")]
const fn replace(bytes: &mut [u8], pairs: &[[u8; 2]]) -> usize {
    let mut length = bytes.len();
    let mut pair = 0;
    while pair < pairs.len() {
        let [first, second] = pairs[pair];
        let (mut from, mut to) = (0, 0);
        while from < length {
            let is_pair = bytes[from] == first && from + 1 < length && bytes[from + 1] == second;
            bytes[to] = if is_pair { FIRST + pair as u8 } else { bytes[from] };
            from += if is_pair { 2 } else { 1 };
            to += 1;
        }
        length = to;
        pair += 1;
    }
    length
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::collections::HashMap;

    /// All that is packed.
    fn texts() -> Vec<&'static [u8]> {
        [crate::message::texts(), crate::error::texts(), crate::tool::texts()].concat()
    }

    pub(crate) fn unpack(packed: &[u8]) -> Vec<u8> {
        let mut pairs = Pairs::new(packed);
        std::iter::from_fn(|| Some(pairs.take()).filter(|byte| *byte != 0)).collect()
    }

    /// `text` with each of `pairs` replaced.
    fn replaced(text: &[u8], pairs: &[[u8; 2]]) -> Vec<u8> {
        let mut bytes = text.to_vec();
        let length = replace(&mut bytes, pairs);
        bytes.truncate(length);
        bytes
    }

    /// The pairs that make `texts` shortest, each the most frequent one that is left. What separates texts in a table is
    /// in none, nor is the digit that a message begins with.
    fn trained(texts: &[&[u8]]) -> Vec<[u8; 2]> {
        let mut pairs: Vec<[u8; 2]> = Vec::new();
        while pairs.len() < PAIRS.len() {
            let mut count = HashMap::new();
            for text in texts {
                let bytes = replaced(text, &pairs);
                for pair in bytes.windows(2).filter(|pair| !pair.iter().any(|byte| b"\n|346".contains(byte))) {
                    *count.entry([pair[0], pair[1]]).or_insert(0) += 1;
                }
            }
            let best = count.into_iter().max_by_key(|(pair, count)| (*count, *pair));
            pairs.push(best.expect("a pair").0);
        }
        pairs
    }

    #[test]
    fn what_is_packed_comes_out_again() {
        for text in texts() {
            let packed = replaced(text, &PAIRS);
            assert_eq!(unpack(&packed), text);
        }
        assert_eq!(unpack(packed!(b"the new root, and the old root")), b"the new root, and the old root");
        assert_eq!(unpack(b""), b"");
    }

    /// They need not be the best, but nearly.
    #[test]
    fn the_pairs_fit_the_texts() {
        let texts = texts();
        let length = |pairs: &[[u8; 2]]| texts.iter().map(|text| replaced(text, pairs).len()).sum::<usize>();
        let best = trained(&texts);
        let (have, could) = (length(&PAIRS), length(&best));
        let literal: Vec<_> = best.iter().map(|pair| format!("*b\"{}\"", pair.escape_ascii())).collect();
        assert!(have * 100 <= could * 102, "{have} bytes, which could be {could} with {}", literal.join(", "));
    }
}
