//! Temporary roots, and what is run in and around them.

use crate::session::MAKE_ROOT;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// pintle, as this checkout builds it for this machine.
pub(crate) const INIT: &str = env!("CARGO_BIN_EXE_init");

/// A directory with programs of this machine and the libraries that ldd(1) names, removed at the end.
pub(crate) struct Root(PathBuf);

impl Root {
    #[track_caller]
    pub(crate) fn with(programs: &[&str]) -> Root {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("tool.{}.{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let root = Root(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        output("bash", &[&["-c", MAKE_ROOT, "make-root", &root.path()], programs].concat(), 0);
        root
    }

    pub(crate) fn path(&self) -> String {
        self.0.display().to_string()
    }

    pub(crate) fn link(&self, target: &str, name: &str) {
        symlink(target, self.0.join(name)).expect("a link");
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a program prints on either output, which ends with this status.
#[track_caller]
pub(crate) fn output(program: &str, arguments: &[&str], status: i32) -> String {
    let output = Command::new(program).args(arguments).env("LC_ALL", "C").output().expect("it to run");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert_eq!(output.status.code(), Some(status), "{program} {arguments:?}:\n{printed}");
    printed
}

/// What a script prints in a mount namespace of its own, which nothing leaves. `$INIT` is pintle, `$ROOT` the root.
#[track_caller]
pub(crate) fn in_namespace(root: &Root, script: &str, status: i32) -> String {
    let script = format!("INIT={INIT} ROOT={}\nset -e\n{script}", root.path());
    output(
        "unshare",
        &[&privilege()[..], &["--mount", "--propagation", "private", "bash", "-c", &script]].concat(),
        status,
    )
}

/// Whoever isn't root is so in a user namespace.
pub(crate) fn privilege() -> Vec<&'static str> {
    if output("id", &["-u"], 0).trim() == "0" { vec![] } else { vec!["--map-root-user"] }
}

/// Lines of mountinfo without the numbers that count mounts, and those of file systems on no device.
pub(crate) fn mounts(mountinfo: &str) -> Vec<String> {
    let without = |line: &str| {
        let line = line.splitn(3, ' ').nth(2).unwrap_or_default();
        let (dev, rest) = line.split_once(' ').unwrap_or_default();
        format!("{} {rest}", if dev.starts_with("0:") { "0:*" } else { dev })
    };
    mountinfo.lines().map(without).collect()
}
