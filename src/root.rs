//! Mounting the root file system, as the kernel does (`mount_root_generic()`, `mount_nodev_root()` in init/do_mounts.c).
//!
//! Holds on entry: the root's device is there, and held open; or it has none. Makes true: it is mounted at
//! [`MOUNT_POINT`], or one error says what the last type that was tried met with.

use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{Text, ZStr, is, part, place_of, take_part, trim};
use crate::device::find::{Found, Search};
use crate::device::list;
use crate::dirent::Reader;
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::module::load::Modules;
use crate::mounts::make_directory;
use crate::network;
use crate::packed;
use crate::usr;
use crate::z;
use linux_raw_sys::general::{MNT_DETACH, MS_RDONLY, MS_SILENT};

/// Where it is mounted: the directory that every initramfs has.
pub const MOUNT_POINT: ZStr<'_> = z!(c"/root");

/// Where /usr is, until it is moved into the root.
pub const USR_POINT: ZStr<'_> = z!(c"/usr");

/// What has a journal, or a log, and how it is left alone: a device that can't be written to has it replayed by nobody.
const JOURNALS: &[u8] = packed!(b"ext4|ext3|xfs|btrfs|f2fs|nilfs2");
const NO_REPLAYS: &[u8] = b"noload|noload|norecovery|rescue=nologreplay|norecovery|norecovery|";
const LAST_JOURNAL: usize = 6;

/// Mounts the root, which is on the device that was `found`, or on none, and says how that went; where nothing boots, says
/// what it is.
pub fn mount<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &mut Search<'_>,
    found: Option<&Found>,
    work: &mut Work,
) -> Result<(), Failed> {
    work.name.set(if found.is_some() { b"/dev/" } else { b"" });
    work.name.push(work.node.as_bytes());
    work.data.clear();
    if found.is_none() && !network::resolve(log.kernel, search.request, work) {
        log.tell(Message::NoServer, work.node.as_bytes());
        return Err(Failed);
    }
    if !search.boots {
        let how = how(search.read_only);
        list::say(log, Message::WouldMount, search.text(), &work.name, &work.identity, how);
        return Ok(());
    }
    make_directory(log.kernel, search.point);
    let message = mount_as_any(log, search, found, work);
    say(log, message, work);
    if message == Message::Mounted { Ok(()) } else { Err(Failed) }
}

/// Says `message` of `work.name`, its type, and how it was mounted, or why not.
#[inline(never)]
pub fn say<K: Kernel>(log: &mut Log<'_, K>, message: Message, work: &Work) {
    log.say(message, &[work.name.as_bytes(), work.fstype.as_bytes(), work.data.as_bytes()]);
}

