//! `init run [--proc] [--dev] [--user] NEW_ROOT [COMMAND [ARG…]]`: a command in another root, out of which nothing leads
//! back: no mount of the old root is left, no descriptor, no directory to put it. What the program in pivot_root(2)
//! does, done right.

use super::out;
use super::usage;
use crate::buffers::{Buffers, Work};
use crate::bytes::{NOWHERE, Text, ZStr, basename, part, place_of, take_part};
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel, Result};
use crate::template;
use crate::z;
use linux_raw_sys::general::{
    AT_SYMLINK_NOFOLLOW, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, MNT_DETACH, MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID,
    MS_PRIVATE, MS_REC, O_CREAT, O_WRONLY, S_IFDIR,
};

/// The options, and the bit of each.
const OPTIONS: &[u8] = b"--proc|--dev|--user";
const PROC: u32 = 1;
const DEV: u32 = 2;
const USER: u32 = 4;

/// Where a command without a `/` is looked for in the new root.
const PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
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
    let work = &mut buffers.work;
    let mut step = Step::Unshare;
    let mut entered = unshare(kernel, options, &mut step, work);
    // A procfs of a user namespace's own is one of its own PID namespace, which a child is the first in.
    if entered.is_ok() && options & (USER | PROC) == USER | PROC {
        step = Step::Clone;
        let child = kernel.fork(work, |kernel, work| {
            let status = enter_and_execute(kernel, new_root, options, work);
            kernel.exit_group(status)
        });
        match child {
            Ok(child) => return kernel.waitid(child),
            Err(errno) => entered = Err(errno),
        }
    }
    match entered {
        Ok(()) => enter_and_execute(kernel, new_root, options, work),
        Err(errno) => failed(kernel, step, new_root, errno),
    }
}

