//! The pivot: one path for every kernel.
//!
//! Holds on entry: the working directory is the new root's. Makes true: it is `/`, with /dev, /proc, /sys and /run, and
//! the old root is mounted on top of it, to be detached.

use crate::bytes::{ZStr, take_decimal};
use crate::error::Errno;
use crate::file;
use crate::guard::Initramfs;
use crate::kernel::{Fd, Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use crate::mounts::APIS;
use crate::z;
use linux_raw_sys::general::{
    AT_EMPTY_PATH, MNT_DETACH, MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH, O_CLOEXEC, O_DIRECTORY, O_PATH,
    OPEN_TREE_CLONE, RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS,
};

/// Moves /dev, /proc, /sys and /run into the new root. One whose directory is missing there, or is a link, is detached:
/// it must not hold the initramfs. So is one of which somebody `has` mounted another there.
pub(super) fn move_apis<K: Kernel>(log: &mut Log<'_, K>, has: bool) {
    for path in APIS.iter().rev() {
        move_one(log, *path, has);
    }
}

/// The same of one mount.
#[inline(never)]
pub(super) fn move_one<K: Kernel>(log: &mut Log<'_, K>, path: ZStr<'_>, has: bool) {
    match move_into(log.kernel, path, has) {
        // EINVAL: it isn't mounted, and a line has said so.
        Ok(()) | Err(Errno::EINVAL) => return,
        Err(Errno::EBUSY) if has => {}
        Err(errno) => log.failed(Message::MoveApi, path.to_bytes(), errno),
    }
    let _ = log.kernel.umount2(path, MNT_DETACH);
}

fn move_into<K: Kernel>(kernel: &mut K, path: ZStr<'_>, has: bool) -> Result<()> {
    let resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS;
    let place = kernel.openat2(Fd::CWD, path.relative(), O_PATH | O_DIRECTORY | O_CLOEXEC, resolve)?;
    let moved = if has && kernel.statx(place, z!(c""), AT_EMPTY_PATH).is_ok_and(|stat| stat.is_mount) {
        Err(Errno::EBUSY)
    } else {
        kernel.move_mount(Fd::CWD, path, place, z!(c""), MOVE_MOUNT_T_EMPTY_PATH)
    };
    kernel.close(place);
    moved
}

/// Undoes [`move_apis`]: the log's files and the failure policy's are where they were, in the mount of the initramfs that
/// is `/` now. What wasn't moved stays.
pub(super) fn move_back<K: Kernel>(kernel: &mut K) {
    for path in APIS {
        let _ = kernel.move_mount(Fd::CWD, path.relative(), Fd::CWD, path, 0);
    }
}

/// `pivot_root(".", ".")`; where the kernel refuses since the initramfs is the rootfs (EINVAL), once more after
/// re-rooting: a second mount of the initramfs, on top of the first one, can be pivoted out of. `step` is the call that
/// failed. A second mount that is there stays: the next root can be pivoted to straight from it.
pub(super) fn pivot<K: Kernel>(kernel: &mut K, initramfs: &mut Initramfs, step: &mut Message) -> Result<()> {
    *step = Message::Pivot;
    let pivoted = kernel.pivot_root(z!(c"."), z!(c"."));
    if pivoted != Err(Errno::EINVAL) {
        return pivoted;
    }
    initramfs.is_rootfs = true;
    cover(kernel, step)?;
    // The working directory stays in the new root, which has to come along.
    *step = Message::CoverRoot;
    kernel.move_mount(Fd::CWD, z!(c"."), Fd::CWD, z!(c"/"), 0)?;
    *step = Message::Pivot;
    kernel.pivot_root(z!(c"."), z!(c"."))
}

/// Mounts the initramfs a second time, on top of itself, and goes there; the working directory stays below.
fn cover<K: Kernel>(kernel: &mut K, step: &mut Message) -> Result<()> {
    mount_again(kernel, z!(c"/"), z!(c"/"), step)?;
    // "/.." is the topmost mount.
    *step = Message::Chroot;
    kernel.chroot(z!(c"/.."))
}

/// Mounts what is mounted at `from` at `to` as well, without what is mounted below it.
pub(super) fn mount_again<K: Kernel>(kernel: &mut K, from: ZStr<'_>, to: ZStr<'_>, step: &mut Message) -> Result<()> {
    *step = Message::CloneRoot;
    let again = clone(kernel, from)?;
    *step = Message::CoverRoot;
    attach(kernel, again, to)
}

/// A mount of what is mounted at `from`, without what is mounted below it. It is attached nowhere.
pub(super) fn clone<K: Kernel>(kernel: &mut K, from: ZStr<'_>) -> Result<Fd> {
    kernel.open_tree(Fd::CWD, from, OPEN_TREE_CLONE | O_CLOEXEC)
}

fn attach<K: Kernel>(kernel: &mut K, mount: Fd, to: ZStr<'_>) -> Result<()> {
    let attached = kernel.move_mount(mount, z!(c""), Fd::CWD, to, MOVE_MOUNT_F_EMPTY_PATH);
    kernel.close(mount);
    attached
}

/// Undoes [`pivot`] and [`move_apis`] after the initramfs was detached: what was cloned of it becomes `/`. The working
/// directory is the new root's, as it was.
pub(super) fn pivot_back<K: Kernel>(kernel: &mut K, initramfs: Fd) -> Result<()> {
    attach(kernel, initramfs, z!(c"/"))?;
    // "/.." is what was attached on top, and after the pivot the new root, which is then.
    kernel.chdir(z!(c"/.."))?;
    kernel.pivot_root(z!(c"."), z!(c"."))?;
    kernel.chdir(z!(c"/.."))?;
    move_back(kernel);
    Ok(())
}

/// Makes of the initramfs a root that can be pivoted out of: where it is the rootfs, a second mount of it, to which what is
/// mounted in it is moved. It is known by its being its own parent; where /proc doesn't tell, a second mount does no harm.
pub(super) fn stay<K: Kernel>(kernel: &mut K, step: &mut Message) -> Result<()> {
    let mut buffer = [0; 32];
    let mut mount = file::text(kernel, file::paths::MOUNTINFO, &[], &mut buffer);
    if take_decimal(&mut mount) != take_decimal(&mut mount) {
        return Ok(());
    }
    cover(kernel, step)?;
    move_back(kernel);
    *step = Message::Chdir;
    kernel.chdir(z!(c"/"))
}
