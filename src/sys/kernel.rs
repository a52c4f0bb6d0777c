//! The system calls. Of each the manual page of section 2 says what it does; a SAFETY line here says why what is
//! passed is what the kernel may read and write.

use super::{Linux, start};
use core::ffi::c_char;
use core::mem::MaybeUninit;
use linux_raw_sys::btrfs::{BTRFS_PATH_NAME_MAX, btrfs_ioctl_vol_args};
use linux_raw_sys::general::{
    __kernel_timespec, AT_EMPTY_PATH, CLD_EXITED, CLOCK_MONOTONIC, CLONE_PIDFD, F_SETFL, FSMOUNT_CLOEXEC,
    FSOPEN_CLOEXEC, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED,
    O_CLOEXEC, O_DIRECT, P_PIDFD, POLLIN, PROT_READ, PROT_WRITE, SEEK_END, SIGCHLD, SIGKILL, STATX_ATTR_MOUNT_ROOT,
    STATX_INO, STATX_MNT_ID, STATX_MODE, STATX_TYPE, W_OK, WEXITED, X_OK, fsconfig_command, open_how, pollfd, statfs,
    statx,
};
use linux_raw_sys::ioctl::TIOCSCTTY;
use linux_raw_sys::loop_device::{
    LO_FLAGS_AUTOCLEAR, LO_FLAGS_DIRECT_IO, LO_FLAGS_READ_ONLY, LOOP_CONFIGURE, LOOP_CTL_GET_FREE, loop_config,
};
use linux_raw_sys::net::{AF_NETLINK, MSG_DONTWAIT, SOCK_RAW};
use linux_raw_sys::netlink::{NETLINK_KOBJECT_UEVENT, sockaddr_nl};
use linux_raw_sys::prctl::PR_SET_PDEATHSIG;
use pintle::bytes::{Dev, Text, ZStr};
use pintle::device::helpers::Shared;
use pintle::disk::Source;
use pintle::error::Errno;
use pintle::kernel::{Fd, Kernel, MOST_ARGUMENTS, MOST_POLLED, Result, Stat};
use pintle::kmsg::Line;
#[cfg(feature = "layer-verity")]
use pintle::layer::dm;
use pintle::z;
use syscalls::{Sysno, raw_syscall};

/// A call that returns a number which fits an `int`. The caller's `unsafe` block answers for the arguments.
macro_rules! call {
    ($name:ident $(, $argument:expr)*) => {
        result(int(raw_syscall!(Sysno::$name $(, $argument)*)))
    };
}

/// A call that returns 0.
macro_rules! done {
    ($name:ident $(, $argument:expr)*) => {
        Errno::check(int(raw_syscall!(Sysno::$name $(, $argument)*)))
    };
}

/// The register as an `int`, which is all that there is to most calls' results.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "that is what the kernel put there")]
fn int(value: usize) -> i32 {
    value as i32
}

/// A user's or a group's, which may have all of its 32 bits.
fn id(value: usize) -> u32 {
    int(value).cast_unsigned()
}

/// Errors are negative.
fn result(value: i32) -> Result<i32> {
    if value < 0 { Errno::check(value).map(|()| 0) } else { Ok(value) }
}

/// The same of an address or a size: errors are the last values of the register.
fn result_u64(value: usize) -> Result<u64> {
    if value.cast_signed() < 0 { Errno::check(int(value)).map(|()| 0) } else { Ok(value as u64) }
}

/// What a call filled of `buffer`.
fn filled(buffer: &[u8], length: i32) -> &[u8] {
    buffer.get(..length.cast_unsigned() as usize).unwrap_or(buffer)
}

fn timespec(milliseconds: u64) -> __kernel_timespec {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX);
    __kernel_timespec { tv_sec: seconds, tv_nsec: i64::try_from(milliseconds % 1000).unwrap_or(0) * 1_000_000 }
}