#[inline(never)]
fn enter_and_execute<K: Kernel>(kernel: &mut K, new_root: ZStr<'_>, options: u32, work: &mut Work) -> i32 {
    let mut step = Step::Private;
    match enter(kernel, new_root, options, &mut step, work) {
        Ok(()) => execute(kernel, work),
        Err(errno) => failed(kernel, step, new_root, errno),
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
const STEPS: &[u8] =
    b"unshare|write setgroups|write uid_map|write gid_map|clone|make the mounts private|bind-mount|chdir|\
    pivot_root|mount /dev|mount /proc|umount2 the old root|close_range";

/// Says which step failed; returns the exit status.
#[inline(never)]
fn failed<K: Kernel>(kernel: &mut K, step: Step, new_root: ZStr<'_>, errno: Errno) -> i32 {
    out::failed(kernel, part(STEPS, b'|', step as usize), new_root.to_bytes(), errno)
}

/// A mount namespace of its own, of a user namespace of its own where `--user` says so, in which the caller is root.
fn unshare<K: Kernel>(kernel: &mut K, options: u32, step: &mut Step, work: &mut Work) -> Result<()> {
    let mut flags = CLONE_NEWNS;
    if options & USER != 0 {
        flags |= CLONE_NEWUSER;
        if options & PROC != 0 {
            flags |= CLONE_NEWPID;
        }
    }
    let (uid, gid) = (kernel.geteuid(), kernel.getegid());
    kernel.unshare(flags)?;
    if options & USER != 0 {
        // With setgroups(2) one could get rid of a group that one is denied something by.
        *step = Step::Setgroups;
        work.data.set(b"deny");
        write(kernel, b"/proc/self/setgroups", work)?;
        *step = Step::UidMap;
        map_to_root(&mut work.data, uid);
        write(kernel, b"/proc/self/uid_map", work)?;
        *step = Step::GidMap;
        map_to_root(&mut work.data, gid);
        write(kernel, b"/proc/self/gid_map", work)?;
    }
    Ok(())
}

/// user_namespaces(7): root inside is `id` outside.
fn map_to_root(line: &mut Text, id: u32) {
    line.set(b"0 ");
    line.push_number(id.into());
    line.push(b" 1");
}

/// Writes `work.data` to a file.
#[inline(never)]
fn write<K: Kernel>(kernel: &mut K, path: &[u8], work: &mut Work) -> Result<()> {
    let fd = file::open(kernel, path, &[], O_WRONLY)?;
    let written = kernel.write(fd, work.data.as_bytes());
    kernel.close(fd);
    written.map(drop)
}

/// Makes `new_root` the root, with what `options` ask for mounted in it, and nothing else of the old one.
fn enter<K: Kernel>(kernel: &mut K, new_root: ZStr<'_>, options: u32, step: &mut Step, work: &mut Work) -> Result<()> {
    let (none, here) = (z!(c""), z!(c"."));
    // Nothing that is mounted from here on reaches another namespace.
    kernel.mount(none, z!(c"/"), none, MS_REC | MS_PRIVATE, none)?;
    *step = Step::Chdir;
    if !kernel.statx(Fd::CWD, new_root, 0)?.is_mount {
        *step = Step::Bind;
        kernel.mount(new_root, new_root, none, MS_BIND | MS_REC, none)?;
        *step = Step::Chdir;
    }
    kernel.chdir(new_root)?;
    *step = Step::Pivot;
    kernel.pivot_root(here, here)?;
    // The old root is on top of the new one's `/`, where "/.." leads to.
    if options & DEV != 0 {
        *step = Step::Dev;
        mount_dev(kernel, options & USER != 0, work)?;
    }
    if options & PROC != 0 {
        *step = Step::Proc;
        mount_proc(kernel)?;
    }
    *step = Step::Detach;
    kernel.umount2(here, MNT_DETACH)?;
    kernel.chdir(z!(c"/"))?;
    // One of a directory would lead back (CVE-2024-21626).
    *step = Step::Close;
    kernel.close_range(3)
}

fn mount_proc<K: Kernel>(kernel: &mut K) -> Result<()> {
    let (proc, path) = (z!(c"proc"), z!(c"/proc"));
    directory(kernel, path)?;
    kernel.mount(proc, path, proc, MS_NOSUID | MS_NODEV | MS_NOEXEC, z!(c""))
}

/// /dev: the kernel's own, or one with the usual nodes.
fn mount_dev<K: Kernel>(kernel: &mut K, is_user: bool, work: &mut Work) -> Result<()> {
    let (path, none, too_long) = (z!(c"/dev"), z!(c""), Errno::ENAMETOOLONG);
    directory(kernel, path)?;
    let fstype = if is_user { z!(c"tmpfs") } else { z!(c"devtmpfs") };
    kernel.mount(fstype, path, fstype, MS_NOSUID, z!(c"mode=0755"))?;
    let mut nodes = if is_user { NODES } else { b"" };
    while let Some(node) = take_part(&mut nodes, b'|') {
        let Work { name: to, data: from, .. } = &mut *work;
        let fd = file::open(kernel, b"/dev/%", &[node], O_WRONLY | O_CREAT)?;
        kernel.close(fd);
        fill(to, b"/dev/%", &[node]);
        fill(from, b"/../dev/%", &[node]);
        kernel.mount(from.as_z_str().ok_or(too_long)?, to.as_z_str().ok_or(too_long)?, none, MS_BIND, none)?;
    }
    Ok(())
}

fn fill(text: &mut Text, template: &[u8], objects: &[&[u8]]) {
    text.clear();
    template::fill(template, objects, false, text);
}

/// A directory of the new root, and no link, which could lead to the old one.
fn directory<K: Kernel>(kernel: &mut K, path: ZStr<'_>) -> Result<()> {
    let stat = kernel.statx(Fd::CWD, path, AT_SYMLINK_NOFOLLOW)?;
    if stat.is(S_IFDIR) { Ok(()) } else { Err(Errno::ELOOP) }
}

/// Executes the command that the arguments begin with, by its path, or by its name in the usual directories; a shell where
/// there is none. Returns the exit status of a failure.
fn execute<K: Kernel>(kernel: &mut K, work: &mut Work) -> i32 {
    let command = kernel.argument(0).map_or(SHELL, ZStr::to_bytes);
    let mut errno = Errno::ENOENT;
    if basename(command).len() != command.len() {
        errno = file::execve(kernel, command);
    } else {
        let mut folders = PATH;
        while let Some(folder) = take_part(&mut folders, b':') {
            let path = &mut work.data;
            path.set(folder);
            path.push(b"/");
            path.push(command);
            match file::execve(kernel, path.as_bytes()) {
                Errno::ENOENT => {}
                other => errno = other,
            }
        }
    }
    out::failed(kernel, b"execve", command, errno);
    if errno == Errno::ENOENT { NOT_FOUND } else { CANNOT_EXECUTE }
}
