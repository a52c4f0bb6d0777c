//! A root that was mounted, and can't be booted, leads to the next one, as if that had been the first.

use crate::ended::Ended;
use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk};
use crate::says::{NO_INIT, PANIC, execve, find_init, mounted};

on_kernels! { without_an_init:
    without_an_init_on_x86_64_6_1: X86_64, "6.1";
    quick_without_an_init_on_x86_64_6_12: X86_64, "6.12";
    without_an_init_on_aarch64_7: Aarch64, "7";
}

const ROOTS: &str = "pintle.root=LABEL=broken,LABEL=good";

fn without_an_init(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let broken = RootDisk::new(&scratch, arch).label("broken").no_init().omit("/bin/sh").make();
    let good = RootDisk::new(&scratch, arch).label("good").make();
    let ended = Guest::new(arch).kernel(kernel).disk(broken).disk(good).append(ROOTS).run();
    ended.is_done();
    let took = |label: &str| format!("{ROOTS}: it is {label}");
    let said = [mounted("/dev/vda", "read-only"), took("broken"), NO_INIT.to_owned()];
    assert_eq!(ended.pintle(), [&said[..], &[mounted("/dev/vdb", "read-only"), took("good")]].concat());
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/sys"]);
    assert_eq!(ended.mount("/").source, "/dev/vdb");
}

on_kernels! { refused_by_the_kernel:
    refused_by_the_kernel_on_x86_64_7: X86_64, "7";
    refused_by_the_kernel_on_aarch64_7: Aarch64, "7";
}

/// On Linux 7 the exec alone is the point of no return: what it refuses, though it looks well, leads to the next root.
fn refused_by_the_kernel(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let ended = boots_next(Guest::new(arch).kernel(kernel), &scratch, arch);
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/sys"]);
}

/// Nor is anything lost before, where the initramfs is kept for the shutdown.
#[test]
fn refused_by_the_kernel_and_kept_on_6_12() {
    let scratch = Scratch::new();
    let image =
        Image::new(&scratch, X86_64, "6.12").add(&scratch.file("shutdown", b"#!/bin/sh\n", 0o755), "/shutdown").make();
    let ended = boots_next(Guest::new(X86_64).kernel("6.12").initramfs(&image), &scratch, X86_64);
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/run/initramfs", "/sys"]);
}

fn boots_next(guest: Guest, scratch: &Scratch, arch: Arch) -> Ended {
    // A script that is its own interpreter.
    let broken = RootDisk::new(scratch, arch).label("broken").init("#!/sbin/init\n").make();
    let good = RootDisk::new(scratch, arch).label("good").make();
    let ended = guest.disk(broken).disk(good).append(&format!("{ROOTS} init=/sbin/init")).run();
    ended.is_done();
    let took = |label: &str| format!("{ROOTS}: it is {label}");
    let said = [mounted("/dev/vda", "read-only"), took("broken"), execve("/sbin/init", "ELOOP")];
    assert_eq!(ended.pintle(), [&said[..], &[mounted("/dev/vdb", "read-only"), took("good")]].concat());
    assert_eq!(ended.mount("/").source, "/dev/vdb");
    ended
}

/// The last one that is left decides nothing any more: the machine panics, and says why each of them couldn't be booted.
#[test]
fn none_has_an_init() {
    let scratch = Scratch::new();
    let [one, other] = ["broken", "good"].map(|label| RootDisk::new(&scratch, X86_64).label(label).make());
    let ended = Guest::new(X86_64).disk(one).disk(other).append(&format!("{ROOTS} init=/nosuch")).run();
    ended.has_failed();
    let said = ended.pintle();
    assert_eq!(said.iter().filter(|line| **line == find_init("/nosuch", "ENOENT")).count(), 2, "{said:?}");
    assert_eq!(said.last().map(String::as_str), Some(PANIC));
    assert!(ended.devices().is_empty(), "they were there: {said:?}");
}
