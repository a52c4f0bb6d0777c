//! Texts with places to fill: the paths of [`crate::file`] and the messages of [`crate::kmsg`]. They may be packed.

use crate::bytes::Text;
use crate::message::{WITHOUT_OBJECT, phrase};
use crate::pairs::Pairs;

/// Appends `template` to `text`, each `%` in it replaced by the next of `objects`, which may be escaped, and each control
/// character by the phrase that it stands for, and the next object behind those that have one.
#[inline(never)]
pub fn fill(template: &[u8], mut objects: &[&[u8]], escape: bool, text: &mut Text) {
    let mut pairs = Pairs::new(template);
    while let byte @ 1.. = pairs.take() {
        if byte < b' ' {
            push_packed(phrase(byte), text);
        }
        match objects {
            [object, rest @ ..] if byte == b'%' || byte < WITHOUT_OBJECT => {
                objects = rest;
                if escape { text.push_escaped(object) } else { text.push(object) }
            }
            _ if byte >= b' ' => text.push_byte(byte),
            _ => {}
        }
    }
}

/// Appends what was packed.
#[inline(never)]
pub fn push_packed(packed: &[u8], text: &mut Text) {
    let mut pairs = Pairs::new(packed);
    while let byte @ 1.. = pairs.take() {
        text.push_byte(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let rows: &[(&str, &[&[u8]], &str)] = &[
            ("/proc/cmdline", &[], "/proc/cmdline"),
            ("/sys/dev/block/%/uevent", &[b"8:1"], "/sys/dev/block/8:1/uevent"),
            ("%%", &[b"a", b"%", b"c"], "a%"),
            ("%-%", &[b"a"], "a-%"),
            ("%\x08", &[b"a"], "a: giving up"),
            ("\x01\x04%", &[b"a", b"b", b"c"], "find root: a: bc"),
        ];
        for (template, objects, expected) in rows {
            let mut text = Text::new();
            fill(template.as_bytes(), objects, false, &mut text);
            assert_eq!(text.as_bytes(), expected.as_bytes());
        }
    }
}
