//! `init run [--proc] [--dev] [--user] NEW_ROOT [COMMAND [ARG…]]`: a command in another root, out of which nothing leads
//! back: no mount of the old root is left, no descriptor, no directory to put it. What the program in pivot_root(2)
//! does, done right.

use super::out;
use super::usage;
use crate::buffers::Buffers;
use crate::bytes::{NOWHERE, Text, ZStr, basename, part, place_of, take_part};
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel, Result};
use crate::packed;
use crate::z;
use linux_raw_sys::general::{
    AT_SYMLINK_NOFOLLOW, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, MNT_DETACH, MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID,
    MS_PRIVATE, MS_REC, O_CREAT, O_WRONLY, S_IFDIR,
};

/// The options, and the bit of each.
const OPTIONS: &[u8] = packed!(OPTIONS_TEXT);
pub(super) const OPTIONS_TEXT: &[u8] = b"--proc|--dev|--user";
const PROC: u32 = 1;
const DEV: u32 = 2;
const USER: u32 = 4;

/// Where a command without a `/` is looked for in the new root.
const PATH: &[u8] = b"/usr/local/sbin/:/usr/local/bin/:/usr/sbin/:/usr/bin/:/sbin/:/bin/";
/// The same of one with a `/`: as it is.
const AS_IT_IS: &[u8] = b":";
const SHELL: &[u8] = b"/bin/sh";
/// What a user namespace's /dev has: nodes of the old one, since it can make none.
const NODES: &[u8] = b"null|zero|full|random|urandom|tty";

/// Exit statuses, as a shell has them: a command that can't be executed, and one that isn't there.
const CANNOT_EXECUTE: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Executes the command; returns an exit status only where that failed, or where the command ran in a child.
pub(super) fn run<K: Kernel>(kernel: &mut K, buffers: &mut Buffers) -> i32 {
    let mut options = 0;
    while let Some(word) = kernel.argument(0)
        && let [b'-', ..] = word.to_bytes()
    {
        let place = place_of(OPTIONS, word.to_bytes());
        if place == NOWHERE {
            return usage(kernel);
        }
        options |= 1 << (place & 31);
        kernel.take_argument();
    }
    let Some(new_root) = kernel.take_argument() else { return usage(kernel) };
    let mut step = Step::Unshare;
    match enter(kernel, new_root, options, &mut step, &mut buffers.work.data) {
        Ok(Fd::NONE) => execute(kernel),
        Ok(child) => kernel.waitid(child),
        Err(errno) => out::failed(kernel, part(STEPS, b'|', step as usize), new_root.to_bytes(), errno),
    }
}

/// What is being done, in the order of [`STEPS`].
#[derive(Clone, Copy)]
enum Step {
    Unshare,
    Setgroups,
    UidMap,
    GidMap,
    Clone,
    Private,
    Bind,
    Chdir,
    Pivot,
    Dev,
    Proc,
    Detach,
    Close,
}
const STEPS: &[u8] = packed!(STEPS_TEXT);
pub(super) const STEPS_TEXT: &[u8] = b"unshare|write setgroups|write uid_map|write gid_map|clone|\
make the mounts private|bind-mount|chdir|pivot_root|mount /dev|mount /proc|\
umount2 the old root|close_range";

/// Makes `new_root` the root, with what `options` ask for mounted in it, and nothing else of the old one, in a mount namespace
/// of its own. Where a child does that, because it has to, returns the child.
fn enter<K: Kernel>(kernel: &mut K, new_root: ZStr<'_>, options: u32, step: &mut Step, text: &mut Text) -> Result<Fd> {
    let (none, here) = (z!(c""), z!(c"."));
    let is_user = options & USER != 0;
    if is_user {
        unshare_user(kernel, options, step, text)?;
        if options & PROC != 0 {
            *step = Step::Clone;
            let child = kernel.clone()?;
            if child != Fd::NONE {
                return Ok(child);
            }
            // Who kills pintle means the command, which may ignore every other signal: it is the first of its namespace.
            kernel.pdeathsig();
        }
    } else {
        kernel.unshare(CLONE_NEWNS)?;
    }
    // Nothing that is mounted from here on reaches another namespace.
    *step = Step::Private;
    mount(kernel, none, z!(c"/"), MS_REC | MS_PRIVATE, none)?;
    *step = Step::Chdir;
    if !kernel.statx(Fd::CWD, new_root, 0)?.is_mount {
        *step = Step::Bind;
        mount(kernel, new_root, new_root, MS_BIND | MS_REC, none)?;
        *step = Step::Chdir;
    }
    kernel.chdir(new_root)?;
    *step = Step::Pivot;
    kernel.pivot_root(here, here)?;
    // The old root is on top of the new one's `/`, where "/.." leads to.
    if options & DEV != 0 {
        *step = Step::Dev;
        let fstype = if is_user { z!(c"tmpfs") } else { z!(c"devtmpfs") };
        mount_on_directory(kernel, fstype, z!(c"/dev"), MS_NOSUID, z!(c"mode=0755"))?;
        if is_user {
            bind_nodes(kernel, text)?;
        }
    }
    if options & PROC != 0 {
        *step = Step::Proc;
        mount_on_directory(kernel, z!(c"proc"), z!(c"/proc"), MS_NOSUID | MS_NODEV | MS_NOEXEC, none)?;
    }
    *step = Step::Detach;
    kernel.umount2(here, MNT_DETACH)?;
    kernel.chdir(z!(c"/"))?;
    // One of a directory would lead back (CVE-2024-21626).
    *step = Step::Close;
    kernel.close_range(3)?;
    Ok(Fd::NONE)
}

