//! Directories, entry by entry.

use crate::bytes::ZStr;
use crate::kernel::{Fd, Kernel, Result};

/// A directory that is being read. (The short fields first: they are reached with less code.)
#[repr(C)]
pub struct Reader {
    /// The open directory; whoever opened it closes it.
    pub fd: Fd,
    /// The type of the entry that is being looked at: `DT_DIR`, `DT_REG`, …
    pub kind: u8,
    filled: usize,
    /// Where the entry that is being looked at starts, and the one behind it.
    at: usize,
    next: usize,
    buffer: [u8; 1024],
}

/// What stands in an entry before its name.
const HEADER_BYTES: usize = 19;

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader of nothing yet.
    pub const fn new() -> Self {
        Reader { fd: Fd(0), buffer: [0; 1024], filled: 0, at: 0, next: 0, kind: 0 }
    }

    /// Reads from where `fd` stands; the first entry is yet to come.
    #[inline(never)]
    pub fn start(&mut self, fd: Fd) {
        (self.fd, self.filled, self.at, self.next) = (fd, 0, 0, 0);
    }

    /// Goes on to the next entry that isn't `.` or `..`; false at the end.
    #[inline(never)]
    pub fn advance<K: Kernel>(&mut self, kernel: &mut K) -> Result<bool> {
        loop {
            self.at = self.next;
            if self.at >= self.filled {
                self.filled = kernel.getdents64(self.fd, &mut self.buffer)?.len();
                self.at = 0;
            }
            self.measure();
            match self.name() {
                None => return Ok(false),
                Some(name) if matches!(name.to_bytes(), b"." | b"..") => {}
                Some(_) => return Ok(true),
            }
        }
    }

    /// The type and the end of the entry that is being looked at, a `struct linux_dirent64` (getdents64(2)): inode and
    /// offset of 8 bytes each, length of 2, type of 1, name and NUL.
    fn measure(&mut self) {
        let header = self.buffer.get(self.at..self.filled).and_then(<[u8]>::first_chunk::<HEADER_BYTES>);
        self.next = 0;
        if let Some([.., low, high, kind]) = header {
            self.next = self.at + usize::from(u16::from_le_bytes([*low, *high]));
            self.kind = *kind;
        }
    }

    /// The name of the entry that is being looked at.
    #[inline(never)]
    pub fn name(&self) -> Option<ZStr<'_>> {
        let entries = self.buffer.get(..self.filled)?;
        ZStr::until_nul(entries.get(self.at + HEADER_BYTES..self.next)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::z;

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
        type Row = (Vec<u8>, Option<(ZStr<'static>, u8, usize)>);
        let rows: [Row; 8] = [
            (dirent(b"vda", 24, 10), Some((z!(c"vda"), 10, 24))),
            ([dirent(b"a", 24, 4), dirent(b"b", 24, 8)].concat(), Some((z!(c"a"), 4, 24))),
            (dirent(b"", 24, 4), Some((z!(c""), 4, 24))),
            (vec![], None),
            (vec![0; 18], None),
            // A length below the header's, one past the end, and a name without its NUL.
            (dirent(b"vda", 18, 4), None),
            (dirent(b"vda", 24, 4)[..23].to_vec(), None),
            (dirent(b"vda", 22, 4), None),
        ];
        for (bytes, expected) in rows {
            let mut reader = Reader::new();
            reader.buffer[..bytes.len()].copy_from_slice(&bytes);
            reader.filled = bytes.len();
            reader.measure();
            let entry = reader.name().map(|name| (name, reader.kind, reader.next));
            assert_eq!(entry, expected, "{}", bytes.escape_ascii());
        }
    }
}