/// Mounts `work.name`. EACCES and EINVAL lead to the next type, and after the last to all of them once more, read-only.
/// Returns what to say; the type then stands in `work.fstype`, how, or why not, in `work.data`.
fn mount_as_any<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &mut Search<'_>,
    found: Option<&Found>,
    work: &mut Work,
) -> Message {
    let Work { page, name, identity, fstype, data, modules, path: [reader, ..], .. } = work;
    let content = identity.fstype();
    fstype.set(content);
    let is_still = |found: &Found| name.as_z_str().is_some_and(|path| found.is_still(log.kernel, path));
    if !found.is_none_or(is_still) {
        return Message::Swapped;
    }
    let (list, separator) = match search.mount.fstypes {
        Some(fstypes) => (fstypes, b','),
        // Only on a device that was named itself. Without /proc there is no type to try, and the last line says so.
        None if content.is_empty() => (file::text(log.kernel, file::paths::FILESYSTEMS, &[], page), b'\n'),
        None if !identity.is_mountable() => return Message::NoRoot,
        // The driver was `ntfs`, is `ntfs3`, and will be `ntfs`.
        None if is(content, "ntfs") => (&b"ntfs3,ntfs"[..], b','),
        None => (content, b','),
    };
    let options = search.mount.flags;
    let mut flags = MS_SILENT;
    if search.point == USR_POINT {
        flags |= usr::options(options, data);
    } else {
        data.push(options);
    }
    let length = data.as_bytes().len();
    let mut read_only = search.read_only || flags & MS_RDONLY != 0;
    loop {
        let mut types = list;
        while let Some(name_of_type) = next_type(&mut types, separator) {
            fstype.set(name_of_type);
            data.cut(length);
            if search.is_verified {
                usr::push_option(data, part(NO_REPLAYS, b'|', place_of(JOURNALS, name_of_type).min(LAST_JOURNAL)));
            }
            let flags = if read_only { flags | MS_RDONLY } else { flags };
            match try_mount(log, [&mut *name, fstype, data], search, (&mut *modules, reader), found.is_none(), flags) {
                Err(Errno::EACCES | Errno::EINVAL) => {}
                // The other of its two names.
                Err(Errno::ENODEV) if is(name_of_type, "ntfs3") => {}
                Err(errno) => {
                    data.clear();
                    errno.describe(data);
                    return Message::MountRoot;
                }
                Ok(()) if found.is_some_and(|found| !is_on(log.kernel, found, search, name_of_type)) => {
                    let _ = log.kernel.umount2(search.point, MNT_DETACH);
                    return Message::Swapped;
                }
                Ok(()) => {
                    // Some file systems are so by themselves.
                    data.set(how(read_only || log.kernel.faccessat2_w(search.point) == Err(Errno::EROFS)));
                    return Message::Mounted;
                }
            }
        }
        if read_only {
            return Message::NoTypeFits;
        }
        read_only = true;
    }
}

/// How a root is mounted, in words.
#[inline(never)]
fn how(read_only: bool) -> &'static [u8] {
    if read_only { b"read-only" } else { b"read-write" }
}

/// Whether what is mounted is on the device that was found. btrfs has device numbers of its own, of no driver; so has what isn't
/// on a device, which no hash verifies.
fn is_on<K: Kernel>(kernel: &mut K, found: &Found, search: &Search<'_>, fstype: &[u8]) -> bool {
    let may_be_none = !search.is_verified || is(fstype, "btrfs");
    kernel
        .statx(Fd::CWD, search.point, 0)
        .is_ok_and(|stat| stat.dev == Some(found.dev) || may_be_none && stat.dev.is_some_and(|dev| dev.major() == 0))
}

/// Mounts a node, or what a server has, as a type with data.
fn try_mount<K: Kernel>(
    log: &mut Log<'_, K>,
    [node, fstype, data]: [&mut Text; 3],
    search: &mut Search<'_>,
    (modules, reader): (&mut Modules, &mut Reader),
    is_remote: bool,
    flags: u32,
) -> Result<(), Errno> {
    let too_long = Errno::ENAMETOOLONG;
    let node = node.as_z_str().ok_or(too_long)?;
    let fstype = fstype.as_z_str().ok_or(too_long)?;
    let data = data.as_z_str().ok_or(too_long)?;
    loop {
        match log.kernel.mount(node, search.point, fstype, flags, data) {
            // Each module is loaded once.
            Err(Errno::ENODEV) if modules.load_fs(log, reader, fstype.to_bytes()) => {}
            // A server, or a switch, that is starting up.
            Err(errno) if is_remote && errno.is_network() && search.may_ask(log) => {}
            mounted => return mounted,
        }
    }
}

/// The next type: of a comma list, or of lines of /proc/filesystems, where `nodev` stands before those without a device.
fn next_type<'t>(types: &mut &'t [u8], separator: u8) -> Option<&'t [u8]> {
    loop {
        let line = take_part(types, separator)?;
        let fstype = trim(line);
        if !fstype.is_empty() && (separator == b',' || line.first() == Some(&b'\t')) {
            return Some(fstype);
        }
    }
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
            let mut lines = text.as_bytes();
            let types = core::iter::from_fn(|| next_type(&mut lines, *separator));
            assert!(types.eq(expected.iter().map(|name| name.as_bytes())), "{text:?}");
        }
    }
}
