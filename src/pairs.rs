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
    *b"ot", *b"it", *b"in", *b"ro", *b"er", *b"e ", *b": ", *b"s ", *b"\x83\x80", *b"re", *b"th", *b"on", *b"le",
    *b"mo", *b"at", *b"de", *b"un", *b", ", *b"  ", *b"no", *b"d ", *b"st", *b"\x04\x04", *b"\x8fv", *b"v\x84", *b"sy",
    *b"i\x87", *b"or", *b"me", *b"\x90t", *b"\x8d\x9d", *b"\x8a\x85", *b"\x82t", *b"us", *b"ma", *b"ic", *b"ha", *b"fs",
    *b"ck", *b"\x04\x86", *b"su", *b"/p", *b"n\x80", *b"\x82\x81", *b"\xa0\x8c", *b"\x95e", *b"sh", *b"el", *b"ch",
    *b"\xac.", *b"\xa8\x9c", *b"\xa4\xae", *b"\x96\x08", *b"\x89\xb2", *b"\x81 ", *b"ec", *b"an", *b"\xaa ",
    *b"\x98\x81", *b"\xbay", *b"\x92\x92", *b"\x82g", *b"et", *b"a ", *b"_\x88", *b"NO", *b"\xadm", *b"\x99\xc2",
    *b"\x97\xa3", *b"lo", *b"i\x8b", *b" (", *b"\x93 ", *b"\x84n", *b"\x83c", *b"of", *b"ex", *b"du", *b"/%", *b"p\xb1",
    *b"d.", *b" \x9a", *b"\xcd\x8c", *b"\xc4e", *b"\xabr", *b"\xa9\xca", *b"\xa1r", *b"\x8d\xd2", *b"t ", *b"id",
    *b"ar", *b"--", *b"\xc5\xa6", *b"\xc3\xd0", *b"\xa5\xa6", *b"\xa2g", *b"\x9b ", *b"\x8b ", *b"w\x81", *b"wa",
    *b"up", *b"ou", *b"am", *b"\xdd\xbb", *b"\xd7s", *b"\xd5/", *b"\xcb ", *b"\xc9\xaf", *b"\xbd ", *b"\x8a\x84",
    *b"\x88=", *b"\x82 ", *b"to", *b"la", *b"k\xeb", *b"i\xdf", *b"iv", *b"ib", *b"b\xdc", *b"..", *b" [", *b"\xe3\x81",
    *b"\xd4\xe6", *b"\xce/", *b"\x9e ", *b"\x99s", *b"\x96\t", *b"\x8e ",
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
        [
            crate::message::texts(),
            crate::error::texts(),
            crate::tool::texts(),
            crate::request::texts(),
            crate::file::paths::texts(),
            lists(),
        ]
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
