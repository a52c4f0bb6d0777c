//! The image's checker of file systems: e2fsck, on what it finds clean, puts right, and leaves broken.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Scratch, X86_64, output, sbin};
use crate::images::{Image, RootDisk, init};
use crate::says::{PANIC, mounted};

const MARK: &str = "[ -e /run/initramfs/fsck-root ] && echo 'the mark is there'";

/// Boots a root that debugfs(8) has done this to, with e2fsck in the image.
fn boot(scratch: &Scratch, damage: &[&str], words: &str) -> (Ended, String) {
    let image = Image::new(scratch, X86_64, "6.12").fsck("ext4").make();
    let disk = RootDisk::new(scratch, X86_64).init(&init(MARK)).make();
    for request in damage {
        output(sbin("debugfs").args(["-w", "-R", request, &disk])).unwrap_or_else(|why| panic!("{why}"));
    }
    let words = format!("root=/dev/vda {words}");
    (Guest::new(X86_64).initramfs(&image).disk(&disk).append(&words).run(), disk)
}

const CHECKS: &str = "fsck: /dev/vda: checking ext4";

#[test]
fn clean_and_checked_in_any_case() {
    let scratch = Scratch::new();
    let (ended, _) = boot(&scratch, &[], "fsck.mode=force");
    ended.is_done();
    assert_eq!(ended.pintle(), [CHECKS, &mounted("/dev/vda", "read-only")]);
    assert!(ended.says("pintle-root: ") && ended.says("files ("), "e2fsck says nothing");
    assert!(ended.has_line("the mark is there"));
}

#[test]
fn not_unmounted_and_put_right() {
    let scratch = Scratch::new();
    let damage = ["ssv free_blocks_count 7", "ssv state 0"];
    let (ended, disk) = boot(&scratch, &damage, "");
    ended.is_done();
    assert_eq!(ended.pintle(), [CHECKS, &mounted("/dev/vda", "read-only")]);
    assert!(ended.says("was not cleanly unmounted, check forced") && ended.has_line("the mark is there"));
    // Nothing is left to do.
    let clean = output(sbin("e2fsck").args(["-f", "-n", &disk]));
    assert!(clean.is_ok(), "{clean:?}");
}

#[test]
fn quick_broken_and_refused() {
    let scratch = Scratch::new();
    let (ended, _) = boot(&scratch, &["clri /sbin", "ssv state 0"], "");
    ended.has_failed();
    let left = "fsck: /dev/vda: errors are left (exit status 4): giving up";
    assert_eq!(ended.pintle_but_devices(), [CHECKS, left, PANIC]);
    assert!(ended.says("RUN fsck MANUALLY"));
}

/// What can't be run, or doesn't know the file system, is said, and the boot goes on.
#[test]
fn not_checked_on_aarch64_7() {
    let scratch = Scratch::new();
    let checker = b"#!/bin/busybox sh\necho \"checker $*, $(readlink /proc/$$/fd/1), $(tr '\\0' ' ' </proc/$$/environ)\"\nexit 8\n";
    let checker = scratch.file("fsck.ext4", checker, 0o755);
    let image = Image::new(&scratch, Aarch64, "7").add(&checker, "/sbin/fsck.ext4");
    let image = image.add(&Aarch64.busybox(), "/bin/busybox").make();
    let disk = RootDisk::new(&scratch, Aarch64).init(&init(MARK)).make();
    let words = "root=/dev/vda rw fsck.repair=yes A=1";
    let ended = Guest::new(Aarch64).kernel("7").initramfs(&image).disk(disk).append(words).run();
    ended.is_done();
    let failed = "fsck: /dev/vda: not checked (exit status 8): going on without it";
    assert_eq!(ended.pintle(), [CHECKS, failed, &mounted("/dev/vda", "read-write")]);
    assert!(ended.has_line("checker -y -C0 /dev/vda, /dev/console, HOME=/ TERM=linux "));
    assert!(!ended.has_line("the mark is there"));
}
