//! The image's list, `/etc/modules-load.d/pintle.conf`: modules-load.d(5).

use crate::bytes::{take_part, trim};

/// The next name in `lines`: one a line, white space around it is nothing, `#` and `;` start a comment line.
pub fn next<'t>(lines: &mut &'t [u8]) -> Option<&'t [u8]> {
    loop {
        let line = trim(take_part(lines, b'\n')?);
        if !matches!(line.first(), None | Some(b'#' | b';')) {
            return Some(line);
        }
    }
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
            let mut lines = text.as_bytes();
            let names = core::iter::from_fn(|| next(&mut lines));
            assert!(names.eq(expected.iter().map(|name| name.as_bytes())), "{text:?}");
        }
    }
}
