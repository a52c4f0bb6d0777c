//! `modules.softdep`, as depmod(8) writes it: lines `softdep MODULE pre: NAME… post: NAME…`, of what a module would like to be
//! loaded before and after it, where it is there (modprobe.d(5)). A name may be an alias.

use crate::bytes::{same_name, take_field, take_part, take_prefix};

/// What stands behind the module `name` in the first line that is its own.
#[inline(never)]
pub fn of<'t>(text: Option<&'t [u8]>, name: &[u8]) -> &'t [u8] {
    let Some(mut text) = text else { return b"" };
    while let Some(mut line) = take_part(&mut text, b'\n') {
        if take_prefix(&mut line, b"softdep ") && same_name(take_field(&mut line), name) {
            return line;
        }
    }
    b""
}

/// The next name in `softdep` behind `wanted`, which is `pre:` or `post:`, that is not behind the other one. `is_wanted`: whether it
/// begins there.
#[inline(never)]
pub fn next<'t>(softdep: &mut &'t [u8], wanted: &[u8], is_wanted: &mut bool) -> Option<&'t [u8]> {
    loop {
        let word = take_field(softdep);
        match word {
            [] => return None,
            [.., b':'] => *is_wanted = word == wanted,
            _ if *is_wanted => return Some(word),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = b"# Soft dependencies\nsoftdep cifs gcm\nsoftdep libcrc32c pre: crc32c\nsoftdep uhci-hcd pre: ehci_pci a post: b \
pre: c\nsoftdep uhci_hcd pre: d\nsoftdep\n";
        let rows: &[(&str, &[&str], &[&str])] = &[
            ("cifs", &[], &[]),
            ("libcrc32c", &["crc32c"], &[]),
            ("uhci_hcd", &["ehci_pci", "a", "c"], &["b"]),
            ("ext4", &[], &[]),
        ];
        for (module, pre, post) in rows {
            for (wanted, expected) in [("pre:", pre), ("post:", post)] {
                let (mut softdep, mut is_wanted) = (of(Some(text), module.as_bytes()), false);
                let names = core::iter::from_fn(|| next(&mut softdep, wanted.as_bytes(), &mut is_wanted));
                assert!(names.eq(expected.iter().map(|name| name.as_bytes())), "{module}");
            }
        }
    }
}
