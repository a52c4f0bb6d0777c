//! Mounting the root file system, as the kernel does (`mount_root_generic()` in init/do_mounts.c).
//!
//! Holds on entry: the root's device is there. Makes true: it is mounted at [`MOUNT_POINT`], or one error says what
//! the last type that was tried met with.

use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{Text, ZStr, split, trim};
use crate::error::Errno;
use crate::file;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::mounts::make_directory;
use crate::request::{Key, Request};
use crate::z;
use linux_raw_sys::general::{MS_RDONLY, MS_SILENT};

/// Where it is mounted: the directory that every initramfs has.
pub const MOUNT_POINT: ZStr<'_> = z!(c"/root");

/// Mounts `node`: the types of `rootfstype=` in their order, or else those of /proc/filesystems that need a device.
/// EACCES and EINVAL lead to the next type, and after the last to all of them once more, read-only.
pub fn mount<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>, work: &mut Work) -> Result<(), Failed> {
    let Work { page, node, fstype, data, .. } = work;
    let (list, separator) = match request.get(Key::Fstypes) {
        Some(fstypes) => (fstypes, b','),
        // Without /proc there is no type to try, and the last line says so.
        None => (file::read(log.kernel, b"/proc/filesystems", &[], page).unwrap_or_default(), b'\n'),
    };
    make_directory(log.kernel, MOUNT_POINT);
    data.push(request.get(Key::Flags).unwrap_or_default());
    let mut read_only = request.read_only();
    let tried = loop {
        let tried = types(list, separator).find_map(|name| {
            fstype.clear();
            fstype.push(name);
            match try_mount(log.kernel, [&mut *node, fstype, data], read_only) {
                Err(Errno::EACCES | Errno::EINVAL) => None,
                tried => Some(tried),
            }
        });
        if read_only || tried.is_some() {
            break tried;
        }
        read_only = true;
    };
    match tried {
        Some(Ok(())) => {
            let how: &[u8] = if read_only { b"read-only" } else { b"read-write" };
            log.say(Message::Mounted, &[node.as_bytes(), fstype.as_bytes(), how]);
            return Ok(());
        }
        Some(Err(errno)) => {
            node.push(b" as ");
            node.push(fstype.as_bytes());
            log.failed(Message::MountRoot, node.as_bytes(), errno);
        }
        None => log.say(Message::NoTypeFits, &[node.as_bytes()]),
    }
    Err(Failed)
}

/// Mounts a node as a type with data.
fn try_mount<K: Kernel>(kernel: &mut K, [node, fstype, data]: [&mut Text; 3], read_only: bool) -> Result<(), Errno> {
    let too_long = Errno::ENAMETOOLONG;
    let node = node.as_z_str().ok_or(too_long)?;
    let fstype = fstype.as_z_str().ok_or(too_long)?;
    let data = data.as_z_str().ok_or(too_long)?;
    let flags = if read_only { MS_SILENT | MS_RDONLY } else { MS_SILENT };
    kernel.mount(node, MOUNT_POINT, fstype, flags, data)
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
