//! A kernel to test with: it records every call as a line, keeps a small tree of files and mounts, and fails the call
//! that it is told to fail.
//!
//! What is mounted stands in the tree under a name of its own (`@proc/cmdline`), which a path leads to by its mount
//! point; below a descriptor of the initramfs's root are the initramfs's own files, whatever is mounted on them.

use super::{Fd, Kernel, Result, Stat};
use crate::buffers::Buffers;
use crate::bytes::{Dev, ZStr};
use crate::error::Errno;
use crate::z;

use linux_raw_sys::general::{
    AT_REMOVEDIR, DT_DIR, DT_REG, RAMFS_MAGIC, RESOLVE_NO_SYMLINKS, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFREG,
};
use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// How a boot ended: what the calls that don't return leave behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Exec(String),
    Exit(i32),
    Reboot(u32),
}

/// A file: its type and permissions, and its bytes, or its target.
#[derive(Clone)]
pub(crate) struct File {
    mode: u32,
    bytes: Vec<u8>,
    rdev: Dev,
}

const NO_DEV: Dev = Dev { major: 0, minor: 0 };

pub(crate) fn dir() -> File {
    File { mode: S_IFDIR | 0o755, bytes: Vec::new(), rdev: NO_DEV }
}
pub(crate) fn file(mode: u32, bytes: impl AsRef<[u8]>) -> File {
    File { mode: S_IFREG | mode, bytes: bytes.as_ref().to_vec(), rdev: NO_DEV }
}
pub(crate) fn link(target: &str) -> File {
    File { mode: S_IFLNK | 0o777, bytes: target.as_bytes().to_vec(), rdev: NO_DEV }
}
pub(crate) fn block(major: u32, minor: u32) -> File {
    File { mode: S_IFBLK | 0o600, bytes: Vec::new(), rdev: Dev { major, minor } }
}
fn char_device() -> File {
    File { mode: S_IFCHR | 0o600, bytes: Vec::new(), rdev: NO_DEV }
}

struct Open {
    path: String,
    read: bool,
}

/// The kernel.
pub(crate) struct Fake {
    /// Straight out of the initramfs, as from Linux 7 on.
    pub(crate) pivots_straight: bool,
    pub(crate) pid: i32,
    pub(crate) pid_namespace: u64,
    pub(crate) root_magic: u32,
    /// Mounted from the start, as after another /init.
    pub(crate) proc_mounted: bool,
    /// Files below `/`, and below what is going to be mounted, by the file system's type.
    pub(crate) tree: BTreeMap<String, File>,
    pub(crate) mountable: BTreeMap<&'static str, BTreeMap<String, File>>,
    /// Uevents, and the milliseconds at which they come.
    pub(crate) uevents: VecDeque<(u64, Vec<u8>)>,
    /// Devices that come with them: what is added to the tree then.
    pub(crate) later: Vec<(u64, String, File)>,
    /// The call, by its place, that fails, and how.
    pub(crate) fail: Option<(usize, Errno)>,
    pub(crate) calls: Vec<String>,
    /// What was written to the log and to the console.
    pub(crate) log: Vec<String>,
    pub(crate) now_ms: u64,
    fds: BTreeMap<i32, Open>,
    /// Mount points, and the names under which what is mounted there stands.
    mounts: BTreeMap<String, String>,
    cwd: String,
    root: String,
    rerooted: bool,
    stdio: bool,
}

