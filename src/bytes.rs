//! Fixed buffers and byte helpers that cannot panic: there is no heap to grow into, and no index to get wrong.

use crate::pairs::Pairs;
use core::ffi::CStr;
use core::num::NonZero;

/// What a [`Text`] holds at most: a path, mount options, a line of the log (the kernel refuses those that are longer than
/// 1024 bytes less its own prefix, `LOG_LINE_MAX`). One size, so that there is one copy of the code.
pub const TEXT_BYTES: usize = 960;

/// Text in place. What doesn't fit is cut off. (The length comes first, where it is reached by the shortest code.)
#[derive(Clone)]
#[repr(C)]
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

    /// Makes it `part`.
    #[inline(never)]
    pub fn set(&mut self, part: &[u8]) {
        self.clear();
        self.push(part);
    }

    /// All the room there is, for a system call to fill, and then [`Text::filled`].
    pub fn room(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// So much of the room is text now.
    pub fn filled(&mut self, length: usize) {
        self.len = length;
    }

    /// Appends `part` as it is.
    #[inline(never)]
    pub fn push(&mut self, part: &[u8]) {
        for byte in part {
            self.push_byte(*byte);
        }
    }

    /// Appends one byte.
    #[inline(never)]
    pub fn push_byte(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// Appends `part` so that nothing in it can steer a terminal or break a log line:
    /// control characters, `\` and bytes that aren't ASCII become `\xNN`, the form the kernel's own log uses.
    pub fn push_escaped(&mut self, part: &[u8]) {
        for &byte in part {
            if (b' '..=b'~').contains(&byte) && byte != b'\\' {
                self.push_byte(byte);
            } else {
                self.push(b"\\x");
                self.push_hex(byte);
            }
        }
    }

    /// Appends `byte` as two hexadecimal digits, letters small.
    pub fn push_hex(&mut self, byte: u8) {
        self.push_digits(byte.into(), 2, b'a');
    }

    /// Appends each of `bytes` so.
    #[inline(never)]
    pub fn push_hexes(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.push_hex(*byte);
        }
    }

    /// Appends the last hexadecimal digits of `number`, as many as `count`, of which `ten` is the first letter.
    #[inline(never)]
    pub fn push_digits(&mut self, number: u64, count: u32, ten: u8) {
        let mut shift = count * 4;
        while shift != 0 {
            shift -= 4;
            let digit = (number >> (shift & 63)).to_le_bytes()[0] & 15;
            self.push_byte(if digit < 10 { digit + b'0' } else { digit - 10 + ten });
        }
    }

    /// Takes off what is behind the first `length` bytes.
    pub fn cut(&mut self, length: usize) {
        self.len = self.len.min(length);
    }

    /// Takes the ASCII white space off its end.
    pub fn trim_end(&mut self) {
        while let Some(b' ' | b'\t'..=b'\r') = self.bytes.get(self.len.wrapping_sub(1)) {
            self.len -= 1;
        }
    }

    /// Appends `number` in decimal.
    #[inline(never)]
    pub fn push_number(&mut self, number: u64) {
        let mut unit = 1;
        while unit <= number / 10 {
            unit *= 10;
        }
        // Behind the last digit the unit is 0.
        while let Some(digits) = number.checked_div(unit) {
            self.push_byte(b'0' + (digits % 10).to_le_bytes()[0]);
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
        ZStr::until_nul(&self.bytes).filter(|z_str| z_str.0.len() == self.len)
    }
}

/// A C string for a system call: bytes without a NUL, behind which one stands. (`CStr`, but its constructors bring a search
/// for the NUL that is made for speed and takes more room than all that is needed here.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ZStr<'a>(&'a [u8]);

impl<'a> ZStr<'a> {
    /// What `c_str` holds.
    pub const fn of(c_str: &'a CStr) -> Self {
        ZStr(c_str.to_bytes())
    }

    /// `bytes` up to the first NUL; `None` without one.
    #[inline(never)]
    pub fn until_nul(bytes: &'a [u8]) -> Option<Self> {
        let end = bytes.iter().position(|&byte| byte == 0)?;
        bytes.get(..end).map(ZStr)
    }

    /// Where it starts.
    pub fn as_ptr(self) -> *const u8 {
        self.0.as_ptr()
    }

    /// Without the `/` that it starts with.
    pub fn relative(self) -> Self {
        self.behind(b"/")
    }

    /// Without the `prefix` that it starts with.
    pub fn behind(self, prefix: &[u8]) -> Self {
        self.0.strip_prefix(prefix).map_or(self, ZStr)
    }

    /// Its bytes without the NUL.
    pub fn to_bytes(self) -> &'a [u8] {
        self.0
    }
}

