//! What pintle says: one line a message, to the kernel log, and straight to the console only where the console's log
//! level would hide a message that somebody has to see.
//!
//! Holds on entry: nothing; before /dev is mounted messages go to descriptor 2, the console the kernel opened.

use crate::bytes::{Text, take_number};
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel};
use crate::message::Message;
use crate::template::fill;

/// The log, and the kernel it is written through: what every stage of the boot works with.
pub struct Log<'k, K> {
    /// The system calls.
    pub kernel: &'k mut K,
    line: &'k mut Text,
}

impl<'k, K: Kernel> Log<'k, K> {
    /// A log that has said nothing yet.
    pub fn new(kernel: &'k mut K, line: &'k mut Text) -> Self {
        Log { kernel, line }
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
        fill(self.line, template, objects, true);
        // Without it the kernel keeps the record open, and from the console, until the next one comes.
        self.line.push(b"\n");
        // Opened for each line: the rate limit of /dev/kmsg (ten lines in five seconds) is one of each opener, so that
        // none is lost, whatever `printk_devkmsg` says, and there is nothing to put back.
        let logged = file::write(self.kernel, b"/dev/kmsg", self.line.as_bytes()).is_ok();
        // What only tells of a success need not be seen.
        if !logged || (*level != b'6' && self.hides(*level)) {
            let (_level, line) = self.line.as_bytes().split_at_checked(3).unwrap_or_default();
            // Descriptor 2 is the console, unless the kernel had none: then nobody is left to tell.
            let _ = self.kernel.write(Fd(2), line);
        }
    }

    /// Whether the console, as `quiet` and `loglevel=` made it, hides `level`: it shows what is below its own. Where
    /// /proc can't tell, a message may come twice.
    fn hides(&mut self, level: u8) -> bool {
        let mut buffer = [0; 16];
        let mut printk = file::read(self.kernel, b"/proc/sys/kernel/printk", &[], &mut buffer).unwrap_or_default();
        take_number(&mut printk, 10).is_none_or(|shown_below| u32::from(level - b'0') >= shown_below)
    }
}
