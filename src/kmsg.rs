//! What pintle says: one line a message, to the kernel log, and straight to the console only where the console's log
//! level would hide a message that somebody has to see.
//!
//! Holds on entry: nothing; before /dev is mounted messages go to descriptor 2, the console the kernel opened.

use crate::bytes::{Text, take_number};
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel, Result};
use crate::message::Message;
use crate::template::fill;
use linux_raw_sys::general::O_NONBLOCK;

/// The log, and the kernel it is written through: what every stage of the boot works with. (It holds nothing else, and
/// so is never passed on in the compiled program.)
pub struct Log<'k, K> {
    /// The system calls.
    pub kernel: &'k mut K,
}

/// The line that is being written, and where to.
#[derive(Clone)]
pub struct Line {
    /// What stands in it.
    pub text: Text,
    /// A command's lines go to standard output.
    to_stdout: bool,
    /// Whether writing a command's has failed.
    pub failed: bool,
}

impl Line {
    /// An empty one of a boot.
    pub const fn new() -> Self {
        Line { text: Text::new(), to_stdout: false, failed: false }
    }
}

impl Default for Line {
    fn default() -> Self {
        Self::new()
    }
}

impl<'k, K: Kernel> Log<'k, K> {
    /// A log that has said nothing yet.
    pub fn new(kernel: &'k mut K) -> Self {
        Log { kernel }
    }

    /// The same for a command: to standard output.
    pub fn to_stdout(kernel: &'k mut K) -> Self {
        kernel.line().to_stdout = true;
        Log { kernel }
    }

    /// The same for a child of this process.
    pub(crate) fn fork<T>(&mut self, state: &mut T, job: impl FnOnce(&mut Log<'_, K>, &mut T)) -> Result<Fd> {
        self.kernel.fork(state, |kernel, state| job(&mut Log { kernel }, state))
    }

    /// Says `message` of one object, and why.
    #[inline(never)]
    pub fn failed(&mut self, message: Message, object: &[u8], errno: Errno) {
        let mut why = Text::new();
        errno.describe(&mut why);
        self.say(message, &[object, why.as_bytes()]);
    }

    /// Says `message` of one object.
    #[inline(never)]
    pub fn tell(&mut self, message: Message, object: &[u8]) {
        self.say(message, &[object]);
    }

    /// Says `message`, each `%` in it replaced by the next of `objects`, escaped.
    #[inline(never)]
    pub fn say(&mut self, message: Message, objects: &[&[u8]]) {
        let Some((level, template)) = message.template() else { return };
        // The line begins with the level as /dev/kmsg takes it, `<3>`.
        let Line { text, to_stdout, .. } = self.kernel.line();
        text.clear();
        fill(b"<%>pintle: ", &[core::slice::from_ref(level)], false, text);
        fill(template, objects, true, text);
        // Without it the kernel keeps the record open, and from the console, until the next one comes.
        text.push_byte(b'\n');
        if *to_stdout {
            let _ = self.kernel.write_line(Fd(1), BEHIND_LEVEL);
            return;
        }
        // Opened for each line: the rate limit of /dev/kmsg (ten lines in five seconds) is one of each opener, so that
        // none is lost, whatever `printk_devkmsg` says, and there is nothing to put back.
        // Where a new root has put a FIFO in its place that must not block.
        let logged = file::write_line(self.kernel, file::paths::KMSG, O_NONBLOCK, 0).is_ok();
        // What only tells of a success need not be seen.
        if !logged || (*level != b'6' && hides(self.kernel, *level)) {
            // Descriptor 2 is the console, unless the kernel had none: then nobody is left to tell.
            let _ = self.kernel.write_line(Fd(2), BEHIND_LEVEL);
        }
    }
}

/// Where in the line the console's begins.
pub(crate) const BEHIND_LEVEL: usize = b"<3>".len();

/// Whether the console, as `quiet` and `loglevel=` made it, hides `level`: it shows what is below its own. Where
/// /proc can't tell, a message may come twice.
fn hides<K: Kernel>(kernel: &mut K, level: u8) -> bool {
    let mut buffer = [0; 16];
    let mut printk = file::text(kernel, file::paths::PRINTK, &[], &mut buffer);
    take_number(&mut printk, 10).is_none_or(|shown_below| u32::from(level - b'0') >= shown_below)
}
