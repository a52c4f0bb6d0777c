//! The built `/init` itself: what file it is, what the checks on it catch, and what it does as an ordinary command.

#![allow(clippy::indexing_slicing, reason = "a test that panics has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(ROOT)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Built once, by the script that users build it with.
fn init(arch: &str) -> PathBuf {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let built = run("scripts/build", &[]);
        assert!(built.status.success(), "{}", text(&built.stderr));
    });
    Path::new(ROOT).join(format!("target/init.{arch}"))
}

fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn the_artifact_is_what_it_must_be() {
    let checked = run("scripts/check-elf", &[]);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
}

/// Each thing that `scripts/check-elf` holds, broken.
#[test]
fn check_elf_catches() {
    let good = fs::read(init("x86_64")).expect("target/init.x86_64");
    let header = |index: usize| 64 + 56 * index;
    let segments = usize::from(u16::from_le_bytes([good[56], good[57]]));
    let stack = (0..segments).find(|&index| good[header(index)] == 0x51).expect("GNU_STACK");
    let code = (0..segments).find(|&index| good[header(index) + 4] == 5).expect("R-X");
    let retype = |elf: &mut Vec<u8>, at: usize, kind: u32| elf[at..at + 4].copy_from_slice(&kind.to_le_bytes());
    type Break = Box<dyn Fn(&mut Vec<u8>)>;
    let rows: [(&str, &str, &str, Break); 6] = [
        (
            "writable and executable",
            "x86_64",
            "both writable and executable",
            Box::new(move |elf| elf[header(code) + 4] = 7),
        ),
        (
            "an executable stack",
            "x86_64",
            "both writable and executable",
            Box::new(move |elf| elf[header(stack) + 4] = 7),
        ),
        ("no stack header", "x86_64", "GNU_STACK", Box::new(move |elf| retype(elf, header(stack), 4))),
        ("a dynamic section", "x86_64", "without libc", Box::new(move |elf| retype(elf, header(stack), 2))),
        ("another machine", "aarch64", "not for aarch64", Box::new(|_| {})),
        ("too large", "x86_64", "over the budget", Box::new(|elf| elf.resize(100_000, 0))),
    ];
    for (what, arch, said, damage) in rows {
        let mut elf = good.clone();
        damage(&mut elf);
        let file = scratch("broken-init");
        fs::write(&file, &elf).expect("a file");
        let checked = run("scripts/check-elf", &[file.to_str().expect("UTF-8"), arch]);
        assert!(!checked.status.success() && text(&checked.stderr).contains(said), "{what}: {}", text(&checked.stderr));
    }
}

/// A panic that the optimiser can't rule out breaks the link, in words, and `scripts/find-panic` names the line.
#[test]
fn a_reachable_panic_breaks_the_link() {
    let target = "x86_64-unknown-linux-gnu";
    let cargo = ". scripts/common.sh; run_cargo \"$@\"";
    let folder = scratch("panic-proof");
    let folder = folder.to_str().expect("UTF-8");
    let build = |flags: &[&str]| {
        let fixed =
            ["rustc", "--release", "--locked", "--bin", "init", "--target", target, "--target-dir", folder, "--"];
        let arguments = [&["-c", cargo, "bash", target][..], &fixed, flags].concat();
        run("bash", &arguments)
    };
    let broken = build(&["--cfg", "reachable_panic"]);
    assert!(!broken.status.success(), "it linked");
    assert!(text(&broken.stderr).contains("a panic is reachable"), "{}", text(&broken.stderr));
    let clean = build(&[]);
    assert!(clean.status.success(), "{}", text(&clean.stderr));

    let found = run("scripts/find-panic", &["x86_64", "--cfg", "reachable_panic"]);
    assert!(!found.status.success() && text(&found.stdout).contains("src/main.rs"), "{}", text(&found.stdout));
}

/// On the machine that builds it, it is a command and nothing else.
#[cfg(target_arch = "x86_64")]
#[test]
fn as_a_command_it_only_talks() {
    let init = init("x86_64");
    let init = init.to_str().expect("UTF-8");
    let version = concat!("pintle ", env!("CARGO_PKG_VERSION"), "\n");
    let rows: [(&[&str], i32, &str, &str); 8] = [
        (&["--help"], 0, "usage: init", ""),
        (&["--version"], 0, version, ""),
        (&[], 2, "", "usage: init"),
        (&["root=/dev/vda1"], 2, "", "usage: init"),
        (&["run"], 2, "", "usage: init"),
        (&["run", "/nosuch", "/bin/true"], 1, "", "pintle: chdir: /nosuch: ENOENT"),
        (&["switch_root", "/mnt", "/sbin/init"], 1, "", "pintle: switch_root: /: not PID 1"),
        (&[""], 2, "", "usage: init"),
    ];
    for (arguments, status, stdout, stderr) in rows {
        let said = run(init, arguments);
        assert_eq!(said.status.code(), Some(status), "{arguments:?}");
        let matches = |said: &[u8], expected: &str| {
            if expected.is_empty() { said.is_empty() } else { text(said).starts_with(expected) }
        };
        assert!(matches(&said.stdout, stdout) && matches(&said.stderr, stderr), "{arguments:?}: {said:?}");
    }
}

/// Every command of the README is there and knows `--help`.
#[test]
fn the_commands_of_the_readme_exist() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).expect("README.md");
    let words = readme.split(|c: char| c.is_whitespace() || "`()".contains(c));
    let mut commands: Vec<&str> = words
        .filter(|word| !word.contains('.') && (word.starts_with("scripts/") || word.starts_with("qemu/")))
        .collect();
    commands.sort_unstable();
    commands.dedup();
    assert!(commands.contains(&"qemu/boot") && commands.contains(&"scripts/test"), "{commands:?}");
    for command in commands {
        let path = Path::new(ROOT).join(command);
        assert!(path.exists(), "{command}");
        // The rest is there to be read.
        if path.is_dir() || !fs::read(&path).expect("a file").starts_with(b"#!") {
            continue;
        }
        let help = run(command, &["--help"]);
        assert!(help.status.success() && !help.stdout.is_empty(), "{command} --help: {}", text(&help.stderr));
    }
}
