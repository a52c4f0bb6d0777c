//! Loads the modules that the image lists, in the list's order.
//!
//! Holds on entry: nothing but the image. Makes true: each listed module is in the kernel, or a line says why not.

use super::{dep, list};
use crate::bytes::TextBuf;
use crate::error::Errno;
use crate::file;
use crate::kernel::{Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use linux_raw_sys::general::O_RDONLY;

/// `MODULE_INIT_COMPRESSED_FILE` of include/uapi/linux/module.h, Linux 5.17.
const COMPRESSED_FILE: u32 = 4;
/// So many lines of the list are obeyed, no more.
const MAX_LISTED: usize = 1024;
const FOLDER_BYTES: usize = 96;

/// Loads them. Without a list there is nothing to do, and nothing to say.
#[inline(never)]
pub fn load_listed<K: Kernel>(log: &mut Log<'_, K>) {
    let names = match file::map(log.kernel, &[b"/etc/modules-load.d/pintle.conf"]) {
        Ok(names) => names,
        Err(Errno::ENOENT) => return,
        Err(errno) => return log.say(Message::ListModules, &[], Some(errno)),
    };
    let mut folder = TextBuf::<FOLDER_BYTES>::new();
    folder.push(b"/lib/modules/");
    log.kernel.uname_release(&mut folder);
    let folder = folder.as_bytes();
    let index = match file::map(log.kernel, &[folder, b"/modules.dep"]) {
        Ok(index) => index,
        Err(errno) => return log.failed(Message::NoModules, folder, Some(errno)),
    };
    for name in list::names(names).take(MAX_LISTED) {
        let Some(path) = dep::find(index, name) else {
            log.failed(Message::NoSuchModule, name, None);
            continue;
        };
        match load(log.kernel, folder, path) {
            // Built in, or loaded before.
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => log.failed(Message::LoadModule, name, Some(errno)),
        }
    }
}

#[inline(never)]
fn load<K: Kernel>(kernel: &mut K, folder: &[u8], path: &[u8]) -> Result<()> {
    let fd = file::open(kernel, &[folder, b"/", path], O_RDONLY)?;
    let flags = if path.ends_with(b".ko") { 0 } else { COMPRESSED_FILE };
    let loaded = kernel.finit_module(fd, c"", flags);
    kernel.close(fd);
    loaded
}
