//! The image's list, `/etc/modules-load.d/pintle.conf`: modules-load.d(5).

use crate::bytes::{split, trim};

/// The names in `text`: one a line, white space around it is nothing, `#` and `;` start a comment line.
pub fn names(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    split(text, b'\n').map(trim).filter(|line| !matches!(line.first(), None | Some(b'#' | b';')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let rows: &[(&str, &[&str])] = &[
            ("", &[]),
            ("virtio_blk", &["virtio_blk"]),
            ("# what the root needs\nvirtio_pci\n\n  virtio_blk\t\r\n;ext4\n", &["virtio_pci", "virtio_blk"]),
        ];
        for (text, expected) in rows {
            assert!(names(text.as_bytes()).eq(expected.iter().map(|name| name.as_bytes())), "{text:?}");
        }
    }
}
