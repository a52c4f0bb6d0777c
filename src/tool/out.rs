//! Standard output, in pieces that are safe to show. They are kept back in the log's line, for a command has no log.

use crate::bytes::{Text, part};
use crate::error::Errno;
use crate::kernel::{Fd, Kernel};
use crate::packed;
use crate::template::{fill, push_packed};

/// So much is kept back at most: what one byte becomes always fits behind it.
const KEPT: usize = 512;

/// What is kept back.
pub(super) fn text<K: Kernel>(kernel: &mut K) -> &mut Text {
    &mut kernel.line().text
}

/// Writes what was kept back.
#[inline(never)]
pub(super) fn flush<K: Kernel>(kernel: &mut K) {
    let failed = kernel.write_line(Fd(1), 0).is_err();
    kernel.line().failed |= failed;
    text(kernel).clear();
}

/// Says on standard error what failed, at what, and why (but for the object, packed); returns the exit status.
#[inline(never)]
pub(super) fn fail<K: Kernel>(kernel: &mut K, what: &[u8], object: &[u8], why: &[u8]) -> i32 {
    begin(kernel, what, object);
    push_packed(why, text(kernel));
    end(kernel)
}

/// The same of a call.
#[inline(never)]
pub(super) fn failed<K: Kernel>(kernel: &mut K, what: &[u8], object: &[u8], errno: Errno) -> i32 {
    begin(kernel, what, object);
    errno.describe(text(kernel));
    end(kernel)
}

#[inline(never)]
fn begin<K: Kernel>(kernel: &mut K, what: &[u8], object: &[u8]) {
    let line = text(kernel);
    line.push(b"pintle: ");
    push_packed(what, line);
    fill(b": %: ", &[object], true, line);
}

#[inline(never)]
fn end<K: Kernel>(kernel: &mut K) -> i32 {
    text(kernel).push_byte(b'\n');
    let _ = kernel.write_line(Fd(2), 0);
    text(kernel).clear();
    1
}

/// Ends the line, and writes it.
pub(super) fn end_line<K: Kernel>(kernel: &mut K) {
    text(kernel).push_byte(b'\n');
    flush(kernel);
}

/// Anything, so that nothing in it can steer a terminal, or be taken for the end of a quoted value: UTF-8 stays as
/// it is but for control characters; those, and what is no UTF-8, become `\xNN`.
#[inline(never)]
pub(super) fn push_safe<K: Kernel>(kernel: &mut K, mut part: &[u8]) {
    while let Some((character, rest)) = part.split_at_checked(character(part).max(1)) {
        let line = text(kernel);
        match character {
            [b'"' | b'\\'] => {
                line.push_byte(b'\\');
                line.push(character);
            }
            [..b' ' | 0x7f..] => line.push_escaped(character),
            _ => line.push(character),
        }
        part = rest;
        if line.as_bytes().len() > KEPT {
            flush(kernel);
        }
    }
}

/// The keys of what is found, in the order of [`Key`].
const KEYS: &[u8] = packed!(KEYS_TEXT);
pub(super) const KEYS_TEXT: &[u8] = b" LABEL=\"| UUID=\"| TYPE=\"| PTTYPE=\"| PTUUID=\"| PARTLABEL=\"| PARTUUID=\"";

/// One of [`KEYS`].
#[derive(Clone, Copy)]
pub(super) enum Key {
    Label,
    Uuid,
    Type,
    PtType,
    PtUuid,
    PartLabel,
    PartUuid,
}

/// `value` in quotes behind ` KEY=`, unless there is none.
#[inline(never)]
pub(super) fn push_key<K: Kernel>(kernel: &mut K, key: Key, value: &Text) {
    let value = value.as_bytes();
    if !value.is_empty() {
        push_packed(part(KEYS, b'|', key as usize), text(kernel));
        push_safe(kernel, value);
        text(kernel).push_byte(b'"');
    }
}

/// The length of the character that `bytes` start with in UTF-8; 1 for what is none, and for a control character of two
/// bytes (C1).
fn character(bytes: &[u8]) -> usize {
    let Some(first) = bytes.first() else { return 0 };
    let length = first.leading_ones() as usize;
    let least = match length {
        2 => 0xa0,
        3 => 0x800,
        4 => 0x10000,
        _ => return 1,
    };
    let Some([_, rest @ ..]) = bytes.get(..length) else { return 1 };
    let mut code = u32::from(first & 0x7f >> length);
    for byte in rest {
        if byte & 0xc0 != 0x80 {
            return 1;
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    // Below: written too long, or C1. The rest that is no character: halves of surrogate pairs, and what is too large.
    if code >= least && char::from_u32(code).is_some() { length } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::character;

    #[test]
    fn characters() {
        for code in (0..=0x10ffff).filter_map(char::from_u32).step_by(7) {
            let mut buffer = [b'x'; 6];
            let length = code.encode_utf8(&mut buffer).len();
            let expected = if code.is_control() { 1 } else { length };
            assert_eq!(character(&buffer), expected, "{:#x}", u32::from(code));
            assert_eq!(character(&buffer[..length]), expected);
            assert_eq!(character(&buffer[..length - 1]), usize::from(length > 1), "cut");
        }
        for bad in
            [&b"\x80"[..], b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff"]
        {
            assert_eq!(character(bad), 1, "{}", bad.escape_ascii());
        }
        assert_eq!(character(b""), 0);
    }
}
