//! What of the kernel's command line is pintle's, and what is the real init's.

use crate::guest::Guest;
use crate::harness::{Aarch64, X86_64};
use crate::says::mounted;

/// Words behind `--`, and those that the kernel doesn't know, are for init, in its order; pintle does none of what some
/// of them would mean to it as a command.
#[test]
fn quick_words_for_init_arrive() {
    let ended = Guest::new(X86_64).append("FOO=bar run switch_root LD_PRELOAD=/x -- run switch_root single A=1").run();
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-only")]);
    let argv = ["[/sbin/init]", "[run]", "[switch_root]", "[run]", "[switch_root]", "[single]", "[A=1]"];
    assert_eq!(ended.section("argv"), argv);
    assert_eq!(ended.section("environment"), ["HOME=/", "TERM=linux", "FOO=bar", "LD_PRELOAD=/x"]);
}

/// Words of pintle's own tools as the only ones, `--help` among them, and words that look like pintle's but stand
/// behind `--`.
#[test]
fn no_word_makes_pintle_a_command() {
    let ended = Guest::new(Aarch64).kernel("7").append("--help -- --help rw root=/dev/nosuch init=/nosuch").run();
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-only")]);
    assert_eq!(
        ended.section("argv"),
        ["[/sbin/init]", "[--help]", "[--help]", "[rw]", "[root=/dev/nosuch]", "[init=/nosuch]"]
    );
    assert_eq!(ended.mount("/").options, "ro,relatime");
}

/// The last word of a kind wins, also one that is quoted.
#[test]
fn the_last_word_wins() {
    let words = "root=/dev/nosuch init=/nosuch rw init=/sbin/init \"root=/dev/vda\" ro rootwait=1 rootwait=100";
    let ended = Guest::new(X86_64).append(words).run();
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-only")]);
    assert_eq!(ended.section("argv"), ["[/sbin/init]"]);
}

/// argv[0] is the path that is executed, and an argument with spaces stays one.
#[test]
fn argv_0_is_the_path_executed() {
    let shell = "echo; tr '\\0' '|' </proc/1/cmdline; echo; echo == done; poweroff -f";
    let ended = Guest::new(X86_64).append(&format!("loglevel=1 init=/bin/sh -- -c \"{shell}\"")).run();
    ended.is_done();
    assert!(ended.has_line(&format!("/bin/sh|-c|{shell}|")), "no such argv");
}
