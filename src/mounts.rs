//! The kernel's own file systems: /dev, /proc, /sys, /run.
//!
//! Holds on entry: [`crate::guard`] has found an initramfs. Makes true: each file system is mounted, or a line says why
//! not.

use crate::bytes::ZStr;
use crate::error::Errno;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::z;
use linux_raw_sys::general::{MOVE_MOUNT_F_EMPTY_PATH, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_STRICTATIME};

/// One of them: where it is mounted, in the initramfs and in the new root.
pub struct Api {
    /// The mount point.
    pub path: ZStr<'static>,
    fstype: ZStr<'static>,
    flags: u32,
    data: ZStr<'static>,
}

/// In the order they are mounted; they are moved in the opposite order, so that the log, which is in /dev, and what
/// decides whether the console hides a line, which is in /proc, can be reached as long as possible.
pub const APIS: [Api; 4] = [
    Api { path: z!(c"/proc"), fstype: z!(c"proc"), flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: z!(c"") },
    Api { path: z!(c"/dev"), fstype: z!(c"devtmpfs"), flags: MS_NOSUID, data: z!(c"mode=0755") },
    Api { path: z!(c"/sys"), fstype: z!(c"sysfs"), flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: z!(c"") },
    Api {
        path: z!(c"/run"),
        fstype: z!(c"tmpfs"),
        flags: MS_NOSUID | MS_NODEV | MS_STRICTATIME,
        data: z!(c"mode=0755,size=20%,nr_inodes=800k"),
    },
];

/// Mounts them. What an /init that called pintle has mounted already stays. `proc` is a procfs that is mounted nowhere yet;
/// `None`: there was such an /init.
pub fn mount<K: Kernel>(log: &mut Log<'_, K>, mut proc: Option<Fd>) {
    let first = proc.is_some();
    for api in &APIS {
        make_directory(log.kernel, api.path);
        // Another tmpfs would go on top of the one that is there, and hide what is in it.
        if !first && log.kernel.statx(Fd::CWD, api.path, 0).is_ok_and(|stat| stat.is_mount) {
            continue;
        }
        // /proc is the first.
        let mounted = match proc.take() {
            Some(proc) => log.kernel.move_mount(proc, z!(c""), Fd::CWD, api.path, MOVE_MOUNT_F_EMPTY_PATH),
            None => log.kernel.mount(api.fstype, api.path, api.fstype, api.flags, api.data),
        };
        match mounted {
            Ok(()) | Err(Errno::EBUSY) => {}
            Err(errno) => log.failed(Message::Mount, api.path.to_bytes(), errno),
        }
    }
}

/// Makes a mount point that the image may lack. Mostly it is there; if it can't be made, the mount tells.
pub fn make_directory<K: Kernel>(kernel: &mut K, path: ZStr<'_>) {
    let _ = kernel.mkdirat(Fd::CWD, path, 0o755);
}
