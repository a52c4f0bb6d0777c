//! `modules.alias`, as depmod(8) writes it: a line `alias PATTERN MODULE` for each kind of device, or of anything else, that
//! a module is for, in the order in which modules are to be preferred.

use crate::bytes::{folded, split_once, take_part, take_prefix};

/// The pattern and the module of the next line of `text`, if there is one.
pub fn next<'t>(text: &mut Option<&'t [u8]>) -> Option<(&'t [u8], &'t [u8])> {
    loop {
        let mut line = take_part(text.as_mut()?, b'\n')?;
        if take_prefix(&mut line, b"alias ")
            && let Some(alias) = split_once(line, b' ')
        {
            return Some(alias);
        }
    }
}

/// How many bytes of `pattern` stand for themselves.
#[inline(never)]
pub fn literal(pattern: &[u8]) -> usize {
    pattern.iter().position(|byte| matches!(byte, b'*' | b'?' | b'[' | b'\\')).unwrap_or(pattern.len())
}

/// Whether `text` is what `pattern` stands for, as fnmatch(3) has it without flags, in the C locale and without the names of
/// character classes; `-` and `_` are one (`alias_normalize()` in kmod). Each `*` takes as little as it can, and the last one
/// gives way, which is enough (and no recursion): what stands before it has matched already.
#[inline(never)]
pub fn fits(mut pattern: &[u8], mut text: &[u8]) -> bool {
    // What is behind the last `*`, and where in the text that was tried.
    let mut star = None;
    loop {
        if let [b'*', behind @ ..] = pattern {
            pattern = behind;
            star = Some((pattern, text));
            continue;
        }
        let [byte, rest @ ..] = text else { return pattern.is_empty() };
        if let Some(behind) = take(pattern, *byte) {
            (pattern, text) = (behind, rest);
            continue;
        }
        let Some((behind, [_, rest @ ..])) = star else { return false };
        star = Some((behind, rest));
        (pattern, text) = (behind, rest);
    }
}

/// What is left of `pattern` behind what stands for `byte`; `None` where it stands for another one.
#[inline(never)]
fn take(pattern: &[u8], byte: u8) -> Option<&[u8]> {
    if let [b'[', behind @ ..] = pattern
        && let Some((fits, behind)) = bracket(behind, byte)
    {
        return fits.then_some(behind);
    }
    let (is, behind) = match pattern {
        [b'?', behind @ ..] => return Some(behind),
        [b'\\', is, behind @ ..] | [is, behind @ ..] => (is, behind),
        [] => return None,
    };
    (folded(*is) == folded(byte)).then_some(behind)
}

/// Whether `byte` is one of those that a bracket, which has been opened, stands for, and what is behind it; `None` for one that
/// is never closed.
fn bracket(pattern: &[u8], byte: u8) -> Option<(bool, &[u8])> {
    let (inverse, mut rest) = match pattern {
        [b'!' | b'^', behind @ ..] => (true, behind),
        _ => (false, pattern),
    };
    let mut fits = false;
    let mut is_first = true;
    loop {
        let (low, behind) = rest.split_first()?;
        rest = behind;
        if *low == b']' && !is_first {
            return Some((fits != inverse, rest));
        }
        is_first = false;
        let mut high = low;
        if let [b'-', end, behind @ ..] = rest
            && *end != b']'
        {
            (high, rest) = (end, behind);
        }
        fits |= *low <= byte && byte <= *high;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let mut text: Option<&[u8]> = Some(
            b"# Aliases extracted from modules themselves.\nalias pci:v*d*sv*sd*bc01sc08i02* nvme\n\
alias broken\nalias fs-ext4 ext4\nsoftdep x y\nalias a b",
        );
        let lines: Vec<_> = core::iter::from_fn(|| next(&mut text)).collect();
        let expected = [("pci:v*d*sv*sd*bc01sc08i02*", "nvme"), ("fs-ext4", "ext4"), ("a", "b")];
        assert_eq!(lines, expected.map(|(pattern, name)| (pattern.as_bytes(), name.as_bytes())));
    }

    #[test]
    fn patterns() {
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("", &[""], &["a"]),
            ("*", &["", "a", "ab"], &[]),
            ("a", &["a"], &["", "b", "aa"]),
            ("a*", &["a", "ab"], &["", "ba"]),
            ("*a", &["a", "ba", "aa", "aba"], &["", "ab"]),
            ("a*b*c", &["abc", "axbxc", "abbcc", "abcbc"], &["ab", "acb", "abcd"]),
            ("?", &["a"], &["", "ab"]),
            ("a?c*", &["abc", "a*cd"], &["ac"]),
            ("x[0-2]", &["x0", "x2"], &["x3", "x", "x-"]),
            ("x[02-4a]y", &["x0y", "x3y", "xay"], &["x1y", "xy", "x-y"]),
            ("[!0-9]", &["a"], &["5", ""]),
            ("[^a]", &["b"], &["a"]),
            ("[]a]", &["]", "a"], &["b"]),
            ("[!]a]", &["b"], &["]", "a"]),
            ("[a-]", &["a", "-"], &["b"]),
            ("[a", &["[a"], &["a"]),
            ("[", &["["], &["a"]),
            ("a\\*", &["a*"], &["ab", "a\\*"]),
            ("fs-ext4", &["fs-ext4", "fs_ext4"], &["fs.ext4"]),
            (
                "usb:v13FDp3940d0[0-2]*dc*",
                &["usb:v13FDp3940d0109dc00", "usb:v13FDp3940d02dc"],
                &["usb:v13FDp3940d0309dc00"],
            ),
            (
                "pci:v00001AF4d*sv*sd*bc*sc*i*",
                &["pci:v00001AF4d00001042sv00001AF4sd00001042bc01sc80i00"],
                &["pci:v00001AF5d00001042sv00001AF4sd00001042bc01sc80i00"],
            ),
        ];
        for (pattern, yes, no) in rows {
            for text in *yes {
                assert!(fits(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
            }
            for text in *no {
                assert!(!fits(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
            }
        }
        assert_eq!(["", "a*b", "[", "ab"].map(|pattern| literal(pattern.as_bytes())), [0, 1, 0, 2]);
    }
}
