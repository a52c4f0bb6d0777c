//! The real init has as much memory as in a boot without an initramfs: one that needs so much that without an initramfs it
//! just boots, boots behind pintle too with 256 KiB more. It fills a tmpfs as far as it goes, which is the same as trying one
//! `-m` after the other: a KiB more here is a KiB more there.
//!
//! With an init that needs little it is not the memory that decides, of which 12 MiB are free in the end, but the place that
//! QEMU puts the image at: on x86_64 the kernel must not unpack itself over it.

use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, noise};
use std::path::Path;

/// `-m` without an initramfs. Just above a multiple of 128 MiB it would be another matter: there 2 MiB go to one more memory
/// map, initramfs or not.
const MEMORY_KIB: u64 = 160 << 10;
const MORE_KIB: u64 = 256;
/// What the control keeps in memory.
const HELD_KIB: u64 = 1 << 10;

on_kernels! { as_without_initramfs:
    as_without_initramfs_on_x86_64_6_1: X86_64, "6.1";
    as_without_initramfs_on_x86_64_6_12: X86_64, "6.12";
    as_without_initramfs_on_x86_64_7: X86_64, "7";
    as_without_initramfs_on_aarch64_6_1: Aarch64, "6.1";
    as_without_initramfs_on_aarch64_6_12: Aarch64, "6.12";
    as_without_initramfs_on_aarch64_7: Aarch64, "7";
}

fn as_without_initramfs(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let image = Image::new(&scratch, arch, kernel).no_modules().make();
    let [needed, most] = figures(&scratch, arch, kernel, &image);
    assert!(most >= needed, "{most} KiB of the {needed} that there are without an initramfs");
}

/// The control: a MiB that the real init has open is missed.
#[test]
fn a_held_mebibyte_is_noticed() {
    let scratch = Scratch::new();
    let image = Image::new(&scratch, X86_64, "6.12")
        .no_modules()
        .script(X86_64, "exec 9</held")
        .add(&noise(&scratch, HELD_KIB), "/held")
        .make();
    let [needed, most] = figures(&scratch, X86_64, "6.12", &image);
    assert!(most < needed, "{most} KiB, and {needed} without an initramfs");
}

/// How many KiB an init can fill without an initramfs, and with `image` and the KiB more. Where the kernel keeps memory for
/// contiguous allocations it gives up before or after that is full, a MiB more or less.
fn figures(scratch: &Scratch, arch: Arch, kernel: &str, image: &Path) -> [u64; 2] {
    let disk = RootDisk::new(scratch, arch).init(FILLS).make();
    let guest = |memory: u64| {
        let guest = Guest::new(arch).kernel(kernel).disk(format!("{disk},if=nvme,snapshot=on")).append("nokaslr cma=0");
        guest.qemu("-m", &format!("{memory}K"))
    };
    let without = || filled_kib(guest(MEMORY_KIB).no_initramfs());
    let needed = without().max(without());
    let mut most = 0;
    // Now and then the kernel gives up a little earlier.
    for _ in 0..3 {
        if most < needed {
            most = most.max(filled_kib(guest(MEMORY_KIB + MORE_KIB).initramfs(image)));
        }
    }
    [needed, most]
}

/// What it said last, before the kernel killed what filled the memory, or panicked since only PID 1 was left to be killed.
#[track_caller]
fn filled_kib(guest: Guest) -> u64 {
    let ended = guest.run();
    ended.last("filled KiB ").parse().expect("a number")
}

/// It has itself and busybox in the tmpfs: what the kernel can read again from the disk would otherwise come and go for long.
/// Without an initramfs it mounts what pintle does. All but 6 MiB at once, then 64 KiB by 64 KiB.
const FILLS: &str = "#!/bin/sh
[ -e /proc/self ] || {
    mount -t devtmpfs devtmpfs /dev
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t tmpfs tmpfs /run
}
echo 1 >/proc/sys/kernel/printk
echo 0 >/proc/sys/vm/watermark_boost_factor
mount -t tmpfs -o size=100% tmpfs /mnt
mkdir /mnt/dev
mount -o bind /dev /mnt/dev
cp /bin/busybox /mnt
while read -r name value _; do [ $name != MemFree: ] || free=$value; done </proc/meminfo
cat >/mnt/fill <<EOF
kib=$((free / 64 * 64 - 6144))
/busybox dd if=/dev/zero of=/first bs=64k count=\\$((kib / 64)) 2>/dev/null || kib=0
while echo filled KiB \\$kib; /busybox dd if=/dev/zero of=/\\$kib bs=64k count=1 2>/dev/null; do
    kib=\\$((kib + 64))
done
/busybox poweroff -f
EOF
exec chroot /mnt /busybox sh /fill
";
