//! A writable top: what is written goes elsewhere, and the root stays as it is.
//!
//! Source: systemd-volatile-root.service(8), systemd-fstab-generator(8), kernel-command-line(7); overlayroot.conf of
//! Ubuntu's overlayroot; Documentation/filesystems/overlayfs.rst and tmpfs.rst.

use super::{LOWER, UPPER, make_place, set_aside};
use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{Text, ZStr, basename, is};
use crate::error::Errno;
use crate::file;
use crate::handover;
use crate::kernel::{Fd, Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::{Key, Permit, Request};
use crate::root::MOUNT_POINT;
use crate::z;
use linux_raw_sys::general::{
    AT_EMPTY_PATH, AT_RECURSIVE, MNT_DETACH, MOVE_MOUNT_F_EMPTY_PATH, MS_STRICTATIME, O_CLOEXEC, O_DIRECTORY, O_PATH,
    OPEN_TREE_CLONE,
};

/// How a top is made. Below all but [`Kind::None`] the root is mounted read-only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Not at all.
    None,
    /// An overlay whose upper layer is a tmpfs.
    Tmpfs,
    /// An overlay whose upper layer is on a device, in a directory.
    Device,
    /// A tmpfs that has nothing of the root but its /usr.
    Usr,
    /// A tmpfs as /var.
    Var,
    /// Nobody knows.
    Unknown,
}

/// As large as systemd makes it (`TMPFS_LIMITS_ROOTFS`, `TMPFS_LIMITS_VAR`).
const SYSTEMD_SIZE: &[u8] = b"25%,nr_inodes=1m";
/// What stands in a root that is a tmpfs, as systemd makes it (`base_filesystem_create()`): directories, and links to those
/// of its /usr. A NUL stands behind each of them.
const SKELETON: &[u8] = b"dev\0etc\0proc\0root\0run\0sys\0usr\0var\0usr/bin\0usr/lib\0usr/lib64\0usr/sbin\0";

/// What `request` asks for: by `pintle.overlay=`, or else by `overlayroot=`, or else by `systemd.volatile=`.
#[cfg(feature = "layer-top")]
#[inline(never)]
pub fn kind(request: &Request<'_>) -> Kind {
    use crate::bytes::{NOWHERE, place_of, until};
    const TMPFS: usize = 2;
    const VOLATILE: &[u8] = b"no|0|false|off|n|f|yes|1|true|on|y|t|state|overlay";
    const YES: usize = 6;
    const STATE: usize = 12;
    const OVERLAY: usize = 13;
    let own = request.get(Key::Overlay);
    if let Some(word) = own.or(request.get(Key::Overlayroot)) {
        return match place_of(b"disabled||tmpfs", until(word, b':')) {
            TMPFS => Kind::Tmpfs,
            _ if own.is_some() => Kind::Device,
            NOWHERE => Kind::Unknown,
            _ => Kind::None,
        };
    }
    let Some(word) = request.get(Key::Volatile) else { return Kind::None };
    match place_of(VOLATILE, word) {
        0..YES => Kind::None,
        YES..STATE => Kind::Usr,
        STATE => Kind::Var,
        OVERLAY => Kind::Tmpfs,
        _ => Kind::Unknown,
    }
}

/// Of [`Kind::Tmpfs`] the size, of [`Kind::Device`] what is named, of [`Kind::Unknown`] the word's value.
#[cfg(feature = "layer-top")]
#[inline(never)]
pub(super) fn value<'a>(request: &Request<'a>, kind: Kind) -> &'a [u8] {
    // As the kernel makes it by itself.
    const DEFAULT_SIZE: &[u8] = b"50%";
    let (own, foreign) = (request.get(Key::Overlay), request.get(Key::Overlayroot));
    if kind != Kind::Tmpfs {
        return own.or(foreign).or(request.get(Key::Volatile)).unwrap_or_default();
    }
    if own.or(foreign).is_none() {
        return SYSTEMD_SIZE;
    }
    own.and_then(|word| word.get(b"tmpfs:".len()..)).unwrap_or(DEFAULT_SIZE)
}

/// Nothing, where tops aren't built.
#[cfg(not(feature = "layer-top"))]
#[inline(always)]
pub fn kind(_: &Request<'_>) -> Kind {
    Kind::None
}

