//! A kernel to test with: it records every call as a line, keeps a small tree of files and mounts, and fails the call
//! that it is told to fail.
//!
//! What is mounted stands in the tree under a name of its own (`@proc/cmdline`), which a path leads to by its mount
//! point; below a descriptor of the initramfs's root are the initramfs's own files, whatever is mounted on them.

use super::{Fd, Kernel, Result, Stat};
use crate::buffers::Buffers;
use crate::bytes::{Dev, Text, ZStr};
use crate::device::helpers::Shared;
use crate::disk::Source;
use crate::error::Errno;
use crate::handover::program::tests::elf;
use crate::kmsg::Line;
#[cfg(feature = "layer-verity")]
use crate::layer::dm;
use crate::z;

use linux_raw_sys::general::{
    AT_REMOVEDIR, DT_DIR, DT_REG, O_CLOEXEC, O_CREAT, RAMFS_MAGIC, RESOLVE_NO_SYMLINKS, S_IFBLK, S_IFCHR, S_IFDIR,
    S_IFLNK, S_IFREG,
};
use linux_raw_sys::ioctl::{BLKGETDISKSEQ, BLKSSZGET, BTRFS_IOC_DEVICES_READY, BTRFS_IOC_SCAN_DEV};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ffi::CString;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

mod block;
mod mapper;
pub(crate) use block::Block;
use block::{Listed, partitions};

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
    rdev: Option<Dev>,
}

/// What is made anew whenever it is opened, and how much of it one call reads (`seq_read_iter()` in fs/seq_file.c).
const PARTITIONS: &str = "@proc/partitions";
const PAGE_BYTES: usize = 4096;

const NO_DEV: Option<Dev> = None;

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
    disk(major, minor, [])
}
pub(crate) fn disk(major: u32, minor: u32, bytes: impl AsRef<[u8]>) -> File {
    File { mode: S_IFBLK | 0o600, bytes: bytes.as_ref().to_vec(), rdev: Dev::new(major, minor) }
}
fn char_device() -> File {
    File { mode: S_IFCHR | 0o600, bytes: Vec::new(), rdev: NO_DEV }
}

/// What unwinds a child that hangs.
struct Hangs;

#[derive(Clone)]
pub(crate) struct Open {
    path: String,
    /// The last entry of the directory that was read.
    read: String,
    /// Where the file is read on.
    offset: usize,
}

impl Open {
    fn new(path: String) -> Self {
        Open { path, read: String::new(), offset: 0 }
    }
}

