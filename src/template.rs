//! Texts with places to fill: the paths of [`crate::file`] and the messages of [`crate::kmsg`].

use crate::bytes::Text;
use crate::message::phrase;

/// Appends `template` to `text`, each `%` in it replaced by the next of `objects`, which may be escaped, and each control
/// character by the phrase that it stands for.
#[inline(never)]
pub fn fill(text: &mut Text, template: &[u8], mut objects: &[&[u8]], escape: bool) {
    for byte in template {
        match (byte, objects) {
            (b'%', [object, rest @ ..]) => {
                objects = rest;
                if escape { text.push_escaped(object) } else { text.push(object) }
            }
            (..b' ', _) => text.push(phrase(*byte)),
            _ => text.push(&[*byte]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let rows: &[(&str, &[&[u8]], &str)] = &[
            ("/proc/cmdline", &[], "/proc/cmdline"),
            ("/sys/class/block/%/uevent", &[b"vda"], "/sys/class/block/vda/uevent"),
            ("%%", &[b"a", b"%", b"c"], "a%"),
            ("%-%", &[b"a"], "a-%"),
            ("%\x01", &[b"a"], "a: giving up"),
        ];
        for (template, objects, expected) in rows {
            let mut text = Text::new();
            fill(&mut text, template.as_bytes(), objects, false);
            assert_eq!(text.as_bytes(), expected.as_bytes());
        }
    }
}
