//! pintle boots as the init of an initramfs and nowhere else: run in a booted guest, it touches nothing.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, init};

const USAGE: &str = "usage: init FORM [ARGUMENT...]";

/// One whole guest: as a command, then as PID 1 of containers whose root is a tmpfs, as an initramfs's is.
const CONTAINERS: &str = r#"
echo '== a command'
/pintle; echo "exit $?"
echo '== a command with a word'
/pintle root=/dev/vda; echo "exit $?"
echo '== help'
/pintle --help 2>/dev/null; echo "exit $?"

# container PREPARE: a mount namespace of its own with a tmpfs at /run/c, in which a PID namespace's init goes through
# PREPARE and then is pintle. Prints its output, and "unchanged" if the tmpfs and the mounts are as they were.
container() {
    unshare --mount sh -c '
        mkdir -p /run/c && mount -t tmpfs container /run/c && cd /run/c || exit
        mkdir dev proc sys run root old && cp /pintle init && echo precious >sentinel
        unshare --pid --fork sh -c "$1"; echo "exit $?"
        cd /run/c && grep -q precious sentinel && cmp init /pintle && find . -xdev | sort >/run/names || echo "files are gone"
        sort /proc/self/mountinfo >/run/after
        cmp /run/before /run/after && cmp /run/names_before /run/names && echo unchanged
        rm /run/before /run/names_before
    ' sh "$1; mounts; exec chroot . /init"
}
"#;

#[test]
fn quick_not_in_a_container_on_6_12() {
    not_in_a_container(X86_64, "6.12");
}

#[test]
fn not_in_a_container_on_7() {
    not_in_a_container(Aarch64, "7");
}

#[test]
fn not_in_a_container_on_6_1() {
    not_in_a_container(X86_64, "6.1");
}

fn not_in_a_container(arch: Arch, kernel: &str) {
    let cases = [
        ("bare", ""),
        ("with its own proc", "mount -t proc proc proc; "),
        ("with the dev and proc outside", "mount --bind /dev dev; mount --bind /proc proc; "),
    ];
    let record = "sort /proc/self/mountinfo >/run/before; find . -xdev | sort >/run/names_before";
    let mut body = CONTAINERS.replace("mounts;", &format!("{record};"));
    for (name, prepare) in cases {
        body += &format!("echo '== {name}'\ncontainer '{prepare}:' 2>&1\n");
    }
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, arch).init(&init(&body)).add(&arch.init(), "/pintle").make();
    let ended = Guest::new(arch).kernel(kernel).disk(disk).run();
    ended.is_done();
    refused(&ended, "a command", &[]);
    refused(&ended, "a command with a word", &[]);
    let help = ended.section("help");
    assert_eq!((help.first(), help.last()), (Some(&USAGE), Some(&"exit 0")));
    for (name, _) in cases {
        refused(&ended, name, &["unchanged"]);
    }
}

/// The usage, whatever is in it, then the exit status and what the section says besides.
#[track_caller]
fn refused(ended: &Ended, section: &str, rest: &[&str]) {
    let lines = ended.section(section);
    let outcome: Vec<_> = lines.iter().skip_while(|line| !line.starts_with("exit ")).copied().collect();
    assert_eq!(lines.first(), Some(&USAGE), "{section}");
    assert_eq!(outcome, [&["exit 2"], rest].concat(), "{section}: {lines:?}");
}

/// In an initramfs, but not as its PID 1: an /init that only calls pintle still has all of its files.
#[test]
fn not_as_a_child_of_the_init_of_an_initramfs() {
    let scratch = Scratch::new();
    let init =
        init("echo '== child'\n/pintle; echo \"exit $?\"\nls /precious").replace("#!/bin/sh", "#!/bin/busybox sh");
    let init =
        init.replacen('\n', "\n/bin/busybox --install -s /bin; /bin/mkdir /proc; /bin/mount -t proc proc /proc\n", 1);
    let image = Image::new(&scratch, X86_64, "6.12")
        .init(&init)
        .add(&X86_64.init(), "/pintle")
        .add(&X86_64.busybox(), "/bin/busybox")
        .add(&scratch.file("precious", b"precious", 0o644), "/precious");
    let ended = Guest::new(X86_64).initramfs(&image.make()).run();
    ended.is_done();
    refused(&ended, "child", &["/precious"]);
    assert!(!ended.says("pintle: mounted"));
}
