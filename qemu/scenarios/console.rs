//! What pintle says is read: on the console as it is said, in the kernel's log in full, and a boot without a console is
//! a boot all the same.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{RootDisk, init, read_back};
use crate::says::{mounted, unknown_word, waiting};

#[test]
fn quick_a_burst_of_warnings_is_complete_on_6_12() {
    burst(X86_64, "6.12");
}

#[test]
fn a_burst_of_warnings_is_complete_on_6_1() {
    burst(Aarch64, "6.1");
}

#[test]
fn a_burst_of_warnings_is_complete_on_7() {
    burst(X86_64, "7");
}

/// Forty lines at once, of which /dev/kmsg's rate limit would let ten through. What lifts it is put back.
fn burst(arch: Arch, kernel: &str) {
    let body = "echo '== log'\ndmesg | grep -o 'pintle: .*' | grep -v times\ndmesg | grep suppressed\n\
                echo '== devkmsg'\ncat /proc/sys/kernel/printk_devkmsg";
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, arch).init(&init(body)).make();
    let words: Vec<_> = (1..=40).map(|number| format!("pintle.x{number}")).collect();
    let ended = Guest::new(arch).kernel(kernel).disk(disk).append(&words.join(" ")).run();
    ended.is_done();
    let mut expected: Vec<_> = words.iter().map(|word| format!("pintle: {}", unknown_word(word))).collect();
    expected.push(format!("pintle: {}", mounted("/dev/vda", "read-only")));
    assert_eq!(ended.section("log"), expected);
    assert_eq!(ended.line("devkmsg"), "ratelimit");
}

/// The level of each line is the one of its kind, so that a log's reader can tell an error from a fact.
#[test]
fn lines_have_their_levels() {
    let body = "echo '== log'\ndmesg -r | grep -o '^<.*pintle: .*' | sed 's/\\[.*\\]/ /'";
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, X86_64).init(&init(body)).make();
    let ended = Guest::new(X86_64).disk(disk).append("pintle.x").run();
    ended.is_done();
    let levels: Vec<_> =
        ended.section("log").iter().filter_map(|line| line.split_once(' ')).map(|line| line.0).collect();
    // 8 is the facility of a user's program, LOG_USER, which the kernel gives to what is written to /dev/kmsg.
    // The warning, the mount, and how long it took.
    assert_eq!(levels, ["<12>", "<14>", "<14>"]);
}

/// A line must not stay in the kernel until somebody says another: whoever watches the console sees the notice while
/// pintle waits. (The next notice comes ten seconds after it.)
#[test]
fn a_line_is_seen_when_it_is_said() {
    let mut guest = Guest::new(Aarch64).append("root=/dev/nosuch rootwait").start();
    guest.wait_for("Run /init as init process", 60);
    guest.wait_for(&format!("pintle: {}", waiting("/dev/nosuch", 1, "ever")), 6);
}

#[test]
fn no_console_on_x86_64() {
    no_console(X86_64, "6.12");
}

#[test]
fn no_console_on_aarch64() {
    no_console(Aarch64, "7");
}

/// With `console=null` the kernel leaves descriptors 0 to 2 closed, and nobody sees what goes wrong. The real init gets
/// ones that it can use; what it finds it writes to its disk.
fn no_console(arch: Arch, kernel: &str) {
    // Without a redirection of the shell's own, which would be seen.
    let body = "found=$(for fd in 0 1 2; do readlink /proc/1/fd/$fd; done; awk '{ print $5 }' /proc/1/mountinfo | sort)
echo \"$found\" >/found
echo said on the console
echo said on the serial line >SERIAL";
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, arch).init(&init(&body.replace("SERIAL", arch.serial()))).make();
    let ended = Guest::new(arch).kernel(kernel).disk(&disk).cmdline("console=null panic=-1 root=/dev/vda rw").run();
    // Not even `== done` is to be seen.
    ended.has_powered_off();
    assert!(ended.has_line("said on the serial line"), "init did not run to its end");
    assert!(!ended.says("said on the console"));
    assert!(!ended.says("Run /init"), "there is a console");

    let found = read_back(&disk, "/found");
    let found: Vec<_> = found.lines().collect();
    let (stdio, rest) = found.split_at_checked(3).expect("three descriptors");
    for file in stdio {
        assert!(["/dev/console", "/dev/null"].contains(file), "init's descriptors: {stdio:?}");
    }
    assert_eq!(rest, ["/", "/dev", "/proc", "/run", "/sys"]);
}
