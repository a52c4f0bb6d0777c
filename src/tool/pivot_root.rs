//! `init pivot_root NEW_ROOT PUT_OLD`: pivot_root(8), but where the kernel has one answer, EINVAL, for many mistakes, it is
//! told which.
//!
//! Source: pivot_root(2); `path_pivot_root()` in fs/namespace.c; `/proc/self/mountinfo` in proc(5).

use super::out;
use super::usage;
use crate::buffers::Buffers;
use crate::bytes::{part, take_any, take_decimal, take_part};
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel, Stat};
use crate::packed;
use crate::z;

const WHAT: &[u8] = b"pivot_root";

/// Makes NEW_ROOT the root of the mount namespace, and puts the old one at PUT_OLD; returns the exit status.
pub(super) fn run<K: Kernel>(kernel: &mut K, buffers: &mut Buffers) -> i32 {
    let (Some(new), Some(old), None) = (kernel.take_argument(), kernel.take_argument(), kernel.argument(0)) else {
        return usage(kernel);
    };
    let Err(errno) = kernel.pivot_root(new, old) else { return 0 };
    let new_root = new.to_bytes();
    if errno == Errno::EINVAL
        && let Ok(root) = kernel.statx(Fd::CWD, z!(c"/"), 0)
        && let Ok(new) = kernel.statx(Fd::CWD, new, 0)
        && let Ok(old) = kernel.statx(Fd::CWD, old, 0)
    {
        let mountinfo = &mut buffers.work.list;
        file::read_all(kernel, file::paths::MOUNTINFO, mountinfo);
        let why = part(REASONS, b'|', reason(mountinfo, &root, &new, &old));
        return out::fail(kernel, WHAT, new_root, why);
    }
    out::failed(kernel, WHAT, new_root, errno)
}

/// What may be wrong.
const REASONS: &[u8] = packed!(REASONS_TEXT);
pub(super) const REASONS_TEXT: &[u8] = b"PUT_OLD is on a shared mount|it is on a shared mount|\
the current root is no mount point (after chroot)|the current root is on a shared mount|\
the current root is the rootfs (see switch_root)|it is no mount point|PUT_OLD is not at or below it";

/// Which of the rules of pivot_root(2) was broken, in the order in which the kernel looks at them: its place in
/// [`REASONS`].
fn reason(mountinfo: &MountInfo, root: &Stat, new: &Stat, old: &Stat) -> usize {
    let mount = |stat: &Stat| Mount::find(mountinfo, stat.mnt_id);
    let parent_shared = |mount: Mount| Mount::find(mountinfo, mount.parent).shared;
    if mount(old).shared {
        0
    } else if new.is_mount && parent_shared(mount(new)) {
        1
    } else if !root.is_mount {
        2
    } else if parent_shared(mount(root)) {
        3
    } else if mount(root).parent == root.mnt_id {
        4
    } else if !new.is_mount {
        5
    } else {
        6
    }
}

/// Lines of mountinfo, and zeros, which are none.
type MountInfo = [u8; 64 * 1024];

/// A line of mountinfo.
#[derive(Clone, Copy, Default)]
struct Mount {
    parent: u32,
    shared: bool,
}

impl Mount {
    /// The mount with this ID; none that is shared where it can't be seen from here.
    #[inline(never)]
    fn find(mountinfo: &MountInfo, id: u32) -> Mount {
        let mut lines = &mountinfo[..];
        while let Some(mut line) = take_part(&mut lines, b'\n') {
            let (number, parent) = (take_decimal(&mut line), take_decimal(&mut line));
            if number != id {
                continue;
            }
            let mut shared = false;
            while let Some(mut field) = take_part(&mut line, b' ') {
                // Optional fields stand before a `-`; no path holds a blank.
                match take_any(&mut field, b"-|shared:") {
                    0 => break,
                    1 => shared = true,
                    _ => {}
                }
            }
            return Mount { parent, shared };
        }
        Mount::default()
    }
}
