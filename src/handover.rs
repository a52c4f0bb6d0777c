//! From the initramfs to the real system: checks, pivot, detach, free, console, exec.
//!
//! Holds on entry: the new root is mounted at [`crate::root::MOUNT_POINT`]. Nothing is given up before an init has been
//! found in it. Makes true: that init runs as PID 1, and nothing of the initramfs is left.

use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::ZStr;
use crate::file;
use crate::guard::Initramfs;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::mounts::make_directory;
use crate::policy;
use crate::request::{Key, Request};
use crate::root::MOUNT_POINT;
use crate::z;
use linux_raw_sys::general::{MNT_DETACH, O_NOCTTY, O_RDWR};

/// Where the initramfs stays for the shutdown.
const KEPT: ZStr<'_> = z!(c"/run/initramfs");

/// What becomes descriptors 0 to 2.
pub(crate) const CONSOLE: &[u8] = b"/dev/console";

mod free;
mod init;
mod pivot;
pub(crate) mod program;

/// Makes the root that is mounted at [`MOUNT_POINT`] the working directory.
pub fn enter<K: Kernel>(log: &mut Log<'_, K>) -> Result<(), Failed> {
    let entered = log.kernel.chdir(MOUNT_POINT);
    entered.map_err(|errno| {
        log.failed(Message::Chdir, MOUNT_POINT.to_bytes(), errno);
        let _ = log.kernel.umount2(MOUNT_POINT, MNT_DETACH);
        Failed
    })
}

/// Moves what is mounted at `point`, /usr say, into the root that was entered.
pub fn attach<K: Kernel>(log: &mut Log<'_, K>, point: ZStr<'_>) {
    pivot::move_one(log, point, false);
}

/// Hands over to the root that was entered. It returns only where it couldn't, and has put everything back: nothing is
/// mounted at [`MOUNT_POINT`] any more, and another root may be tried.
pub fn handover<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>, initramfs: &mut Initramfs, work: &mut Work) {
    if let Ok(inits) = find_init(log, request, request.has_root_hash(), work)
        && switch(log, initramfs, false, CONSOLE, inits, work)
    {
        policy::give_up(log, request);
    }
}

/// The inits to try, once one of them can be executed; all stages but the exec are over then.
#[inline(never)]
fn find_init<'a, K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'a>,
    verified: bool,
    work: &mut Work,
) -> Result<&'a [u8], Failed> {
    let inits = init::find(log, request.get(Key::Init), verified, work)?;
    work.times.say(log, &mut work.data);
    Ok(inits)
}

/// Leaves the root that was entered, wherever it is mounted by now, and unmounts it.
pub fn leave<K: Kernel>(log: &mut Log<'_, K>) {
    let _ = log.kernel.umount2(z!(c"."), MNT_DETACH);
    let _ = log.kernel.chdir(z!(c"/"));
}

/// The same for somebody else's /init: `init` in the root that is mounted at `new_root`. It returns only where that can't
/// be executed.
pub fn switch_root<K: Kernel>(
    log: &mut Log<'_, K>,
    initramfs: &mut Initramfs,
    new_root: ZStr<'_>,
    init: &[u8],
    console: &[u8],
    work: &mut Work,
) {
    if let Err(errno) = log.kernel.chdir(new_root) {
        return log.failed(Message::Chdir, new_root.to_bytes(), errno);
    }
    // Otherwise the kernel's answer would be that of the rootfs.
    if !log.kernel.statx(Fd::CWD, z!(c"."), 0).is_ok_and(|stat| stat.is_mount) {
        return log.tell(Message::NoMountPoint, new_root.to_bytes());
    }
    if let Ok(inits) = init::find(log, Some(init), false, work) {
        switch(log, initramfs, true, console, inits, work);
    }
}

