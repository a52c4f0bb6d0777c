//! The words of `init probe`: read back strictly, so that a line which only looks right fails.

use crate::oracle::{Identity, KEYS};
use std::collections::BTreeMap;

/// A value up to its closing quote, and what follows that.
fn value(text: &[u8]) -> Result<(Vec<u8>, &[u8]), String> {
    let mut bytes = Vec::new();
    // Which of them came as \xNN.
    let mut escaped = Vec::new();
    let mut rest = text;
    loop {
        match rest {
            [b'"', after @ ..] => {
                allowed(&bytes, &escaped)?;
                return Ok((bytes, after));
            }
            [b'\\', quoted @ (b'"' | b'\\'), after @ ..] => {
                bytes.push(*quoted);
                escaped.push(false);
                rest = after;
            }
            [b'\\', b'x', high, low, after @ ..] => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(digits.ok_or("no two digits after \\x")?);
                escaped.push(true);
                rest = after;
            }
            [b'\\', ..] => return Err("an escape that there isn't".to_owned()),
            [byte, after @ ..] => {
                bytes.push(*byte);
                escaped.push(false);
                rest = after;
            }
            [] => return Err("no closing quote".to_owned()),
        }
    }
}

/// Control bytes and those that are no UTF-8 are escaped, no others.
fn allowed(bytes: &[u8], escaped: &[bool]) -> Result<(), String> {
    let mut escaped = escaped.iter();
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let raw = escaped.by_ref().take(letter.len_utf8()).filter(|escaped| **escaped).count() == 0;
            // Whether those of Latin-1's second half count is nobody's rule.
            let either = matches!(letter, '\u{80}'..='\u{9f}');
            if !either && raw == letter.is_ascii_control() {
                return Err(format!("{letter:?} is {}", if raw { "raw" } else { "escaped" }));
            }
        }
        if escaped.by_ref().take(chunk.invalid().len()).any(|escaped| !escaped) {
            return Err("bytes that are no UTF-8 are raw".to_owned());
        }
    }
    Ok(())
}

/// The pairs of one line, after `FILE:`.
fn pairs(mut rest: &[u8]) -> Result<Identity, String> {
    let mut identity = BTreeMap::new();
    let mut keys = KEYS.iter();
    while !rest.is_empty() {
        let text = rest.strip_prefix(b" ").ok_or("no space before a key")?;
        let equals = text.iter().position(|&byte| byte == b'=').ok_or("no = after a key")?;
        let (key, after) = text.split_at(equals);
        let known = keys.find(|known| known.as_bytes() == key);
        let key = known.ok_or_else(|| format!("key {:?} unknown or out of order", String::from_utf8_lossy(key)))?;
        let after = after.strip_prefix(b"=\"").ok_or("no quote after =")?;
        let (value, after) = value(after)?;
        if value.is_empty() {
            return Err(format!("an empty {key}"));
        }
        identity.insert((*key).to_owned(), value);
        rest = after;
    }
    Ok(identity)
}

/// The lines on `file`, by partition; 0 is the whole.
pub(crate) fn lines(stdout: &[u8], file: &str) -> Result<BTreeMap<u32, Identity>, String> {
    let mut lines = BTreeMap::new();
    if stdout.is_empty() {
        return Ok(lines);
    }
    let stdout = stdout.strip_suffix(b"\n").ok_or("no line feed at the end")?;
    for line in stdout.split(|&byte| byte == b'\n') {
        let told = |why: String| format!("{why}: {}", String::from_utf8_lossy(line));
        let rest = line.strip_prefix(file.as_bytes()).ok_or_else(|| told("not of the file".to_owned()))?;
        let (number, rest) = match rest.strip_prefix(b"#") {
            None => (0, rest),
            Some(rest) => {
                let colon = rest.iter().position(|&byte| byte == b':').unwrap_or(0);
                let (digits, rest) = rest.split_at(colon);
                let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
                (number.ok_or_else(|| told("no number after #".to_owned()))?, rest)
            }
        };
        let rest = rest.strip_prefix(b":").ok_or_else(|| told("no colon after the name".to_owned()))?;
        let identity = pairs(rest).map_err(told)?;
        if lines.keys().any(|&before| before >= number) {
            return Err(told("lines out of order".to_owned()));
        }
        lines.insert(number, identity);
    }
    Ok(lines)
}

#[test]
fn lines_are_read_as_they_are_specified() {
    let read = |text: &[u8]| lines(text, "/a/b.img");
    let good =
        read(b"/a/b.img: LABEL=\"a \\\"b\\\" \\\\ \\x0a \\xff \xc3\xa9\" TYPE=\"ext4\"\n/a/b.img#2: UUID=\"x\"\n");
    let good = good.expect("two good lines");
    assert_eq!(good.get(&0).and_then(|line| line.get("LABEL")).expect("LABEL"), b"a \"b\" \\ \n \xff \xc3\xa9");
    assert_eq!(good.get(&2).and_then(|line| line.get("UUID")).expect("UUID"), b"x");
    let bad: [&[u8]; 12] = [
        b"/a/b.img: TYPE=\"ext4\"",
        b"/a/c.img: TYPE=\"ext4\"\n",
        b"/a/b.img: TYPE=\"ext4\" LABEL=\"x\"\n",
        b"/a/b.img: TYPE=\"ext4\"  UUID=\"x\"\n",
        b"/a/b.img: TYPE=ext4\n",
        b"/a/b.img: TYPE=\"ext4\n",
        b"/a/b.img: VERSION=\"1\"\n",
        b"/a/b.img: LABEL=\"\x01\"\n",
        b"/a/b.img: LABEL=\"\xff\"\n",
        b"/a/b.img: LABEL=\"\\x41\"\n",
        b"/a/b.img: LABEL=\"\"\n",
        b"/a/b.img#2: TYPE=\"ext4\"\n/a/b.img#1: TYPE=\"ext4\"\n",
    ];
    for line in bad {
        assert!(read(line).is_err(), "{}", String::from_utf8_lossy(line));
    }
}
