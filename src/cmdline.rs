//! The kernel command line, split into words as the kernel splits it (`next_arg()` in lib/cmdline.c).
//!
//! Words end at white space outside of double quotes. A `"` opens and closes such a stretch wherever it stands; it is
//! removed only where it is the first byte of the word or of its value, and the word's last byte with it. `--` ends
//! what is the kernel's, and so pintle's.

use crate::bytes::is;

/// One word: `name`, or `name=value`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Word<'a> {
    /// What stands before the first `=`.
    pub name: &'a [u8],
    /// What follows it; `None` without a `=`.
    pub value: Option<&'a [u8]>,
    /// All of it, as it was written.
    pub text: &'a [u8],
}

/// The words of `line` up to `--`.
pub fn words(line: &[u8]) -> Words<'_> {
    Words { rest: line }
}

/// The iterator that [`words`] returns.
pub struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let start = self.rest.iter().position(|&byte| !is_space(byte))?;
        let (_, text) = self.rest.split_at_checked(start)?;
        let mut quoted = false;
        let end = text.iter().position(|&byte| {
            quoted ^= byte == b'"';
            is_space(byte) && !quoted
        });
        let (word, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
        self.rest = rest;
        let word = Word::of(word);
        if word.value.is_none() && is(word.name, "--") {
            self.rest = &[];
            return None;
        }
        Some(word)
    }
}

impl<'a> Word<'a> {
    fn of(text: &'a [u8]) -> Word<'a> {
        let (word, quoted) = match text {
            [b'"', rest @ ..] => (rest, true),
            _ => (text, false),
        };
        // A `=` in the first place starts no value.
        let equals = word.iter().skip(1).position(|&byte| byte == b'=').map(|at| at + 1);
        let Some((name, [_, value @ ..])) = equals.and_then(|at| word.split_at_checked(at)) else {
            return Word { name: if quoted { without_last_quote(word) } else { word }, value: None, text };
        };
        let value = match value {
            [b'"', rest @ ..] => without_last_quote(rest),
            _ if quoted => without_last_quote(value),
            _ => value,
        };
        Word { name, value: Some(value), text }
    }
}

#[inline(never)]
fn without_last_quote(text: &[u8]) -> &[u8] {
    match text {
        [rest @ .., b'"'] => rest,
        _ => text,
    }
}

/// The kernel's `isspace()`: Latin-1's no-break space counts (lib/ctype.c). NUL ends the line, so it separates too.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0xa0 | 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_the_kernel_does() {
        type Row = (&'static [u8], &'static [(&'static [u8], Option<&'static [u8]>)]);
        let rows: &[Row] = &[
            (b"", &[]),
            (b" \n", &[]),
            (b"quiet\n", &[(b"quiet", None)]),
            (b"  ro  root=/dev/vda1\tquiet", &[(b"ro", None), (b"root", Some(b"/dev/vda1")), (b"quiet", None)]),
            (b"root=PARTUUID=ab-01", &[(b"root", Some(b"PARTUUID=ab-01"))]),
            (b"a= b", &[(b"a", Some(b"")), (b"b", None)]),
            (b"=x ==y", &[(b"=x", None), (b"=", Some(b"y"))]),
            // Quotes: around the value, around the word, in the middle, unclosed.
            (b"root=\"PARTLABEL=my root\" ro", &[(b"root", Some(b"PARTLABEL=my root")), (b"ro", None)]),
            (b"\"root=PARTLABEL=my root\" ro", &[(b"root", Some(b"PARTLABEL=my root")), (b"ro", None)]),
            (b"\"two words\" x", &[(b"two words", None), (b"x", None)]),
            (b"a=b\" \"c d", &[(b"a", Some(b"b\" \"c")), (b"d", None)]),
            (b"a=\"open end", &[(b"a", Some(b"open end"))]),
            (b"a=\"\" b", &[(b"a", Some(b"")), (b"b", None)]),
            (b"\"\" b", &[(b"", None), (b"b", None)]),
            (b"a=x\"", &[(b"a", Some(b"x\""))]),
            (b"\"a=\"b c\"\"", &[(b"a", Some(b"b")), (b"c\"\"", None)]),
            // White space that isn't ASCII's, and the end.
            (b"a\xa0b\x0bc\x0cd\re", &[(b"a", None), (b"b", None), (b"c", None), (b"d", None), (b"e", None)]),
            (b"ro -- rw root=x", &[(b"ro", None)]),
            (b"--=x ro", &[(b"--", Some(b"x")), (b"ro", None)]),
            (b"\"--\" ro", &[]),
            (b"-- \"", &[]),
        ];
        for (line, expected) in rows {
            let got: Vec<_> = words(line).map(|word| (word.name, word.value)).collect();
            assert_eq!(&got, expected, "{}", line.escape_ascii());
        }
    }
}
