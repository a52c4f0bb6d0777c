//! `init run [--proc] [--dev] [--user] NEW_ROOT [COMMAND [ARG…]]`: a command in another root, out of which nothing leads
//! back: no mount of the old root is left, no descriptor, no directory to put it. What the program in pivot_root(2)
//! does, done right.

use super::out;
use super::usage;
use crate::buffers::{Buffers, Work};
use crate::bytes::{Text, ZStr, place_of, split};
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel, Result};
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
    while let Some([b'-', ..]) = kernel.argument(0) {
        let Some(place) = place_of(OPTIONS, kernel.argument(0).unwrap_or_default()) else { return usage(kernel) };
        options |= 1 << place;
        kernel.shift(1);
    }
    let Some(new_root) = kernel.argument(0) else { return usage(kernel) };
    kernel.shift(1);
    if let Err(status) = unshare(kernel, options) {
        return status;
    }
    let work = &mut buffers.work;
    let is_alone = options & (USER | PROC) == USER | PROC;
    if !is_alone {
        return enter_and_execute(kernel, new_root, options, work);
    }
    // A procfs of a user namespace's own is one of its own PID namespace, which a child is the first in.
    match kernel.fork(work, &mut |kernel, work| {
        let status = enter_and_execute(kernel, new_root, options, work);
        kernel.exit_group(status)
    }) {
        Ok(child) => kernel.waitid(child),
        Err(errno) => out::failed(kernel, b"run: clone", new_root, errno),
    }
}

fn enter_and_execute<K: Kernel>(kernel: &mut K, new_root: &[u8], options: u32, work: &mut Work) -> i32 {
    match enter(kernel, new_root, options, work) {
        Ok(()) => execute(kernel, work),
        Err(status) => status,
    }
}

/// What failed at what; its exit status.
type Status = core::result::Result<(), i32>;

/// Says where `result` is a failure.
#[inline(never)]
fn tell<K: Kernel>(kernel: &mut K, what: &[u8], object: &[u8], result: Result<()>) -> Status {
    result.map_err(|errno| out::failed(kernel, what, object, errno))
}

/// A mount namespace of its own, of a user namespace of its own where `--user` says so, in which the caller is root.
fn unshare<K: Kernel>(kernel: &mut K, options: u32) -> Status {
    let mut flags = CLONE_NEWNS;
    if options & USER != 0 {
        flags |= CLONE_NEWUSER;
        if options & PROC != 0 {
            flags |= CLONE_NEWPID;
        }
    }
    let (uid, gid) = (kernel.geteuid(), kernel.getegid());
    let unshared = kernel.unshare(flags);
    tell(kernel, b"run: unshare", b"namespaces", unshared)?;
    if options & USER != 0 {
        let mut line = Text::new();
        // Without setgroups(2) nobody gets rid of a group that he is denied something by; the kernel asks for it.
        for (file, id) in [(&b"setgroups"[..], 0), (b"uid_map", uid), (b"gid_map", gid)] {
            line.set(b"0 ");
            line.push_number(id.into());
            line.push(b" 1");
            let text = if file == b"setgroups" { b"deny" } else { line.as_bytes() };
            let written = write(kernel, file, text);
            tell(kernel, b"run: write", file, written)?;
        }
    }
    Ok(())
}

/// Writes a file of /proc/self.
fn write<K: Kernel>(kernel: &mut K, file: &[u8], text: &[u8]) -> Result<()> {
    let fd = file::open(kernel, b"/proc/self/%", &[file], O_WRONLY)?;
    let written = kernel.write(fd, text);
    kernel.close(fd);
    written.map(drop)
}