/// Makes the working directory `/`, and executes the first of `inits`. It returns only where that failed: false where
/// everything is put back; true behind the point of no return. The new root `has` mounts of its own.
fn switch<K: Kernel>(
    log: &mut Log<'_, K>,
    initramfs: &mut Initramfs,
    has: bool,
    console: &[u8],
    inits: &[u8],
    work: &mut Work,
) -> bool {
    // While /dev is where it was mounted: whatever the new root has at /dev, the console is the kernel's.
    let console = open_console(log, console);
    pivot::move_apis(log, has);
    let mut step = Message::Pivot;
    if let Err(errno) = pivot::pivot(log.kernel, initramfs, &mut step) {
        pivot::move_back(log.kernel);
        if let Some(console) = console {
            log.kernel.close(console);
        }
        log.failed(step, b"/", errno);
        return false;
    }
    let kept = keep_for_shutdown(log, initramfs.root);
    let deletes = initramfs.is_rootfs && !kept;
    // The way back, as long as nothing is deleted. The exec closes it, and nothing holds the initramfs any more.
    let held = if deletes { None } else { pivot::clone(log.kernel, z!(c"/..")).ok() };
    if let Err(errno) = log.kernel.umount2(z!(c"."), MNT_DETACH) {
        log.failed(Message::Detach, b"/", errno);
    }
    set_stdio(log.kernel, console);
    if deletes {
        free::delete_files(log, initramfs.root, work);
    }
    init::exec(log, inits, work);
    if held.is_none_or(|held| pivot::pivot_back(log.kernel, held).is_err()) {
        return true;
    }
    if kept {
        let _ = log.kernel.umount2(KEPT, MNT_DETACH);
    }
    false
}

/// Keeps the initramfs at /run/initramfs where it has a /shutdown: an init like systemd goes back there in the end, and
/// executes that, with no file system in use. True when it is kept, and so must not be emptied. It is on top of the
/// new root's `/` still.
///
/// Source: systemd, "The initrd Interface of systemd".
fn keep_for_shutdown<K: Kernel>(log: &mut Log<'_, K>, root: Fd) -> bool {
    if log.kernel.statx(root, z!(c"shutdown"), 0).is_err() {
        return false;
    }
    make_directory(log.kernel, KEPT);
    let mut step = Message::CloneRoot;
    match pivot::mount_again(log.kernel, z!(c"/.."), KEPT, &mut step) {
        Ok(()) => true,
        Err(errno) => {
            log.failed(step, KEPT.to_bytes(), errno);
            false
        }
    }
}

/// Executes an init of the initramfs itself, which stays the root: nothing is copied, nothing freed. Containers can pivot
/// out of it as out of any other root. It returns only where that can't be.
pub fn stay<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>, work: &mut Work) {
    // Whoever starts pintle again as the init would do so for ever.
    if let Err(errno) = log.kernel.mkdirat(Fd::CWD, z!(c"/run/pintle"), 0o755) {
        return log.failed(Message::Stay, b"/run/pintle", errno);
    }
    if log.kernel.statx(Fd::CWD, z!(c"/etc/initrd-release"), 0).is_ok() {
        log.say(Message::InitrdRelease, &[]);
    }
    let Ok(inits) = find_init(log, request, false, work) else { return };
    let mut step = Message::Stay;
    if let Err(errno) = pivot::stay(log.kernel, &mut step) {
        return log.failed(step, b"/", errno);
    }
    let console = open_console(log, CONSOLE);
    set_stdio(log.kernel, console);
    init::exec(log, inits, work);
}

/// The console for descriptors 0 to 2; where there is none, or a dead one, /dev/null.
#[inline(never)]
pub(crate) fn open_console<K: Kernel>(log: &mut Log<'_, K>, path: &[u8]) -> Option<Fd> {
    let flags = O_RDWR | O_NOCTTY;
    file::open(log.kernel, b"%", &[path], flags).or_else(|_| log.kernel.open(z!(c"/dev/null"), flags)).ok()
}

/// Makes `console` descriptors 0 to 2: those that the kernel opened are files of the initramfs, and keep it in memory.
/// Where there is no console at all they stay as they are; if they only kept the places, the exec closes them.
pub(crate) fn set_stdio<K: Kernel>(kernel: &mut K, console: Option<Fd>) {
    if let Some(console) = console {
        for stdio in 0..3 {
            // It can't fail for two valid descriptors.
            let _ = kernel.dup3(console, Fd(stdio));
        }
        kernel.close(console);
    }
}