/// A [`ZStr`] of a literal.
#[macro_export]
macro_rules! z {
    ($c_str:literal) => {
        const { $crate::bytes::ZStr::of($c_str) }
    };
}

/// Literals, some of them under a `cfg`, as one text: a `&'static [u8]`. (`concat!` takes no `cfg`.)
#[macro_export]
macro_rules! joined {
    ($($(#[$when:meta])* $part:literal,)*) => {{
        const PARTS: &[&[u8]] = &[$($(#[$when])* $part.as_bytes(),)*];
        const JOINED: &[u8] = &$crate::bytes::join::<{ $crate::bytes::length(PARTS) }>(PARTS);
        JOINED
    }};
}

/// How long `parts` are together. (For [`joined!`].)
#[allow(clippy::indexing_slicing, reason = "the compiler runs it, and would stop")]
pub const fn length(parts: &[&[u8]]) -> usize {
    let (mut length, mut part) = (0, 0);
    while part < parts.len() {
        length += parts[part].len();
        part += 1;
    }
    length
}

/// `parts`, one behind the other. (For [`joined!`].)
#[allow(clippy::indexing_slicing, reason = "the compiler runs it, and would stop")]
pub const fn join<const LENGTH: usize>(parts: &[&[u8]]) -> [u8; LENGTH] {
    let (mut joined, mut at, mut part) = ([0; LENGTH], 0, 0);
    while part < parts.len() {
        let mut byte = 0;
        while byte < parts[part].len() {
            joined[at] = parts[part][byte];
            (at, byte) = (at + 1, byte + 1);
        }
        part += 1;
    }
    joined
}

/// Takes an unsigned number from the front of `text`, as many digits as there are, as `strtoul(3)` reads it: with
/// `radix` 0 it is decimal, `0x…` hexadecimal or `0…` octal; with 16 the `0x` may be missing. `None` without a digit,
/// or past `u32`; `text` then stands anywhere.
#[inline(never)]
pub fn take_number(text: &mut &[u8], mut radix: u32) -> Option<u32> {
    let mut rest = *text;
    match rest {
        [b'0', b'x' | b'X', behind @ ..] if radix != 10 => (rest, radix) = (behind, 16),
        [b'0', ..] if radix == 0 => radix = 8,
        _ if radix == 0 => radix = 10,
        _ => {}
    }
    let digits = rest.len();
    let mut number = 0u32;
    while let [first, behind @ ..] = rest {
        let digit = match first {
            b'0'..=b'9' => u32::from(first - b'0'),
            _ => u32::from((first | 0x20).wrapping_sub(b'a')) + 10,
        };
        if digit >= radix {
            break;
        }
        number = u32::try_from(u64::from(number) * u64::from(radix) + u64::from(digit)).ok()?;
        rest = behind;
    }
    *text = rest;
    (rest.len() != digits).then_some(number)
}

/// A whole number, all of `text`, as [`take_number`] reads it: `None` for anything else, or past `u32`.
#[inline(never)]
pub fn number(mut text: &[u8], radix: u32) -> Option<u32> {
    let number = take_number(&mut text, radix)?;
    text.is_empty().then_some(number)
}

/// The same in decimal.
pub fn decimal(text: &[u8]) -> Option<u32> {
    number(text, 10)
}

/// Takes a number in decimal, and the blank behind it, off the front of `text`; 0 for what is none.
#[inline(never)]
pub fn take_decimal(text: &mut &[u8]) -> u32 {
    take_until(text, b' ').and_then(decimal).unwrap_or(0)
}

/// Puts `bytes` at `at` into `buffer`, as many as there is room for.
#[inline(never)]
pub fn put(buffer: &mut [u8], at: usize, bytes: &[u8]) {
    for (to, from) in buffer.get_mut(at..).unwrap_or_default().iter_mut().zip(bytes) {
        *to = *from;
    }
}

/// `text` before and after the first `separator`; `None` where there is none.
pub fn split_once(mut text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let before = take_until(&mut text, separator)?;
    Some((before, text))
}

/// Takes what stands before the first `separator` off the front of `text`, and the separator; `None` where there is none.
#[inline(never)]
pub fn take_until<'a>(text: &mut &'a [u8], separator: u8) -> Option<&'a [u8]> {
    let all = *text;
    let mut rest = all;
    while let [byte, behind @ ..] = rest {
        if *byte == separator {
            *text = behind;
            return all.get(..all.len() - rest.len());
        }
        rest = behind;
    }
    None
}

/// Takes `prefix` off the front of `text`; false where it isn't there.
#[inline(never)]
pub fn take_prefix(text: &mut &[u8], prefix: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(prefix) else { return false };
    *text = rest;
    true
}

/// Takes the first prefix that fits of a list that `|` separates off the front of `text`; returns its place, past the last
/// for none.
#[inline(never)]
pub fn take_any(text: &mut &[u8], list: &[u8]) -> usize {
    let mut rest = list;
    let mut place = 0;
    while let Some(prefix) = take_part(&mut rest, b'|') {
        if take_prefix(text, prefix) {
            break;
        }
        place += 1;
    }
    place
}

/// What stands before the first `separator`; all of `text` where there is none.
pub fn until(mut text: &[u8], separator: u8) -> &[u8] {
    take_until(&mut text, separator).unwrap_or(text)
}

/// What [`place_of`] returns for none.
pub const NOWHERE: usize = usize::MAX;

/// The place of `word` in a list that `|` separates, or [`NOWHERE`]; `-` is as good as `_`. The list may be packed. (One
/// text: a table of texts would be twice as long.)
#[inline(never)]
pub fn place_of(list: &[u8], word: &[u8]) -> usize {
    let mut pairs = Pairs::new(list);
    // How much of the word the part has so far; NOWHERE where it has something else.
    let (mut place, mut length) = (0, 0);
    loop {
        match pairs.take() {
            0 | b'|' if length == word.len() => return place,
            0 => return NOWHERE,
            b'|' => (place, length) = (place + 1, 0),
            byte => match word.get(length) {
                Some(other) if folded(*other) == folded(byte) => length += 1,
                _ => length = NOWHERE,
            },
        }
    }
}

/// `_` for `-`: in the names of modules and of words both are one.
pub fn folded(byte: u8) -> u8 {
    if byte == b'-' { b'_' } else { byte }
}

/// The part of `text` in place `place` between the separators; empty where there is none.
#[inline(never)]
pub fn part(mut text: &[u8], separator: u8, place: usize) -> &[u8] {
    for _ in 0..place {
        take_part(&mut text, separator);
    }
    take_part(&mut text, separator).unwrap_or_default()
}

/// Takes what stands before the first `separator`, and else all, off the front of `text`; `None` where that is empty. (The
/// library's own iterator is copied into each of its users.)
#[inline(never)]
pub fn take_part<'a>(text: &mut &'a [u8], separator: u8) -> Option<&'a [u8]> {
    if text.is_empty() {
        return None;
    }
    Some(take_until(text, separator).unwrap_or_else(|| core::mem::take(text)))
}

