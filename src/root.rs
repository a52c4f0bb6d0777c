//! Mounting the root file system, as the kernel does (`mount_root_generic()` in init/do_mounts.c).
//!
//! Holds on entry: the root's device is there. Makes true: it is mounted at [`MOUNT_POINT`], or one error says what
//! the last type that was tried met with.

use crate::boot::Failed;
use crate::bytes::{split, trim};
use crate::error::Errno;
use crate::file;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::mounts::or_mkdir;
use crate::request::{Key, Request};
use core::ffi::CStr;
use linux_raw_sys::general::{MS_RDONLY, MS_SILENT};

/// Where it is mounted: the directory that every initramfs has.
pub const MOUNT_POINT: &CStr = c"/root";

const FILESYSTEMS_BYTES: usize = 4096;

/// Mounts `node`: the types of `rootfstype=` in their order, or else those of /proc/filesystems that need a device.
/// EACCES and EINVAL lead to the next type, and after the last to all of them once more, read-only.
#[inline(never)]
pub fn mount<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>, node: &[u8]) -> Result<(), Failed> {
    let mut filesystems = [0; FILESYSTEMS_BYTES];
    let (list, separator) = match request.get(Key::Fstypes) {
        Some(fstypes) => (fstypes, b','),
        None => match file::read(log.kernel, &[b"/proc/filesystems"], &mut filesystems) {
            Ok(text) => (text, b'\n'),
            Err(errno) => {
                log.say(Message::ReadFilesystems, &[], Some(errno));
                return Err(Failed);
            }
        },
    };
    let mut read_only = request.read_only();
    loop {
        for fstype in types(list, separator) {
            match try_mount(log.kernel, node, fstype, read_only, request.get(Key::Flags).unwrap_or_default()) {
                Ok(()) => {
                    let how: &[u8] = if read_only { b"read-only" } else { b"read-write" };
                    log.say(Message::Mounted, &[node, fstype, how], None);
                    return Ok(());
                }
                Err(Errno::EACCES | Errno::EINVAL) => {}
                Err(errno) => {
                    log.failed(Message::MountRoot, node, Some(errno));
                    return Err(Failed);
                }
            }
        }
        if read_only {
            log.failed(Message::NoTypeFits, node, None);
            return Err(Failed);
        }
        read_only = true;
    }
}

fn try_mount<K: Kernel>(kernel: &mut K, node: &[u8], fstype: &[u8], read_only: bool, data: &[u8]) -> Result<(), Errno> {
    let flags = if read_only { MS_SILENT | MS_RDONLY } else { MS_SILENT };
    or_mkdir(kernel, MOUNT_POINT, |kernel| file::mount(kernel, node, MOUNT_POINT, fstype, flags, data))
}

/// The types in `text`: a comma list, or lines of /proc/filesystems, where `nodev` stands before those without a device.
fn types(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    split(text, separator)
        .filter(move |line| separator == b',' || line.first() == Some(&b'\t'))
        .map(trim)
        .filter(|fstype| !fstype.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_types() {
        let rows: &[(&str, u8, &[&str])] = &[
            ("ext4", b',', &["ext4"]),
            ("xfs,ext4,,btrfs", b',', &["xfs", "ext4", "btrfs"]),
            ("", b',', &[]),
            (
                "nodev\tsysfs\nnodev\ttmpfs\n\text3\n\text4\n\tfuseblk\nnodev\tfuse\n",
                b'\n',
                &["ext3", "ext4", "fuseblk"],
            ),
            ("", b'\n', &[]),
        ];
        for (text, separator, expected) in rows {
            assert!(types(text.as_bytes(), *separator).eq(expected.iter().map(|name| name.as_bytes())), "{text:?}");
        }
    }
}
