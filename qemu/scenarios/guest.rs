//! A guest, from `qemu/boot`'s options to its end.

use crate::ended::Ended;
use crate::harness::{Arch, Place, checkout, command};
use std::fmt;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep, spawn};
use std::time::{Duration, Instant};

/// One test a row, `NAME: ARCH, KERNEL;`, each of which calls `check(ARCH, KERNEL)`.
macro_rules! on_kernels {
    ($check:ident: $($name:ident: $arch:ident, $kernel:literal;)*) => {
        $(#[test]
        fn $name() {
            $check($arch, $kernel);
        })*
    };
}
pub(crate) use on_kernels;

/// A guest that is still to be started, on Debian's 6.12 cloud kernel unless told otherwise.
pub(crate) struct Guest {
    arguments: Vec<String>,
}

impl Guest {
    /// Makes sure that it will run the /init of this checkout.
    #[track_caller]
    pub(crate) fn new(arch: Arch) -> Guest {
        arch.init();
        Guest { arguments: Vec::new() }.option("--arch", arch.name())
    }

    /// `6.1`, `6.12` or `7`.
    pub(crate) fn kernel(self, kernel: &str) -> Guest {
        self.option("--kernel", kernel)
    }

    /// A virtio-blk disk, or another kind with `,if=KIND`. Instead of the usual root disk.
    pub(crate) fn disk(self, disk: impl fmt::Display) -> Guest {
        self.option("--disk", disk)
    }

    /// One more that is loaded than those that its disks need.
    pub(crate) fn module(self, name: &str) -> Guest {
        self.option("--module", name)
    }

    /// Those of a kernel that isn't one of `qemu/fetch`'s.
    pub(crate) fn modules(self, folder: &Path) -> Guest {
        self.option("--modules", folder.display())
    }

    pub(crate) fn initramfs(self, image: &Path) -> Guest {
        self.option("--initramfs", image.display())
    }

    /// The kernel mounts the root itself.
    pub(crate) fn no_initramfs(self) -> Guest {
        self.option("--initramfs", "none")
    }

    /// It boots what is on its disks.
    pub(crate) fn uefi(mut self) -> Guest {
        self.arguments.push("--uefi".to_owned());
        self
    }

    /// Words for the end of the command line.
    pub(crate) fn append(self, words: &str) -> Guest {
        self.option("--append", words)
    }

    /// All the words of the command line.
    pub(crate) fn cmdline(self, words: &str) -> Guest {
        self.option("--cmdline", words)
    }

    /// MiB.
    pub(crate) fn memory(self, size: u32) -> Guest {
        self.option("--memory", size)
    }

    pub(crate) fn timeout(self, seconds: u32) -> Guest {
        self.option("--timeout", seconds)
    }

    /// An option of QEMU's with its value.
    pub(crate) fn qemu(self, option: &str, value: &str) -> Guest {
        self.option("--qemu-arg", option).option("--qemu-arg", value)
    }

    fn option(mut self, name: &str, value: impl fmt::Display) -> Guest {
        self.arguments.extend([name.to_owned(), value.to_string()]);
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Ended {
        self.start().end()
    }

    #[track_caller]
    pub(crate) fn start(self) -> Running {
        let place = Place::take();
        let mut boot = command("qemu/boot");
        boot.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut boot = boot.spawn().expect("qemu/boot to start");
        let transcript = Transcript { arguments: self.arguments, console: Text::default(), stderr: Text::default() };
        let readers = [
            boot.stdout.take().map(|pipe| collect(pipe, &transcript.console)),
            boot.stderr.take().map(|pipe| collect(pipe, &transcript.stderr)),
        ];
        Running { boot: Boot(boot), transcript, readers, _place: place }
    }
}

fn collect(mut pipe: impl Read + Send + 'static, into: &Text) -> JoinHandle<()> {
    let into = Arc::clone(into);
    spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut buffer) {
            let mut into = into.lock().unwrap_or_else(PoisonError::into_inner);
            into.extend(buffer.iter().take(length));
        }
    })
}

type Text = Arc<Mutex<Vec<u8>>>;

/// What a guest was started with, and what it has said so far. A test that fails shows it.
pub(crate) struct Transcript {
    arguments: Vec<String>,
    console: Text,
    stderr: Text,
}

impl Transcript {
    pub(crate) fn console(&self) -> String {
        text(&self.console)
    }

    pub(crate) fn stderr(&self) -> String {
        text(&self.stderr)
    }
}

fn text(text: &Text) -> String {
    let text = text.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&text).replace('\r', "")
}

impl fmt::Display for Transcript {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", checkout().join("qemu/boot").display())?;
        for argument in &self.arguments {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:".contains(c);
            if !argument.is_empty() && argument.chars().all(plain) {
                write!(to, " {argument}")?;
            } else {
                write!(to, " '{}'", argument.replace('\'', r"'\''"))?;
            }
        }
        write!(to, "\n--- its console ---\n{}--- its stderr ---\n{}---", self.console(), self.stderr())
    }
}

impl Drop for Transcript {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{self}");
        }
    }
}

/// A guest that runs.
pub(crate) struct Running {
    boot: Boot,
    transcript: Transcript,
    readers: [Option<JoinHandle<()>>; 2],
    _place: Place,
}

impl Running {
    /// Waits until `text` is on the console, so many seconds at most.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str, seconds: u64) {
        let since = Instant::now();
        while !self.transcript.console().contains(text) {
            assert!(self.boot.ended().is_none(), "the guest has ended without saying {text:?}");
            assert!(since.elapsed().as_secs() < seconds, "the guest does not say {text:?} within {seconds} s");
            sleep(Duration::from_millis(50));
        }
    }

    /// What it has said so far.
    pub(crate) fn console(&self) -> String {
        self.transcript.console()
    }

    #[track_caller]
    pub(crate) fn end(self) -> Ended {
        let Running { mut boot, transcript, readers, _place } = self;
        let status = boot.0.wait().expect("qemu/boot to end");
        for reader in readers.into_iter().flatten() {
            reader.join().expect("a reader of its output to end");
        }
        Ended::new(transcript, status)
    }
}

/// `qemu/boot`. Whoever forgets it ends it, and its guest.
struct Boot(Child);

impl Boot {
    fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("to know whether qemu/boot runs")
    }
}

impl Drop for Boot {
    fn drop(&mut self) {
        if self.ended().is_none() {
            // Not SIGKILL: it has a temporary directory to remove.
            let _ = Command::new("kill").arg(self.0.id().to_string()).status();
            let _ = self.0.wait();
        }
    }
}