/// A mount namespace of its own, of a user namespace of its own, in which the caller is root.
#[inline(never)]
fn unshare_user<K: Kernel>(kernel: &mut K, options: u32, step: &mut Step, text: &mut Text) -> Result<()> {
    let (uid, gid) = (kernel.geteuid(), kernel.getegid());
    // A procfs of a user namespace's own is one of its own PID namespace, which a child is the first in.
    let pid = if options & PROC != 0 { CLONE_NEWPID } else { 0 };
    kernel.unshare(CLONE_NEWNS | CLONE_NEWUSER | pid)?;
    // With setgroups(2) one could get rid of a group that one is denied something by.
    *step = Step::Setgroups;
    file::write(kernel, file::paths::SETGROUPS, b"deny")?;
    *step = Step::UidMap;
    map_to_root(kernel, file::paths::UID_MAP, uid, text)?;
    *step = Step::GidMap;
    map_to_root(kernel, file::paths::GID_MAP, gid, text)
}

/// user_namespaces(7): root inside is `id` outside.
#[inline(never)]
fn map_to_root<K: Kernel>(kernel: &mut K, path: &[u8], id: u32, line: &mut Text) -> Result<()> {
    line.set(b"0 ");
    line.push_number(id.into());
    line.push(b" 1");
    file::write(kernel, path, line.as_bytes())
}

/// mount(2); the type's name is the source's, and counts only where that isn't a path.
#[inline(never)]
fn mount<K: Kernel>(kernel: &mut K, source: ZStr<'_>, target: ZStr<'_>, flags: u32, data: ZStr<'_>) -> Result<()> {
    kernel.mount(source, target, source, flags, data)
}

/// The same on a directory of the new root, and no link, which could lead to the old one.
#[inline(never)]
fn mount_on_directory<K: Kernel>(
    kernel: &mut K,
    fstype: ZStr<'_>,
    path: ZStr<'_>,
    flags: u32,
    data: ZStr<'_>,
) -> Result<()> {
    if !kernel.statx(Fd::CWD, path, AT_SYMLINK_NOFOLLOW)?.is(S_IFDIR) {
        return Err(Errno::ELOOP);
    }
    mount(kernel, fstype, path, flags, data)
}

/// Puts the usual nodes of the old /dev into the new one.
fn bind_nodes<K: Kernel>(kernel: &mut K, text: &mut Text) -> Result<()> {
    let mut nodes = NODES;
    while let Some(node) = take_part(&mut nodes, b'|') {
        text.set(b"/../dev/");
        text.push(node);
        let from = text.as_z_str().ok_or(Errno::ENAMETOOLONG)?;
        let to = from.behind(b"/..");
        let fd = kernel.open(to, O_WRONLY | O_CREAT)?;
        kernel.close(fd);
        mount(kernel, from, to, MS_BIND, z!(c""))?;
    }
    Ok(())
}

/// Executes the command that the arguments begin with, by its path, or by its name in the usual directories; a shell where
/// there is none. Returns the exit status of a failure.
fn execute<K: Kernel>(kernel: &mut K) -> i32 {
    let command = kernel.argument(0).map_or(SHELL, ZStr::to_bytes);
    let mut folders = if basename(command).len() == command.len() { PATH } else { AS_IT_IS };
    let mut errno = Errno::ENOENT;
    while let Some(folder) = take_part(&mut folders, b':') {
        file::set_path(kernel, b"%%", &[folder, command]);
        match kernel.execve() {
            Errno::ENOENT => {}
            other => errno = other,
        }
    }
    out::failed(kernel, b"execve", command, errno);
    if errno == Errno::ENOENT { NOT_FOUND } else { CANNOT_EXECUTE }
}
