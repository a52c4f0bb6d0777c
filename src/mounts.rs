//! The kernel's own file systems: /dev, /proc, /sys, /run.
//!
//! Holds on entry: [`crate::guard`] has found an initramfs. Makes true: each file system is mounted, or a line says why
//! not.

use crate::bytes::ZStr;
use crate::error::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use crate::z;
use linux_raw_sys::general::{MOVE_MOUNT_F_EMPTY_PATH, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_STRICTATIME};

/// Where they are, in the initramfs and in the new root, in the order they are mounted; they are moved in the opposite
/// order, so that the log, which is in /dev, and what decides whether the console hides a line, which is in /proc, can be
/// reached as long as possible.
pub const APIS: [ZStr<'_>; 4] = [PROC, DEV, SYS, RUN];
const PROC: ZStr<'_> = z!(c"/proc");
const DEV: ZStr<'_> = z!(c"/dev");
const SYS: ZStr<'_> = z!(c"/sys");
const RUN: ZStr<'_> = z!(c"/run");

/// Mounts them. What an /init that called pintle has mounted already stays. `proc` is a procfs that is mounted nowhere yet;
/// `None`: there was such an /init, and it has mounted one.
pub fn mount<K: Kernel>(log: &mut Log<'_, K>, proc: Option<Fd>) {
    let first = proc.is_some();
    if let Some(proc) = proc {
        make_directory(log.kernel, PROC);
        let mounted = log.kernel.move_mount(proc, z!(c""), Fd::CWD, PROC, MOVE_MOUNT_F_EMPTY_PATH);
        check(log, PROC, mounted);
    }
    mount_one(log, DEV, z!(c"devtmpfs"), MS_NOSUID, z!(c"mode=0755"), first);
    mount_one(log, SYS, z!(c"sysfs"), MS_NOSUID | MS_NODEV | MS_NOEXEC, z!(c""), first);
    let data = z!(c"mode=0755,size=20%,nr_inodes=800k");
    mount_one(log, RUN, z!(c"tmpfs"), MS_NOSUID | MS_NODEV | MS_STRICTATIME, data, first);
}

/// Mounts one of them.
#[inline(never)]
fn mount_one<K: Kernel>(
    log: &mut Log<'_, K>,
    path: ZStr<'_>,
    fstype: ZStr<'_>,
    flags: u32,
    data: ZStr<'_>,
    first: bool,
) {
    make_directory(log.kernel, path);
    // Another tmpfs would go on top of the one that is there, and hide what is in it.
    if first || !log.kernel.statx(Fd::CWD, path, 0).is_ok_and(|stat| stat.is_mount) {
        let mounted = log.kernel.mount(fstype, path, fstype, flags, data);
        check(log, path, mounted);
    }
}

/// Says why a mount failed; one that is there already is as good.
fn check<K: Kernel>(log: &mut Log<'_, K>, path: ZStr<'_>, mounted: Result<()>) {
    match mounted {
        Ok(()) | Err(Errno::EBUSY) => {}
        Err(errno) => log.failed(Message::Mount, path.to_bytes(), errno),
    }
}

/// Makes a mount point that the image may lack. Mostly it is there; if it can't be made, the mount tells.
pub fn make_directory<K: Kernel>(kernel: &mut K, path: ZStr<'_>) {
    let _ = kernel.mkdirat(Fd::CWD, path, 0o755);
}