/// The kernel.
#[derive(Clone)]
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
    /// What /proc/partitions says, in the order that the devices were added.
    listed: Vec<Listed>,
    /// The call, by its place, that fails, and how.
    pub(crate) fail: Option<(usize, Errno)>,
    pub(crate) calls: Vec<String>,
    /// What was written to the log and to the console.
    pub(crate) log: Vec<String>,
    /// The same of how long the stages took.
    pub(crate) times: Vec<String>,
    pub(crate) now_ms: u64,
    /// Calls, by how they start, that fail whenever they are made, and how.
    pub(crate) refused: Vec<(&'static str, Errno)>,
    /// What happens right before the first call that starts with this.
    pub(crate) before: Option<(&'static str, fn(&mut Fake))>,
    /// What comes of it when a module, by its file's name, is loaded.
    pub(crate) drivers: Vec<(&'static str, fn(&mut Fake))>,
    /// Devices that don't answer when they are read: nodes, by name. A child that meets one doesn't end.
    pub(crate) hanging: BTreeSet<&'static str>,
    /// They don't even when they are opened.
    pub(crate) hangs_at_open: bool,
    /// When those answer after all.
    pub(crate) hangs_until_ms: u64,
    /// Counts what was attached to the devices that are there.
    pub(crate) diskseq: u64,
    /// Device-mapper's targets, and the minor versions of these; its mappings.
    pub(crate) targets: BTreeMap<&'static str, u32>,
    pub(crate) mappings: Vec<mapper::Mapping>,
    /// What pintle is called by and with.
    pub(crate) arguments: Vec<&'static str>,
    pub(crate) environment: Vec<&'static str>,
    /// With what a child ends that executes something.
    pub(crate) status: i32,
    /// The next process is a child.
    child: bool,
    btrfs_scanned: BTreeSet<String>,
    pub(crate) fds: BTreeMap<i32, Open>,
    /// The devices that mounted file systems are on, by their mounts' names.
    pub(crate) devices: BTreeMap<String, Option<Dev>>,
    /// Mount points, and the names under which what is mounted there stands.
    mounts: BTreeMap<String, String>,
    cwd: String,
    pub(crate) root: String,
    /// What is on top of the root, where there is anything: "/.." leads to it.
    top: Option<String>,
    rerooted: bool,
    stdio: bool,
    line: Line,
    path: Text,
    /// Once it is shared.
    shared: Option<&'static Shared>,
}

impl Fake {
    /// A machine whose command line is `cmdline`, with an ext4 root on /dev/vda, which shows nothing of it.
    pub(crate) fn new(cmdline: &str) -> Self {
        Fake::bare(cmdline).with_block(&Block::disk("vda", (254, 0), Vec::new()))
    }

    /// The same without any block device.
    pub(crate) fn bare(cmdline: &str) -> Self {
        let files =
            |list: &[(&str, File)]| list.iter().map(|(name, file)| ((*name).to_string(), file.clone())).collect();
        let mut fake = Fake {
            pivots_straight: false,
            pid: 1,
            pid_namespace: 0xeffffffc,
            root_magic: RAMFS_MAGIC,
            proc_mounted: false,
            tree: files(&[
                ("/init", file(0o755, elf(""))),
                ("/dev", dir()),
                ("/dev/console", char_device()),
                ("/root", dir()),
                ("/lib", dir()),
                ("/lib/ballast", file(0o644, "")),
            ]),
            mountable: BTreeMap::new(),
            uevents: VecDeque::new(),
            later: Vec::new(),
            listed: Vec::new(),
            fail: None,
            calls: Vec::new(),
            log: Vec::new(),
            times: Vec::new(),
            now_ms: 5_000,
            refused: Vec::new(),
            before: None,
            drivers: Vec::new(),
            hanging: BTreeSet::new(),
            hangs_at_open: false,
            hangs_until_ms: u64::MAX,
            diskseq: 0,
            targets: BTreeMap::new(),
            mappings: Vec::new(),
            arguments: vec!["/init"],
            environment: vec!["HOME=/", "TERM=linux"],
            status: 0,
            child: false,
            btrfs_scanned: BTreeSet::new(),
            fds: BTreeMap::new(),
            devices: BTreeMap::new(),
            mounts: BTreeMap::new(),
            cwd: "/".into(),
            root: String::new(),
            top: None,
            rerooted: false,
            stdio: true,
            line: Line::new(),
            path: Text::new(),
            shared: None,
        };
        fake.mountable.insert(
            "proc",
            files(&[
                ("/cmdline", file(0o444, format!("{cmdline}\n"))),
                ("/partitions", file(0o444, "")),
                ("/filesystems", file(0o444, "nodev\tsysfs\nnodev\tproc\n\text3\n\text4\n\tvfat\n")),
                ("/sys/kernel/printk", file(0o644, "7\t4\t1\t7\n")),
                ("/sys/kernel/osrelease", file(0o444, "6.12.1\n")),
            ]),
        );
        fake.mountable.insert("sysfs", files(&[("/dev/block", dir())]));
        let dev = [
            ("/console", char_device()),
            ("/null", char_device()),
            ("/kmsg", char_device()),
            ("/btrfs-control", char_device()),
        ];
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
                ("/sbin/init", file(0o755, elf(""))),
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

    /// Adds a block device.
    pub(crate) fn with_block(mut self, block: &Block) -> Self {
        for (fstype, path, file) in block.files() {
            self = self.with(fstype, &path, file);
        }
        self.listed.retain(|known| known.dev != block.dev);
        self.listed.push(block.listed(0));
        self
    }

    /// The same, at a time, and the kernel tells of it.
    pub(crate) fn with_block_later(mut self, at_ms: u64, block: &Block) -> Self {
        self.later
            .extend(block.files().into_iter().map(|(fstype, path, file)| (at_ms, format!("@{fstype}{path}"), file)));
        self.uevents.push_back((at_ms, block.message()));
        self.listed.push(block.listed(at_ms));
        self
    }

    /// Lets /proc/partitions have another name of a device that is there.
    pub(crate) fn rename_listed(&mut self, dev: (u32, u32), name: &str) {
        self.listed.iter_mut().filter(|listed| listed.dev == dev).for_each(|listed| listed.rename(name));
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
                self.fds.insert(fd, Open::new("/dev/console".into()));
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

    /// The bytes of a file, by the name that it has in the tree.
    pub(crate) fn bytes_mut(&mut self, path: &str) -> &mut Vec<u8> {
        &mut self.tree.get_mut(path).expect("a file").bytes
    }

    /// The files that are left of those that `new` put into the initramfs.
    pub(crate) fn left(&self) -> Vec<&str> {
        self.tree.keys().map(String::as_str).filter(|path| path.starts_with('/')).collect()
    }

    /// The type of what is mounted at `point` in the real root.
    pub(crate) fn mounted_at(&self, point: &str) -> Option<&str> {
        self.mounts.get(&format!("{}{point}", self.root)).map(|name| name.trim_start_matches('@'))
    }

    /// What the init's descriptors 0 to 2 would be: those that survive an exec.
    pub(crate) fn stdio_paths(&self) -> Vec<&str> {
        (0..=2).filter_map(|fd| self.fds.get(&fd)).map(|open| open.path.as_str()).collect()
    }

    /// The descriptors that are open, but for a mount that is held until the exec.
    pub(crate) fn open_fds(&self) -> Vec<i32> {
        self.fds.iter().filter(|(_, open)| open.path != "tree:/").map(|(fd, _)| *fd).collect()
    }

    /// A child that reads a device which doesn't answer is stopped for good; PID 1 must not do so.
    fn hang(&mut self, path: &str) {
        if self.now_ms < self.hangs_until_ms && self.hanging.contains(path.trim_start_matches("@devtmpfs/")) {
            assert!(self.child, "PID 1 hangs on {path}");
            resume_unwind(Box::new(Hangs));
        }
    }

    fn call(&mut self, line: String) -> Result<()> {
        assert!(self.calls.len() < 100_000, "it doesn't end");
        if let Some((_, happen)) = self.before.take_if(|(start, _)| line.starts_with(*start)) {
            happen(self);
        }
        let refused = self.refused.iter().find(|(start, _)| line.starts_with(start)).copied();
        let failed = self.fail.filter(|(place, _)| *place == self.calls.len()).map(|(_, errno)| errno);
        let failed = failed.or(refused.map(|(_, errno)| errno));
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
        self.through(&self.full(dir, path))
    }

    fn through(&self, full: &str) -> String {
        // The one that is deepest.
        let through = self.mounts.iter().rev().find_map(|(point, name)| {
            let rest = full.strip_prefix(point.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{name}{rest}"))
        });
        through.unwrap_or_else(|| full.into())
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
        self.fds.insert(fd, Open::new(path));
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

    fn partitions(&self) -> Vec<String> {
        partitions(self.listed.iter().filter(|one| one.at_ms <= self.now_ms))
    }

    /// The bytes of /proc/partitions that one call reads at most: what fits into a page, nothing torn apart.
    fn partitions_at(&self, offset: usize) -> usize {
        let mut end = 0;
        let ends = self.partitions().into_iter().map(|record| {
            end += record.len();
            end
        });
        let rest: Vec<_> = ends.filter(|end| *end > offset).map(|end| end - offset).collect();
        // The first is whole, however long.
        rest.iter().rev().copied().find(|length| *length <= PAGE_BYTES).or(rest.first().copied()).unwrap_or(0)
    }

    fn name(&self, fd: Fd) -> String {
        match fd {
            Fd::CWD => "CWD".into(),
            Fd(number) => number.to_string(),
        }
    }

    fn mount_files(&mut self, fstype: &'static str, point: String) -> Result<()> {
        self.lookup(&point).or_else(|_| self.lookup(&self.through(&point)))?;
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

fn leaked(text: &str) -> ZStr<'static> {
    ZStr::of(Box::leak(CString::new(text).expect("no NUL").into_boxed_c_str()))
}

/// A file that is read as a disk.
struct Opened<'f> {
    fake: &'f mut Fake,
    fd: Fd,
}

impl Source for Opened<'_> {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        self.fake.pread(self.fd, buffer, offset).map_or(0, <[u8]>::len)
    }
}

impl Kernel for Fake {
    fn getpid(&mut self) -> i32 {
        // No call that could fail is not recorded.
        self.pid
    }

    fn clock_gettime(&mut self) -> u64 {
        self.now_ms
    }

    fn open(&mut self, path: ZStr<'_>, flags: u32) -> Result<Fd> {
        self.call(format!("open {}", text(path)))?;
        self.come();
        let full = self.crossed(Fd::CWD, path);
        if full == "@proc/self/mountinfo" {
            // The rootfs is its own parent.
            let root = if self.pivots_straight { "2 1" } else { "1 1" };
            self.tree.insert(full.clone(), file(0o444, format!("{root} 0:2 / / rw - rootfs rootfs rw\n")));
        }
        if flags & O_CREAT != 0 {
            self.tree.entry(full.clone()).or_insert_with(|| file(0o644, ""));
        }
        self.lookup(&full)?;
        if full == PARTITIONS {
            self.tree.insert(full.clone(), file(0o444, self.partitions().concat()));
        }
        if self.hangs_at_open {
            self.hang(&full);
        }
        Ok(self.open(full))
    }

    fn path(&mut self) -> &mut Text {
        &mut self.path
    }

    fn open_path(&mut self, flags: u32) -> Result<Fd> {
        let mut path = self.path.clone();
        Kernel::open(self, path.as_z_str().ok_or(Errno::ENAMETOOLONG)?, flags)
    }

    fn openat2_path(&mut self, flags: u32, resolve: u32) -> Result<Fd> {
        let mut path = self.path.clone();
        self.openat2(Fd::CWD, path.as_z_str().ok_or(Errno::ENAMETOOLONG)?, flags | O_CLOEXEC, resolve)
    }

    fn readlink_path(&mut self, to: &mut Text) -> Result<()> {
        let path = String::from_utf8_lossy(self.path.as_bytes()).into_owned();
        self.call(format!("readlink {path}"))?;
        let fd: i32 = path.strip_prefix("/proc/self/fd/").and_then(|fd| fd.parse().ok()).expect("a descriptor");
        let file = self.fds[&fd].path.clone();
        to.set(file.as_bytes());
        Ok(())
    }

    fn openat2(&mut self, dir: Fd, path: ZStr<'_>, _flags: u32, resolve: u32) -> Result<Fd> {
        self.call(format!("openat2 {} {}", self.name(dir), text(path)))?;
        let base = self.full(dir, z!(c""));
        let mut full = format!("{}/{}", base.trim_end_matches('/'), text(path).trim_start_matches('/'));
        if dir == Fd::CWD {
            full = self.through(full.trim_end_matches('/'));
        }
        let mut found = self.lookup(&full)?;
        if found.mode & S_IFLNK == S_IFLNK {
            if resolve & RESOLVE_NO_SYMLINKS != 0 {
                return Err(Errno::ELOOP);
            }
            let target = String::from_utf8_lossy(&found.bytes).into_owned();
            full = format!("{}/{}", base.trim_end_matches('/'), target.trim_start_matches('/'));
            full = self.through(&full);
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
        self.fds.insert(new.0, Open::new(path));
        Ok(())
    }

    fn read(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<u32> {
        self.call(format!("read {}", fd.0))?;
        let Open { path, offset, .. } = self.fds[&fd.0].clone();
        let rest = self.tree[&path].bytes.get(offset..).unwrap_or_default();
        let once = if path == PARTITIONS { self.partitions_at(offset) } else { rest.len() };
        let length = once.min(rest.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        self.fds.get_mut(&fd.0).expect("an open descriptor").offset += length;
        Ok(u32::try_from(length).expect("a length"))
    }

    fn line(&mut self) -> &mut Line {
        &mut self.line
    }

    fn write_line(&mut self, fd: Fd, from: usize) -> Result<i32> {
        let bytes = self.line.text.as_bytes()[from..].to_vec();
        self.write(fd, &bytes)
    }

    fn pread<'b>(&mut self, fd: Fd, buffer: &'b mut [u8], offset: u64) -> Result<&'b [u8]> {
        self.call(format!("pread {} {} {offset}", fd.0, buffer.len()))?;
        let path = self.fds[&fd.0].path.clone();
        self.hang(&path);
        let bytes = &self.tree[&path].bytes;
        let rest = bytes.get(usize::try_from(offset).expect("small")..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        Ok(&buffer[..length])
    }

    fn source(&mut self, fd: Fd) -> impl Source {
        Opened { fake: self, fd }
    }

    fn ioctl_number(&mut self, fd: Fd, request: u32) -> Result<u64> {
        self.call(format!("ioctl {} {request:#x}", fd.0))?;
        match request {
            BLKSSZGET => Ok(512),
            BLKGETDISKSEQ => Ok(self.diskseq),
            _ => Err(Errno::new(25)),
        }
    }

    #[cfg(feature = "layer-verity")]
    fn ioctl_dm(&mut self, fd: Fd, request: u32, page: &mut dm::Page) -> Result<()> {
        let mut bytes = page.to_bytes();
        let done = self.dm_ioctl(fd, request, &mut bytes);
        page.set_bytes(&bytes);
        done
    }

    fn add_key(&mut self, description: ZStr<'_>, payload: &[u8]) -> Result<()> {
        self.call(format!("add_key {} {}", text(description), payload.len()))
    }

    fn ioctl_btrfs(&mut self, fd: Fd, request: u32, path: ZStr<'_>) -> Result<i32> {
        self.call(format!("ioctl {} {request:#x} {}", fd.0, text(path)))?;
        if request == BTRFS_IOC_SCAN_DEV {
            self.btrfs_scanned.insert(text(path).into());
        }
        Ok(i32::from(request == BTRFS_IOC_DEVICES_READY && self.btrfs_scanned.len() < 2))
    }

    fn loop_ctl_get_free(&mut self, control: Fd) -> Result<u32> {
        self.call(format!("ioctl {} 0x4c82", control.0))?;
        Ok(0)
    }

    fn loop_configure(&mut self, device: Fd, file: Fd, block_bytes: u32) -> Result<()> {
        let file = self.fds[&file.0].path.clone();
        self.call(format!("ioctl {} 0x4c0a {file} {block_bytes}", device.0))
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<i32> {
        let path = self.fds.get(&fd.0).ok_or(Errno::new(9))?.path.clone();
        let line = String::from_utf8_lossy(bytes).into_owned();
        self.call(format!("write {path} {}", line.trim_end()))?;
        // Each good boot's, whatever else it says.
        let log = if line.contains("times: ") { &mut self.times } else { &mut self.log };
        log.push(line.trim_end().into());
        Ok(i32::try_from(bytes.len()).expect("short"))
    }

    fn pwrite(&mut self, fd: Fd, bytes: &[u8], offset: u64) -> Result<i32> {
        self.call(format!("pwrite {} {} {offset}", fd.0, bytes.escape_ascii()))?;
        let path = self.fds[&fd.0].path.clone();
        let at = usize::try_from(offset).expect("small");
        self.tree.get_mut(&path).expect("a file").bytes[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(i32::try_from(bytes.len()).expect("short"))
    }

    fn getdents64<'b>(&mut self, fd: Fd, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        self.call(format!("getdents64 {}", fd.0))?;
        let open = self.fds.get_mut(&fd.0).expect("an open descriptor");
        let prefix = format!("{}/", open.path.trim_end_matches('/'));
        let mut bytes = Vec::new();
        let entries = self.tree.iter().filter_map(|(path, file)| Some((path.strip_prefix(&prefix)?, file)));
        let last = std::mem::take(&mut open.read);
        for (name, file) in entries.filter(|(name, _)| !name.contains('/') && **name > *last) {
            let length = (19 + name.len() + 1).next_multiple_of(8);
            let start = bytes.len();
            if start + length > buffer.len() {
                break;
            }
            open.read = name.into();
            bytes.extend_from_slice(&[0; 16]);
            bytes.extend(u16::try_from(length).expect("short").to_le_bytes());
            bytes.push(u8::try_from(if file.mode & S_IFDIR == S_IFDIR { DT_DIR } else { DT_REG }).expect("a byte"));
            bytes.extend_from_slice(name.as_bytes());
            bytes.resize(start + length, 0);
        }
        if bytes.is_empty() {
            open.read = last;
        }
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(&buffer[..bytes.len()])
    }

    fn mmap(&mut self, fd: Fd, length: usize) -> Result<&'static [u8]> {
        self.call(format!("mmap {} {length}", fd.0))?;
        Ok(self.tree[&self.fds[&fd.0].path].bytes.clone().leak())
    }

    fn lseek_end(&mut self, fd: Fd) -> Result<u64> {
        self.call(format!("lseek {}", fd.0))?;
        Ok(self.tree[&self.fds[&fd.0].path].bytes.len() as u64)
    }

    fn statx(&mut self, dir: Fd, path: ZStr<'_>, _flags: u32) -> Result<Stat> {
        self.call(format!("statx {} {}", self.name(dir), text(path)))?;
        self.come();
        if text(path).ends_with("self/ns/pid") {
            let there = self.proc_mounted || dir != Fd::CWD;
            let stat =
                Stat { mode: S_IFREG, ino: self.pid_namespace, rdev: NO_DEV, dev: NO_DEV, is_mount: false, mnt_id: 0 };
            return there.then_some(stat).ok_or(Errno::ENOENT);
        }
        let full = self.crossed(dir, path);
        let file = self.lookup(&full)?;
        let device = self.devices.get(&full).copied().unwrap_or(NO_DEV);
        let is_mount = self.mounts.contains_key(&self.full(dir, path));
        Ok(Stat { mode: file.mode, ino: 1, rdev: file.rdev, dev: device, is_mount, mnt_id: 0 })
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

    fn faccessat2_w(&mut self, path: ZStr<'_>) -> Result<()> {
        self.call(format!("faccessat2 {}", text(path)))?;
        // SquashFS is mounted read-only by itself.
        if self.crossed(Fd::CWD, path).starts_with("@squashfs") { Err(Errno::EROFS) } else { Ok(()) }
    }

    fn mkdirat(&mut self, dir: Fd, path: ZStr<'_>, mode: u32) -> Result<()> {
        self.call(format!("mkdir {} {mode:o}", text(path)))?;
        let full = self.crossed(dir, path);
        if self.lookup(&full).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.tree.insert(full, self::dir());
        Ok(())
    }

    fn symlinkat(&mut self, target: ZStr<'_>, name: ZStr<'_>) -> Result<()> {
        self.call(format!("symlink {} {}", text(target), text(name)))?;
        let full = self.crossed(Fd::CWD, name);
        self.tree.insert(full, link(text(target)));
        Ok(())
    }

    fn unlinkat(&mut self, dir: Fd, name: ZStr<'_>, flags: u32) -> Result<()> {
        let full = self.full(dir, name);
        let rmdir = flags & AT_REMOVEDIR != 0;
        self.call(format!("{} {full}", if rmdir { "rmdir" } else { "unlink" }))?;
        assert!(full.starts_with('/'), "{full} is not of the initramfs");
        let is_in_it = |path: &String| path.rsplit_once('/').is_some_and(|(directory, _)| directory == full);
        if rmdir && self.tree.keys().any(is_in_it) {
            return Err(Errno::ENOTEMPTY);
        }
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
        self.lookup(&full).or_else(|_| self.lookup(&self.through(&full)))?;
        // A type whose driver is a module that isn't there yet; one that is there doesn't fit.
        if known.is_none() && (text(fstype) == "efivarfs" || text(fstype) == "ext4" && !self.drivers.is_empty()) {
            return Err(Errno::ENODEV);
        }
        if let Some(node) = self.tree.get(&self.crossed(Fd::CWD, source)) {
            // btrfs takes a number of its own, of no driver, as does what is on no device.
            let dev = if matches!(text(fstype), "btrfs" | "tmpfs") { Dev::new(0, 40) } else { node.rdev };
            self.devices.insert(format!("@{}", text(fstype)), dev);
        }
        self.mount_files(known.ok_or(Errno::EINVAL)?, full)
    }

    fn umount2(&mut self, target: ZStr<'_>, flags: u32) -> Result<()> {
        self.call(format!("umount2 {} {flags}", text(target)))?;
        let full = self.full(Fd::CWD, target);
        // The working directory is named by what is mounted there.
        self.mounts.retain(|point, name| *point != full && *name != full);
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
        // Of what is open, or of the initramfs.
        let of = if text(path).is_empty() { self.fds[&dir.0].path.clone() } else { "/".into() };
        Ok(self.open(format!("tree:{of}")))
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
            _ if self.fds[&from.0].path.starts_with("tree:@") => {
                let name = self.fds[&from.0].path.trim_start_matches("tree:").to_owned();
                self.mounts.insert(target, name);
            }
            _ if self.fds[&from.0].path == "mount:proc" => self.mount_files("proc", target)?,
            // The initramfs, onto the real root, which is left again.
            _ if text(to_path) == "/" && !self.root.is_empty() => self.top = Some("/".into()),
            _ => {}
        }
        Ok(())
    }

    fn pivot_root(&mut self, new_root: ZStr<'_>, put_old: ZStr<'_>) -> Result<()> {
        self.call(format!("pivot_root {} {}", text(new_root), text(put_old)))?;
        if !self.pivots_straight && !self.rerooted {
            return Err(Errno::EINVAL);
        }
        let root = self.cwd.trim_end_matches('/').to_owned();
        self.top = Some(std::mem::replace(&mut self.root, root));
        Ok(())
    }

    fn chdir(&mut self, path: ZStr<'_>) -> Result<()> {
        self.call(format!("chdir {}", text(path)))?;
        self.cwd = match &self.top {
            Some(top) if text(path) == "/.." => top.clone(),
            _ => self.crossed(Fd::CWD, path),
        };
        Ok(())
    }

    fn chroot(&mut self, path: ZStr<'_>) -> Result<()> {
        self.call(format!("chroot {}", text(path)))
    }

    fn uevent_socket(&mut self) -> Result<Fd> {
        self.call("socket uevents".into())?;
        Ok(self.open("socket:uevents".into()))
    }

    fn recvfrom(&mut self, socket: Fd, buffer: &mut [u8]) -> Result<u32> {
        self.call(format!("recvfrom {}", socket.0))?;
        match self.uevents.front() {
            Some((at, _)) if *at <= self.now_ms => {}
            _ => return Err(Errno::EAGAIN),
        }
        let (_, message) = self.uevents.pop_front().expect("just seen");
        // A message that starts with `!` is from another process.
        let from_kernel = message.first() != Some(&b'!');
        let message = message.strip_prefix(b"!").unwrap_or(&message);
        buffer[..message.len()].copy_from_slice(message);
        Ok(if from_kernel { u32::try_from(message.len()).expect("a short one") } else { 0 })
    }

    fn ppoll(&mut self, fds: &[Fd], timeout_ms: u64) -> Option<Fd> {
        let names: Vec<_> = fds.iter().filter(|fd| fd.0 >= 0).map(|fd| fd.0.to_string()).collect();
        self.call(format!("ppoll {} {timeout_ms}", names.join(","))).ok()?;
        // A negative one is passed over.
        let find = |path: &str| fds.iter().find(|fd| fd.0 >= 0 && self.fds[&fd.0].path == path);
        if let Some(ended) = find("pidfd:ended") {
            return Some(*ended);
        }
        let end = self.now_ms.saturating_add(timeout_ms);
        let message = find("socket:uevents").and_then(|socket| Some((self.uevents.front()?.0, *socket)));
        let answer = find("pidfd:hangs").map(|pidfd| (self.hangs_until_ms, *pidfd));
        let next = message.into_iter().chain(answer).filter(|(at, _)| *at <= end).min_by_key(|(at, _)| *at);
        self.now_ms = next.map_or(end, |(at, _)| self.now_ms.max(at));
        if let Some((_, fd)) = next.filter(|next| Some(*next) == answer) {
            self.fds.get_mut(&fd.0).expect("an open descriptor").path = "pidfd:ended".into();
        }
        next.map(|(_, fd)| fd)
    }

    fn share(&mut self) -> Result<()> {
        self.call("mmap shared".into())?;
        self.shared = Some(Box::leak(Box::new(Shared::new())));
        Ok(())
    }

    fn shared(&mut self) -> &'static Shared {
        self.shared.expect("shared memory")
    }

    fn clone(&mut self) -> Result<Fd> {
        unreachable!("clone")
    }

    /// The child runs to its end before its parent goes on.
    fn fork<T>(&mut self, state: &mut T, job: impl FnOnce(&mut Self, &mut T)) -> Result<Fd> {
        self.call("clone".into())?;
        let pidfd = self.open("pidfd:hangs".into());
        self.child = true;
        // Its table of descriptors is a copy.
        let fds = self.fds.clone();
        let ended = catch_unwind(AssertUnwindSafe(|| job(self, state)));
        self.child = false;
        self.fds = fds;
        match ended {
            Ok(()) => self.fds.get_mut(&pidfd.0).expect("an open descriptor").path = "pidfd:ended".into(),
            // What it executes comes to its end.
            Err(payload) if payload.is::<End>() => {
                if let Some(End::Exit(status)) = payload.downcast_ref() {
                    self.status = *status;
                }
                self.fds.get_mut(&pidfd.0).expect("an open descriptor").path = "pidfd:ended".into();
            }
            Err(payload) if payload.is::<Hangs>() => {}
            Err(panic) => resume_unwind(panic),
        }
        let _ = self.call("exit_group 0".into());
        Ok(pidfd)
    }

    fn waitid(&mut self, pidfd: Fd) -> i32 {
        let _ = self.call(format!("waitid {}", pidfd.0));
        assert_eq!(self.fds[&pidfd.0].path, "pidfd:ended");
        self.status
    }

    fn pdeathsig(&mut self) {
        unreachable!("pdeathsig")
    }

    fn geteuid(&mut self) -> u32 {
        1000
    }

    fn getegid(&mut self) -> u32 {
        1001
    }

    fn login_tty(&mut self) {
        let _ = self.call("login_tty".into());
    }

    fn unshare(&mut self, flags: u32) -> Result<()> {
        self.call(format!("unshare {flags:#x}"))
    }

    fn close_range(&mut self, first: i32) -> Result<()> {
        self.call(format!("close_range {first}"))
    }

    fn argument(&mut self, place: usize) -> Option<ZStr<'static>> {
        self.arguments.get(place).map(|text| leaked(text))
    }

    fn take_argument(&mut self) -> Option<ZStr<'static>> {
        let first = self.argument(0)?;
        self.arguments.remove(0);
        Some(first)
    }

    fn variable(&mut self, place: usize) -> Option<ZStr<'static>> {
        self.environment.get(place).map(|text| leaked(text))
    }

    fn forget_arguments(&mut self) {
        self.arguments.truncate(1);
        self.environment = vec!["HOME=/", "TERM=linux"];
    }

    fn finit_module(&mut self, fd: Fd, parameters: ZStr<'_>, flags: u32) -> Result<()> {
        let path = self.fds[&fd.0].path.clone();
        self.call(format!("finit_module {path} \"{}\" {flags}", text(parameters)))?;
        match self.tree[&path].bytes.as_slice() {
            b"loaded" => Err(Errno::EEXIST),
            b"broken" => Err(Errno::ENOEXEC),
            b"unfit" => Err(Errno::ENODEV),
            _ => {
                let drivers = self.drivers.clone();
                drivers.iter().filter(|(name, _)| path.ends_with(name)).for_each(|(_, driver)| driver(self));
                Ok(())
            }
        }
    }

    fn execve(&mut self) -> Errno {
        self.execve_with(&[])
    }

    fn execve_with(&mut self, arguments: &[ZStr<'_>]) -> Errno {
        let mut path = self.path.clone();
        let Some(path) = path.as_z_str() else { return Errno::ENAMETOOLONG };
        let mut line = format!("execve {}", text(path));
        for argument in arguments.iter().filter(|argument| !argument.to_bytes().is_empty()) {
            line = line + " " + text(*argument);
        }
        if let Err(errno) = self.call(line) {
            return errno;
        }
        let mut full = self.crossed(Fd::CWD, path);
        if let Some(link) = self.tree.get(&full).filter(|file| file.mode & S_IFLNK == S_IFLNK) {
            full = self.through(&format!("{}{}", self.root, String::from_utf8_lossy(&link.bytes)));
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