/// Makes `new_root` the root, with what `options` ask for mounted in it, and nothing else of the old one.
fn enter<K: Kernel>(kernel: &mut K, new_root: &[u8], options: u32, work: &mut Work) -> Status {
    let none = z!(c"");
    work.name.set(new_root);
    let Some(root) = work.name.as_z_str() else {
        return tell(kernel, b"run: chdir", new_root, Err(Errno::ENAMETOOLONG));
    };
    // Nothing that is mounted from here on reaches another namespace.
    let private = kernel.mount(none, z!(c"/"), none, MS_REC | MS_PRIVATE, none);
    tell(kernel, b"run: mount private", b"/", private)?;
    if !kernel.statx(Fd::CWD, root, 0).is_ok_and(|stat| stat.is_mount) {
        let bound = kernel.mount(root, root, none, MS_BIND | MS_REC, none);
        tell(kernel, b"run: mount bind", new_root, bound)?;
    }
    let there = kernel.chdir(root);
    tell(kernel, b"run: chdir", new_root, there)?;
    let pivoted = kernel.pivot_root(z!(c"."), z!(c"."));
    tell(kernel, b"run: pivot_root", new_root, pivoted)?;
    // The old root is on top of the new one's `/`, where "/.." leads to.
    if options & DEV != 0 {
        let mounted = mount_dev(kernel, options & USER != 0, &mut work.data);
        tell(kernel, b"run: mount", b"/dev", mounted)?;
    }
    if options & PROC != 0 {
        let mounted = mount_proc(kernel);
        tell(kernel, b"run: mount", b"/proc", mounted)?;
    }
    let detached = kernel.umount2(z!(c"."), MNT_DETACH);
    tell(kernel, b"run: umount2", b"the old root", detached)?;
    let there = kernel.chdir(z!(c"/"));
    tell(kernel, b"run: chdir", b"/", there)?;
    // One of a directory would lead back (CVE-2024-21626).
    let closed = kernel.close_range(3);
    tell(kernel, b"run: close_range", b"descriptors", closed)
}

fn mount_proc<K: Kernel>(kernel: &mut K) -> Result<()> {
    let (proc, path) = (z!(c"proc"), z!(c"/proc"));
    directory(kernel, path)?;
    kernel.mount(proc, path, proc, MS_NOSUID | MS_NODEV | MS_NOEXEC, z!(c""))
}

/// /dev: the kernel's own, or one with the usual nodes.
fn mount_dev<K: Kernel>(kernel: &mut K, is_user: bool, path: &mut Text) -> Result<()> {
    directory(kernel, z!(c"/dev"))?;
    if !is_user {
        return kernel.mount(z!(c"devtmpfs"), z!(c"/dev"), z!(c"devtmpfs"), MS_NOSUID, z!(c"mode=0755"));
    }
    kernel.mount(z!(c"tmpfs"), z!(c"/dev"), z!(c"tmpfs"), MS_NOSUID | MS_NOEXEC, z!(c"mode=0755"))?;
    let mut nodes = split(NODES, b'|');
    while let Some(node) = nodes.take_part() {
        let fd = file::open(kernel, b"/dev/%", &[node], O_WRONLY | O_CREAT)?;
        kernel.close(fd);
        path.set(b"/../dev/");
        path.push(node);
        let mut to = Text::new();
        to.push(b"/dev/");
        to.push(node);
        if let (Some(from), Some(to)) = (path.as_z_str(), to.as_z_str()) {
            kernel.mount(from, to, z!(c""), MS_BIND, z!(c""))?;
        }
    }
    Ok(())
}

/// A directory of the new root, and no link, which could lead to the old one.
fn directory<K: Kernel>(kernel: &mut K, path: ZStr<'_>) -> Result<()> {
    let stat = kernel.statx(Fd::CWD, path, AT_SYMLINK_NOFOLLOW)?;
    if stat.is(S_IFDIR) { Ok(()) } else { Err(Errno::ELOOP) }
}

/// Executes the command that the arguments begin with, by its path, or by its name in the usual directories; a shell where
/// there is none. Returns the exit status of a failure.
fn execute<K: Kernel>(kernel: &mut K, work: &mut Work) -> i32 {
    let command = kernel.argument(0).unwrap_or(SHELL);
    let mut errno = Errno::ENOENT;
    if command.contains(&b'/') {
        errno = file::execve(kernel, command);
    } else {
        let mut folders = split(PATH, b':');
        while let Some(folder) = folders.take_part() {
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
    out::failed(kernel, b"run: execve", command, errno);
    if errno == Errno::ENOENT { NOT_FOUND } else { CANNOT_EXECUTE }
}
