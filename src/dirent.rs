//! Directories, entry by entry.

use crate::bytes::{TextBuf, is, until};
use crate::kernel::{Fd, Kernel, Result};

/// The longest name a directory entry has (`NAME_MAX`), and a NUL.
pub const NAME_BYTES: usize = 256;

/// One entry.
pub struct Entry {
    /// Its name; never `.` or `..`.
    pub name: TextBuf<NAME_BYTES>,
    /// `DT_DIR`, `DT_REG`, …; `DT_UNKNOWN` where the file system doesn't say.
    pub kind: u8,
}

/// A directory that is being read.
pub struct Reader {
    /// The open directory; whoever opened it closes it.
    pub fd: Fd,
    buffer: [u8; 1024],
    unread: core::ops::Range<usize>,
}

impl Reader {
    /// Reads from where `fd` stands.
    pub fn new(fd: Fd) -> Self {
        Reader { fd, buffer: [0; 1024], unread: 0..0 }
    }

    /// The next entry; `None` at the end.
    pub fn next<K: Kernel>(&mut self, kernel: &mut K) -> Result<Option<Entry>> {
        loop {
            let Some((name, kind, length)) = self.buffer.get(self.unread.clone()).and_then(first) else {
                let filled = kernel.getdents64(self.fd, &mut self.buffer)?.len();
                if filled == 0 {
                    return Ok(None);
                }
                self.unread = 0..filled;
                continue;
            };
            self.unread.start += length;
            if !(name.is_empty() || is(name, ".") || is(name, "..")) {
                let mut entry = Entry { name: TextBuf::new(), kind };
                entry.name.push(name);
                return Ok(Some(entry));
            }
        }
    }
}

/// The name, type and length of the first `struct linux_dirent64` of `entries` (getdents64(2)): inode and offset of 8 bytes each,
/// length of 2, type of 1, name and NUL.
fn first(entries: &[u8]) -> Option<(&[u8], u8, usize)> {
    let (_ino_off, rest) = entries.split_first_chunk::<16>()?;
    let (length, rest) = rest.split_first_chunk::<2>()?;
    let (&kind, name) = rest.split_first()?;
    let length = usize::from(u16::from_le_bytes(*length));
    let name = until(name.get(..length.checked_sub(19)?)?, 0);
    Some((name, kind, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirent(name: &[u8], length: u16, kind: u8) -> Vec<u8> {
        let mut bytes = vec![0; 16];
        bytes.extend(length.to_le_bytes());
        bytes.push(kind);
        bytes.extend(name);
        bytes.resize(usize::from(length).max(19), 0);
        bytes
    }

    #[test]
    fn entries_and_damage() {
        type Row = (Vec<u8>, Option<(&'static [u8], u8, usize)>);
        let rows: [Row; 6] = [
            (dirent(b"vda", 24, 10), Some((b"vda", 10, 24))),
            ([dirent(b"a", 24, 4), dirent(b"b", 24, 8)].concat(), Some((b"a", 4, 24))),
            (dirent(b"", 24, 4), Some((b"", 4, 24))),
            (vec![0; 18], None),
            // A length below the header's, and one past the end.
            (dirent(b"vda", 18, 4), None),
            (dirent(b"vda", 24, 4)[..23].to_vec(), None),
        ];
        for (bytes, expected) in rows {
            assert_eq!(first(&bytes), expected, "{}", bytes.escape_ascii());
        }
    }
}
