//! How long the boot took, stage by stage: a line of the log, and the same in a file for whoever comes later.

use crate::bytes::{Text, part};
use crate::file;
use crate::kernel::Kernel;
use crate::kmsg::{BEHIND_LEVEL, Log};
use crate::message::Message;
use crate::mounts::make_directory;
use crate::z;
use linux_raw_sys::general::{O_CREAT, O_TRUNC};

/// The stages, in their order: until pintle was started, until the modules were loaded, …
#[derive(Clone, Copy)]
#[allow(missing_docs, reason = "the names follow")]
pub enum Stage {
    Kernel,
    Modules,
    Device,
    Mount,
    Init,
}
const NAMES: &[u8] = b"kernel| ms, modules| ms, device| ms, mount| ms, init";

/// When each of them had ended: milliseconds of `CLOCK_MONOTONIC`, 0 for one that hasn't.
pub struct Times([u64; Stage::Init as usize + 1]);

impl Default for Times {
    fn default() -> Self {
        Self::new()
    }
}

impl Times {
    /// None has.
    pub const fn new() -> Self {
        Times([0; Stage::Init as usize + 1])
    }

    /// When pintle was started.
    pub fn started_ms(&self) -> u64 {
        let [kernel, ..] = self.0;
        kernel
    }

    /// This one ends now.
    #[inline(never)]
    pub fn ends<K: Kernel>(&mut self, kernel: &mut K, stage: Stage) {
        if let Some(time) = self.0.get_mut(stage as usize) {
            *time = kernel.clock_gettime();
        }
    }

    /// Says how long each took, and leaves the line in /run/pintle/times. `text` is room for it.
    pub fn say<K: Kernel>(&mut self, log: &mut Log<'_, K>, text: &mut Text) {
        self.ends(log.kernel, Stage::Init);
        text.clear();
        let mut before = 0;
        for (time, place) in self.0.iter().zip(0..) {
            text.push(part(NAMES, b'|', place));
            text.push(b" ");
            // One that was left out took no time.
            text.push_number(time.saturating_sub(before));
            before = before.max(*time);
        }
        log.tell(Message::Times, text.as_bytes());
        make_directory(log.kernel, z!(c"/run/pintle"));
        let _ = file::write_line(log.kernel, file::paths::TIMES, O_CREAT | O_TRUNC, BEHIND_LEVEL);
    }
}
