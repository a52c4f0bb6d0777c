//! The image's own settings: what they fix the command line has no say in, and where they lock it in nothing at all.

use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, demo_disk};
use crate::says::{PANIC, decided, mounted};
use std::path::PathBuf;

fn image(scratch: &Scratch, arch: Arch, kernel: &str, settings: &str) -> PathBuf {
    let rescue = scratch.file("rescue", b"#!/bin/busybox sh\necho '== rescue'\n", 0o755);
    let settings = scratch.file("pintle.conf", settings.as_bytes(), 0o644);
    let image = Image::new(scratch, arch, kernel).rescue(&rescue).add(&arch.busybox(), "/bin/busybox");
    image.add(&settings, "/etc/pintle.conf").make()
}

on_kernels! { locked:
    quick_locked_on_x86_64_6_12: X86_64, "6.12";
    locked_on_aarch64_6_1: Aarch64, "6.1";
}

/// Words that would boot something else, or boot it otherwise: none has an effect, and each is reported, in order.
fn locked(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let settings = "# the demo's root\nroot = LABEL=pintle-root\nlock = yes\nallow = rw\n";
    let image = image(&scratch, arch, kernel, settings);
    let hostile = [
        "root=/dev/nosuch",
        "pintle.root=/dev/nosuch",
        "init=/bin/sh",
        "rootfstype=vfat",
        "rootflags=nosuchflag",
        "rootdelay=900",
        "mount.usr=/dev/vda",
        "pintle.rescue",
        "pintle.fail=poweroff",
    ];
    let words = format!("{} TERM=vt100 LD_PRELOAD=/x.so A=1 single rw -- -x B=2", hostile.join(" "));
    let disk = format!("{},snapshot=on", demo_disk(arch));
    let ended = Guest::new(arch).kernel(kernel).initramfs(&image).disk(disk).append(&words).run();
    ended.is_done();
    let passed_on = ["single", "-x", "B=2", "TERM=vt100", "LD_PRELOAD=/x.so", "A=1"];
    let mut expected: Vec<_> = passed_on.iter().chain(&hostile).map(|word| decided(word)).collect();
    expected.push(mounted("/dev/vda", "read-write"));
    assert_eq!(ended.pintle(), expected);
    assert_eq!(ended.section("argv"), ["[/sbin/init]"]);
    assert_eq!(ended.section("environment"), ["HOME=/", "TERM=linux"]);
    assert_eq!(ended.mount("/").source, "/dev/vda");
}

/// Nothing is discovered, and nobody rescued, whoever allows it.
#[test]
fn locked_without_a_root() {
    let scratch = Scratch::new();
    let image = image(&scratch, X86_64, "6.12", "lock=yes\nallow=pintle.rescue");
    let disk = format!("{},snapshot=on", demo_disk(X86_64));
    let ended = Guest::new(X86_64).initramfs(&image).disk(disk).append("root=/dev/vda pintle.rescue").run();
    ended.has_failed();
    let reason = "find root: the root partition: lock=yes in /etc/pintle.conf, but no root=: giving up";
    let lines = ended.pintle_but_devices();
    assert_eq!(lines, [decided("root=/dev/vda"), reason.to_owned(), PANIC.to_owned()]);
    assert!(!ended.has_line("== rescue"));
}

#[test]
fn not_understood_on_aarch64_7() {
    let scratch = Scratch::new();
    let image = image(&scratch, Aarch64, "7", "root=LABEL=pintle-root\n\n# typo\nlokc=yes\n");
    let disk = format!("{},snapshot=on", demo_disk(Aarch64));
    let words = "root=/dev/vda pintle.rescue";
    let ended = Guest::new(Aarch64).kernel("7").initramfs(&image).disk(disk).append(words).run();
    ended.has_failed();
    let reason = "/etc/pintle.conf: line 4: lokc=yes: unknown, or the second of its kind: giving up";
    assert_eq!(ended.pintle(), [reason, PANIC]);
    assert!(!ended.has_line("== rescue"));
}
