//! Before Linux 7 the rootfs is never unmounted: what its files hold comes back only by deleting them. The new root is
//! in place by then, and this is the point of no return.
//!
//! Only what is below a descriptor of the initramfs's own root, opened before anything was mounted, and never across
//! a mount.

use crate::buffers::{MAX_DEPTH, Work};
use crate::dirent::Reader;
use crate::error::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use linux_raw_sys::general::{
    AT_REMOVEDIR, DT_DIR, O_CLOEXEC, O_DIRECTORY, O_RDONLY, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV,
};

/// Deletes everything below `root`, the initramfs's: the guard has seen that it is a ramfs or tmpfs. The new root is a
/// mount of its own, which no path from here leads to.
pub(super) fn delete_files<K: Kernel>(log: &mut Log<'_, K>, root: Fd, work: &mut Work) {
    if let Err(errno) = empty(log.kernel, root, &mut work.path) {
        log.failed(Message::Free, b"/", errno);
    }
}

/// Empties `root`, depth first; returns the first error, having gone on.
fn empty<K: Kernel>(kernel: &mut K, root: Fd, path: &mut [Reader; MAX_DEPTH]) -> Result<()> {
    let mut outcome = Ok(());
    let mut depth = 0;
    let mut opened = Some(root);
    loop {
        let Some(here) = path.get_mut(depth) else { return outcome };
        if let Some(fd) = opened.take() {
            here.start(fd);
        }
        let more = here.advance(kernel);
        outcome = outcome.and(more.map(drop));
        let flags = if u32::from(here.kind) == DT_DIR { AT_REMOVEDIR } else { 0 };
        let removed = match (more, here.name()) {
            // Most directories are empty ones that something was mounted on.
            (Ok(true), Some(name)) => match kernel.unlinkat(here.fd, name, flags) {
                Err(Errno::ENOTEMPTY) => {
                    if depth + 1 == MAX_DEPTH {
                        Err(Errno::ELOOP)
                    } else {
                        let resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
                        let below = kernel.openat2(here.fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, resolve);
                        opened = below.ok();
                        depth += usize::from(opened.is_some());
                        below.map(drop)
                    }
                }
                removed => removed,
            },
            _ => {
                let Some(upper) = depth.checked_sub(1) else { return outcome };
                kernel.close(here.fd);
                depth = upper;
                match path.get(depth).and_then(|here| Some((here.fd, here.name()?))) {
                    Some((fd, name)) => kernel.unlinkat(fd, name, AT_REMOVEDIR),
                    None => Ok(()),
                }
            }
        };
        outcome = outcome.and(removed);
    }
}