impl Fake {
    /// A machine whose command line is `cmdline`, with an ext4 root on /dev/vda.
    pub(crate) fn new(cmdline: &str) -> Self {
        let files =
            |list: &[(&str, File)]| list.iter().map(|(name, file)| ((*name).to_string(), file.clone())).collect();
        let mut fake = Fake {
            pivots_straight: false,
            pid: 1,
            pid_namespace: 0xeffffffc,
            root_magic: RAMFS_MAGIC,
            proc_mounted: false,
            tree: files(&[
                ("/init", file(0o755, "\x7fELF")),
                ("/dev", dir()),
                ("/dev/console", char_device()),
                ("/root", dir()),
                ("/lib", dir()),
                ("/lib/ballast", file(0o644, "")),
            ]),
            mountable: BTreeMap::new(),
            uevents: VecDeque::new(),
            later: Vec::new(),
            fail: None,
            calls: Vec::new(),
            log: Vec::new(),
            now_ms: 5_000,
            fds: BTreeMap::new(),
            mounts: BTreeMap::new(),
            cwd: "/".into(),
            root: String::new(),
            rerooted: false,
            stdio: true,
        };
        fake.mountable.insert(
            "proc",
            files(&[
                ("/cmdline", file(0o444, format!("{cmdline}\n"))),
                ("/filesystems", file(0o444, "nodev\tsysfs\nnodev\tproc\n\text3\n\text4\n\tvfat\n")),
                ("/sys/kernel/printk", file(0o644, "7\t4\t1\t7\n")),
                ("/sys/kernel/osrelease", file(0o444, "6.12.1\n")),
            ]),
        );
        let vda = "MAJOR=254\nMINOR=0\nDEVNAME=vda\nDEVTYPE=disk\nDISKSEQ=1\n";
        fake.mountable.insert(
            "sysfs",
            files(&[
                ("/class/block", dir()),
                ("/class/block/vda", dir()),
                ("/class/block/vda/uevent", file(0o644, vda)),
                ("/class/block/vda/size", file(0o444, "65536\n")),
            ]),
        );
        let dev =
            [("/console", char_device()), ("/null", char_device()), ("/kmsg", char_device()), ("/vda", block(254, 0))];
        fake.mountable.insert("devtmpfs", files(&dev));
        fake.mountable.insert("tmpfs", BTreeMap::new());
        fake.mountable.insert(
            "ext4",
            files(&[
                ("/dev", dir()),
                ("/proc", dir()),
                ("/sys", dir()),
                ("/run", dir()),
                ("/sbin", dir()),
                ("/sbin/init", file(0o755, "\x7fELF")),
            ]),
        );
        fake
    }

    /// Without a console: the kernel leaves descriptors 0 to 2 closed.
    pub(crate) fn without_stdio(mut self) -> Self {
        self.stdio = false;
        self
    }

    /// Adds a file to the file system that is going to be mounted as `fstype`.
    pub(crate) fn with(mut self, fstype: &'static str, path: &str, file: File) -> Self {
        self.mountable.entry(fstype).or_default().insert(path.into(), file);
        self
    }

    pub(crate) fn without(mut self, fstype: &'static str, path: &str) -> Self {
        self.mountable.entry(fstype).or_default().remove(path);
        self
    }

    /// Adds a file to the initramfs.
    pub(crate) fn with_image(mut self, path: &str, file: File) -> Self {
        self.tree.insert(path.into(), file);
        self
    }

    /// Mounts before the boot, as another /init would have.
    pub(crate) fn mounted(mut self, fstype: &'static str, point: &str) -> Self {
        self.mount_files(fstype, point.into()).expect("a mount point");
        self
    }

    /// Boots, if the guard lets it. `None`: it refused.
    pub(crate) fn boot(&mut self) -> Option<End> {
        if self.stdio {
            for fd in 0..=2 {
                self.fds.insert(fd, Open { path: "/dev/console".into(), read: false });
            }
        }
        let end = catch_unwind(AssertUnwindSafe(|| {
            let initramfs = crate::guard::initramfs(self)?;
            crate::boot::boot(self, initramfs, &mut Buffers::new())
        }));
        match end {
            Ok(refused) => refused,
            Err(payload) => match payload.downcast::<End>() {
                Ok(end) => Some(*end),
                Err(panic) => resume_unwind(panic),
            },
        }
    }

    /// The files that are left of those that `new` put into the initramfs.
    pub(crate) fn left(&self) -> Vec<&str> {
        self.tree.keys().map(String::as_str).filter(|path| path.starts_with('/')).collect()
    }

