//! The system calls. Of each the manual page of section 2 says what it does; a SAFETY line here says why what is
//! passed is what the kernel may read and write.

use super::Linux;
use core::ffi::c_char;
use linux_raw_sys::general::{
    __kernel_timespec, AT_EMPTY_PATH, CLOCK_MONOTONIC, FSMOUNT_CLOEXEC, FSOPEN_CLOEXEC, LINUX_REBOOT_MAGIC1,
    LINUX_REBOOT_MAGIC2, MAP_PRIVATE, O_CLOEXEC, POLLIN, PROT_READ, SEEK_END, STATX_INO, STATX_MODE, STATX_TYPE, X_OK,
    fsconfig_command, open_how, pollfd, statfs, statx,
};
use linux_raw_sys::net::{AF_NETLINK, MSG_DONTWAIT, SOCK_RAW};
use linux_raw_sys::netlink::{NETLINK_KOBJECT_UEVENT, sockaddr_nl};
use pintle::bytes::{Dev, ZStr};
use pintle::error::Errno;
use pintle::kernel::{Fd, Kernel, Result, Stat};
use pintle::z;
use syscalls::{Sysno, raw_syscall};

/// The caller's `unsafe` block answers for the arguments.
macro_rules! call {
    ($name:ident $(, $argument:expr)*) => {
        result(raw_syscall!(Sysno::$name $(, $argument)*))
    };
}

/// What the register says: errors are the last 4095 values, and what else is looked at fits an `int`.
#[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "the range is checked")]
fn result(value: usize) -> Result<i32> {
    match value as isize {
        error @ -4095..=-1 => Err(Errno::new(-error as i32)),
        value => Ok(value as i32),
    }
}

/// What a call filled of `buffer`.
fn filled(buffer: &[u8], length: i32) -> &[u8] {
    usize::try_from(length).ok().and_then(|length| buffer.get(..length)).unwrap_or(buffer)
}

fn timespec(milliseconds: u64) -> __kernel_timespec {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or(i64::MAX);
    __kernel_timespec { tv_sec: seconds, tv_nsec: i64::try_from(milliseconds % 1000).unwrap_or(0) * 1_000_000 }
}

impl Kernel for Linux {
    fn getpid(&mut self) -> i32 {
        // SAFETY: takes nothing.
        unsafe { call!(getpid) }.unwrap_or(0)
    }

    fn clock_gettime(&mut self) -> u64 {
        let mut now = timespec(0);
        // SAFETY: the kernel writes one timespec. It can't fail for this clock.
        let _ = unsafe { call!(clock_gettime, CLOCK_MONOTONIC, &raw mut now) };
        let part = |number| u64::try_from(number).unwrap_or(0);
        part(now.tv_sec) * 1000 + part(now.tv_nsec) / 1_000_000
    }

    fn openat(&mut self, dir: Fd, path: ZStr<'_>, flags: u32) -> Result<Fd> {
        // SAFETY: reads a C string.
        unsafe { call!(openat, dir.0, path.as_ptr(), flags, 0) }.map(Fd)
    }

    fn openat2(&mut self, dir: Fd, path: ZStr<'_>, flags: u32, resolve: u32) -> Result<Fd> {
        let how = open_how { flags: flags.into(), mode: 0, resolve: resolve.into() };
        // SAFETY: reads a C string and one open_how of the size given.
        unsafe { call!(openat2, dir.0, path.as_ptr(), &raw const how, size_of::<open_how>()) }.map(Fd)
    }

    fn close(&mut self, fd: Fd) {
        // SAFETY: takes a number; no Rust object owns a descriptor here.
        let _ = unsafe { call!(close, fd.0) };
    }

    fn dup3(&mut self, old: Fd, new: Fd) -> Result<()> {
        // SAFETY: takes numbers; no Rust object owns what `new` was.
        unsafe { call!(dup3, old.0, new.0, 0) }.map(drop)
    }

