//! Where bytes become C strings: calls on paths that are put together from a template and what fills it
//! ([`crate::template`]). One copy of the code, whoever asks.

use crate::bytes::{Text, ZStr};
use crate::error::Errno;
use crate::kernel::{Fd, Kernel, Result};
use crate::template::fill;
use linux_raw_sys::general::{
    O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK, O_PATH, O_RDONLY, O_WRONLY, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS,
};

#[inline(never)]
fn c_str<'t>(text: &'t mut Text, template: &[u8], objects: &[&[u8]]) -> Result<ZStr<'t>> {
    fill(text, template, objects, false);
    text.as_z_str().ok_or(Errno::ENAMETOOLONG)
}

/// Opens the file, close-on-exec.
#[inline(never)]
pub fn open<K: Kernel>(kernel: &mut K, path: &[u8], objects: &[&[u8]], flags: u32) -> Result<Fd> {
    let mut text = Text::new();
    kernel.openat(Fd::CWD, c_str(&mut text, path, objects)?, flags | O_CLOEXEC)
}

/// Reads the file, at most as much as `buffer` holds, by one call: for files of procfs and sysfs.
#[inline(never)]
pub fn read<'b, K: Kernel>(kernel: &mut K, path: &[u8], objects: &[&[u8]], buffer: &'b mut [u8]) -> Result<&'b [u8]> {
    let fd = open(kernel, path, objects, O_RDONLY)?;
    let text = kernel.read(fd, buffer);
    kernel.close(fd);
    text
}

/// Writes `text` to the file.
pub fn write<K: Kernel>(kernel: &mut K, path: &[u8], text: &[u8]) -> Result<i32> {
    // A new root may have put anything there: no link is followed, and a FIFO must not block.
    let fd = open(kernel, path, &[], O_WRONLY | O_NONBLOCK | O_NOFOLLOW)?;
    let written = kernel.write(fd, text);
    kernel.close(fd);
    written
}

/// The bytes of the file, however many.
#[inline(never)]
pub fn map<K: Kernel>(kernel: &mut K, path: &[u8], objects: &[&[u8]]) -> Result<&'static [u8]> {
    let fd = open(kernel, path, objects, O_RDONLY)?;
    let bytes = match kernel.lseek_end(fd) {
        Ok(0) => Ok(&[][..]),
        Ok(length) => kernel.mmap(fd, length),
        Err(errno) => Err(errno),
    };
    kernel.close(fd);
    bytes
}

/// openat2(2) below the working directory, which is made the root of the whole path.
pub fn open_in_root<K: Kernel>(kernel: &mut K, path: &[u8]) -> Result<Fd> {
    let mut text = Text::new();
    let resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    kernel.openat2(Fd::CWD, c_str(&mut text, b"%", &[path])?, O_PATH | O_CLOEXEC, resolve)
}

/// execve(2); it returns only to say why it failed.
pub fn execve<K: Kernel>(kernel: &mut K, path: &[u8]) -> Errno {
    let mut text = Text::new();
    match c_str(&mut text, b"%", &[path]) {
        Ok(path) => kernel.execve(path),
        Err(errno) => errno,
    }
}
