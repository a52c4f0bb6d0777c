//! Loads modules: those that the image lists, in the list's order, and those that something turns out to need.
//!
//! Holds on entry: nothing but the image. Makes true: each of them, and what it needs, is in the kernel, or a line says why not.

use super::coldplug::Coldplug;
use super::index::{Index, name_of};
use super::order::Order;
use super::{list, words};
use crate::buffers::{CMDLINE_BYTES, Work};
use crate::bytes::{Text, put, same_name, take_part, until};
use crate::dirent::Reader;
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

const LIST: &[u8] = b"/etc/modules-load.d/pintle.conf";

/// The image's modules.
pub struct Modules {
    /// The index was looked for.
    tried: bool,
    /// One was loaded.
    pub(super) loaded: bool,
    /// `uname -r`.
    release: Text,
    /// The parameters of one; until it is loaded, what is put together to find it.
    pub(super) parameters: Text,
    pub(super) index: Index<'static>,
    pub(super) order: Order,
    /// `modules.alias` and `modules.softdep`, once something is wanted that nobody listed.
    pub(super) aliases: Option<&'static [u8]>,
    softdeps: Option<&'static [u8]>,
    /// The command line, up to a NUL.
    line: [u8; CMDLINE_BYTES],
    /// What devices want.
    pub(super) coldplug: Coldplug,
}

impl Default for Modules {
    fn default() -> Self {
        Self::new()
    }
}

impl Modules {
    /// Not looked at yet.
    pub const fn new() -> Self {
        Modules {
            tried: false,
            loaded: false,
            release: Text::new(),
            parameters: Text::new(),
            index: Index::new(),
            order: Order::new(),
            aliases: None,
            softdeps: None,
            line: [0; CMDLINE_BYTES],
            coldplug: Coldplug::new(),
        }
    }

    /// Takes in the command line, for what it says of modules.
    pub fn hear(&mut self, line: &[u8]) {
        put(&mut self.line, 0, line);
    }

    /// Reads the index, the first time. Where the image has modules, but not this kernel's, that is said, and, where `wanted`, that
    /// it has none.
    #[inline(never)]
    fn open<K: Kernel>(&mut self, log: &mut Log<'_, K>, reader: &mut Reader, wanted: bool) {
        if core::mem::replace(&mut self.tried, true) {
            return;
        }
        // Without /proc there is none, and the next step says so.
        let release = file::text(log.kernel, file::paths::OSRELEASE, &[], self.parameters.room());
        self.release.set(until(release, b'\n'));
        let errno = match self.map(log.kernel, b"dep") {
            Ok(text) => return self.index.read(text),
            Err(errno) => errno,
        };
        let release = self.release.as_bytes();
        if let Ok(fd) = file::open(log.kernel, file::paths::MODULES, &[], O_RDONLY) {
            reader.start(fd);
            let is_there = reader.advance(log.kernel) == Ok(true);
            log.kernel.close(fd);
            if is_there && let Some(name) = reader.name() {
                return log.say(Message::OtherModules, &[name.to_bytes(), release]);
            }
        }
        if wanted {
            log.failed(Message::NoModules, release, errno);
        }
    }

    /// One of the files that depmod(8) makes.
    #[inline(never)]
    fn map<K: Kernel>(&self, kernel: &mut K, name: &[u8]) -> Result<&'static [u8]> {
        file::map(kernel, file::paths::MODULE_INDEX, &[self.release.as_bytes(), name])
    }

    /// Reads what tells which modules are for what, the first time; `None` where the image has nothing of it.
    #[inline(never)]
    pub(super) fn open_aliases<K: Kernel>(
        &mut self,
        log: &mut Log<'_, K>,
        reader: &mut Reader,
    ) -> Option<&'static [u8]> {
        self.open(log, reader, false);
        if self.aliases.is_none() {
            self.aliases = self.map(log.kernel, b"alias").ok();
            self.softdeps = self.map(log.kernel, b"softdep").ok();
        }
        self.aliases
    }

    /// Loads the module, and what it needs, unless the command line denies it.
    #[inline(never)]
    pub(super) fn load<K: Kernel>(&mut self, log: &mut Log<'_, K>, name: &[u8], place: u16) {
        if words::about(until(&self.line, 0), name, &mut self.parameters) {
            return;
        }
        self.order.want(place);
        while let Some(path) = self.order.next(&mut self.index, self.softdeps, self.aliases) {
            match self.load_file(log.kernel, path) {
                Ok(()) => self.loaded = true,
                // Built in, or loaded before.
                Err(Errno::EEXIST) => {}
                // The processor hasn't got what it is for: there is another one that does the same.
                Err(Errno::ENODEV) if self.aliases.is_some() => {}
                Err(errno) => log.failed(Message::LoadModule, name_of(path), errno),
            }
        }
    }

    fn load_file<K: Kernel>(&mut self, kernel: &mut K, path: &[u8]) -> Result<()> {
        let fd = file::open(kernel, file::paths::MODULE, &[self.release.as_bytes(), path], O_RDONLY)?;
        // depmod(8) knows `.ko.gz`, `.ko.xz` and `.ko.zst` too.
        let flags = if path.last() == Some(&b'o') { 0 } else { COMPRESSED_FILE };
        words::about(until(&self.line, 0), name_of(path), &mut self.parameters);
        let loaded = match self.parameters.as_z_str() {
            Some(parameters) => kernel.finit_module(fd, parameters, flags),
            None => Err(Errno::ENAMETOOLONG),
        };
        kernel.close(fd);
        loaded
    }

    /// Whether it is built into the kernel.
    fn is_built_in<K: Kernel>(&self, kernel: &mut K, name: &[u8]) -> bool {
        let mut text = self.map(kernel, b"builtin").unwrap_or_default();
        core::iter::from_fn(|| take_part(&mut text, b'\n')).any(|path| same_name(name_of(path), name))
    }
}

/// Loads the modules that the image lists. Without a list there is nothing to do, and nothing to say.
pub fn load_listed<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work) {
    match file::map(log.kernel, LIST, &[]) {
        Ok(names) => load(log, work, names),
        Err(Errno::ENOENT) => {}
        Err(errno) => log.failed(Message::ListModules, LIST, errno),
    }
}

/// Loads the modules that `names` lists, a line each, but those that the command line denies.
#[inline(never)]
pub fn load<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work, mut names: &[u8]) {
    let Work { modules, path: [reader, ..], .. } = work;
    modules.open(log, reader, true);
    let mut left = MAX_LISTED;
    while left > 0
        && let Some(name) = list::next(&mut names)
    {
        left -= 1;
        match modules.index.find(name) {
            Some(place) => modules.load(log, name, place),
            None if modules.index.is_empty() || modules.is_built_in(log.kernel, name) => {}
            None => log.tell(Message::NoSuchModule, name),
        }
    }
}