/// Takes what stands before the next blank or tab off `line`, and those in front of it.
#[inline(never)]
pub fn take_field<'t>(line: &mut &'t [u8]) -> &'t [u8] {
    let text = trim(line);
    let end = text.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    let (field, rest) = text.split_at_checked(end).unwrap_or_default();
    *line = rest;
    field
}

/// What stands behind `start` in the first line that begins with it; empty where there is none. Lines end in a newline, or
/// in a NUL (netlink).
#[inline(never)]
pub fn line_behind<'a>(mut text: &'a [u8], start: &[u8]) -> &'a [u8] {
    while !text.is_empty() {
        let end = text.iter().position(|byte| matches!(byte, 0 | b'\n')).unwrap_or(text.len());
        let mut line = text.get(..end).unwrap_or_default();
        if take_prefix(&mut line, start) {
            return line;
        }
        text = text.get(end + 1..).unwrap_or_default();
    }
    b""
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
    one.iter().map(|byte| folded(*byte)).eq(other.iter().map(|byte| folded(*byte)))
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
    let mut rest = path;
    while take_until(&mut rest, b'/').is_some() {}
    rest
}

/// A device number, packed as the kernel does (`MKDEV()` in include/linux/kdev_t.h): 12 bits of major, 20 of minor. There
/// is no 0:0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Dev(NonZero<u32>);

