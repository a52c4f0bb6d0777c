//! The buffers. There is one set, in .bss: it costs no byte of the file, no page that isn't touched, and keeps the
//! stages' stack frames small.

use crate::bytes::Text;
use crate::dirent::Reader;

/// Room for the longest command line of any architecture (`COMMAND_LINE_SIZE` is 2048 on these two), and for what
/// bootconfig may add (`XBC_DATA_MAX`, 32 KiB).
const CMDLINE_BYTES: usize = 40 * 1024;

/// Directories deeper than this keep their files when the initramfs is emptied: there is no heap to remember more, and
/// no recursion.
pub const MAX_DEPTH: usize = 24;

/// All of them.
pub struct Buffers {
    /// The kernel command line, which the request points into.
    pub cmdline: [u8; CMDLINE_BYTES],
    /// The line that the log is writing.
    pub line: Text,
    /// What one stage after the other works with.
    pub work: Work,
}

/// What one stage after the other works with.
pub struct Work {
    /// A file of procfs or sysfs, or a uevent (`UEVENT_BUFFER_SIZE` is 2048).
    pub page: [u8; 4096],
    /// The root device's node.
    pub node: Text,
    /// A file system's type.
    pub fstype: Text,
    /// Mount options.
    pub data: Text,
    /// Directories that are being read, each below the one before.
    pub path: [Reader; MAX_DEPTH],
}

impl Buffers {
    /// Empty ones.
    pub const fn new() -> Self {
        let (node, fstype, data) = (Text::new(), Text::new(), Text::new());
        let work = Work { page: [0; 4096], node, fstype, data, path: [const { Reader::new() }; MAX_DEPTH] };
        Buffers { cmdline: [0; CMDLINE_BYTES], line: Text::new(), work }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}
