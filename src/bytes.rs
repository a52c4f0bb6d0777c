//! Fixed buffers and byte helpers that cannot panic: there is no heap to grow into, and no index to get wrong.

use core::ffi::CStr;

/// What a [`Text`] holds at most: a path, mount options, a line of the log (the kernel refuses those that are longer than
/// 1024 bytes less its own prefix, `LOG_LINE_MAX`). One size, so that there is one copy of the code.
pub const TEXT_BYTES: usize = 960;

/// Text in place. What doesn't fit is cut off.
#[derive(Clone)]
pub struct Text {
    len: usize,
    bytes: [u8; TEXT_BYTES],
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

impl Text {
    /// An empty text.
    pub const fn new() -> Self {
        Text { len: 0, bytes: [0; TEXT_BYTES] }
    }

    /// Makes it empty.
    pub fn clear(&mut self) {
        self.len = 0;
    }

    /// Appends `part` as it is.
    #[inline(never)]
    pub fn push(&mut self, part: &[u8]) {
        for byte in part {
            let Some(slot) = self.bytes.get_mut(self.len) else { return };
            *slot = *byte;
            self.len += 1;
        }
    }

    /// Appends `part` so that nothing in it can steer a terminal or break a log line:
    /// control characters, `\` and bytes that aren't ASCII become `\xNN`, the form the kernel's own log uses.
    pub fn push_escaped(&mut self, part: &[u8]) {
        let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
        for &byte in part {
            if (b' '..=b'~').contains(&byte) && byte != b'\\' {
                self.push(&[byte]);
            } else {
                self.push(&[b'\\', b'x', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }

    /// Appends `number` in decimal.
    #[inline(never)]
    pub fn push_number(&mut self, number: u32) {
        let (mut rest, mut unit) = (number, 1_000_000_000);
        while unit != 0 {
            if number >= unit || unit == 1 {
                // Below 10: what is above was taken by the larger units.
                self.push(&[b'0' + (rest / unit).to_le_bytes()[0]]);
            }
            rest %= unit;
            unit /= 10;
        }
    }

    /// What was pushed.
    #[inline(never)]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The text as a C string for a system call; `None` when it was cut, or holds a NUL.
    #[inline(never)]
    pub fn as_z_str(&mut self) -> Option<ZStr<'_>> {
        *self.bytes.get_mut(self.len)? = 0;
        ZStr::until_nul(&self.bytes).filter(|z_str| z_str.0.len() == self.len + 1)
    }
}

/// A C string for a system call: no NUL but the last byte. (`CStr`, but its constructors bring a search for the NUL
/// that is made for speed and takes more room than all that is needed here.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ZStr<'a>(&'a [u8]);

impl<'a> ZStr<'a> {
    /// What `c_str` holds.
    pub const fn of(c_str: &'a CStr) -> Self {
        ZStr(c_str.to_bytes_with_nul())
    }

    /// `bytes` up to the first NUL; `None` without one.
    #[inline(never)]
    pub fn until_nul(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.iter().position(|&byte| byte == 0)?;
        bytes.get(..=end).map(ZStr)
    }

    /// Where it starts.
    pub fn as_ptr(self) -> *const u8 {
        self.0.as_ptr()
    }

    /// Its bytes without the NUL.
    #[inline(never)]
    pub fn to_bytes(self) -> &'a [u8] {
        self.0.split_last().map_or(b"", |(_, bytes)| bytes)
    }
}

/// A [`ZStr`] of a literal.
#[macro_export]
macro_rules! z {
    ($c_str:literal) => {
        const { $crate::bytes::ZStr::of($c_str) }
    };
}

/// Takes an unsigned number from the front of `text`, as many digits as there are, as `strtoul(3)` reads it: with
/// `radix` 0 it is decimal, `0x…` hexadecimal or `0…` octal; with 16 the `0x` may be missing. `None` without a digit,
/// or past `u32`; `text` then stands anywhere.
#[inline(never)]
pub fn take_number(text: &mut &[u8], mut radix: u32) -> Option<u32> {
    match text {
        [b'0', b'x' | b'X', rest @ ..] if radix != 10 => (*text, radix) = (rest, 16),
        [b'0', ..] if radix == 0 => radix = 8,
        _ if radix == 0 => radix = 10,
        _ => {}
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

    fn text(parts: &[&[u8]]) -> Text {
        let mut text = Text::new();
        parts.iter().for_each(|part| text.push(part));
        text
    }

    #[test]
    fn text_is_cut_at_its_end() {
        assert_eq!(text(&[b"ab", b"", b"c"]).as_z_str(), Some(z!(c"abc")));
        assert_eq!(text(&[b"a\0b"]).as_z_str(), None, "a NUL inside");
        let mut full = text(&[&[b'x'; TEXT_BYTES - 1]]);
        assert_eq!(full.as_z_str().map(|z_str| z_str.to_bytes().len()), Some(TEXT_BYTES - 1));
        full.push(b"yz");
        assert_eq!(full.as_bytes().last(), Some(&b'y'));
        assert_eq!(full.as_z_str(), None, "no room for the NUL");
        full.clear();
        assert_eq!(full.as_z_str(), Some(z!(c"")));
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
            let mut text = Text::new();
            text.push_escaped(input);
            assert_eq!(text.as_bytes(), expected.as_bytes());
        }
    }

    #[test]
    fn numbers_out() {
        for number in [0, 7, 10, 180, 1009, 999_999_999, 1_000_000_000, u32::MAX] {
            let mut text = Text::new();
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
            ("0xg", 0, None),
            ("4294967295", 0, Some((u32::MAX, ""))),
            ("4294967296", 0, None),
            ("99999999999", 0, None),
            ("fe01", 16, Some((0xfe01, ""))),
            ("0xFE01 ", 16, Some((0xfe01, " "))),
            ("0x", 16, None),
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
