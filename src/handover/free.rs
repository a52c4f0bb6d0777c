//! Before Linux 7 the rootfs is never unmounted: what its files hold comes back only by deleting them. The new root is
//! in place by then, and this is the point of no return.
//!
//! Only what is below a descriptor of the initramfs's own root, opened before anything was mounted, and never across
//! a mount.

use crate::bytes::TextBuf;
use crate::dirent::{NAME_BYTES, Reader};
use crate::error::Errno;
use crate::guard::is_ramfs;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use linux_raw_sys::general::{
    AT_EMPTY_PATH, AT_REMOVEDIR, DT_DIR, O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, RESOLVE_BENEATH,
    RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV,
};

/// Directories deeper than this keep their files: there is no heap to remember more, and no recursion.
const MAX_DEPTH: usize = 24;

/// A directory that is being emptied, and its name in the one above.
struct Directory {
    reader: Reader,
    name: TextBuf<NAME_BYTES>,
}

/// Deletes everything below `root`, if that is what it should be: a ramfs or tmpfs, and not the new root.
pub(super) fn delete_files<K: Kernel>(log: &mut Log<'_, K>, root: Fd) {
    if !is_ramfs(log.kernel, root) || same_as_new_root(log.kernel, root) {
        log.say(Message::NotAnInitramfs, &[], None);
    } else if let Err(errno) = empty(log.kernel, root) {
        log.failed(Message::Free, b"/", Some(errno));
    }
}

fn same_as_new_root<K: Kernel>(kernel: &mut K, root: Fd) -> bool {
    let old = kernel.statx(root, c"", AT_EMPTY_PATH);
    let new = kernel.statx(Fd::CWD, c"/", 0);
    match (old, new) {
        (Ok(old), Ok(new)) => old.dev == new.dev,
        // Not known is not known to differ.
        _ => true,
    }
}

/// Empties `root`, depth first; returns the first error, having gone on.
fn empty<K: Kernel>(kernel: &mut K, root: Fd) -> Result<(), Errno> {
    let mut outcome = Ok(());
    let mut above = [const { None::<Directory> }; MAX_DEPTH];
    let mut depth = 0;
    let mut here = Directory { reader: Reader::new(root), name: TextBuf::new() };
    loop {
        match here.reader.next(kernel) {
            Ok(Some(mut entry)) => {
                let directory = entry.kind == u8::try_from(DT_DIR).unwrap_or(u8::MAX);
                let Some(name) = entry.name.as_c_str() else { continue };
                if !directory {
                    outcome = outcome.and(kernel.unlinkat(here.reader.fd, name, 0));
                    continue;
                }
                let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
                let resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
                match (kernel.openat2(here.reader.fd, name, flags, resolve), above.get_mut(depth)) {
                    (Ok(fd), Some(slot)) => {
                        let below = Directory { reader: Reader::new(fd), name: entry.name };
                        *slot = Some(core::mem::replace(&mut here, below));
                        depth += 1;
                    }
                    (Ok(fd), None) => {
                        kernel.close(fd);
                        outcome = outcome.and(Err(Errno::ELOOP));
                    }
                    (Err(errno), _) => outcome = outcome.and(Err(errno)),
                }
            }
            end => {
                outcome = outcome.and(end.map(|_| ()));
                depth = match depth.checked_sub(1) {
                    Some(depth) => depth,
                    None => return outcome,
                };
                let Some(upper) = above.get_mut(depth).and_then(Option::take) else { return outcome };
                kernel.close(here.reader.fd);
                if let Some(name) = here.name.as_c_str() {
                    outcome = outcome.and(kernel.unlinkat(upper.reader.fd, name, AT_REMOVEDIR));
                }
                here = upper;
            }
        }
    }
}
