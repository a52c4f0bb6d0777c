//! btrfs on several devices: the kernel mounts it once it has been told of all of them.
//!
//! Source: ioctl `BTRFS_IOC_SCAN_DEV`, `BTRFS_IOC_DEVICES_READY` in fs/btrfs/super.c; udev's `btrfs` builtin.

use super::sysfs;
use crate::bytes::Text;
use crate::kernel::Kernel;
use crate::z;
use linux_raw_sys::general::O_RDWR;
pub use linux_raw_sys::ioctl::{BTRFS_IOC_DEVICES_READY, BTRFS_IOC_SCAN_DEV};

/// Tells the kernel of the member `/dev/NAME`, or asks whether all of its file system have been announced. `path` is room
/// for the path. 0 is also the answer where it can't be asked: what is missing is left to the mount.
#[inline(never)]
pub fn control<K: Kernel>(kernel: &mut K, request: u32, name: &[u8], path: &mut Text) -> i32 {
    let mut answer = None;
    if let Ok(control) = kernel.open(z!(c"/dev/btrfs-control"), O_RDWR) {
        answer = sysfs::node(name, 0, path).and_then(|path| kernel.ioctl_btrfs(control, request, path).ok());
        kernel.close(control);
    }
    answer.unwrap_or(0)
}
