//! Writable tops: what is written goes elsewhere, and the disk stays as it is, byte by byte.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{RootDisk, init};
use crate::says::{mounted, mounted_as};
use std::fs;

const SHOW: &str = "
echo '== mountinfo'; cat /proc/self/mountinfo
echo '== written'; for dir in / /var /usr; do busybox touch $dir/written 2>/dev/null && echo $dir; done
echo '== root'; busybox ls -1F /
";

/// A root whose init is in its /usr, since that is all that some of them have; it finds its commands by itself.
fn disk(scratch: &Scratch, arch: Arch) -> String {
    let root = RootDisk::new(scratch, arch).no_init().add(&arch.busybox(), "/usr/bin/busybox");
    root.program("/usr/sbin/init", &init(SHOW).replace("#!/bin/sh", "#!/usr/bin/busybox sh")).make()
}

struct Top {
    ended: Ended,
    /// Nothing of the disk has changed.
    intact: bool,
}

fn boot(arch: Arch, kernel: &str, words: &str) -> Top {
    let scratch = Scratch::new();
    let disk = disk(&scratch, arch);
    let before = fs::read(&disk).expect("the disk");
    let words = format!("root=/dev/vda init=/usr/sbin/init {words}");
    let ended = Guest::new(arch).kernel(kernel).disk(&disk).module("overlay").append(&words).run();
    ended.is_done();
    Top { ended, intact: fs::read(&disk).expect("the disk") == before }
}

const LOWER: &str = "/run/pintle/lower";
const UPPER: &str = "/run/pintle/upper";

#[track_caller]
fn is_overlay(top: &Top, size: &str) {
    assert_eq!(top.ended.pintle(), [mounted("/dev/vda", "read-only"), mounted_as("overlay", "overlay", "read-write")]);
    assert_eq!(top.ended.mount_points(), ["/", "/dev", "/proc", "/run", LOWER, UPPER, "/sys"]);
    assert_eq!(top.ended.mount("/").super_option("upperdir"), Some("/run/pintle/upper/upper"));
    let lower = top.ended.mount(LOWER);
    assert_eq!((lower.source, lower.options), ("/dev/vda", "ro,relatime"));
    let upper = top.ended.mount(UPPER);
    let size_in_kib = upper.super_option("size");
    assert!(size.is_empty() || size_in_kib == Some(size), "{size_in_kib:?}");
    assert_eq!(top.ended.section("written"), ["/", "/var", "/usr"]);
    assert!(top.intact);
}

#[test]
fn quick_overlay_on_x86_64_6_12() {
    is_overlay(&boot(X86_64, "6.12", "pintle.overlay=tmpfs:48M rw"), "49152k");
}

#[test]
fn overlayroot_on_aarch64_7() {
    is_overlay(&boot(Aarch64, "7", "overlayroot=tmpfs:swap=1,recurse=0 rw"), "");
}

#[test]
fn volatile_overlay_on_x86_64_6_1() {
    is_overlay(&boot(X86_64, "6.1", "systemd.volatile=overlay"), "");
}

#[test]
fn volatile_yes_on_aarch64_6_1() {
    volatile_yes(Aarch64, "6.1");
}

#[test]
fn volatile_yes_on_x86_64_6_12() {
    volatile_yes(X86_64, "6.12");
}

/// Of the root there is nothing but its /usr.
fn volatile_yes(arch: Arch, kernel: &str) {
    let top = boot(arch, kernel, "systemd.volatile=yes rw");
    let said = [mounted("/dev/vda", "read-only"), mounted_as("tmpfs", "tmpfs", "read-write")];
    assert_eq!(top.ended.pintle(), said);
    assert_eq!(top.ended.mount_points(), ["/", "/dev", "/proc", "/run", LOWER, "/sys", "/usr"]);
    assert_eq!(top.ended.mount("/").fstype, "tmpfs");
    let usr = top.ended.mount("/usr");
    assert_eq!((usr.root, usr.source, usr.options), ("/usr", "/dev/vda", "ro,relatime"));
    assert_eq!(top.ended.section("written"), ["/", "/var"]);
    let names = ["bin@", "dev/", "etc/", "lib@", "lib64@", "proc/", "root/", "run/", "sbin@", "sys/", "usr/", "var/"];
    let mut found = top.ended.section("root");
    found.retain(|name| *name != "written");
    assert_eq!(found, names);
    assert!(top.intact);
}

/// Its init isn't systemd.
#[test]
fn volatile_state_on_x86_64_6_12() {
    let top = boot(X86_64, "6.12", "systemd.volatile=state rw");
    assert_eq!(top.ended.pintle(), [mounted("/dev/vda", "read-only")]);
    assert_eq!(top.ended.mount_points(), ["/", "/dev", "/proc", "/run", "/sys", "/var"]);
    assert_eq!((top.ended.mount("/").options, top.ended.mount("/var").fstype), ("ro,relatime", "tmpfs"));
    assert_eq!(top.ended.section("written"), ["/var"]);
    assert!(top.intact);
}

/// What is asked for and isn't understood, or isn't there, boots nothing.
#[test]
fn refused() {
    let scratch = Scratch::new();
    let disk = disk(&scratch, X86_64);
    let rows = [
        ("overlayroot=crypt:dev=/dev/vdb", "writable top: crypt:dev=/dev/vdb: unknown form: giving up"),
        ("pintle.overlay=LABEL=nosuch rootwait=4", "writable top: LABEL=nosuch: not there: giving up"),
    ];
    for (words, line) in rows {
        let guest = Guest::new(X86_64).disk(&disk).module("overlay");
        let ended = guest.append(&format!("root=/dev/vda rw init=/usr/sbin/init {words}")).run();
        ended.has_failed();
        assert_eq!(ended.pintle().iter().rev().nth(1).map(String::as_str), Some(line), "{words}");
    }
}
