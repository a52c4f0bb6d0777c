//! The kernel's own file systems: /dev, /proc, /sys, /run.
//!
//! Holds on entry: [`crate::guard`] has found an initramfs. Makes true: each file system is mounted, or a line says why
//! not.

use crate::error::Errno;
use crate::guard::Initramfs;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use core::ffi::CStr;
use linux_raw_sys::general::{MOVE_MOUNT_F_EMPTY_PATH, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_STRICTATIME};

/// One of them: where it is mounted, in the initramfs and in the new root.
pub struct Api {
    /// The mount point.
    pub path: &'static CStr,
    /// The same, relative.
    pub name: &'static CStr,
    fstype: &'static CStr,
    flags: u32,
    data: &'static CStr,
}

/// In the order they are mounted: /dev first, since the log is there.
pub const APIS: [Api; 4] = [
    Api { path: c"/dev", name: c"dev", fstype: c"devtmpfs", flags: MS_NOSUID, data: c"mode=0755" },
    Api { path: c"/proc", name: c"proc", fstype: c"proc", flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: c"" },
    Api { path: c"/sys", name: c"sys", fstype: c"sysfs", flags: MS_NOSUID | MS_NODEV | MS_NOEXEC, data: c"" },
    Api {
        path: c"/run",
        name: c"run",
        fstype: c"tmpfs",
        flags: MS_NOSUID | MS_NODEV | MS_STRICTATIME,
        data: c"mode=0755,size=20%,nr_inodes=800k",
    },
];

/// Mounts what isn't mounted.
pub fn mount<K: Kernel>(log: &mut Log<'_, K>, initramfs: Initramfs) {
    for api in &APIS {
        if let Err(errno) = mount_one(log.kernel, initramfs.proc, api) {
            log.failed(Message::Mount, api.path.to_bytes(), Some(errno));
        }
    }
}

fn mount_one<K: Kernel>(kernel: &mut K, proc: Option<Fd>, api: &Api) -> Result<(), Errno> {
    // With /proc somebody has mounted the others too: an /init that called pintle.
    if proc.is_none() && kernel.statx(Fd::CWD, api.path, 0).is_ok_and(|stat| stat.mount_root) {
        return Ok(());
    }
    or_mkdir(kernel, api.path, |kernel| match proc {
        Some(proc) if api.name == c"proc" => kernel.move_mount(proc, c"", Fd::CWD, api.path, MOVE_MOUNT_F_EMPTY_PATH),
        _ => kernel.mount(api.fstype, api.path, api.fstype, api.flags, api.data),
    })
}

/// Tries `mount`, and once more with the directory made if it isn't there.
pub fn or_mkdir<K: Kernel>(
    kernel: &mut K,
    target: &CStr,
    mut mount: impl FnMut(&mut K) -> Result<(), Errno>,
) -> Result<(), Errno> {
    let mut tried = mount(kernel);
    // Where the directory was there, what isn't is something else.
    if tried == Err(Errno::ENOENT) && kernel.mkdirat(Fd::CWD, target, 0o755).is_ok() {
        tried = mount(kernel);
    }
    tried
}
