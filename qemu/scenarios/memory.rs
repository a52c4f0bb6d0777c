//! What the initramfs held is free memory again. The proof is a difference between two boots of the same guest, one with
//! 48 MiB of ballast in its image.

use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, init, noise};
use crate::says::mounted;
use std::path::Path;

const BALLAST_KIB: u64 = 48 << 10;
/// MemFree is trustworthy to a few MiB only.
const MAX_LOST_KIB: u64 = 16 << 10;
const MIN_PINNED_KIB: u64 = 32 << 10;

on_kernels! { comes_back:
    comes_back_on_x86_64_6_1: X86_64, "6.1";
    quick_comes_back_on_x86_64_6_12: X86_64, "6.12";
    comes_back_on_x86_64_7: X86_64, "7";
    comes_back_on_aarch64_6_1: Aarch64, "6.1";
    comes_back_on_aarch64_6_12: Aarch64, "6.12";
    quick_comes_back_on_aarch64_7: Aarch64, "7";
}

fn comes_back(arch: Arch, kernel: &str) {
    let lost = lost_kib(arch, kernel, Init::Pintle);
    assert!(lost < MAX_LOST_KIB, "{lost} of {BALLAST_KIB} KiB are lost");
}

/// The control: the same figures where something of the initramfs stays open in the real init tell that it isn't free.
#[test]
fn a_pinned_initramfs_is_noticed_on_6_12() {
    let lost = lost_kib(X86_64, "6.12", Init::HoldsBallast);
    assert!(lost > MIN_PINNED_KIB, "only {lost} of {BALLAST_KIB} KiB are lost");
}

#[test]
fn a_pinned_initramfs_is_noticed_on_7() {
    let lost = lost_kib(X86_64, "7", Init::HoldsBallast);
    assert!(lost > MIN_PINNED_KIB, "only {lost} of {BALLAST_KIB} KiB are lost");
}

/// An /init that ends in pintle's exec is as good as pintle itself: also what the script and its shell held is back.
#[test]
fn comes_back_when_a_script_execs_pintle() {
    let lost = lost_kib(X86_64, "6.12", Init::Script);
    assert!(lost < MAX_LOST_KIB, "{lost} of {BALLAST_KIB} KiB are lost");
}

/// The /init of the image with the ballast.
#[derive(PartialEq)]
enum Init {
    Pintle,
    /// A shell script that execs pintle.
    Script,
    /// The same; it leaves the ballast open as descriptor 9.
    HoldsBallast,
}

fn lost_kib(arch: Arch, kernel: &str, init: Init) -> u64 {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, arch).init(&demo()).make();
    let plain = Image::new(&scratch, arch, kernel).compress("none").make();
    let mut loaded = Image::new(&scratch, arch, kernel).compress("none").add(&noise(&scratch, BALLAST_KIB), "/ballast");
    if init != Init::Pintle {
        let hold = if init == Init::HoldsBallast { "exec 9</ballast" } else { "" };
        loaded = loaded.script(arch, hold);
    }
    let free_kib = |image: &Path| {
        let ended = Guest::new(arch).kernel(kernel).disk(&disk).initramfs(image).run();
        ended.is_done();
        assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-only")]);
        let figure = |section| ended.line(section).parse::<u64>().expect("a number");
        figure("free KiB") + 4 * figure("pages free on a list of a CPU's")
    };
    free_kib(&plain).saturating_sub(free_kib(&loaded.make()))
}

/// An init that tells the memory when all is quiet: some of it comes back seconds later. MemFree leaves out what the
/// CPUs keep on lists of free pages of their own, tens of MiB after a large deletion.
fn demo() -> String {
    init(
        "sleep 2
echo '== free KiB'
awk '/^MemFree:/ { print $2 }' /proc/meminfo
echo \"== pages free on a list of a CPU's\"
awk '$1 == \"count:\" { pages += $2 } END { print pages + 0 }' /proc/zoneinfo",
    )
}
