//! Loads modules for the devices that are there, and for those that come: what each says of itself, its `modalias`, is looked for
//! among the image's `modules.alias`.
//!
//! Each module costs time, most of it the check of its signature. So nothing is loaded as long as the root is there without; then
//! what can carry a root by itself comes first, and everything else after a while in which no root has turned up. What is left
//! is the real system's udev's work.

use super::alias;
use super::load::Modules;
use crate::buffers::Work;
use crate::bytes::{folded, take_part, trim};
use crate::dirent::Reader;
use crate::file;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use linux_raw_sys::general::O_RDONLY;

/// The buses whose devices are looked at (/sys/bus/BUS/devices), in that order, and those whose devices may carry a root by themselves.
const BUSES: &[u8] = b"pci|virtio|vmbus|xen|scsi|mmc|usb|platform|amba|acpi|sdio|nvme|of|pnp";
const FIRST_BUSES: &[u8] = b"pci|virtio|vmbus|xen|scsi|mmc";

/// What carries a root, by what it says of itself: PCI's mass storage (class 1) and SD hosts, disks of hypervisors, SCSI, SD cards,
/// USB's mass storage (class 8).
const STORAGE: &[u8] =
    b"pci:*bc01*|pci:*bc08sc05*|virtio:d0000000[289]v*|virtio:d0000001Av*|vmbus:*|xen:vbd|scsi:*|mmc:block|usb:*ic08*";

/// How long the root has to turn up behind what may carry it before everything else is loaded.
const PATIENCE_MS: u64 = 250;
/// How often all devices are looked at where the kernel doesn't tell of new ones.
const RESCAN_MS: u64 = 1_000;

const ROUND_BYTES: usize = 32 * 1024;
const LENGTH_BYTES: usize = 2;

/// Without the feature nothing is loaded but what the image lists.
const ON: bool = cfg!(feature = "coldplug");

/// What is yet to be done.
pub struct Coldplug {
    /// When the next step is.
    due_ms: u64,
    /// The devices that can carry a root by themselves were seen to.
    seen_first: bool,
    /// What devices say of themselves that is to be looked for by one pass over the aliases, each with its length before it; and how
    /// much that is.
    length: usize,
    round: [u8; ROUND_BYTES],
}

impl Default for Coldplug {
    fn default() -> Self {
        Self::new()
    }
}

impl Coldplug {
    /// All of it.
    pub const fn new() -> Self {
        Coldplug { due_ms: 0, seen_first: false, length: 0, round: [0; ROUND_BYTES] }
    }

    /// Takes in what a device says of itself; false where there is no room for it.
    #[inline(never)]
    fn add(&mut self, modalias: &[u8]) -> bool {
        let rest = self.round.get_mut(self.length..).unwrap_or_default();
        let Some((head, room)) = rest.split_first_chunk_mut::<LENGTH_BYTES>() else { return false };
        let Some(room) = room.get_mut(..modalias.len()) else { return false };
        // It can't be longer than the page that sysfs writes it to.
        let [low, high, ..] = modalias.len().to_le_bytes();
        *head = [low, high];
        room.copy_from_slice(modalias);
        self.length += LENGTH_BYTES + modalias.len();
        true
    }

    /// Whether the pattern stands for one of them. Most are told apart by the last byte of what is literal in it.
    fn wants(&self, pattern: &[u8]) -> bool {
        let literal = pattern.get(..alias::literal(pattern)).unwrap_or_default();
        let mut rest = self.round.get(..self.length).unwrap_or_default();
        while let Some((length, behind)) = rest.split_first_chunk::<LENGTH_BYTES>()
            && let Some((device, behind)) = behind.split_at_checked(u16::from_le_bytes(*length).into())
        {
            if let Some(head) = device.get(..literal.len())
                && head.iter().zip(literal).rev().all(|(one, other)| folded(*one) == folded(*other))
                && alias::fits(pattern, device)
            {
                return true;
            }
            rest = behind;
        }
        false
    }
}

impl Modules {
    /// Milliseconds until something is to be done for the devices that are there.
    pub fn due_in_ms(&self, now_ms: u64) -> u64 {
        if ON { self.coldplug.due_ms.saturating_sub(now_ms) } else { u64::MAX }
    }

    /// Takes in what a device says of itself.
    #[inline(never)]
    pub fn take<K: Kernel>(&mut self, log: &mut Log<'_, K>, modalias: &[u8]) {
        if !ON || self.coldplug.add(modalias) {
            return;
        }
        self.plug(log);
        self.coldplug.add(modalias);
    }