/// Nothing likewise.
#[cfg(not(feature = "layer-top"))]
#[inline(always)]
pub(super) fn value<'a>(_: &Request<'a>, _: Kind) -> &'a [u8] {
    b""
}

/// What a device is called, and the directory that follows the last `:` in front of a `/`: labels hold colons.
#[inline(always)]
pub(super) fn split(value: &[u8]) -> (&[u8], &[u8]) {
    let colon = colon(value);
    (value.get(..colon).unwrap_or_default(), value.get(colon + 1..).unwrap_or(b"/"))
}

#[inline(never)]
fn colon(value: &[u8]) -> usize {
    value.windows(2).rposition(|pair| pair == b":/").unwrap_or(value.len())
}

/// Says of a step why it failed.
#[inline(never)]
fn check<K: Kernel>(log: &mut Log<'_, K>, object: &[u8], done: Result<()>) -> core::result::Result<(), Failed> {
    done.map_err(|errno| {
        log.failed(Message::Top, object, errno);
        Failed
    })
}

/// Makes the place of what is written to, and mounts it where it is a tmpfs. Returns what it is called where it is a device,
/// and nothing otherwise.
///
/// Of what a hash verifies nothing but a tmpfs may be written to, unless the image itself permits it: what an upper layer
/// holds is what is seen of the root.
pub fn prepare<'a, K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'a>,
    kind: Kind,
    work: &mut Work,
) -> core::result::Result<&'a [u8], Failed> {
    let value = value(request, kind);
    match kind {
        Kind::Unknown => {
            log.tell(Message::UnknownTop, value);
            Err(Failed)
        }
        Kind::Tmpfs => {
            let mounted = mount_tmpfs(log.kernel, UPPER, value, &mut work.data);
            check(log, UPPER.to_bytes(), mounted)?;
            Ok(b"")
        }
        Kind::Device if request.has_root_hash() && !request.permits(Permit::PersistentOverlay) => {
            log.tell(Message::UnverifiedTop, value);
            Err(Failed)
        }
        Kind::Device => {
            make_place(log.kernel, UPPER);
            Ok(split(value).0)
        }
        _ => Ok(b""),
    }
}

#[inline(never)]
fn mount_tmpfs<K: Kernel>(kernel: &mut K, point: ZStr<'_>, size: &[u8], data: &mut Text) -> Result<()> {
    make_place(kernel, point);
    data.set(b"mode=0755,size=");
    data.push(size);
    let data = data.as_z_str().ok_or(Errno::ENAMETOOLONG)?;
    kernel.mount(z!(c"tmpfs"), point, z!(c"tmpfs"), MS_STRICTATIME, data)
}

/// Puts the overlay on the root, once what is written to is mounted at [`UPPER`].
pub fn cover<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    kind: Kind,
    work: &mut Work,
) -> core::result::Result<(), Failed> {
    match kind {
        Kind::Tmpfs => {}
        Kind::Device => {
            let (_, directory) = split(value(request, kind));
            let narrowed = narrow(log.kernel, directory);
            check(log, directory, narrowed)?;
        }
        _ => return Ok(()),
    }
    let mut covered = make_layers(log.kernel).and_then(|()| mount_overlay(log.kernel));
    let Work { modules, path: [reader, ..], .. } = work;
    if covered == Err(Errno::ENODEV) && modules.load_fs(log, reader, b"overlay") {
        covered = mount_overlay(log.kernel);
    }
    check(log, b"overlay", covered)?;
    log.say(Message::Mounted, &[b"overlay", b"overlay", b"read-write"]);
    Ok(())
}

/// Leaves of what is mounted at [`UPPER`] this one directory.
fn narrow<K: Kernel>(kernel: &mut K, directory: &[u8]) -> Result<()> {
    kernel.chdir(UPPER)?;
    kernel.path().set(directory);
    let tree = clone(kernel, 0)?;
    let moved = replace(kernel, tree);
    kernel.close(tree);
    moved
}

fn replace<K: Kernel>(kernel: &mut K, tree: Fd) -> Result<()> {
    kernel.chdir(z!(c"/"))?;
    kernel.umount2(UPPER, MNT_DETACH)?;
    kernel.move_mount(tree, z!(c""), Fd::CWD, UPPER, MOVE_MOUNT_F_EMPTY_PATH)
}

