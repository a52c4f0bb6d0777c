//! What pintle says: one line a message, to the kernel log, and straight to the console only where the console's log
//! level would hide a message that somebody has to see.
//!
//! Holds on entry: nothing; before /dev is mounted messages go to descriptor 2, the console the kernel opened.

use crate::bytes::{Text, TextBuf, decimal, take_number};
use crate::error::Errno;
use crate::file;
use crate::kernel::{Fd, Kernel};
use crate::message::Message;
use linux_raw_sys::general::{O_NOCTTY, O_WRONLY};

/// The longest line: the kernel refuses more than 1024 bytes less its own prefix (`LOG_LINE_MAX`).
const LINE_BYTES: usize = 900;
/// One.
pub type Line = TextBuf<LINE_BYTES>;

/// So many lines in five seconds are let through by /dev/kmsg for each opener before it drops some
/// (`DEFAULT_RATELIMIT_BURST` is 10); from there on the sysctl is needed.
const BURST: u32 = 8;

const PRINTK_DEVKMSG: &[&[u8]] = &[b"/proc/sys/kernel/printk_devkmsg"];

/// The log, and the kernel it is written through: what every stage of the boot works with.
pub struct Log<'k, K> {
    /// The system calls.
    pub kernel: &'k mut K,
    kmsg: Option<Fd>,
    line: Line,
    lines: u32,
    /// What `printk_devkmsg` said before it was switched on.
    devkmsg: Option<TextBuf<16>>,
    /// The console's log level as the command line set it, for when /proc can't tell.
    loglevel: Option<u32>,
}

impl<'k, K: Kernel> Log<'k, K> {
    /// A log that has said nothing yet.
    pub fn new(kernel: &'k mut K) -> Self {
        Log { kernel, kmsg: None, line: Line::new(), lines: 0, devkmsg: None, loglevel: None }
    }

    /// What `quiet`, `debug` and `loglevel=` made of the console.
    pub fn set_loglevel(&mut self, loglevel: Option<u32>) {
        self.loglevel = loglevel;
    }

    /// Says `message` of one object.
    #[inline(never)]
    pub fn failed(&mut self, message: Message, object: &[u8], errno: Option<Errno>) {
        self.say(message, &[object], errno);
    }

    /// Says `message`, each `%` in it replaced by the next of `objects`, escaped, and `#` by the errno's text.
    #[inline(never)]
    pub fn say(&mut self, message: Message, objects: &[&[u8]], errno: Option<Errno>) {
        let (level, template) = message.template();
        // The line begins with the level as /dev/kmsg takes it, `<3>`.
        self.line.clear();
        self.line.extend(&[b"<", level, b">pintle: "]);
        let mut objects = objects.iter();
        for byte in template {
            match byte {
                b'%' => self.line.push_escaped(objects.next().copied().unwrap_or_default()),
                b'#' => push_errno(&mut self.line, errno),
                _ => self.line.push(&[*byte]),
            }
        }
        if self.lines == BURST {
            self.devkmsg_on();
        }
        self.lines = self.lines.saturating_add(1);
        let logged = self.open_kmsg().is_some_and(|kmsg| self.kernel.write(kmsg, self.line.as_bytes()).is_ok());
        if !logged || (level != b"6" && self.hidden(level)) {
            self.write_console();
        }
    }

    fn open_kmsg(&mut self) -> Option<Fd> {
        if self.kmsg.is_none() {
            self.kmsg = file::open(self.kernel, &[b"/dev/kmsg"], O_WRONLY).ok();
        }
        self.kmsg
    }

    /// True when the console doesn't show `level`: it shows what is below its own level.
    fn hidden(&mut self, level: &[u8]) -> bool {
        let mut buffer = [0; 32];
        let shown_below = match file::read(self.kernel, &[b"/proc/sys/kernel/printk"], &mut buffer) {
            Ok(mut text) => take_number(&mut text, 10),
            Err(_) => self.loglevel,
        };
        decimal(level) >= shown_below.or(Some(u32::MAX))
    }

    fn write_console(&mut self) {
        self.line.push(b"\n");
        let (_level, line) = self.line.as_bytes().split_at_checked(3).unwrap_or_default();
        // Descriptor 2 is the console, unless the kernel had none or it isn't open for writing.
        if self.kernel.write(Fd(2), line).is_err()
            && let Ok(console) = file::open(self.kernel, &[b"/dev/console"], O_WRONLY | O_NOCTTY)
        {
            // Nobody is left to tell if this fails too.
            let _ = self.kernel.write(console, line);
            self.kernel.close(console);
        }
    }

    /// Lifts the rate limit of /dev/kmsg; a kernel that has it fixed (`printk.devkmsg=`) refuses, and keeps it.
    fn devkmsg_on(&mut self) {
        let mut buffer = [0; 16];
        if let Ok(before) = file::read(self.kernel, PRINTK_DEVKMSG, &mut buffer) {
            if file::write(self.kernel, PRINTK_DEVKMSG, b"on\n").is_ok() {
                let mut text = TextBuf::new();
                text.push(before);
                self.devkmsg = Some(text);
            }
        }
    }

    /// Puts `printk_devkmsg` back as it was. To be called while /proc is where pintle mounted it.
    pub fn devkmsg_restore(&mut self) {
        if let Some(before) = self.devkmsg.take() {
            // Refused: then it was fixed meanwhile, and isn't pintle's any more.
            let _ = file::write(self.kernel, PRINTK_DEVKMSG, before.as_bytes());
            // The burst is used up: the next line, if one follows, switches it on again.
            self.lines = BURST;
        }
    }
}

fn push_errno(line: &mut Text, errno: Option<Errno>) {
    let Some(errno) = errno else { return };
    match errno.text() {
        Some(text) => line.push(text),
        None => {
            line.push(b"errno ");
            line.push_number(errno.number().unsigned_abs().into());
        }
    }
}
