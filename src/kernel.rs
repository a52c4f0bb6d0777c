//! The seam: every system call pintle makes, one method each, under the kernel's name. No policy here.
//!
//! The binary implements it with the real calls (`src/sys`), the tests with a recording, fault-injecting fake.
//! Semantics are the manual page's of section 2 under the same name; a method says where it narrows them.

use crate::bytes::{Dev, Text, ZStr};
use crate::device::helpers::Shared;
use crate::disk::Source;
use crate::error::Errno;
use crate::kmsg::Line;
#[cfg(feature = "layer-verity")]
use crate::layer::dm;

#[cfg(test)]
pub(crate) mod fake;

/// What a call returns.
pub type Result<T> = core::result::Result<T, Errno>;

/// Descriptors that [`Kernel::ppoll`] takes.
pub const MOST_POLLED: usize = 16;

/// Arguments that [`Kernel::execve_with`] takes.
pub const MOST_ARGUMENTS: usize = 4;

/// An open file descriptor, or [`Fd::CWD`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fd(pub i32);

impl Fd {
    /// `AT_FDCWD`: paths start at the working directory.
    pub const CWD: Fd = Fd(linux_raw_sys::general::AT_FDCWD);
    /// None.
    pub const NONE: Fd = Fd(-1);

    /// The `int` as a register holds it: of what is above that the kernel takes no notice.
    pub const fn int(self) -> u32 {
        self.0.cast_unsigned()
    }
}

/// What [`Kernel::statx`] tells of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    /// Type and permission bits, `stx_mode`.
    pub mode: u32,
    /// Inode number.
    pub ino: u64,
    /// The device it stands for, when it is a device node.
    pub rdev: Option<Dev>,
    /// The device that its file system is on.
    pub dev: Option<Dev>,
    /// It is the root of a mount (`STATX_ATTR_MOUNT_ROOT`).
    pub is_mount: bool,
    /// The mount that it is reached by, as /proc/self/mountinfo counts them.
    pub mnt_id: u32,
}

impl Stat {
    /// True when the file type bits are `kind` (`S_IFREG`, …).
    pub fn is(&self, kind: u32) -> bool {
        self.mode & linux_raw_sys::general::S_IFMT == kind
    }
}

/// The system calls.
#[allow(missing_docs, reason = "the manual pages under the same names say what each does")]
pub trait Kernel {
    fn getpid(&mut self) -> i32;
    /// Milliseconds of `CLOCK_MONOTONIC`.
    fn clock_gettime(&mut self) -> u64;

