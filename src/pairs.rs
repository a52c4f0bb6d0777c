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
    *b"in", *b"ot", *b"e ", *b": ", *b"it", *b"s ", *b"ro", *b"  ", *b"\x86\x81", *b"th", *b"er", *b", ", *b"d ",
    *b"un", *b"mo", *b"t ", *b"on", *b"\x04\x04", *b"re", *b"i\x85", *b"\x89\x82", *b"le", *b"\x8e\x8d", *b"ma", *b"de",
    *b"or", *b"n\x81", *b"no", *b" a", *b"\x04\x83", *b"\x87\x87", *b"\x80\x84", *b"NO", *b"\x91\x08", *b"\x98v",
    *b"\x80g", *b"ic", *b" (", *b"\x9b ", *b"\x96t", *b" \x93", *b"\x9a ", *b"\x80t", *b"ha", *b"ch", *b"\x90 ", *b"te",
    *b"me", *b"\x9fr", *b"\x99 ", *b"\x92s", *b"\x8an", *b"\x88=", *b"n\x8c", *b"el", *b"am", *b"_\x88", *b"..", *b" s",
    *b" [", *b"\xb2u", *b"\xbc\xaf", *b"\xaa\x95", *b"\x97g", *b"\x96\x8f", *b"\x8a ", *b"\x80 ", *b"wr", *b"\xc3\x84",
    *b"p\xbe", *b"ou", *b"n ", *b"l\x8c", *b"iv", *b"e\x85", *b"ex", *b"\xc6\xc8", *b"\xc5.", *b"\xb7f", *b"\xb0\xce",
    *b"\xa3 ", *b"\xa2\xa4", *b"\x9e\x9e", *b"\x91\t", *b"\x89\x8a", *b"y ", *b"wa", *b"ta", *b"op", *b"of", *b"l\x82",
    *b"l\x80", *b"i\xbf", *b"ec", *b"du", *b"ME", *b"ID", *b"\xde\x95", *b"\xd6\x84", *b"\xbd\x9d", *b"\xb3\xb6",
    *b"\xa9\xd4", *b"\x9bw", *b"\x8e\xe1", *b"w\xcc", *b"w\x84", *b"us", *b"lo", *b"k\xe6", *b"k\xe4", *b"f\x99",
    *b"et", *b"at", *b"OO", *b"AR", *b"--", *b"\xefc", *b"\xf4/", *b"\xe9\xac", *b"\xf6\xb8", *b"\xe5e", *b"\xdat",
    *b"\xf9\xd8", *b"\xd9 ", *b"\xcfs", *b"\xcb\xdd", *b"\xc9\x81", *b"\xfe\xb8",
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
