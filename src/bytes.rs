//! Fixed buffers and byte helpers that cannot panic: there is no heap to grow into, and no index to get wrong.

use core::ffi::CStr;
use core::ops::{Deref, DerefMut};

/// Text in place, up to as many bytes as `B` has. What doesn't fit is cut off, and [`Text::is_cut`] says so.
///
/// [`TextBuf`] is what one declares; it turns into a plain `Text` of unknown size for every use, so that there is one
/// copy of the code.
#[derive(Clone)]
pub struct Text<B: ?Sized = [u8]> {
    len: usize,
    cut: bool,
    bytes: B,
}

/// A [`Text`] of at most `N` bytes.
pub type TextBuf<const N: usize> = Text<[u8; N]>;

impl<const N: usize> TextBuf<N> {
    /// An empty text.
    pub const fn new() -> Self {
        Text { len: 0, cut: false, bytes: [0; N] }
    }
}

impl<const N: usize> Default for TextBuf<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Deref for TextBuf<N> {
    type Target = Text;

    #[inline(always)]
    fn deref(&self) -> &Text {
        self
    }
}

impl<const N: usize> DerefMut for TextBuf<N> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Text {
        self
    }
}

impl Text {
    /// Makes it empty.
    pub fn clear(&mut self) {
        self.len = 0;
        self.cut = false;
    }

    /// Appends each of `parts` as it is.
    #[inline(never)]
    pub fn extend(&mut self, parts: &[&[u8]]) {
        for part in parts {
            self.push(part);
        }
    }

    /// Appends `part` as it is.
    #[inline(never)]
    pub fn push(&mut self, part: &[u8]) {
        let room = self.bytes.get_mut(self.len..).unwrap_or_default();
        self.cut |= part.len() > room.len();
        for (slot, byte) in room.iter_mut().zip(part) {
            *slot = *byte;
            self.len += 1;
        }
    }

    /// Appends `part` so that nothing in it can steer a terminal or break a log line:
    /// control characters, `\` and bytes that aren't ASCII become `\xNN`, the form the kernel's own log uses.
    #[inline(never)]
    pub fn push_escaped(&mut self, part: &[u8]) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        for &byte in part {
            if (b' '..=b'~').contains(&byte) && byte != b'\\' {
                self.push(&[byte]);
            } else {
                self.push(&[b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            }
        }
    }

    /// Appends `number` in decimal.
    #[inline(never)]
    pub fn push_number(&mut self, mut number: u64) {
        let mut digits = [0u8; 20];
        let mut used = 0;
        for slot in digits.iter_mut().rev() {
            // The remainder is below 10.
            *slot = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
            used += 1;
            if number == 0 {
                break;
            }
        }
        self.push(digits.get(digits.len().saturating_sub(used)..).unwrap_or_default());
    }

    /// What was pushed.
    #[inline(never)]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// True when something didn't fit.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The text as a C string for a system call; `None` when it was cut, left no room for the NUL, or holds one.
    #[inline(never)]
    pub fn as_c_str(&mut self) -> Option<&CStr> {
        if self.cut {
            return None;
        }
        *self.bytes.get_mut(self.len)? = 0;
        CStr::from_bytes_with_nul(self.bytes.get(..=self.len)?).ok()
    }
}

/// Takes an unsigned number from the front of `text`, as many digits as there are, as `strtoul(3)` reads it: with
/// `radix` 0 it is decimal, `0x…` hexadecimal or `0…` octal; with 16 the `0x` may be missing. `None` without a digit,
/// or past `u32`; `text` then stands anywhere.
#[inline(never)]
pub fn take_number(text: &mut &[u8], mut radix: u32) -> Option<u32> {
    if let [b'0', b'x' | b'X', rest @ ..] = text
        && matches!(radix, 0 | 16)
        && rest.first().is_some_and(u8::is_ascii_hexdigit)
    {
        (*text, radix) = (rest, 16);
    } else if radix == 0 {
        radix = if text.first() == Some(&b'0') { 8 } else { 10 };
    }
    let mut number = None;
    while let [first, rest @ ..] = text {
        let digit = match first {
            b'0'..=b'9' => first - b'0',
            _ => (first | 0x20).wrapping_sub(b'a').saturating_add(10),
        };
        if u32::from(digit) >= radix {
            break;
        }
        number = Some(number.unwrap_or(0u32).checked_mul(radix)?.checked_add(digit.into())?);
        *text = rest;
    }
    number
}

/// A whole decimal number, all of `text`: `None` for anything else, or past `u32`.
pub fn decimal(mut text: &[u8]) -> Option<u32> {
    take_number(&mut text, 10).filter(|_| text.is_empty())
}

/// `text` before and after the first `separator`; `None` where there is none.
#[inline(never)]
pub fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(text.iter().position(|&byte| byte == separator)?)?;
    Some((before, rest.split_first()?.1))
}

/// What stands before the first `separator`; all of `text` where there is none.
pub fn until(text: &[u8], separator: u8) -> &[u8] {
    split_once(text, separator).map_or(text, |(before, _)| before)
}

/// The parts of `text` between the separators: one at least, if only an empty one.
pub fn split(text: &[u8], separator: u8) -> Split<'_> {
    Split { rest: Some(text), separator }
}

/// The iterator that [`split`] returns. (The library's own is copied into each of its users.)
#[derive(Clone)]
pub struct Split<'a> {
    rest: Option<&'a [u8]>,
    separator: u8,
}

impl<'a> Iterator for Split<'a> {
    type Item = &'a [u8];

    #[inline(never)]
    fn next(&mut self) -> Option<&'a [u8]> {
        let text = self.rest?;
        let (part, rest) = match split_once(text, self.separator) {
            Some((part, rest)) => (part, Some(rest)),
            None => (text, None),
        };
        self.rest = rest;
        Some(part)
    }
}