#[inline(never)]
fn openat(path: ZStr<'_>, flags: u32) -> Result<Fd> {
    // SAFETY: reads a C string.
    unsafe { call!(openat, Fd::CWD.0, path.as_ptr(), flags | O_CLOEXEC, 0o644) }.map(Fd)
}

fn openat2(dir: Fd, path: ZStr<'_>, flags: u32, resolve: u32) -> Result<Fd> {
    let how = open_how { flags: flags.into(), mode: 0, resolve: resolve.into() };
    // SAFETY: reads a C string and one open_how of the size given.
    unsafe { call!(openat2, dir.0, path.as_ptr(), &raw const how, size_of::<open_how>()) }.map(Fd)
}

/// A file that is read as a disk. (Without a pointer to [`Linux`], which then isn't passed on to where it is made.)
struct Opened(Fd);

impl Source for Opened {
    #[inline(never)]
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        Linux::new().pread(self.0, buffer, offset).map_or(0, <[u8]>::len)
    }
}

/// As much as the largest page of either architecture: it is mapped by whole pages.
#[repr(align(0x10000))]
struct Page(Shared);

/// What children have in common with their parent, once it is mapped so. (In a place that everybody knows.)
static SHARED: Page = Page(Shared::new());

impl Kernel for Linux {
    fn getpid(&mut self) -> i32 {
        // SAFETY: takes nothing.
        unsafe { call!(getpid) }.unwrap_or(0)
    }

    fn clock_gettime(&mut self) -> u64 {
        let mut now = timespec(0);
        // SAFETY: the kernel writes one timespec. It can't fail for this clock.
        let _ = unsafe { done!(clock_gettime, CLOCK_MONOTONIC, &raw mut now) };
        now.tv_sec.cast_unsigned() * 1000 + now.tv_nsec.cast_unsigned() / 1_000_000
    }

    fn open(&mut self, path: ZStr<'_>, flags: u32) -> Result<Fd> {
        openat(path, flags)
    }

    fn path(&mut self) -> &mut Text {
        start::path(self)
    }

    fn open_path(&mut self, flags: u32) -> Result<Fd> {
        let path = start::path(self).as_z_str().ok_or(Errno::ENAMETOOLONG)?;
        openat(path, flags)
    }

    fn openat2_path(&mut self, flags: u32, resolve: u32) -> Result<Fd> {
        let path = start::path(self).as_z_str().ok_or(Errno::ENAMETOOLONG)?;
        openat2(Fd::CWD, path, flags | O_CLOEXEC, resolve)
    }

    fn readlink_path(&mut self, to: &mut Text) -> Result<()> {
        let buffer = to.room();
        let path = start::path(self).as_z_str().ok_or(Errno::ENAMETOOLONG)?;
        // SAFETY: reads a C string; the kernel writes at most the length given, into a buffer that is ours alone.
        let length = unsafe { call!(readlinkat, Fd::CWD.0, path.as_ptr(), buffer.as_mut_ptr(), buffer.len()) }?;
        to.filled(length.cast_unsigned() as usize);
        Ok(())
    }

    fn openat2(&mut self, dir: Fd, path: ZStr<'_>, flags: u32, resolve: u32) -> Result<Fd> {
        openat2(dir, path, flags, resolve)
    }

    // On x86_64 a call of it would be longer than it is.
    #[cfg_attr(target_arch = "aarch64", inline(never))]
    fn close(&mut self, fd: Fd) {
        // SAFETY: takes a number; no Rust object owns a descriptor here.
        let _ = unsafe { done!(close, fd.int()) };
    }

    fn dup3(&mut self, old: Fd, new: Fd) -> Result<()> {
        // SAFETY: takes numbers; no Rust object owns what `new` was.
        unsafe { call!(dup3, old.int(), new.int(), 0) }.map(drop)
    }

