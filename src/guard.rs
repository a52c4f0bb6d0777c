//! Whether this process may boot at all. Nothing is touched to find out: no mount is attached, no file changed.
//!
//! Holds on entry: nothing. Makes true: this is PID 1 of the initial PID namespace, its `/` is a ramfs or tmpfs, and
//! descriptors 0 to 2 are taken.

use crate::error::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::z;
use linux_raw_sys::general::{
    MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, O_DIRECTORY, O_RDONLY, RAMFS_MAGIC, TMPFS_MAGIC,
};

/// `PROC_PID_INIT_INO` of include/linux/proc_ns.h: the inode of the initial PID namespace, on every kernel.
const INITIAL_PID_NAMESPACE: u64 = 0xeffffffc;

/// An initramfs that pintle is the init of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Initramfs {
    /// Its root directory.
    pub root: Fd,
    /// A procfs that is mounted nowhere yet; `None` where /proc was there already.
    pub proc: Option<Fd>,
    /// It is the rootfs itself, as before Linux 7: seen where it can't be pivoted out of. Then its memory comes back only
    /// by deletion.
    pub is_rootfs: bool,
}

/// The initramfs to boot from, or `None` where this process is anything else: a command on a workstation, the PID 1
/// of a container, the init of a real root. What was opened to find out vanishes with the process.
pub fn initramfs<K: Kernel>(kernel: &mut K) -> Option<Initramfs> {
    if kernel.getpid() != 1 {
        return None;
    }
    // Descriptors are given out from the lowest free one on. Where the kernel left 0 to 2 closed (`console=null`) the
    // next file to be opened would become somebody's stdin: let the root directory keep their places until the exec.
    let root = loop {
        match kernel.open(z!(c"/"), O_RDONLY | O_DIRECTORY).ok()? {
            Fd(0..=2) => {}
            root => break root,
        }
    };
    if !is_ramfs(kernel, root) {
        return None;
    }
    // A kernel that starts its init has no /proc mounted; one that is mounted nowhere tells the same.
    let mut proc = None;
    let mut namespace = kernel.statx(Fd::CWD, z!(c"/proc/self/ns/pid"), 0);
    if namespace.is_err() {
        let detached = detached_proc(kernel).ok()?;
        proc = Some(detached);
        namespace = kernel.statx(detached, z!(c"self/ns/pid"), 0);
    }
    let initial = match namespace {
        Ok(namespace) => namespace.ino == INITIAL_PID_NAMESPACE,
        // A procfs without it: this kernel has no PID namespaces.
        Err(errno) => errno == Errno::ENOENT,
    };
    initial.then_some(Initramfs { root, proc, is_rootfs: false })
}

/// Whether the file system of `fd` is one that an initramfs can be.
fn is_ramfs<K: Kernel>(kernel: &mut K, fd: Fd) -> bool {
    matches!(kernel.fstatfs(fd), Ok(RAMFS_MAGIC | TMPFS_MAGIC))
}

fn detached_proc<K: Kernel>(kernel: &mut K) -> Result<Fd> {
    let fs = kernel.fsopen(z!(c"proc"))?;
    let mount = kernel.fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    kernel.close(fs);
    mount
}
