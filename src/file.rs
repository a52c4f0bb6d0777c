//! Where bytes become C strings: calls on paths that are put together from parts. One copy of the code and of the
//! buffers, whoever asks.

use crate::bytes::TextBuf;
use crate::error::Errno;
use crate::kernel::{Fd, Kernel, Result, Stat};
use core::ffi::CStr;
use linux_raw_sys::general::{O_CLOEXEC, O_PATH, O_RDONLY, O_WRONLY, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS};

const PATH_BYTES: usize = 512;
/// `PATH_MAX`, and the page that the kernel takes of mount data.
const DATA_BYTES: usize = 4096;

/// Opens the file whose path is the concatenation of `parts`, close-on-exec.
#[inline(never)]
pub fn open<K: Kernel>(kernel: &mut K, parts: &[&[u8]], flags: u32) -> Result<Fd> {
    let mut path = TextBuf::<PATH_BYTES>::new();
    path.extend(parts);
    kernel.openat(Fd::CWD, path.as_c_str().ok_or(Errno::ENAMETOOLONG)?, flags | O_CLOEXEC)
}

/// What the file is, links followed.
pub fn stat<K: Kernel>(kernel: &mut K, parts: &[&[u8]]) -> Result<Stat> {
    let mut path = TextBuf::<PATH_BYTES>::new();
    path.extend(parts);
    kernel.statx(Fd::CWD, path.as_c_str().ok_or(Errno::ENAMETOOLONG)?, 0)
}

/// Reads the file, at most as much as `buffer` holds, by one call: for files of procfs and sysfs.
#[inline(never)]
pub fn read<'b, K: Kernel>(kernel: &mut K, parts: &[&[u8]], buffer: &'b mut [u8]) -> Result<&'b [u8]> {
    let fd = open(kernel, parts, O_RDONLY)?;
    let text = kernel.read(fd, buffer);
    kernel.close(fd);
    text
}

/// Writes `text` to the file.
#[inline(never)]
pub fn write<K: Kernel>(kernel: &mut K, parts: &[&[u8]], text: &[u8]) -> Result<()> {
    let fd = open(kernel, parts, O_WRONLY)?;
    let written = kernel.write(fd, text);
    kernel.close(fd);
    written.map(|_| ())
}

/// mount(2) with names that come from outside.
pub fn mount<K: Kernel>(
    kernel: &mut K,
    source: &[u8],
    target: &CStr,
    fstype: &[u8],
    flags: u32,
    data: &[u8],
) -> Result<()> {
    let mut texts = [const { TextBuf::<DATA_BYTES>::new() }; 3];
    for (text, bytes) in texts.iter_mut().zip([source, fstype, data]) {
        text.push(bytes);
    }
    let [source, fstype, data] = &mut texts;
    let too_long = Errno::ENAMETOOLONG;
    let (source, fstype) = (source.as_c_str().ok_or(too_long)?, fstype.as_c_str().ok_or(too_long)?);
    kernel.mount(source, target, fstype, flags, data.as_c_str().ok_or(too_long)?)
}

/// openat2(2) below the working directory, which is made the root of the whole path.
pub fn open_in_root<K: Kernel>(kernel: &mut K, path: &[u8]) -> Result<Fd> {
    let mut text = TextBuf::<DATA_BYTES>::new();
    text.push(path);
    let resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    kernel.openat2(Fd::CWD, text.as_c_str().ok_or(Errno::ENAMETOOLONG)?, O_PATH | O_CLOEXEC, resolve)
}

/// execve(2); it returns only to say why it failed.
#[inline(never)]
pub fn execve<K: Kernel>(kernel: &mut K, path: &[u8]) -> Errno {
    let mut text = TextBuf::<DATA_BYTES>::new();
    text.push(path);
    text.as_c_str().map_or(Errno::ENAMETOOLONG, |path| kernel.execve(path))
}

/// The bytes of the file, however many.
#[inline(never)]
pub fn map<K: Kernel>(kernel: &mut K, parts: &[&[u8]]) -> Result<&'static [u8]> {
    let fd = open(kernel, parts, O_RDONLY)?;
    let bytes = match kernel.lseek_end(fd) {
        Ok(0) => Ok(&[][..]),
        Ok(length) => kernel.mmap(fd, length),
        Err(errno) => Err(errno),
    };
    kernel.close(fd);
    bytes
}
