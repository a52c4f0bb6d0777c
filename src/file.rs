//! Where bytes become C strings: calls on paths that are put together from a template and what fills it
//! ([`crate::template`]). One copy of the code, whoever asks.

use crate::bytes::Text;
use crate::error::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::packed;
use crate::template::fill;
use linux_raw_sys::general::{O_NOFOLLOW, O_RDONLY, O_WRONLY, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS};

macro_rules! paths {
    ($($name:ident $text:literal)*) => {
        /// The templates, packed, as every other text that [`fill`] reads. (Those that a message names are where they are used.)
        #[allow(missing_docs, reason = "the text says it")]
        pub mod paths {
            $(pub const $name: &[u8] = super::packed!($text);)*

            #[cfg(test)]
            pub(crate) fn texts() -> Vec<&'static [u8]> {
                vec![$($text),*]
            }
        }
    };
}
paths! {
    DEV b"/dev/%"
    KMSG b"/dev/kmsg"
    PARTITIONS b"/proc/partitions"
    FILESYSTEMS b"/proc/filesystems"
    PNP b"/proc/net/pnp"
    PRINTK b"/proc/sys/kernel/printk"
    OSRELEASE b"/proc/sys/kernel/osrelease"
    MOUNTINFO b"/proc/self/mountinfo"
    SETGROUPS b"/proc/self/setgroups"
    UID_MAP b"/proc/self/uid_map"
    GID_MAP b"/proc/self/gid_map"
    MODULES b"/lib/modules"
    MODULE b"/lib/modules/%/%"
    MODULE_INDEX b"/lib/modules/%/modules.%"
    BUS b"/sys/bus/%/devices"
    MODALIAS b"/sys/bus/%/devices/%/modalias"
    DRIVER b"/sys/bus/%/devices/%/driver"
    RESUME b"/sys/power/resume"
    RESUME_OFFSET b"/sys/power/resume_offset"
    FSCK b"/sbin/fsck.%"
    CHECKED b"/run/initramfs/fsck-%"
    TIMES b"/run/pintle/times"
}

/// Makes [`Kernel::path`] what `template` becomes with `objects` in it.
#[inline(never)]
pub fn set_path<K: Kernel>(kernel: &mut K, template: &[u8], objects: &[&[u8]]) {
    let path = kernel.path();
    path.clear();
    fill(template, objects, false, path);
}

/// Opens the file, close-on-exec.
#[inline(never)]
pub fn open<K: Kernel>(kernel: &mut K, path: &[u8], objects: &[&[u8]], flags: u32) -> Result<Fd> {
    set_path(kernel, path, objects);
    kernel.open_path(flags)
}

/// Opens the device.
#[inline(never)]
pub fn open_dev<K: Kernel>(kernel: &mut K, name: &[u8], flags: u32) -> Result<Fd> {
    open(kernel, paths::DEV, &[name], flags)
}

/// Reads the start of the device.
#[cfg(feature = "layer-verity")]
pub fn read_dev<K: Kernel>(kernel: &mut K, name: &[u8], buffer: &mut [u8]) -> Result<u32> {
    let fd = open_dev(kernel, name, O_RDONLY)?;
    read_and_close(kernel, fd, buffer)
}

/// Reads the file, at most as much as `buffer` holds, by one call: for files of procfs and sysfs. Returns how much that
/// was. (In a register; the part of the buffer isn't.)
#[inline(never)]
pub fn read<K: Kernel>(kernel: &mut K, path: &[u8], objects: &[&[u8]], buffer: &mut [u8]) -> Result<u32> {
    let fd = open(kernel, path, objects, O_RDONLY)?;
    read_and_close(kernel, fd, buffer)
}

/// What was read; nothing where it can't be read.
#[inline(never)]
pub fn text<'b, K: Kernel>(kernel: &mut K, path: &[u8], objects: &[&[u8]], buffer: &'b mut [u8]) -> &'b [u8] {
    let length = read(kernel, path, objects, buffer).unwrap_or(0);
    buffer.get(..length as usize).unwrap_or_default()
}

/// All of the file, as much as `buffer` holds, by as many calls as it takes; nothing where it can't be read.
pub fn read_all<'b, K: Kernel>(kernel: &mut K, path: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    let mut length = 0;
    if let Ok(fd) = open(kernel, path, &[], O_RDONLY) {
        while let Some(rest) = buffer.get_mut(length..)
            && let Ok(part @ 1..) = kernel.read(fd, rest)
        {
            length += part as usize;
        }
        kernel.close(fd);
    }
    buffer.get(..length).unwrap_or_default()
}

/// Writes `bytes` to a file of sysfs.
pub fn write<K: Kernel>(kernel: &mut K, path: &[u8], bytes: &[u8]) -> Result<()> {
    let fd = open(kernel, path, &[], O_WRONLY)?;
    let written = kernel.write(fd, bytes);
    kernel.close(fd);
    written.map(drop)
}

/// Writes the log's line to the file, from the byte `from` on. No link is followed: a new root may have put anything there.
pub fn write_line<K: Kernel>(kernel: &mut K, path: &[u8], flags: u32, from: usize) -> Result<i32> {
    let fd = open(kernel, path, &[], flags | O_WRONLY | O_NOFOLLOW)?;
    let written = kernel.write_line(fd, from);
    kernel.close(fd);
    written
}

/// The bytes of the file, however many.
#[inline(never)]
pub fn map<K: Kernel>(kernel: &mut K, path: &[u8], objects: &[&[u8]]) -> Result<&'static [u8]> {
    let fd = open(kernel, path, objects, O_RDONLY)?;
    let bytes = match kernel.lseek_end(fd) {
        Ok(0) => Ok(&[][..]),
        Ok(length) => kernel.mmap(fd, usize::try_from(length).unwrap_or(usize::MAX)),
        Err(errno) => Err(errno),
    };
    kernel.close(fd);
    bytes
}

/// How large the file or the device is; 0 where that can't be told.
#[inline(never)]
pub fn size<K: Kernel>(kernel: &mut K, fd: Fd) -> u64 {
    kernel.lseek_end(fd).unwrap_or(0)
}

/// openat2(2) of [`Kernel::path`] below the working directory, which is made the root of the whole path.
#[inline(never)]
pub fn open_in_root<K: Kernel>(kernel: &mut K, flags: u32) -> Result<Fd> {
    kernel.openat2_path(flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
}

/// Where the file behind `fd` is: `to` is that then.
pub fn path_of<K: Kernel>(kernel: &mut K, fd: Fd, to: &mut Text) -> Result<()> {
    let path = kernel.path();
    path.set(b"/proc/self/fd/");
    path.push_number(fd.int().into());
    kernel.readlink_path(to)
}

/// Reads the start of the file that [`open_in_root`] finds, as much of it as `buffer` holds. Returns how much that was.
pub fn read_in_root<K: Kernel>(kernel: &mut K, buffer: &mut [u8]) -> Result<u32> {
    let fd = open_in_root(kernel, O_RDONLY)?;
    read_and_close(kernel, fd, buffer)
}

/// One call of read(2), and the close.
#[inline(never)]
fn read_and_close<K: Kernel>(kernel: &mut K, fd: Fd, buffer: &mut [u8]) -> Result<u32> {
    let length = kernel.read(fd, buffer);
    kernel.close(fd);
    length
}

/// execve(2); it returns only to say why it failed.
pub fn execve<K: Kernel>(kernel: &mut K, path: &[u8]) -> Errno {
    kernel.path().set(path);
    kernel.execve()
}
