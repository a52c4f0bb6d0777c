//! `init probe` on an image: what it writes is safe to show.

use crate::image::{Image, SECTORS};
use pintle::buffers::Buffers;
use pintle::bytes::{Text, ZStr};
use pintle::device::helpers::Shared;
use pintle::disk::Source;
use pintle::error::Errno;
use pintle::kernel::{Fd, Kernel, Result, Stat};
use pintle::kmsg::Line;
use pintle::tool;
use pintle::z;
use std::cell::RefCell;

/// A kernel that has one file.
struct Machine<'i> {
    image: &'i Image,
    written: Vec<u8>,
    line: Line,
    path: Text,
    words: Vec<ZStr<'static>>,
}

/// Its file, read as a disk.
struct Opened<'m, 'i> {
    machine: &'m mut Machine<'i>,
    fd: Fd,
}

impl Source for Opened<'_, '_> {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        self.machine.pread(self.fd, buffer, offset).map_or(0, <[u8]>::len)
    }
}

macro_rules! never {
    ($($name:ident($($type:ty),*) $(-> $answer:ty)?;)*) => {
        $(fn $name(&mut self, $(_: $type),*) $(-> $answer)? { unreachable!(stringify!($name)) })*
    };
}

impl Kernel for Machine<'_> {
    fn open(&mut self, _: ZStr<'_>, _: u32) -> Result<Fd> {
        Ok(Fd(3))
    }
    fn path(&mut self) -> &mut Text {
        &mut self.path
    }
    fn open_path(&mut self, _: u32) -> Result<Fd> {
        Ok(Fd(3))
    }
    fn close(&mut self, _: Fd) {}
    fn pread<'b>(&mut self, _: Fd, buffer: &'b mut [u8], offset: u64) -> Result<&'b [u8]> {
        let length = self.image.size.saturating_sub(offset).min(buffer.len() as u64);
        let buffer = &mut buffer[..usize::try_from(length).expect("no more than a buffer")];
        self.image.read(offset, buffer);
        Ok(buffer)
    }
    fn source(&mut self, fd: Fd) -> impl Source {
        Opened { machine: self, fd }
    }
    fn write(&mut self, fd: Fd, bytes: &[u8]) -> Result<i32> {
        assert!(matches!(fd, Fd(1 | 2)));
        self.written.extend(bytes);
        Ok(0)
    }
    fn getpid(&mut self) -> i32 {
        2
    }
    fn argument(&mut self, place: usize) -> Option<ZStr<'static>> {
        self.words.get(place).copied()
    }
    fn take_argument(&mut self) -> Option<ZStr<'static>> {
        let first = self.argument(0)?;
        self.words.remove(0);
        Some(first)
    }
    fn variable(&mut self, _: usize) -> Option<ZStr<'static>> {
        None
    }
    fn forget_arguments(&mut self) {}
    fn line(&mut self) -> &mut Line {
        &mut self.line
    }
    fn write_line(&mut self, fd: Fd, from: usize) -> Result<i32> {
        let bytes = self.line.text.as_bytes()[from..].to_vec();
        self.write(fd, &bytes)
    }
    fn ioctl_number(&mut self, _: Fd, _: u32) -> Result<u64> {
        match SECTORS[usize::from(self.image.sector)] {
            0 => Err(Errno::EINVAL),
            sector => Ok(sector),
        }
    }
    fn lseek_end(&mut self, _: Fd) -> Result<u64> {
        Ok(self.image.size)
    }

    never! {
        clock_gettime() -> u64;
        openat2_path(u32, u32) -> Result<Fd>;
        openat2(Fd, ZStr<'_>, u32, u32) -> Result<Fd>;
        read(Fd, &mut [u8]) -> Result<u32>;
        dup3(Fd, Fd) -> Result<()>;
        ioctl_btrfs(Fd, u32, ZStr<'_>) -> Result<i32>;
        loop_ctl_get_free(Fd) -> Result<u32>;
        loop_configure(Fd, Fd, u32) -> Result<()>;
        readlink_path(&mut Text) -> Result<()>;
        ioctl_dm(Fd, u32, &mut pintle::layer::dm::Page) -> Result<()>;
        add_key(ZStr<'_>, &[u8]) -> Result<()>;
        symlinkat(ZStr<'_>, ZStr<'_>) -> Result<()>;
        mmap(Fd, usize) -> Result<&'static [u8]>;
        statx(Fd, ZStr<'_>, u32) -> Result<Stat>;
        fstatfs(Fd) -> Result<u32>;
        faccessat2_x(Fd) -> Result<()>;
        faccessat2_w(ZStr<'_>) -> Result<()>;
        mkdirat(Fd, ZStr<'_>, u32) -> Result<()>;
        unlinkat(Fd, ZStr<'_>, u32) -> Result<()>;
        mount(ZStr<'_>, ZStr<'_>, ZStr<'_>, u32, ZStr<'_>) -> Result<()>;
        umount2(ZStr<'_>, u32) -> Result<()>;
        fsopen(ZStr<'_>) -> Result<Fd>;
        fsmount(Fd, u32) -> Result<Fd>;
        open_tree(Fd, ZStr<'_>, u32) -> Result<Fd>;
        move_mount(Fd, ZStr<'_>, Fd, ZStr<'_>, u32) -> Result<()>;
        pivot_root(ZStr<'_>, ZStr<'_>) -> Result<()>;
        chdir(ZStr<'_>) -> Result<()>;
        chroot(ZStr<'_>) -> Result<()>;
        uevent_socket() -> Result<Fd>;
        ppoll(&[Fd], u64) -> Option<Fd>;
        share() -> Result<()>;
        shared() -> &'static Shared;
        clone() -> Result<Fd>;
        waitid(Fd) -> i32;
        pdeathsig();
        geteuid() -> u32;
        getegid() -> u32;
        unshare(u32) -> Result<()>;
        login_tty();
        close_range(i32) -> Result<()>;
        finit_module(Fd, ZStr<'_>, u32) -> Result<()>;
        execve() -> Errno;
        execve_with(&[ZStr<'_>]) -> Errno;
        sync();
        reboot(u32) -> Errno;
        exit_group(i32) -> !;
    }
    fn fork<T>(&mut self, _: &mut T, _: impl FnOnce(&mut Self, &mut T)) -> Result<Fd> {
        unreachable!("fork")
    }
    fn pwrite(&mut self, _: Fd, _: &[u8], _: u64) -> Result<i32> {
        Err(Errno::EROFS)
    }
    fn getdents64<'b>(&mut self, _: Fd, _: &'b mut [u8]) -> Result<&'b [u8]> {
        unreachable!("getdents64")
    }
    fn recvfrom(&mut self, _: Fd, _: &mut [u8]) -> Result<u32> {
        unreachable!("recvfrom")
    }
}

thread_local! {
    static NAME: RefCell<Names> = RefCell::default();
    static BUFFERS: RefCell<Box<Buffers>> = RefCell::new(Box::new(Buffers::new()));
}

/// Names that were given, each kept once, up to some 20 MiB of them.
#[derive(Default)]
struct Names(Vec<ZStr<'static>>);

impl Names {
    fn keep(&mut self, name: &[u8]) -> ZStr<'static> {
        let known = self.0.iter().find(|known| known.to_bytes() == name);
        match known {
            Some(known) => *known,
            None if self.0.len() == 65_536 => self.0[name.len()],
            None => {
                let kept = [name, b"\0"].concat().leak();
                self.0.push(ZStr::until_nul(kept).expect("a NUL"));
                self.0[self.0.len() - 1]
            }
        }
    }
}

/// What must hold of what is written of an image. The file is called by the first bytes that it holds.
pub fn check(image: &Image) {
    let name = image.runs().first().map_or(&b""[..], |(_, bytes)| bytes);
    let name = &name[..name.iter().position(|byte| *byte == 0).unwrap_or(name.len()).min(300)];
    // For ever, as a process's are.
    let name = NAME.with_borrow_mut(|kept| kept.keep(name));
    let run = || {
        let words = vec![z!(c"init"), z!(c"probe"), name];
        let mut machine = Machine { image, written: Vec::new(), line: Line::new(), path: Text::new(), words };
        let status = BUFFERS.with_borrow_mut(|buffers| tool::run(&mut machine, buffers));
        assert!(matches!(status, 0 | 2));
        assert_eq!(status == 2, machine.written.is_empty());
        machine.written
    };
    let written = run();
    assert_eq!(run(), written);
    let text = std::str::from_utf8(&written).expect("UTF-8");
    assert!(!text.contains(|character: char| character.is_control() && character != '\n'), "{text:?}");
    for line in text.lines() {
        let mut quoted = false;
        let mut bytes = line.bytes();
        while let Some(byte) = bytes.next() {
            match byte {
                b'\\' => drop(bytes.next()),
                b'"' => quoted = !quoted,
                _ => {}
            }
        }
        // A name with a quote stands escaped before them all.
        assert!(!quoted, "{line}");
    }
}