    /// Loads what was taken in wants; whether a module was loaded.
    #[inline(never)]
    pub fn plug<K: Kernel>(&mut self, log: &mut Log<'_, K>) -> bool {
        self.loaded = false;
        if ON && self.coldplug.length != 0 {
            let mut aliases = self.aliases;
            while let Some((pattern, module)) = alias::next(&mut aliases) {
                if self.coldplug.wants(pattern)
                    && let Some(place) = self.index.find(module)
                {
                    self.load(log, module, place);
                }
            }
            self.coldplug.length = 0;
        }
        self.loaded
    }

    /// Loads the driver of a file system; whether there was one.
    #[inline(never)]
    pub fn load_fs<K: Kernel>(&mut self, log: &mut Log<'_, K>, reader: &mut Reader, fstype: &[u8]) -> bool {
        self.load_alias(log, reader, b"fs-", fstype)
    }

    /// Loads the module that has the alias `start` and `end`; whether there was one.
    #[inline(never)]
    pub fn load_alias<K: Kernel>(
        &mut self,
        log: &mut Log<'_, K>,
        reader: &mut Reader,
        start: &[u8],
        end: &[u8],
    ) -> bool {
        if !ON || self.open_aliases(log, reader).is_none() {
            return false;
        }
        self.parameters.set(start);
        self.parameters.push(end);
        // Nothing else was taken in, or it was plugged.
        self.coldplug.add(self.parameters.as_bytes());
        self.plug(log)
    }
}

/// Loads what all devices want that are there, and those that they turn out to have behind them.
pub fn load_all<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work) {
    work.modules.coldplug.seen_first = true;
    // Each module is loaded once.
    while ON && step(log, true, work) {}
}

/// Does the next step; whether a module was loaded, so that there may be new devices. `listens`: whether the kernel will tell of
/// those that come.
#[inline(never)]
pub fn step<K: Kernel>(log: &mut Log<'_, K>, listens: bool, work: &mut Work) -> bool {
    let Work { modules, path: [reader, ..], .. } = work;
    modules.coldplug.due_ms = u64::MAX;
    if modules.open_aliases(log, reader).is_none() {
        return false;
    }
    let is_first = !core::mem::replace(&mut modules.coldplug.seen_first, true);
    walk(log, work, is_first, false);
    let modules = &mut work.modules;
    let loaded = modules.plug(log);
    let pause_ms = match (is_first, listens) {
        (true, _) if !loaded => 0,
        (true, _) => PATIENCE_MS,
        (false, false) => RESCAN_MS,
        (false, true) => return loaded,
    };
    modules.coldplug.due_ms = log.kernel.clock_gettime() + pause_ms;
    loaded
}

/// Says which devices that can carry a root have no driver.
pub fn report<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work) {
    if ON {
        walk(log, work, true, true);
    }
}

/// Takes in what the devices that are there say of themselves, or reports those without a driver; `is_storage`: of those alone
/// that can carry a root.
#[inline(never)]
fn walk<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work, is_storage: bool, reports: bool) {
    let Work { modules, page, path: [reader, ..], .. } = work;
    let mut buses = if is_storage && !reports { FIRST_BUSES } else { BUSES };
    while let Some(bus) = take_part(&mut buses, b'|') {
        let Ok(fd) = file::open(log.kernel, file::paths::BUS, &[bus], O_RDONLY) else { continue };
        reader.start(fd);
        while reader.advance(log.kernel) == Ok(true)
            && let Some(name) = reader.name()
        {
            let device = [bus, name.to_bytes()];
            let modalias = trim(file::text(log.kernel, file::paths::MODALIAS, &device, page));
            if modalias.is_empty() || is_storage && !carries_root(modalias) {
                continue;
            }
            if !reports {
                modules.take(log, modalias);
                continue;
            }
            match file::open(log.kernel, file::paths::DRIVER, &device, O_RDONLY) {
                Ok(fd) => log.kernel.close(fd),
                Err(_) => log.say(Message::NoDriver, &[name.to_bytes(), modalias]),
            }
        }
        log.kernel.close(fd);
    }
}

fn carries_root(modalias: &[u8]) -> bool {
    let mut patterns = STORAGE;
    core::iter::from_fn(|| take_part(&mut patterns, b'|')).any(|pattern| alias::fits(pattern, modalias))
}