    /// What the init's descriptors 0 to 2 would be: those that survive an exec.
    pub(crate) fn stdio_paths(&self) -> Vec<&str> {
        (0..=2).filter_map(|fd| self.fds.get(&fd)).map(|open| open.path.as_str()).collect()
    }

    fn call(&mut self, line: String) -> Result<()> {
        assert!(self.calls.len() < 100_000, "it doesn't end");
        let failed = self.fail.filter(|(place, _)| *place == self.calls.len()).map(|(_, errno)| errno);
        self.calls.push(line);
        failed.map_or(Ok(()), Err)
    }

    fn full(&self, dir: Fd, path: ZStr<'_>) -> String {
        let path = std::str::from_utf8(path.to_bytes()).expect("UTF-8");
        let base = match dir {
            Fd::CWD if path.starts_with('/') => self.root.clone(),
            Fd::CWD => self.cwd.clone(),
            Fd(fd) => self.fds.get(&fd).expect("an open descriptor").path.clone(),
        };
        let full = match path {
            "" | "." | "/" => base,
            _ => format!("{}/{}", base.trim_end_matches('/'), path.trim_start_matches('/')),
        };
        if full.is_empty() { "/".into() } else { full }
    }

    /// The same, through the mount points that it leads to.
    fn crossed(&self, dir: Fd, path: ZStr<'_>) -> String {
        let full = self.full(dir, path);
        let through = self.mounts.iter().find_map(|(point, name)| {
            let rest = full.strip_prefix(point.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{name}{rest}"))
        });
        through.unwrap_or(full)
    }

    fn lookup(&self, path: &str) -> Result<&File> {
        static ROOT: File = File { mode: S_IFDIR | 0o755, bytes: Vec::new(), rdev: NO_DEV };
        if path == "/" || (path.starts_with('@') && !path.contains('/')) {
            Ok(&ROOT)
        } else {
            self.tree.get(path).ok_or(Errno::ENOENT)
        }
    }

    fn open(&mut self, path: String) -> Fd {
        let fd = (0..).find(|fd| !self.fds.contains_key(fd)).expect("a free descriptor");
        self.fds.insert(fd, Open { path, read: false });
        Fd(fd)
    }

    fn come(&mut self) {
        let (now, mut come) = (self.now_ms, Vec::new());
        self.later.retain(|(at, path, file)| {
            if *at <= now {
                come.push((path.clone(), file.clone()));
            }
            *at > now
        });
        self.tree.extend(come);
    }

    fn name(&self, fd: Fd) -> String {
        match fd {
            Fd::CWD => "CWD".into(),
            Fd(number) => number.to_string(),
        }
    }

    fn mount_files(&mut self, fstype: &'static str, point: String) -> Result<()> {
        self.lookup(&point)?;
        let name = format!("@{fstype}");
        for (path, file) in self.mountable.get(fstype).ok_or(Errno::EINVAL)?.clone() {
            self.tree.insert(format!("{name}{path}"), file);
        }
        self.mounts.insert(point, name);
        Ok(())
    }
}

fn text(z_str: ZStr<'_>) -> &str {
    std::str::from_utf8(z_str.to_bytes()).expect("UTF-8")
}

impl Kernel for Fake {
    fn getpid(&mut self) -> i32 {
        // No call that could fail is not recorded.
        self.pid
    }

    fn clock_gettime(&mut self) -> u64 {
        self.now_ms
    }

    fn openat(&mut self, dir: Fd, path: ZStr<'_>, _flags: u32) -> Result<Fd> {
        self.call(format!("open {}", text(path)))?;
        self.come();
        let full = self.crossed(dir, path);
        self.lookup(&full)?;
        Ok(self.open(full))
    }

