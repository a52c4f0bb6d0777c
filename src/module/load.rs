//! Loads the modules that the image lists, in the list's order.
//!
//! Holds on entry: nothing but the image. Makes true: each listed module is in the kernel, or a line says why not.

use super::{dep, list};
use crate::buffers::Work;
use crate::bytes::until;
use crate::error::Errno;
use crate::file;
use crate::kernel::{Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use crate::z;
use linux_raw_sys::general::O_RDONLY;

/// `MODULE_INIT_COMPRESSED_FILE` of include/uapi/linux/module.h, Linux 5.17.
const COMPRESSED_FILE: u32 = 4;
/// So many lines of the list are obeyed, no more.
const MAX_LISTED: usize = 1024;

const LIST: &[u8] = b"/etc/modules-load.d/pintle.conf";

/// Loads them. Without a list there is nothing to do, and nothing to say.
pub fn load_listed<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work) {
    match file::map(log.kernel, LIST, &[]) {
        Ok(names) => load(log, work, names),
        Err(Errno::ENOENT) => {}
        Err(errno) => log.failed(Message::ListModules, LIST, errno),
    }
}

/// Loads the modules that `names` lists, a line each.
#[inline(never)]
pub fn load<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work, mut names: &[u8]) {
    // Without /proc there is none, and the next step says so.
    let release = file::text(log.kernel, b"/proc/sys/kernel/osrelease", &[], &mut work.page);
    let release = until(release, b'\n');
    let index = match file::map(log.kernel, b"/lib/modules/%/modules.dep", &[release]) {
        Ok(index) => index,
        Err(errno) => return log.failed(Message::NoModules, release, errno),
    };
    let mut left = MAX_LISTED;
    while left > 0
        && let Some(name) = list::next(&mut names)
    {
        left -= 1;
        let Some(path) = dep::find(index, name) else {
            log.say(Message::NoSuchModule, &[name]);
            continue;
        };
        match load_file(log.kernel, release, path) {
            // Built in, or loaded before.
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => log.failed(Message::LoadModule, name, errno),
        }
    }
}

fn load_file<K: Kernel>(kernel: &mut K, release: &[u8], path: &[u8]) -> Result<()> {
    let fd = file::open(kernel, b"/lib/modules/%/%", &[release, path], O_RDONLY)?;
    // depmod(8) knows `.ko.gz`, `.ko.xz` and `.ko.zst` too.
    let flags = if path.last() == Some(&b'o') { 0 } else { COMPRESSED_FILE };
    let loaded = kernel.finit_module(fd, z!(c""), flags);
    kernel.close(fd);
    loaded
}
