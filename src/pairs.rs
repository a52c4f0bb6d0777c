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
    *b"ot", *b"it", *b"in", *b"e ", *b"er", *b": ", *b"s ", *b"ro", *b"\x87\x80", *b"on", *b"re", *b"th", *b"at",
    *b"no", *b", ", *b"  ", *b"mo", *b"de", *b"un", *b"le", *b"d ", *b"st", *b"\x04\x04", *b"or", *b"i\x86", *b"v\x84",
    *b"ha", *b"an", *b"\x91v", *b"\x8b\x83", *b"\x04\x85", *b"\x92t", *b"\x90\x9f", *b"ck", *b"\x82t", *b"me", *b"ic",
    *b"us", *b"su", *b"fs", *b"\x82\x81", *b"sy", *b"sh", *b"n\x80", *b"\xa2\x93", *b"\x9a\xaa", *b"p\xac", *b"ch",
    *b"\xae.", *b"\x99\x81", *b"\xb1y", *b"\x96\x08", *b"\x95e", *b"ma", *b"lo", *b"ec", *b"\xab ", *b"\x8f\x8f",
    *b"\x82g", *b"\x81 ", *b"i\x89", *b"a ", *b"NO", *b"\xa6\xa3", *b"\x8a\xbf", *b"up", *b" (", *b"\xb4m",
    *b"\xa9\xc3", *b"\x8d ", *b"ex", *b"_\x88", *b"of", *b"et", *b"d.", *b" \x98", *b"\xb6\xa1", *b"\xa5r",
    *b"\x9c\xa4", *b"\x9b\x94", *b"\x89 ", *b"\x84n", *b"t ", *b"ar", *b"\xc4\xca", *b"\xb5g", *b"\xa8r", *b"\x97 ",
    *b"wa", *b"t\xbc", *b"ou", *b"e\x86", *b"b\xcc", *b"\xd4\xb2", *b"\xc8 ", *b"\xba ", *b"\x8b\x84", *b"\x88=",
    *b"\x82 ", *b"w\x81", *b"to", *b"la", *b"i\xd5", *b"id", *b"el", *b"am", *b"..", *b" [", *b"\xd8\x81", *b"\xc1\xd9",
    *b"\xa7\xa1", *b"\xa0 ", *b"\x97r", *b"\xf0\xed", *b"\x96\t", *b"\x8c ", *b"y ", *b"wr", *b"\xf5\x81", *b"l\x94",
    *b"l\x82", *b"iv", *b"ir", *b"il", *b"ig", *b"f\xb7", *b"c\xf1", *b"\xda\xf7",
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
        [crate::message::texts(), crate::error::texts(), crate::tool::texts(), crate::request::texts(), lists()]
            .concat()
    }

    fn lists() -> Vec<&'static [u8]> {
        use crate::layer::verity::options;
        vec![options::NAMES_TEXT, crate::usr::FLAGS_TEXT, crate::usr::OTHERS_TEXT, crate::lock::PERMITS_TEXT]
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
