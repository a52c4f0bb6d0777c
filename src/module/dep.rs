//! `modules.dep`, as depmod(8) writes it: a line for each module, `PATH: PATH…`, with what it needs behind the colon.
//! Paths are relative to `lib/modules/VERSION`.

use crate::bytes::{basename, same_name, take_part, take_until, until};

/// The file of the module called `name` in `text`. A module is called by the part of its file's name before the first
/// `.`, with `-` and `_` as one (`modname_normalize()` in kmod).
pub fn find<'a>(mut text: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    while let Some(mut line) = take_part(&mut text, b'\n') {
        if let Some(path) = take_until(&mut line, b':')
            && same_name(until(basename(path), b'.'), name)
        {
            return Some(path);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/fs/mbcache.ko\n\
kernel/fs/mbcache.ko:\nkernel/lib/crc-itu-t.ko.xz:\nbroken line\nkernel/fs/jbd2/jbd2.ko:\n";

    #[test]
    fn paths_by_name() {
        let rows = [
            ("ext4", Some("kernel/fs/ext4/ext4.ko")),
            ("mbcache", Some("kernel/fs/mbcache.ko")),
            ("crc_itu_t", Some("kernel/lib/crc-itu-t.ko.xz")),
            ("crc-itu-t", Some("kernel/lib/crc-itu-t.ko.xz")),
            ("ext", None),
            ("ext4.ko", None),
            ("broken line", None),
            ("", None),
        ];
        for (name, path) in rows {
            assert_eq!(find(TEXT, name.as_bytes()), path.map(str::as_bytes), "{name}");
        }
    }
}