    fn read<'b>(&mut self, fd: Fd, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        // SAFETY: the kernel writes at most the length given, into a buffer that is ours alone.
        let length = unsafe { call!(read, fd.0, buffer.as_mut_ptr(), buffer.len()) }?;
        Ok(filled(buffer, length))
    }

    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<i32> {
        // SAFETY: the kernel reads the length given.
        unsafe { call!(write, fd.0, bytes.as_ptr(), bytes.len()) }
    }

    fn getdents64<'b>(&mut self, fd: Fd, buffer: &'b mut [u8]) -> Result<&'b [u8]> {
        // SAFETY: the kernel writes at most the length given, into a buffer that is ours alone.
        let length = unsafe { call!(getdents64, fd.0, buffer.as_mut_ptr(), buffer.len()) }?;
        Ok(filled(buffer, length))
    }

    fn mmap(&mut self, fd: Fd, length: usize) -> Result<&'static [u8]> {
        // SAFETY: the kernel chooses a free place.
        let address = unsafe { raw_syscall!(Sysno::mmap, 0, length, PROT_READ, MAP_PRIVATE, fd.0, 0) };
        result(address)?;
        // SAFETY: `length` readable bytes are there now and are never unmapped. Nobody writes to or
        // truncates a file of the initramfs.
        Ok(unsafe { core::slice::from_raw_parts(core::ptr::with_exposed_provenance(address), length) })
    }

    fn lseek_end(&mut self, fd: Fd) -> Result<usize> {
        // SAFETY: takes numbers.
        unsafe { call!(lseek, fd.0, 0, SEEK_END) }.map(|size| usize::try_from(size).unwrap_or(0))
    }

    fn statx(&mut self, dir: Fd, path: ZStr<'_>, flags: u32) -> Result<Stat> {
        // SAFETY: all zeros is a statx.
        let mut stat: statx = unsafe { core::mem::zeroed() };
        // SAFETY: reads a C string and writes one statx.
        unsafe { call!(statx, dir.0, path.as_ptr(), flags, STATX_TYPE | STATX_MODE | STATX_INO, &raw mut stat) }?;
        Ok(Stat {
            mode: stat.stx_mode.into(),
            ino: stat.stx_ino,
            rdev: Dev { major: stat.stx_rdev_major, minor: stat.stx_rdev_minor },
        })
    }

    fn fstatfs(&mut self, fd: Fd) -> Result<u32> {
        // SAFETY: all zeros is a statfs.
        let mut stat: statfs = unsafe { core::mem::zeroed() };
        // SAFETY: the kernel writes one statfs.
        unsafe { call!(fstatfs, fd.0, &raw mut stat) }?;
        // Magic numbers have 32 bits; some fill them, and come sign-extended where the field is a long.
        Ok((stat.f_type & 0xffff_ffff).try_into().unwrap_or(0))
    }

    fn faccessat2_x(&mut self, fd: Fd) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { call!(faccessat2, fd.0, z!(c"").as_ptr(), X_OK, AT_EMPTY_PATH) }.map(drop)
    }

    fn mkdirat(&mut self, dir: Fd, path: ZStr<'_>, mode: u32) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { call!(mkdirat, dir.0, path.as_ptr(), mode) }.map(drop)
    }

    fn unlinkat(&mut self, dir: Fd, name: ZStr<'_>, flags: u32) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { call!(unlinkat, dir.0, name.as_ptr(), flags) }.map(drop)
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
        unsafe { call!(mount, source.as_ptr(), target.as_ptr(), fstype.as_ptr(), flags, data.as_ptr()) }.map(drop)
    }

    fn umount2(&mut self, target: ZStr<'_>, flags: u32) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { call!(umount2, target.as_ptr(), flags) }.map(drop)
    }

    fn fsopen(&mut self, fstype: ZStr<'_>) -> Result<Fd> {
        // SAFETY: reads a C string.
        unsafe { call!(fsopen, fstype.as_ptr(), FSOPEN_CLOEXEC) }.map(Fd)
    }

    fn fsmount(&mut self, fs: Fd, attributes: u32) -> Result<Fd> {
        let (key, source) = (z!(c"source"), z!(c"proc"));
        // SAFETY: reads two C strings. Where it fails the mount has no source, which is but a name.
        let _ =
            unsafe { call!(fsconfig, fs.0, fsconfig_command::FSCONFIG_SET_STRING, key.as_ptr(), source.as_ptr(), 0) };
        // SAFETY: takes numbers; CMD_CREATE has neither key nor value.
        unsafe { call!(fsconfig, fs.0, fsconfig_command::FSCONFIG_CMD_CREATE, 0, 0, 0) }?;
        // SAFETY: takes numbers.
        unsafe { call!(fsmount, fs.0, FSMOUNT_CLOEXEC, attributes) }.map(Fd)
    }

    fn open_tree(&mut self, dir: Fd, path: ZStr<'_>, flags: u32) -> Result<Fd> {
        // SAFETY: reads a C string.
        unsafe { call!(open_tree, dir.0, path.as_ptr(), flags) }.map(Fd)
    }

    fn move_mount(&mut self, from: Fd, from_path: ZStr<'_>, to: Fd, to_path: ZStr<'_>, flags: u32) -> Result<()> {
        // SAFETY: reads two C strings.
        unsafe { call!(move_mount, from.0, from_path.as_ptr(), to.0, to_path.as_ptr(), flags) }.map(drop)
    }

    fn pivot_root(&mut self, new_root: ZStr<'_>, put_old: ZStr<'_>) -> Result<()> {
        // SAFETY: reads two C strings.
        unsafe { call!(pivot_root, new_root.as_ptr(), put_old.as_ptr()) }.map(drop)
    }

    fn chdir(&mut self, path: ZStr<'_>) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { call!(chdir, path.as_ptr()) }.map(drop)
    }

    fn chroot(&mut self, path: ZStr<'_>) -> Result<()> {
        // SAFETY: reads a C string.
        unsafe { call!(chroot, path.as_ptr()) }.map(drop)
    }

    fn uevent_socket(&mut self) -> Result<Fd> {
        // SAFETY: takes numbers.
        let socket = unsafe { call!(socket, AF_NETLINK, SOCK_RAW | O_CLOEXEC, NETLINK_KOBJECT_UEVENT) }.map(Fd)?;
        #[allow(clippy::cast_possible_truncation, reason = "16")]
        const FAMILY: u16 = AF_NETLINK as u16;
        let address = sockaddr_nl { nl_family: FAMILY, nl_pad: 0, nl_pid: 0, nl_groups: 1 };
        // SAFETY: reads one address of the size given.
        let bound = unsafe { call!(bind, socket.0, &raw const address, size_of::<sockaddr_nl>()) };
        match bound {
            Ok(_) => Ok(socket),
            Err(errno) => {
                self.close(socket);
                Err(errno)
            }
        }
    }

    fn recvfrom<'b>(&mut self, socket: Fd, buffer: &'b mut [u8]) -> Result<(&'b [u8], u32)> {
        // A port that isn't the kernel's, until the kernel says so.
        let mut address = sockaddr_nl { nl_family: 0, nl_pad: 0, nl_pid: u32::MAX, nl_groups: 0 };
        let mut address_bytes = u32::try_from(size_of::<sockaddr_nl>()).unwrap_or(0);
        // SAFETY: the kernel writes at most the lengths given, into what is ours alone.
        let length = unsafe {
            call!(
                recvfrom,
                socket.0,
                buffer.as_mut_ptr(),
                buffer.len(),
                MSG_DONTWAIT,
                &raw mut address,
                &raw mut address_bytes
            )
        }?;
        Ok((filled(buffer, length), address.nl_pid))
    }

    fn ppoll(&mut self, fd: Option<Fd>, timeout_ms: u64) -> Result<bool> {
        let mut timeout = timespec(timeout_ms);
        #[allow(clippy::cast_possible_truncation, reason = "1")]
        const READABLE: i16 = POLLIN as i16;
        let mut polled = pollfd { fd: fd.map_or(-1, |fd| fd.0), events: READABLE, revents: 0 };
        // SAFETY: reads and writes one pollfd (a negative fd is passed over) and one timespec; no mask.
        unsafe { call!(ppoll, &raw mut polled, 1, &raw mut timeout, 0, 0) }.map(|ready| ready != 0)
    }

    fn finit_module(&mut self, fd: Fd, parameters: ZStr<'_>, flags: u32) -> Result<()> {
        // SAFETY: reads a C string; what the module does to the kernel is what it is loaded for.
        unsafe { call!(finit_module, fd.0, parameters.as_ptr(), flags) }.map(drop)
    }

    fn execve(&mut self, path: ZStr<'_>) -> Errno {
        let arguments = self.arguments();
        let mut alone: [*const c_char; 2] = [path.as_ptr().cast(), core::ptr::null()];
        let argv = if arguments.has_name() {
            // SAFETY: argc is at least 1, so this is a place of the vector; `path` outlives the call.
            unsafe { *arguments.argv = path.as_ptr().cast() };
            arguments.argv
        } else {
            alone.as_mut_ptr()
        };
        // SAFETY: reads a C string and two vectors of such that end in a null pointer.
        match unsafe { call!(execve, path.as_ptr(), argv, arguments.envp()) } {
            Ok(_) => Errno::EINVAL,
            Err(errno) => errno,
        }
    }

    fn sync(&mut self) {
        // SAFETY: takes nothing.
        let _ = unsafe { call!(sync) };
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
