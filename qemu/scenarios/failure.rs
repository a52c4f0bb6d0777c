//! A boot that can't succeed says why in one line, and obeys the failure policy.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{RootDisk, init};
use crate::says::{DEMO, DEVICES_END, PANIC, device, machine_will, mounted, not_found, unknown_word, waiting};

/// How the line begins that gives up waiting.
const TIMED_OUT: &str = "find root: /dev/nosuch: ETIMEDOUT";
const WITHIN_A_SECOND: &str = "root=/dev/nosuch rootwait=1";

#[test]
fn quick_missing_root_on_x86_64() {
    missing_root(X86_64);
}

#[test]
fn missing_root_on_aarch64() {
    missing_root(Aarch64);
}

/// By the guest's own clock: a notice after a second, the end after the three that rootwait= allows.
fn missing_root(arch: Arch) {
    let ended = Guest::new(arch).append("root=/dev/nosuch rootwait=3").run();
    ended.has_failed();
    let notice = waiting("/dev/nosuch", 1, "3");
    assert_eq!(ended.pintle_but_devices(), [&notice, &not_found("/dev/nosuch"), PANIC]);
    assert_lists_vda(&ended);
    assert!(ended.says("Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100"));

    let start = ended.time_of("Run /init as init process");
    let (noticed, gave_up) = (ended.time_of(&notice) - start, ended.time_of(TIMED_OUT) - start);
    assert!((1.0..2.5).contains(&noticed), "the notice came after {noticed} s");
    assert!((3.0..4.5).contains(&gave_up), "it gave up after {gave_up} s");
}

/// Somebody whose root is missing sees which devices there are.
#[track_caller]
fn assert_lists_vda(ended: &Ended) {
    let number = ended.number_of("vda");
    assert_eq!(ended.devices(), [&device("vda", [&number, "disk"], DEMO, ["", ""], 65536), DEVICES_END]);
}

#[test]
fn no_device_at_all() {
    let ended = Guest::new(X86_64).disk("none").append(WITHIN_A_SECOND).run();
    ended.has_failed();
    assert_eq!(ended.pintle(), [&not_found("/dev/nosuch"), DEVICES_END, PANIC]);
}

#[test]
fn fail_reboot() {
    policy("reboot", "reboot: Restarting system");
}

#[test]
fn fail_poweroff() {
    policy("poweroff", "reboot: Power down");
}

#[test]
fn fail_panic() {
    policy("panic", "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100");
}

/// A halted machine stays as it is until somebody ends it, here the timeout: it has given up all the same.
#[test]
fn fail_halt() {
    policy("halt", "reboot: System halted");
}

/// The last line can be read for ten seconds.
fn policy(word: &str, end: &str) {
    let ended = Guest::new(X86_64).append(&format!("{WITHIN_A_SECOND} pintle.fail={word}")).timeout(40).run();
    ended.has_failed();
    let announced = machine_will(word);
    let mut expected = vec![not_found("/dev/nosuch"), announced.clone()];
    expected.extend((word == "panic").then(|| PANIC.to_owned()));
    assert_eq!(ended.pintle_but_devices(), expected);
    assert_eq!(ended.says("Kernel panic"), word == "panic");
    let pause = ended.time_of(end) - ended.time_of(&announced);
    assert!((10.0..12.0).contains(&pause), "it ended after {pause} s");
}

/// A word that is misspelt is warned about, and what it was to change stays as it is.
#[test]
fn a_misspelt_policy_is_named() {
    let ended = Guest::new(X86_64).append(&format!("{WITHIN_A_SECOND} pintle.fial=reboot")).run();
    ended.has_failed();
    let unknown = unknown_word("pintle.fial=reboot");
    assert_eq!(ended.pintle_but_devices(), [&unknown, &not_found("/dev/nosuch"), PANIC]);
    assert!(ended.says("Kernel panic - not syncing: Attempted to kill init!"));
}

/// The log level hides nothing that somebody has to see: what the kernel would not show comes straight, once.
#[test]
fn quiet_hides_no_error() {
    let ended = Guest::new(X86_64).append("root=/dev/nosuch rootwait=2 quiet loglevel=1").run();
    ended.has_failed();
    assert!(!ended.says("Run /init as init process"), "quiet is not quiet");
    assert_lists_vda(&ended);
    // At the panic the kernel may show its last line after all.
    let mut said = ended.pintle_but_devices();
    said.dedup();
    assert_eq!(said, [&waiting("/dev/nosuch", 1, "2"), &not_found("/dev/nosuch"), PANIC]);
    assert!(ended.has_line(&format!("pintle: {PANIC}")), "the last line did not come straight");
    assert!(!ended.says("] pintle: find root"), "the kernel shows lines that it should not");
}

/// With an init that neither ends nor speaks, `qemu/boot` ends by its timeout.
#[test]
fn a_guest_that_hangs_is_told_from_one_that_fails() {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, X86_64).init(&init("echo '== asleep'\nsleep 1000")).make();
    let ended = Guest::new(X86_64).disk(disk).timeout(15).run();
    ended.has_timed_out();
    assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-only")]);
    assert_eq!(ended.section("asleep").len(), 0);
    assert!(ended.stderr().contains("timed out after 15 s"), "{}", ended.stderr());
}

/// `rootdelay=` comes on top of `rootwait=`.
#[test]
fn rootdelay_comes_first() {
    let ended = Guest::new(X86_64).append("root=/dev/nosuch rootwait=2 rootdelay=2").run();
    ended.has_failed();
    assert_eq!(ended.pintle().first(), Some(&waiting("/dev/nosuch", 3, "2")));
    let gave_up = ended.time_of(TIMED_OUT) - ended.time_of("Run /init as init process");
    assert!((4.0..5.5).contains(&gave_up), "it gave up after {gave_up} s");
}