    fn openat2(&mut self, dir: Fd, path: ZStr<'_>, _flags: u32, resolve: u32) -> Result<Fd> {
        self.call(format!("openat2 {} {}", self.name(dir), text(path)))?;
        let base = self.full(dir, z!(c""));
        let mut full = format!("{}/{}", base.trim_end_matches('/'), text(path).trim_start_matches('/'));
        let mut found = self.lookup(&full)?;
        if found.mode & S_IFLNK == S_IFLNK {
            if resolve & RESOLVE_NO_SYMLINKS != 0 {
                return Err(Errno::ELOOP);
            }
            let target = String::from_utf8_lossy(&found.bytes).into_owned();
            full = format!("{}/{}", base.trim_end_matches('/'), target.trim_start_matches('/'));
            found = self.lookup(&full)?;
        }
        let _ = found;
        Ok(self.open(full))
    }

    fn close(&mut self, fd: Fd) {
        let _ = self.call(format!("close {}", fd.0));
        self.fds.remove(&fd.0).expect("an open descriptor");
    }

    fn dup3(&mut self, old: Fd, new: Fd) -> Result<()> {
        self.call(format!("dup3 {} {}", old.0, new.0))?;
        let path = self.fds.get(&old.0).expect("an open descriptor").path.clone();
        self.fds.insert(new.0, Open { path, read: false });
        Ok(())
    }

    fn read<'b>(&mut self, fd: Fd, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        self.call(format!("read {}", fd.0))?;
        let bytes = &self.tree[&self.fds[&fd.0].path].bytes;
        let length = bytes.len().min(buffer.len());
        buffer[..length].copy_from_slice(&bytes[..length]);
        Ok(&buffer[..length])
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<i32> {
        let path = self.fds.get(&fd.0).ok_or(Errno::new(9))?.path.clone();
        let line = String::from_utf8_lossy(bytes).into_owned();
        self.call(format!("write {path} {}", line.trim_end()))?;
        self.log.push(line.trim_end().into());
        Ok(i32::try_from(bytes.len()).expect("short"))
    }

    fn getdents64<'b>(&mut self, fd: Fd, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        self.call(format!("getdents64 {}", fd.0))?;
        let open = self.fds.get_mut(&fd.0).expect("an open descriptor");
        if std::mem::replace(&mut open.read, true) {
            return Ok(&[]);
        }
        let prefix = format!("{}/", open.path.trim_end_matches('/'));
        let mut bytes = Vec::new();
        let entries = self.tree.iter().filter_map(|(path, file)| Some((path.strip_prefix(&prefix)?, file)));
        for (name, file) in entries.filter(|(name, _)| !name.contains('/') && !name.is_empty()) {
            let length = (19 + name.len() + 1).next_multiple_of(8);
            let start = bytes.len();
            bytes.extend_from_slice(&[0; 16]);
            bytes.extend(u16::try_from(length).expect("short").to_le_bytes());
            bytes.push(u8::try_from(if file.mode & S_IFDIR == S_IFDIR { DT_DIR } else { DT_REG }).expect("a byte"));
            bytes.extend_from_slice(name.as_bytes());
            bytes.resize(start + length, 0);
        }
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(&buffer[..bytes.len()])
    }

