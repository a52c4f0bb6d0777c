//! What pintle says: one line a message, to the kernel log, and straight to the console only where the console's log
//! level would hide a message that somebody has to see.
//!
//! Holds on entry: nothing; before /dev is mounted messages go to descriptor 2, the console the kernel opened.

use crate::bytes::Text;
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel};
use crate::message::Message;

/// What the console shows without a word on the command line: everything below this (`CONFIG_CONSOLE_LOGLEVEL_DEFAULT`).
const DEFAULT_LOGLEVEL: u32 = 7;

/// The log, and the kernel it is written through: what every stage of the boot works with.
pub struct Log<'k, K> {
    /// The system calls.
    pub kernel: &'k mut K,
    line: &'k mut Text,
    loglevel: u32,
}

impl<'k, K: Kernel> Log<'k, K> {
    /// A log that has said nothing yet.
    pub fn new(kernel: &'k mut K, line: &'k mut Text) -> Self {
        Log { kernel, line, loglevel: DEFAULT_LOGLEVEL }
    }

    /// What `quiet`, `debug` and `loglevel=` made of the console.
    pub fn set_loglevel(&mut self, loglevel: Option<u32>) {
        self.loglevel = loglevel.unwrap_or(DEFAULT_LOGLEVEL);
    }

    /// Says `message` of one object, and why.
    #[inline(never)]
    pub fn failed(&mut self, message: Message, object: &[u8], errno: Errno) {
        let mut why = Text::new();
        errno.describe(&mut why);
        self.say(message, &[object, why.as_bytes()]);
    }

    /// Says `message`, each `%` in it replaced by the next of `objects`, escaped.
    #[inline(never)]
    pub fn say(&mut self, message: Message, objects: &[&[u8]]) {
        let Some((level, template)) = message.template() else { return };
        // The line begins with the level as /dev/kmsg takes it, `<3>`.
        self.line.clear();
        self.line.push(&[b'<', *level, b'>']);
        self.line.push(b"pintle: ");
        self.line.fill(template, objects, true);
        // Opened for each line: the rate limit of /dev/kmsg (ten lines in five seconds) is one of each opener, so that
        // none is lost, whatever `printk_devkmsg` says, and there is nothing to put back.
        let logged = file::write(self.kernel, b"/dev/kmsg", self.line.as_bytes()).is_ok();
        // The console shows what is below its own level; what only tells of a success need not be seen.
        let hidden = *level != b'6' && u32::from(level - b'0') >= self.loglevel;
        if !logged || hidden {
            self.line.push(b"\n");
            let (_level, line) = self.line.as_bytes().split_at_checked(3).unwrap_or_default();
            // Descriptor 2 is the console, unless the kernel had none: then nobody is left to tell.
            let _ = self.kernel.write(Fd(2), line);
        }
    }
}