    /// Close-on-exec; what `O_CREAT` makes everybody may read.
    fn open(&mut self, path: ZStr<'_>, flags: u32) -> Result<Fd>;
    /// The path that is being put together: no call, but like the calls there is one for the process.
    fn path(&mut self) -> &mut Text;
    /// The same as `open` of that path.
    fn open_path(&mut self, flags: u32) -> Result<Fd>;
    /// openat2(2) of that path below the working directory, close-on-exec.
    fn openat2_path(&mut self, flags: u32, resolve: u32) -> Result<Fd>;
    /// Makes `to` what the link at that path says.
    fn readlink_path(&mut self, to: &mut Text) -> Result<()>;
    /// `resolve` is `RESOLVE_*` of openat2(2).
    fn openat2(&mut self, dir: Fd, path: ZStr<'_>, flags: u32, resolve: u32) -> Result<Fd>;
    /// An error means nothing to the caller: the descriptor is gone either way.
    fn close(&mut self, fd: Fd);
    /// Without `O_CLOEXEC`: the new descriptor survives an exec.
    fn dup3(&mut self, old: Fd, new: Fd) -> Result<()>;
    /// How much of `buffer` was filled; nothing at the end of the file.
    fn read(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<u32>;
    /// The same from `offset` on.
    fn pread<'b>(&mut self, fd: Fd, buffer: &'b mut [u8], offset: u64) -> Result<&'b [u8]>;
    /// pread(2) of this file, for a [`Disk`](crate::disk::Disk).
    fn source(&mut self, fd: Fd) -> impl Source;
    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<i32>;
    /// The same from `offset` on.
    fn pwrite(&mut self, fd: Fd, bytes: &[u8], offset: u64) -> Result<i32>;
    /// The line that the log is writing: no call, but like the calls there is one for the process.
    fn line(&mut self) -> &mut Line;
    /// write(2) of the line, from that byte on.
    fn write_line(&mut self, fd: Fd, from: usize) -> Result<i32>;
    /// An ioctl(2) that answers with one number of 8 bytes at most: `BLKSSZGET`, `BLKGETDISKSEQ`.
    fn ioctl_number(&mut self, fd: Fd, request: u32) -> Result<u64>;
    /// An ioctl(2) with a `struct btrfs_ioctl_vol_args` that names `path`.
    fn ioctl_btrfs(&mut self, fd: Fd, request: u32, path: ZStr<'_>) -> Result<i32>;
    /// `LOOP_CTL_GET_FREE` of loop(4): the number of a loop device that nobody uses.
    fn loop_ctl_get_free(&mut self, control: Fd) -> Result<u32>;
    /// `LOOP_CONFIGURE`: `device` shows what is in `file`, read-only, until nobody has it open any more, by direct I/O where
    /// that is possible; `block_bytes` are its blocks', 0 for those of the file system that `file` is on.
    fn loop_configure(&mut self, device: Fd, file: Fd, block_bytes: u32) -> Result<()>;
    /// An ioctl(2) of device-mapper's control device: a `struct dm_ioctl` with what is behind it, there and back in `page`,
    /// of which the kernel is told the size.
    #[cfg(feature = "layer-verity")]
    fn ioctl_dm(&mut self, fd: Fd, request: u32, page: &mut dm::Page) -> Result<()>;
    /// add_key(2) of a `user` key to the thread's keyring, which an exec empties.
    fn add_key(&mut self, description: ZStr<'_>, payload: &[u8]) -> Result<()>;
    /// The directory entries (`struct linux_dirent64`) that were read; empty at the end.
    fn getdents64<'b>(&mut self, fd: Fd, buffer: &'b mut [u8]) -> Result<&'b [u8]>;
    /// The first `length` bytes of a file, private and read-only, for the rest of the process's life.
    fn mmap(&mut self, fd: Fd, length: usize) -> Result<&'static [u8]>;
    /// The size of the file or block device behind `fd`, by `lseek(fd, 0, SEEK_END)`.
    fn lseek_end(&mut self, fd: Fd) -> Result<u64>;
    fn statx(&mut self, dir: Fd, path: ZStr<'_>, flags: u32) -> Result<Stat>;
    /// `f_type`, the file system's magic number.
    fn fstatfs(&mut self, fd: Fd) -> Result<u32>;
    /// `X_OK` on the file that `fd` itself is (`AT_EMPTY_PATH`).
    fn faccessat2_x(&mut self, fd: Fd) -> Result<()>;
    /// `W_OK` on a path, of which only EROFS is asked for: whether its file system is mounted read-only.
    fn faccessat2_w(&mut self, path: ZStr<'_>) -> Result<()>;
    fn mkdirat(&mut self, dir: Fd, path: ZStr<'_>, mode: u32) -> Result<()>;
    /// `name` becomes a link to `target`, in the working directory.
    fn symlinkat(&mut self, target: ZStr<'_>, name: ZStr<'_>) -> Result<()>;
    fn unlinkat(&mut self, dir: Fd, name: ZStr<'_>, flags: u32) -> Result<()>;

    fn mount(&mut self, source: ZStr<'_>, target: ZStr<'_>, fstype: ZStr<'_>, flags: u32, data: ZStr<'_>)
    -> Result<()>;
    fn umount2(&mut self, target: ZStr<'_>, flags: u32) -> Result<()>;
    fn fsopen(&mut self, fstype: ZStr<'_>) -> Result<Fd>;
    /// `FSCONFIG_SET_STRING` of the source (`proc`), `FSCONFIG_CMD_CREATE`, then `fsmount` with `attributes`: a mount that
    /// is attached nowhere.
    fn fsmount(&mut self, fs: Fd, attributes: u32) -> Result<Fd>;
    fn open_tree(&mut self, dir: Fd, path: ZStr<'_>, flags: u32) -> Result<Fd>;
    fn move_mount(&mut self, from: Fd, from_path: ZStr<'_>, to: Fd, to_path: ZStr<'_>, flags: u32) -> Result<()>;
    fn pivot_root(&mut self, new_root: ZStr<'_>, put_old: ZStr<'_>) -> Result<()>;
    fn chdir(&mut self, path: ZStr<'_>) -> Result<()>;
    fn chroot(&mut self, path: ZStr<'_>) -> Result<()>;

    /// A socket of `NETLINK_KOBJECT_UEVENT`, bound to the kernel's own group (1), close-on-exec.
    fn uevent_socket(&mut self) -> Result<Fd>;
    /// How much of `buffer` one datagram has filled; nothing where it isn't the kernel's (netlink(7): only that one's port is
    /// 0, but any process may send to the group). Doesn't block.
    fn recvfrom(&mut self, socket: Fd, buffer: &mut [u8]) -> Result<u32>;
    /// Waits until one of `fds`, [`MOST_POLLED`] at most, is readable, and says which; `None` after `timeout_ms`, or where it can't.
    fn ppoll(&mut self, fds: &[Fd], timeout_ms: u64) -> Option<Fd>;

    /// Makes what stands in [`Kernel::shared`] one for the process and those that it forks (mmap(2)), and empty.
    fn share(&mut self) -> Result<()>;
    /// What they have in common: no call, but like the calls there is one for all.
    fn shared(&mut self) -> &'static Shared;
    /// A child that goes on with a copy of all there is, as fork(2) makes one. Returns its pidfd, and [`Fd::NONE`] in the child.
    fn clone(&mut self) -> Result<Fd>;
    /// The same of a child that does `job` with its copy of `state`, and exits. Returns its pidfd, which is readable when it has ended.
    fn fork<T>(&mut self, state: &mut T, job: impl FnOnce(&mut Self, &mut T)) -> Result<Fd>;
    /// Waits for a child's end, and reaps it; its exit status, or, as a shell has it, 128 and the signal that killed it.
    fn waitid(&mut self, pidfd: Fd) -> i32;
    /// Has the caller killed when its parent ends (`PR_SET_PDEATHSIG`).
    fn pdeathsig(&mut self);
    fn geteuid(&mut self) -> u32;
    fn getegid(&mut self) -> u32;
    /// Makes the caller the first of a session, and descriptor 0 its terminal, if that can be one (login_tty(3)).
    fn login_tty(&mut self);
    fn unshare(&mut self, flags: u32) -> Result<()>;
    /// All descriptors from `first` on.
    fn close_range(&mut self, first: i32) -> Result<()>;

    /// The argument in this place, of those that are left; 0 was the name that pintle was called by. No call, like `line`.
    fn argument(&mut self, place: usize) -> Option<ZStr<'static>>;
    /// Takes the first argument off the front: an exec passes on what is left.
    fn take_argument(&mut self) -> Option<ZStr<'static>>;
    /// The variable in this place of the environment. No call either.
    fn variable(&mut self, place: usize) -> Option<ZStr<'static>>;
    /// From now on an exec passes on no argument, and the environment that the kernel gives an init by itself.
    fn forget_arguments(&mut self);

    fn finit_module(&mut self, fd: Fd, parameters: ZStr<'_>, flags: u32) -> Result<()>;
    /// Of `path`, with the arguments that are left and the environment that the kernel gave pintle, but `path` as `argv[0]`.
    /// It returns only to say why it failed.
    fn execve(&mut self) -> Errno;
    /// Of the same path, with these arguments, but for empty ones, and the environment that the kernel gives an init by itself.
    fn execve_with(&mut self, arguments: &[ZStr<'_>]) -> Errno;
    fn sync(&mut self);
    /// `LINUX_REBOOT_CMD_*`; it returns only to say why it failed.
    fn reboot(&mut self, command: u32) -> Errno;
    fn exit_group(&mut self, status: i32) -> !;
}
