//! A root that was mounted, and can't be booted, leads to the next one, as if that had been the first.

use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::RootDisk;
use crate::says::{NO_INIT, PANIC, find_init, mounted};

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