    fn read(&mut self, fd: Fd, buffer: &mut [u8]) -> Result<u32> {
        // SAFETY: the kernel writes at most the length given, into a buffer that is ours alone.
        unsafe { call!(read, fd.int(), buffer.as_mut_ptr(), buffer.len()) }.map(i32::cast_unsigned)
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<i32> {
        // SAFETY: the kernel reads the length given.
        unsafe { call!(write, fd.int(), bytes.as_ptr(), bytes.len()) }
    }

    fn pwrite(&mut self, fd: Fd, bytes: &[u8], offset: u64) -> Result<i32> {
        // SAFETY: the kernel reads the length given.
        unsafe { call!(pwrite64, fd.int(), bytes.as_ptr(), bytes.len(), offset) }
    }

    fn line(&mut self) -> &mut Line {
        self.log_line()
    }

    fn write_line(&mut self, fd: Fd, from: usize) -> Result<i32> {
        let bytes = self.log_line().text.as_bytes();
        // SAFETY: the kernel reads the length given.
        bytes.get(from..).map_or(Ok(0), |bytes| unsafe { call!(write, fd.int(), bytes.as_ptr(), bytes.len()) })
    }

    fn pread<'b>(&mut self, fd: Fd, buffer: &'b mut [u8], offset: u64) -> Result<&'b [u8]> {
        // SAFETY: the kernel writes at most the length given, into a buffer that is ours alone.
        let length = unsafe { call!(pread64, fd.int(), buffer.as_mut_ptr(), buffer.len(), offset) }?;
        Ok(filled(buffer, length))
    }

    fn source(&mut self, fd: Fd) -> impl Source {
        Opened(fd)
    }

    fn ioctl_number(&mut self, fd: Fd, request: u32) -> Result<u64> {
        let mut number = 0u64;
        // SAFETY: the requests that the trait names write 4 or 8 bytes; both architectures are little-endian.
        unsafe { done!(ioctl, fd.int(), request, &raw mut number) }.map(|()| number)
    }

    fn ioctl_btrfs(&mut self, fd: Fd, request: u32, path: ZStr<'_>) -> Result<i32> {
        let mut arguments = btrfs_ioctl_vol_args { fd: 0, name: [0; BTRFS_PATH_NAME_MAX as usize + 1] };
        for (to, from) in arguments.name.iter_mut().zip(path.to_bytes()) {
            *to = c_char::from_ne_bytes([*from]);
        }
        // SAFETY: reads one such struct; its name is shorter than its place, so that a NUL ends it.
        unsafe { call!(ioctl, fd.int(), request, &raw const arguments) }
    }

    fn loop_ctl_get_free(&mut self, control: Fd) -> Result<u32> {
        // SAFETY: takes numbers.
        unsafe { call!(ioctl, control.int(), LOOP_CTL_GET_FREE, 0) }.map(i32::cast_unsigned)
    }

    fn loop_configure(&mut self, device: Fd, file: Fd, block_bytes: u32) -> Result<()> {
        // The driver takes its block size from a file that is open for direct I/O. Where its file system can't it stays as it is.
        // SAFETY: takes numbers.
        let _ = unsafe { done!(fcntl, file.int(), F_SETFL, O_DIRECT) };
        // SAFETY: all of its fields are numbers, which may be 0.
        let mut config: loop_config = unsafe { MaybeUninit::zeroed().assume_init() };
        (config.fd, config.block_size) = (file.int(), block_bytes);
        config.info.lo_flags = LO_FLAGS_READ_ONLY as u32 | LO_FLAGS_AUTOCLEAR as u32 | LO_FLAGS_DIRECT_IO as u32;
        // SAFETY: reads one such struct.
        unsafe { done!(ioctl, device.int(), LOOP_CONFIGURE, &raw const config) }
    }

    #[cfg(feature = "layer-verity")]
    fn ioctl_dm(&mut self, fd: Fd, request: u32, page: &mut dm::Page) -> Result<()> {
        const SIZE: usize = size_of::<dm::Page>();
        // All that the kernel reads and writes.
        page.data_size = u32::try_from(SIZE).unwrap_or(0);
        // SAFETY: the kernel reads and writes so many bytes as it was just told, which are ours alone, and any bytes are one.
        unsafe { done!(ioctl, fd.int(), request, core::ptr::from_mut(page)) }
    }

    fn add_key(&mut self, description: ZStr<'_>, payload: &[u8]) -> Result<()> {
        const THREAD_KEYRING: i32 = -1;
        let kind = z!(c"user");
        let (key, bytes) = (description.as_ptr(), payload.as_ptr());
        // SAFETY: reads two C strings and as many bytes as the length says.
        unsafe { call!(add_key, kind.as_ptr(), key, bytes, payload.len(), THREAD_KEYRING) }.map(drop)
    }

    fn getdents64<'b>(&mut self, fd: Fd, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        // SAFETY: the kernel writes at most the length given, into a buffer that is ours alone.
        let length = unsafe { call!(getdents64, fd.int(), buffer.as_mut_ptr(), buffer.len()) }?;
        Ok(filled(buffer, length))
    }

    fn mmap(&mut self, fd: Fd, length: usize) -> Result<&'static [u8]> {
        // SAFETY: the kernel chooses a free place.
        let address = unsafe { raw_syscall!(Sysno::mmap, 0, length, PROT_READ, MAP_PRIVATE, fd.int(), 0) };
        result_u64(address)?;
        // SAFETY: `length` readable bytes are there now and are never unmapped. Nobody writes to or
        // truncates a file of the initramfs.
        Ok(unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(address), length) })
    }

    fn lseek_end(&mut self, fd: Fd) -> Result<u64> {
        // SAFETY: takes numbers.
        result_u64(unsafe { raw_syscall!(Sysno::lseek, fd.int(), 0, SEEK_END) })
    }

    fn statx(&mut self, dir: Fd, path: ZStr<'_>, flags: u32) -> Result<Stat> {
        let mut stat = MaybeUninit::<statx>::uninit();
        let asked = STATX_TYPE | STATX_MODE | STATX_INO | STATX_MNT_ID;
        // SAFETY: reads a C string and writes one statx.
        unsafe { done!(statx, dir.int(), path.as_ptr(), flags, asked, stat.as_mut_ptr()) }?;
        // SAFETY: written, and any bytes are a statx.
        let stat = unsafe { stat.assume_init_ref() };
        Ok(Stat {
            mode: stat.stx_mode.into(),
            ino: stat.stx_ino,
            rdev: Dev::new(stat.stx_rdev_major, stat.stx_rdev_minor),
            dev: Dev::new(stat.stx_dev_major, stat.stx_dev_minor),
            // An int, until statx(2) is asked for one that is never used again.
            mnt_id: (stat.stx_mnt_id & 0xffff_ffff).try_into().unwrap_or(0),
            is_mount: stat.stx_attributes & u64::from(STATX_ATTR_MOUNT_ROOT) != 0,
        })
    }

    fn fstatfs(&mut self, fd: Fd) -> Result<u32> {
        let mut stat = MaybeUninit::<statfs>::uninit();
        // SAFETY: the kernel writes one statfs.
        unsafe { done!(fstatfs, fd.int(), stat.as_mut_ptr()) }?;
        // SAFETY: written, and any bytes are a statfs.
        let stat = unsafe { stat.assume_init_ref() };
        // Magic numbers have 32 bits; some fill them, and come sign-extended where the field is a long.
        Ok((stat.f_type & 0xffff_ffff).try_into().unwrap_or(0))
    }

    fn faccessat2_x(&mut self, fd: Fd) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { done!(faccessat2, fd.int(), z!(c"").as_ptr(), X_OK, AT_EMPTY_PATH) }
    }

    fn faccessat2_w(&mut self, path: ZStr<'_>) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { call!(faccessat2, Fd::CWD.0, path.as_ptr(), W_OK, 0) }.map(drop)
    }

    #[inline(never)]
    fn mkdirat(&mut self, dir: Fd, path: ZStr<'_>, mode: u32) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { done!(mkdirat, dir.0, path.as_ptr(), mode) }
    }

    fn symlinkat(&mut self, target: ZStr<'_>, name: ZStr<'_>) -> Result<()> {
        // SAFETY: reads two C strings.
        unsafe { done!(symlinkat, target.as_ptr(), Fd::CWD.0, name.as_ptr()) }
    }

    fn unlinkat(&mut self, dir: Fd, name: ZStr<'_>, flags: u32) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { done!(unlinkat, dir.int(), name.as_ptr(), flags) }
    }

    fn mount(
        &mut self,
        source: ZStr<'_>,
        target: ZStr<'_>,
        fstype: ZStr<'_>,
        flags: u32,
        data: ZStr<'_>,
    ) -> Result<()> {
        // SAFETY: reads four C strings; every file system that pintle mounts takes its data as text.
        unsafe { done!(mount, source.as_ptr(), target.as_ptr(), fstype.as_ptr(), flags, data.as_ptr()) }
    }

    #[inline(never)]
    fn umount2(&mut self, target: ZStr<'_>, flags: u32) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { done!(umount2, target.as_ptr(), flags) }
    }

    fn fsopen(&mut self, fstype: ZStr<'_>) -> Result<Fd> {
        // SAFETY: reads a C string.
        unsafe { call!(fsopen, fstype.as_ptr(), FSOPEN_CLOEXEC) }.map(Fd)
    }

    fn fsmount(&mut self, fs: Fd, attributes: u32) -> Result<Fd> {
        let (key, source) = (z!(c"source"), z!(c"proc"));
        // SAFETY: reads two C strings. Where it fails the mount has no source, which is but a name.
        let _ = unsafe {
            done!(fsconfig, fs.int(), fsconfig_command::FSCONFIG_SET_STRING, key.as_ptr(), source.as_ptr(), 0)
        };
        // SAFETY: takes numbers; CMD_CREATE has neither key nor value.
        unsafe { done!(fsconfig, fs.int(), fsconfig_command::FSCONFIG_CMD_CREATE, 0, 0, 0) }?;
        // SAFETY: takes numbers.
        unsafe { call!(fsmount, fs.int(), FSMOUNT_CLOEXEC, attributes) }.map(Fd)
    }

    fn open_tree(&mut self, dir: Fd, path: ZStr<'_>, flags: u32) -> Result<Fd> {
        // SAFETY: reads a C string.
        unsafe { call!(open_tree, dir.0, path.as_ptr(), flags) }.map(Fd)
    }

    fn move_mount(&mut self, from: Fd, from_path: ZStr<'_>, to: Fd, to_path: ZStr<'_>, flags: u32) -> Result<()> {
        // SAFETY: reads two C strings.
        unsafe { done!(move_mount, from.0, from_path.as_ptr(), to.0, to_path.as_ptr(), flags) }
    }

    #[inline(never)]
    fn pivot_root(&mut self, new_root: ZStr<'_>, put_old: ZStr<'_>) -> Result<()> {
        // SAFETY: reads two C strings.
        unsafe { done!(pivot_root, new_root.as_ptr(), put_old.as_ptr()) }
    }

    fn chdir(&mut self, path: ZStr<'_>) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { done!(chdir, path.as_ptr()) }
    }

    fn chroot(&mut self, path: ZStr<'_>) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { done!(chroot, path.as_ptr()) }
    }

    fn uevent_socket(&mut self) -> Result<Fd> {
        // SAFETY: takes numbers.
        let socket = unsafe { call!(socket, AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_KOBJECT_UEVENT) }.map(Fd)?;
        #[allow(clippy::cast_possible_truncation, reason = "16")]
        const FAMILY: u16 = AF_NETLINK as u16;
        let address = sockaddr_nl { nl_family: FAMILY, nl_pad: 0, nl_pid: 0, nl_groups: 1 };
        // SAFETY: reads one address of the size given.
        let bound = unsafe { done!(bind, socket.int(), &raw const address, size_of::<sockaddr_nl>()) };
        match bound {
            Ok(()) => Ok(socket),
            Err(errno) => {
                self.close(socket);
                Err(errno)
            }
        }
    }

    fn recvfrom(&mut self, socket: Fd, buffer: &mut [u8]) -> Result<u32> {
        // A port that isn't the kernel's, until the kernel says so.
        let mut address = sockaddr_nl { nl_family: 0, nl_pad: 0, nl_pid: u32::MAX, nl_groups: 0 };
        let mut address_bytes = u32::try_from(size_of::<sockaddr_nl>()).unwrap_or(0);
        // SAFETY: the kernel writes at most the lengths given, into what is ours alone.
        let length = unsafe {
            call!(
                recvfrom,
                socket.int(),
                buffer.as_mut_ptr(),
                buffer.len(),
                MSG_DONTWAIT,
                &raw mut address,
                &raw mut address_bytes
            )
        }?;
        Ok(if address.nl_pid == 0 { length.cast_unsigned() } else { 0 })
    }

    fn ppoll(&mut self, fds: &[Fd], timeout_ms: u64) -> Option<Fd> {
        let mut timeout = timespec(timeout_ms);
        #[allow(clippy::cast_possible_truncation, reason = "1")]
        const READABLE: i16 = POLLIN as i16;
        let mut polled = [const { pollfd { fd: -1, events: READABLE, revents: 0 } }; MOST_POLLED];
        for (place, fd) in polled.iter_mut().zip(fds) {
            place.fd = fd.0;
        }
        // SAFETY: reads and writes so many pollfds (a negative fd is passed over) and one timespec; no mask.
        let _ = unsafe { call!(ppoll, &raw mut polled, MOST_POLLED, &raw mut timeout, 0, 0) };
        polled.iter().find(|polled| polled.revents != 0).map(|polled| Fd(polled.fd))
    }

    fn share(&mut self) -> Result<()> {
        let (address, length) = (&raw const SHARED, size_of::<Page>());
        let (protection, flags) = (PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
        // SAFETY: replaces pages that hold nothing but atomics, which are 0 afterwards too.
        result_u64(unsafe { raw_syscall!(Sysno::mmap, address, length, protection, flags, -1_i32, 0) }).map(drop)
    }

    fn shared(&mut self) -> &'static Shared {
        &SHARED.0
    }

    #[inline(never)]
    fn clone(&mut self) -> Result<Fd> {
        let mut pidfd = Fd::NONE;
        let flags = CLONE_PIDFD | SIGCHLD;
        // SAFETY: without CLONE_VM the child goes on with a copy of this thread, the only one, and its memory; the kernel
        // writes one int, in the parent's.
        unsafe { call!(clone, flags, 0, &raw mut pidfd.0, 0, 0) }.map(|_| pidfd)
    }

    fn fork<T>(&mut self, state: &mut T, job: impl FnOnce(&mut Self, &mut T)) -> Result<Fd> {
        let child = self.clone()?;
        if child == Fd::NONE {
            job(self, state);
            self.exit_group(0);
        }
        Ok(child)
    }

    #[inline(never)]
    fn waitid(&mut self, pidfd: Fd) -> i32 {
        // A siginfo_t has si_code in the third place of an int, si_status in the seventh (sigaction(2)).
        let mut info = MaybeUninit::<[i32; 32]>::uninit();
        // SAFETY: takes numbers; the kernel writes one siginfo_t, which has 128 bytes.
        if unsafe { done!(waitid, P_PIDFD, pidfd.int(), info.as_mut_ptr(), WEXITED, 0) }.is_err() {
            return 128;
        }
        let info = info.as_ptr().cast::<i32>();
        // SAFETY: the kernel has written these two.
        let (code, status) = unsafe { (*info.add(2), *info.add(6)) };
        if code.cast_unsigned() == CLD_EXITED { status } else { 128 + status }
    }

    fn pdeathsig(&mut self) {
        // SAFETY: takes numbers.
        let _ = unsafe { done!(prctl, PR_SET_PDEATHSIG, SIGKILL) };
    }

    fn geteuid(&mut self) -> u32 {
        // SAFETY: takes nothing.
        id(unsafe { raw_syscall!(Sysno::geteuid) })
    }

    fn getegid(&mut self) -> u32 {
        // SAFETY: takes nothing.
        id(unsafe { raw_syscall!(Sysno::getegid) })
    }

    fn login_tty(&mut self) {
        // SAFETY: takes nothing.
        let _ = unsafe { call!(setsid) };
        // SAFETY: takes numbers.
        let _ = unsafe { done!(ioctl, 0, TIOCSCTTY, 0) };
    }

    fn unshare(&mut self, flags: u32) -> Result<()> {
        // SAFETY: takes a number; no memory is unshared, for no thread shares it.
        unsafe { done!(unshare, flags) }
    }

    fn close_range(&mut self, first: i32) -> Result<()> {
        // SAFETY: takes numbers; no Rust object owns a descriptor here.
        unsafe { done!(close_range, first, u32::MAX, 0) }
    }

    fn argument(&mut self, place: usize) -> Option<ZStr<'static>> {
        self.arguments().get(place)
    }

    #[inline(never)]
    fn take_argument(&mut self) -> Option<ZStr<'static>> {
        let first = self.argument(0)?;
        start::shift();
        Some(first)
    }

    fn variable(&mut self, place: usize) -> Option<ZStr<'static>> {
        self.arguments().variable(place)
    }

    fn forget_arguments(&mut self) {
        start::forget();
    }

    fn finit_module(&mut self, fd: Fd, parameters: ZStr<'_>, flags: u32) -> Result<()> {
        // SAFETY: reads a C string; what the module does to the kernel is what it is loaded for.
        unsafe { done!(finit_module, fd.int(), parameters.as_ptr(), flags) }
    }

    fn execve(&mut self) -> Errno {
        let arguments = self.arguments();
        let Some(path) = start::path(self).as_z_str() else { return Errno::ENAMETOOLONG };
        let argv = arguments.named(path.as_ptr().cast());
        // SAFETY: reads a C string and two vectors of such that end in a null pointer.
        match unsafe { call!(execve, path.as_ptr(), argv, arguments.envp()) } {
            Ok(_) => Errno::EINVAL,
            Err(errno) => errno,
        }
    }

    fn execve_with(&mut self, arguments: &[ZStr<'_>]) -> Errno {
        let Some(path) = start::path(self).as_z_str() else { return Errno::ENAMETOOLONG };
        // The last stays null.
        let mut argv = [core::ptr::null(); MOST_ARGUMENTS + 2];
        let [first, places @ .., _] = &mut argv;
        *first = path.as_ptr();
        let arguments = arguments.iter().filter(|argument| !argument.to_bytes().is_empty());
        for (place, argument) in places.iter_mut().zip(arguments) {
            *place = argument.as_ptr();
        }
        // SAFETY: reads a C string and two vectors of such that end in a null pointer.
        match unsafe { call!(execve, path.as_ptr(), argv.as_ptr(), start::environment()) } {
            Ok(_) => Errno::EINVAL,
            Err(errno) => errno,
        }
    }

    fn sync(&mut self) {
        // SAFETY: takes nothing.
        let _ = unsafe { done!(sync) };
    }

    fn reboot(&mut self, command: u32) -> Errno {
        // SAFETY: takes numbers; these commands have no argument.
        match unsafe { call!(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, 0) } {
            Ok(_) => Errno::EINVAL,
            Err(errno) => errno,
        }
    }

    fn exit_group(&mut self, status: i32) -> ! {
        loop {
            // SAFETY: takes a number; nothing runs after it.
            let _ = unsafe { call!(exit_group, status) };
        }
    }
}
