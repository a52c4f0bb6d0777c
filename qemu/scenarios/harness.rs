//! What every scenario stands on: the scripts, a fresh /init, places in the queue of guests, temporary directories.

#[path = "../commands.rs"]
mod commands;

pub(crate) use commands::{checkout, command, sbin};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, OnceLock, PoisonError};

/// A guest's architecture.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arch {
    X86_64,
    Aarch64,
}
pub(crate) use Arch::{Aarch64, X86_64};

/// This machine's, whose own programs a guest can run.
pub(crate) const HOST: Arch = if cfg!(target_arch = "x86_64") { X86_64 } else { Aarch64 };

impl Arch {
    /// As the scripts and `uname -m` say it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            X86_64 => "x86_64",
            Aarch64 => "aarch64",
        }
    }

    /// The serial line that is the guest's console.
    pub(crate) fn serial(self) -> &'static str {
        match self {
            X86_64 => "/dev/ttyS0",
            Aarch64 => "/dev/ttyAMA0",
        }
    }

    /// The /init of this checkout as it is now. Built once a test process, one process at a time.
    #[track_caller]
    pub(crate) fn init(self) -> PathBuf {
        static BUILT: [OnceLock<Result<(), String>>; 2] = [const { OnceLock::new() }; 2];
        let [x86_64, aarch64] = &BUILT;
        let built = if self == X86_64 { x86_64 } else { aarch64 };
        let lock = checkout().join(format!("target/.lock.init.{}", self.name()));
        let build = || {
            fs::create_dir_all(checkout().join("target")).expect("target/");
            let mut flock = Command::new("flock");
            flock.arg("-o").arg(lock).arg(checkout().join("scripts/build")).arg(self.name());
            output(&mut flock).map(|_| ())
        };
        if let Err(why) = built.get_or_init(build) {
            panic!("no /init to test: {why}");
        }
        checkout().join(format!("target/init.{}", self.name()))
    }

    /// The directory that `qemu/fetch` keeps a kernel in.
    #[track_caller]
    pub(crate) fn kernel(self, kernel: &str) -> PathBuf {
        script("qemu/fetch", &["kernel", "--arch", self.name(), kernel]).trim().into()
    }

    /// What `uname -r` says on it.
    #[track_caller]
    pub(crate) fn kernel_release(self, kernel: &str) -> String {
        let version =
            fs::read_to_string(self.kernel(kernel).join("version")).expect("a version in each fetched kernel");
        version.trim().to_owned()
    }

    /// A static busybox.
    #[track_caller]
    pub(crate) fn busybox(self) -> PathBuf {
        script("qemu/fetch", &["busybox", "--arch", self.name()]).trim().into()
    }
}

/// Runs one of the checkout's scripts to its end and returns what it printed.
#[track_caller]
pub(crate) fn script<S: AsRef<std::ffi::OsStr>>(name: &str, arguments: &[S]) -> String {
    output(command(name).args(arguments)).unwrap_or_else(|why| panic!("{why}"))
}

/// What `command` printed, or its own words of why it failed.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
}

/// One of the places for guests; the others wait.
pub(crate) struct Place;

static TAKEN: Mutex<u32> = Mutex::new(0);
static LEFT: Condvar = Condvar::new();

impl Place {
    pub(crate) fn take() -> Place {
        let places = std::env::var("PINTLE_GUESTS").ok().and_then(|number| number.parse().ok()).unwrap_or(2);
        let taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = LEFT.wait_while(taken, |taken| *taken >= places).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *TAKEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        LEFT.notify_one();
    }
}

/// A directory of one test's own, removed unless the test fails. Make it first, so that it goes last.
pub(crate) struct Scratch {
    path: PathBuf,
    files: AtomicU32,
}

impl Scratch {
    pub(crate) fn new() -> Scratch {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("scenarios.{}.{number}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory under target/tmp");
        Scratch { path, files: AtomicU32::new(0) }
    }

    /// A path that nothing has yet.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(format!("{}-{name}", self.files.fetch_add(1, Ordering::Relaxed)))
    }

    /// A file with `mode`.
    pub(crate) fn file(&self, name: &str, content: &[u8], mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).expect("a file in target/tmp");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the files of this test stay in {}", self.path.display());
        } else {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