impl Dev {
    /// What fits is a device number.
    #[inline(never)]
    pub const fn new(major: u32, minor: u32) -> Option<Self> {
        if major >= 1 << 12 || minor >= 1 << 20 {
            return None;
        }
        Dev::unpack(major << 20 | minor)
    }

    /// From [`Dev::pack`].
    pub const fn unpack(number: u32) -> Option<Self> {
        match NonZero::new(number) {
            Some(number) => Some(Dev(number)),
            None => None,
        }
    }

    /// All of it.
    pub const fn pack(self) -> u32 {
        self.0.get()
    }

    /// The driver's number; 0 for what has none, as a file system on no device of its own.
    pub const fn major(self) -> u32 {
        self.pack() >> 20
    }

    /// Reads `MAJ:MIN`, as sysfs writes it, or `MAJ:MIN:OFFSET` with or without a last colon, as the kernel takes it too.
    #[inline(never)]
    pub fn parse(mut text: &[u8]) -> Option<Self> {
        let mut numbers = [0; 3];
        let mut count = 0;
        for slot in &mut numbers {
            *slot = take_number(&mut text, 10)?;
            count += 1;
            if !take_prefix(&mut text, b":") {
                break;
            }
        }
        let [major, minor, _] = numbers;
        if count == 1 || !text.is_empty() { None } else { Dev::new(major, minor) }
    }

    /// Appends `MAJ:MIN`.
    #[inline(never)]
    pub fn push(self, text: &mut Text) {
        text.push_number(self.major().into());
        text.push_byte(b':');
        text.push_number((self.pack() & 0xfffff).into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed;

    fn text(parts: &[&[u8]]) -> Text {
        let mut text = Text::new();
        parts.iter().for_each(|part| text.push(part));
        text
    }

    #[test]
    fn literals_are_joined() {
        let joined = joined!(
            "a|",
            #[cfg(not(test))]
            "b|",
            "",
            #[cfg(test)]
            "c",
        );
        assert_eq!(joined, b"a|c");
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
        for number in [0, 7, 10, 180, 1009, 999_999_999, 1_000_000_000, u64::MAX] {
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
        for (text, expected) in [("a,,b,", &["a", "", "b"][..]), ("a", &["a"]), (",", &[""]), ("", &[])] {
            let mut rest = text.as_bytes();
            let parts = core::iter::from_fn(|| take_part(&mut rest, b','));
            assert!(parts.eq(expected.iter().map(|part| part.as_bytes())), "{text}");
        }
        assert_eq!((until(b"a.b", b'.'), until(b"a", b'.')), (&b"a"[..], &b"a"[..]));
        let rows: &[(&[u8], &[u8])] = &[(b"", b""), (b" \t\n", b""), (b" a b\r\n", b"a b"), (b"a", b"a")];
        for (text, expected) in rows {
            assert_eq!(trim(text), *expected);
        }
        let list = packed!(b"rootwait||root-delay|mode");
        for (word, place) in
            [("rootwait", 0), ("", 1), ("root_delay", 2), ("mode", 3), ("root", NOWHERE), ("modes", NOWHERE)]
        {
            assert_eq!(place_of(list, word.as_bytes()), place, "{word}");
        }
        assert_eq!((place_of(b"a|b", b""), place_of(b"a|b", b"a|b")), (NOWHERE, NOWHERE));
        assert!(same_name(b"virtio-blk", b"virtio_blk") && !same_name(b"virtio-bl", b"virtio_blk"));
        assert!(same_but_case(b"0F2A-x", b"0f2a-X"));
        assert!(!same_but_case(b"0f2a", b"0f2a-") && !same_but_case(b"[", b"{"));
        assert_eq!(basename(b"/sbin/init"), b"init");
        assert_eq!(basename(b"init"), b"init");
        assert_eq!(basename(b"/"), b"");
    }
}