/// `text` without the ASCII white space at its ends.
#[inline(never)]
pub fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t'..=b'\r', rest @ ..] | [rest @ .., b' ' | b'\t'..=b'\r'] = text {
        text = rest;
    }
    text
}

/// True when they differ at most in `-` for `_`.
#[inline(never)]
pub fn same_name(one: &[u8], other: &[u8]) -> bool {
    let folded = |byte: &u8| if *byte == b'-' { b'_' } else { *byte };
    one.iter().map(folded).eq(other.iter().map(folded))
}

/// True when they differ at most in the case of ASCII letters.
pub fn same_but_case(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.eq_ignore_ascii_case(other))
}

/// True when `text` is `word`. A `match` on literals would compare byte by byte, in twice the code.
pub fn is(text: &[u8], word: &str) -> bool {
    text == word.as_bytes()
}

/// What follows the last `/`; all of `path` where there is none.
pub fn basename(path: &[u8]) -> &[u8] {
    split(path, b'/').last().unwrap_or(path)
}

/// A device number as user space sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "major and minor are the field's words")]
pub struct Dev {
    pub major: u32,
    pub minor: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cuts_and_says_so() {
        let mut text = TextBuf::<4>::new();
        text.extend(&[b"ab", b"c"]);
        assert_eq!((text.as_bytes(), text.is_cut()), (&b"abc"[..], false));
        assert_eq!(text.as_c_str(), Some(c"abc"));
        text.push(b"d");
        assert_eq!(text.as_c_str(), None, "no room for the NUL");
        text.push(b"e");
        assert_eq!((text.as_bytes(), text.is_cut()), (&b"abcd"[..], true));
        text.clear();
        text.push(b"a\0b");
        assert_eq!(text.as_c_str(), None, "a NUL inside");
    }

    #[test]
    fn text_escapes_what_a_terminal_would_obey() {
        let rows: &[(&[u8], &str)] = &[
            (b"root=/dev/vda1", "root=/dev/vda1"),
            (b"\x1b[2J\n", "\\x1b[2J\\x0a"),
            (b"back\\slash", "back\\x5cslash"),
            ("\u{e4}".as_bytes(), "\\xc3\\xa4"),
            (b"\x7f\x00", "\\x7f\\x00"),
        ];
        for (input, expected) in rows {
            let mut text = TextBuf::<64>::new();
            text.push_escaped(input);
            assert_eq!(text.as_bytes(), expected.as_bytes());
        }
    }

    #[test]
    fn numbers_out() {
        for number in [0, 7, 10, 180, 4_294_967_296, u64::MAX] {
            let mut text = TextBuf::<20>::new();
            text.push_number(number);
            assert_eq!(text.as_bytes(), number.to_string().as_bytes());
        }
    }

    #[test]
    fn numbers_in() {
        let rows: &[(&str, u32, Option<(u32, &str)>)] = &[
            ("", 0, None),
            ("x", 0, None),
            ("-1", 0, None),
            ("0", 0, Some((0, ""))),
            ("10s", 0, Some((10, "s"))),
            ("010", 0, Some((8, ""))),
            ("08", 0, Some((0, "8"))),
            ("0x1F", 0, Some((31, ""))),
            ("0xg", 0, Some((0, "xg"))),
            ("4294967295", 0, Some((u32::MAX, ""))),
            ("4294967296", 0, None),
            ("99999999999", 0, None),
            ("fe01", 16, Some((0xfe01, ""))),
            ("0xFE01 ", 16, Some((0xfe01, " "))),
            ("0x", 16, Some((0, "x"))),
            ("fG", 16, Some((15, "G"))),
            ("0x10", 10, Some((0, "x10"))),
            ("7:8", 10, Some((7, ":8"))),
        ];
        for (input, radix, expected) in rows {
            let mut text = input.as_bytes();
            let number = take_number(&mut text, *radix);
            assert_eq!(number.map(|number| (number, text)), expected.map(|(n, rest)| (n, rest.as_bytes())), "{input}");
        }
        for byte in 0..=u8::MAX {
            let digit = char::from(byte).to_digit(16).filter(|_| byte.is_ascii());
            assert_eq!(take_number(&mut &[byte][..], 16), digit, "{byte}");
        }
        assert_eq!(decimal(b"254"), Some(254));
        assert_eq!(decimal(b"254 "), None);
        assert_eq!(decimal(b""), None);
    }

    #[test]
    fn splitting() {
        assert_eq!(split_once(b"a=b=c", b'='), Some((&b"a"[..], &b"b=c"[..])));
        assert_eq!(split_once(b"a", b'='), None);
        assert!(split(b"a,,b,", b',').eq([&b"a"[..], b"", b"b", b""]));
        assert!(split(b"", b',').eq([b""]));
        assert_eq!((until(b"a.b", b'.'), until(b"a", b'.')), (&b"a"[..], &b"a"[..]));
        let rows: &[(&[u8], &[u8])] = &[(b"", b""), (b" \t\n", b""), (b" a b\r\n", b"a b"), (b"a", b"a")];
        for (text, expected) in rows {
            assert_eq!(trim(text), *expected);
        }
        assert!(same_name(b"virtio-blk", b"virtio_blk") && !same_name(b"virtio-bl", b"virtio_blk"));
        assert!(same_but_case(b"0F2A-x", b"0f2a-X"));
        assert!(!same_but_case(b"0f2a", b"0f2a-") && !same_but_case(b"[", b"{"));
        assert_eq!(basename(b"/sbin/init"), b"init");
        assert_eq!(basename(b"init"), b"init");
        assert_eq!(basename(b"/"), b"");
    }
}