/// A mount of the directory that [`Kernel::path`] names inside the working directory. It is attached nowhere.
#[inline(never)]
fn clone<K: Kernel>(kernel: &mut K, flags: u32) -> Result<Fd> {
    let place = file::open_in_root(kernel, O_PATH | O_DIRECTORY)?;
    let tree = kernel.open_tree(place, z!(c""), OPEN_TREE_CLONE | O_CLOEXEC | AT_EMPTY_PATH | flags);
    kernel.close(place);
    tree
}

/// Makes the directories that an overlay wants, and moves the root below it.
fn make_layers<K: Kernel>(kernel: &mut K) -> Result<()> {
    make_all(kernel, b"/run/pintle/upper/upper\0/run/pintle/upper/work\0")?;
    set_aside(kernel, LOWER)
}

fn mount_overlay<K: Kernel>(kernel: &mut K) -> Result<()> {
    let data = z!(c"lowerdir=/run/pintle/lower,upperdir=/run/pintle/upper/upper,workdir=/run/pintle/upper/work");
    kernel.mount(z!(c"overlay"), MOUNT_POINT, z!(c"overlay"), 0, data)
}

/// What is left to do once the root is the working directory, and has its /usr: a tmpfs with that alone, or one as /var. The
/// latter systemd makes itself.
pub fn finish<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    work: &mut Work,
) -> core::result::Result<(), Failed> {
    const VAR: ZStr<'_> = z!(c"/var");
    match kind(request) {
        Kind::Usr => {
            let kept = keep_usr(log.kernel, &mut work.data);
            check(log, b"/usr", kept)?;
            log.say(Message::Mounted, &[b"tmpfs", b"tmpfs", b"read-write"]);
        }
        Kind::Var if !is_systemd(log.kernel, request, &mut work.data) => {
            let mounted = mount_tmpfs(log.kernel, VAR, SYSTEMD_SIZE, &mut work.data);
            check(log, VAR.to_bytes(), mounted)?;
            handover::attach(log, VAR);
        }
        _ => {}
    }
    Ok(())
}

/// Whether the init of the root, which is the working directory, is systemd, by the name of what it leads to.
fn is_systemd<K: Kernel>(kernel: &mut K, request: &Request<'_>, path: &mut Text) -> bool {
    kernel.path().set(request.get(Key::Init).unwrap_or(b"/sbin/init"));
    let Ok(init) = file::open_in_root(kernel, O_PATH) else { return false };
    let known = file::path_of(kernel, init, path);
    kernel.close(init);
    known.is_ok() && is(basename(path.as_bytes()), "systemd")
}

/// Makes a tmpfs the root, and the working directory, with the /usr of the one that is.
fn keep_usr<K: Kernel>(kernel: &mut K, data: &mut Text) -> Result<()> {
    kernel.path().set(b"usr");
    let usr = clone(kernel, AT_RECURSIVE)?;
    let moved = move_usr(kernel, usr, data);
    kernel.close(usr);
    moved
}

fn move_usr<K: Kernel>(kernel: &mut K, usr: Fd, data: &mut Text) -> Result<()> {
    set_aside(kernel, LOWER)?;
    mount_tmpfs(kernel, MOUNT_POINT, SYSTEMD_SIZE, data)?;
    kernel.chdir(MOUNT_POINT)?;
    make_all(kernel, SKELETON)?;
    kernel.move_mount(usr, z!(c""), Fd::CWD, z!(c"usr"), MOVE_MOUNT_F_EMPTY_PATH)
}

/// Makes the directories, and those of usr/ as links to there. What is there already is as good.
#[inline(never)]
fn make_all<K: Kernel>(kernel: &mut K, mut paths: &[u8]) -> Result<()> {
    while let Some(path) = ZStr::until_nul(paths) {
        let name = path.behind(b"usr/");
        let made = if name == path { kernel.mkdirat(Fd::CWD, name, 0o755) } else { kernel.symlinkat(path, name) };
        if made != Err(Errno::EEXIST) {
            made?;
        }
        paths = paths.get(path.to_bytes().len() + 1..).unwrap_or_default();
    }
    Ok(())
}