    fn mmap(&mut self, fd: Fd, length: usize) -> Result<&'static [u8]> {
        self.call(format!("mmap {} {length}", fd.0))?;
        Ok(self.tree[&self.fds[&fd.0].path].bytes.clone().leak())
    }

    fn lseek_end(&mut self, fd: Fd) -> Result<usize> {
        self.call(format!("lseek {}", fd.0))?;
        Ok(self.tree[&self.fds[&fd.0].path].bytes.len())
    }

    fn statx(&mut self, dir: Fd, path: ZStr<'_>, _flags: u32) -> Result<Stat> {
        self.call(format!("statx {} {}", self.name(dir), text(path)))?;
        self.come();
        if text(path).ends_with("self/ns/pid") {
            let there = self.proc_mounted || dir != Fd::CWD;
            let stat = Stat { mode: S_IFREG, ino: self.pid_namespace, rdev: NO_DEV };
            return there.then_some(stat).ok_or(Errno::ENOENT);
        }
        let full = self.crossed(dir, path);
        let file = self.lookup(&full)?;
        Ok(Stat { mode: file.mode, ino: 1, rdev: file.rdev })
    }

    fn fstatfs(&mut self, fd: Fd) -> Result<u32> {
        self.call(format!("fstatfs {}", fd.0))?;
        Ok(self.root_magic)
    }

    fn faccessat2_x(&mut self, fd: Fd) -> Result<()> {
        self.call(format!("faccessat2 {}", fd.0))?;
        let executable = self.lookup(&self.fds[&fd.0].path)?.mode & 0o111 != 0;
        if executable { Ok(()) } else { Err(Errno::EACCES) }
    }

    fn mkdirat(&mut self, dir: Fd, path: ZStr<'_>, mode: u32) -> Result<()> {
        self.call(format!("mkdir {} {mode:o}", text(path)))?;
        let full = self.full(dir, path);
        if self.lookup(&full).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.tree.insert(full, self::dir());
        Ok(())
    }

    fn unlinkat(&mut self, dir: Fd, name: ZStr<'_>, flags: u32) -> Result<()> {
        let full = self.full(dir, name);
        let rmdir = flags & AT_REMOVEDIR != 0;
        self.call(format!("{} {full}", if rmdir { "rmdir" } else { "unlink" }))?;
        assert!(full.starts_with('/'), "{full} is not of the initramfs");
        self.tree.remove(&full).map(drop).ok_or(Errno::ENOENT)
    }

    fn mount(
        &mut self,
        source: ZStr<'_>,
        target: ZStr<'_>,
        fstype: ZStr<'_>,
        flags: u32,
        data: ZStr<'_>,
    ) -> Result<()> {
        let words = [text(source), text(target), text(fstype)].join(" ");
        self.call(format!("mount {words} {flags:#x} \"{}\"", text(data)))?;
        let full = self.full(Fd::CWD, target);
        if self.mounts.contains_key(&full) && text(fstype) != "ext4" {
            return Err(Errno::EBUSY);
        }
        let known = self.mountable.keys().find(|known| **known == text(fstype)).copied();
        self.mount_files(known.ok_or(Errno::EINVAL)?, full)
    }

    fn umount2(&mut self, target: ZStr<'_>, flags: u32) -> Result<()> {
        self.call(format!("umount2 {} {flags}", text(target)))?;
        self.mounts.remove(&self.full(Fd::CWD, target));
        Ok(())
    }

    fn fsopen(&mut self, fstype: ZStr<'_>) -> Result<Fd> {
        self.call(format!("fsopen {}", text(fstype)))?;
        Ok(self.open(format!("fs:{}", text(fstype))))
    }

    fn fsmount(&mut self, fs: Fd, attributes: u32) -> Result<Fd> {
        self.call(format!("fsmount {} {attributes:#x}", fs.0))?;
        Ok(self.open("mount:proc".into()))
    }

    fn open_tree(&mut self, dir: Fd, path: ZStr<'_>, flags: u32) -> Result<Fd> {
        self.call(format!("open_tree {} {} {flags:#x}", self.name(dir), text(path)))?;
        Ok(self.open("tree:/".into()))
    }

    fn move_mount(&mut self, from: Fd, from_path: ZStr<'_>, to: Fd, to_path: ZStr<'_>, flags: u32) -> Result<()> {
        let names = [self.name(from), text(from_path).into(), self.name(to), text(to_path).into()].join(" ");
        self.call(format!("move_mount {names} {flags:#x}"))?;
        let target = self.full(to, to_path);
        match from {
            // The new root, onto the initramfs's second mount.
            Fd::CWD if text(from_path) == "." => self.rerooted = true,
            Fd::CWD => {
                let name = self.mounts.remove(&self.full(from, from_path)).ok_or(Errno::EINVAL)?;
                self.mounts.insert(target, name);
            }
            _ if self.fds[&from.0].path == "mount:proc" => self.mount_files("proc", target)?,
            _ => {}
        }
        Ok(())
    }

    fn pivot_root(&mut self, new_root: ZStr<'_>, put_old: ZStr<'_>) -> Result<()> {
        self.call(format!("pivot_root {} {}", text(new_root), text(put_old)))?;
        if !self.pivots_straight && !self.rerooted {
            return Err(Errno::EINVAL);
        }
        self.root = self.cwd.clone();
        Ok(())
    }

    fn chdir(&mut self, path: ZStr<'_>) -> Result<()> {
        self.call(format!("chdir {}", text(path)))?;
        self.cwd = self.crossed(Fd::CWD, path);
        Ok(())
    }

    fn chroot(&mut self, path: ZStr<'_>) -> Result<()> {
        self.call(format!("chroot {}", text(path)))
    }

    fn uevent_socket(&mut self) -> Result<Fd> {
        self.call("socket uevents".into())?;
        Ok(self.open("socket:uevents".into()))
    }

    fn recvfrom<'b>(&mut self, socket: Fd, buffer: &'b mut [u8]) -> Result<(&'b [u8], u32)> {
        self.call(format!("recvfrom {}", socket.0))?;
        match self.uevents.front() {
            Some((at, _)) if *at <= self.now_ms => {}
            _ => return Err(Errno::EAGAIN),
        }
        let (_, message) = self.uevents.pop_front().expect("just seen");
        // A message that starts with `!` is from another process.
        let port = if message.first() == Some(&b'!') { 77 } else { 0 };
        let message = message.strip_prefix(b"!").unwrap_or(&message);
        buffer[..message.len()].copy_from_slice(message);
        Ok((&buffer[..message.len()], port))
    }

    fn ppoll(&mut self, fd: Option<Fd>, timeout_ms: u64) -> Result<bool> {
        self.call(format!("ppoll {} {timeout_ms}", fd.map_or("-".into(), |fd| fd.0.to_string())))?;
        let end = self.now_ms.saturating_add(timeout_ms);
        match self.uevents.front() {
            Some((at, _)) if fd.is_some() && *at <= end => {
                self.now_ms = self.now_ms.max(*at);
                Ok(true)
            }
            _ => {
                self.now_ms = end;
                Ok(false)
            }
        }
    }

    fn finit_module(&mut self, fd: Fd, parameters: ZStr<'_>, flags: u32) -> Result<()> {
        let path = self.fds[&fd.0].path.clone();
        self.call(format!("finit_module {path} \"{}\" {flags}", text(parameters)))?;
        match self.tree[&path].bytes.as_slice() {
            b"loaded" => Err(Errno::EEXIST),
            b"broken" => Err(Errno::ENOEXEC),
            _ => Ok(()),
        }
    }

    fn execve(&mut self, path: ZStr<'_>) -> Errno {
        if let Err(errno) = self.call(format!("execve {}", text(path))) {
            return errno;
        }
        let mut full = self.crossed(Fd::CWD, path);
        if let Some(link) = self.tree.get(&full).filter(|file| file.mode & S_IFLNK == S_IFLNK) {
            full = format!("{}{}", self.root, String::from_utf8_lossy(&link.bytes));
        }
        match self.lookup(&full) {
            Err(errno) => errno,
            Ok(file) if file.mode & 0o111 == 0 => Errno::EACCES,
            Ok(file) if !file.bytes.starts_with(b"\x7fELF") => Errno::ENOEXEC,
            Ok(_) => resume_unwind(Box::new(End::Exec(text(path).into()))),
        }
    }

    fn sync(&mut self) {
        let _ = self.call("sync".into());
    }

    fn reboot(&mut self, command: u32) -> Errno {
        match self.call(format!("reboot {command:#x}")) {
            Ok(()) => resume_unwind(Box::new(End::Reboot(command))),
            Err(errno) => errno,
        }
    }

    fn exit_group(&mut self, status: i32) -> ! {
        resume_unwind(Box::new(End::Exit(status)))
    }
}
