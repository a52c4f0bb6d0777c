//! No inode of the initramfs is left behind. The kernel's own lists tell: each superblock has one of its inodes, and it is
//! read in the memory of a guest that stands still while the real init sleeps.

use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, init};
use crate::monitor::Monitor;
use crate::structures::{Memory, Types};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

on_kernels! { none_is_left:
    none_is_left_on_x86_64_6_1: X86_64, "6.1";
    none_is_left_on_x86_64_6_12: X86_64, "6.12";
    none_is_left_on_x86_64_7: X86_64, "7";
    none_is_left_on_aarch64_6_1: Aarch64, "6.1";
    none_is_left_on_aarch64_6_12: Aarch64, "6.12";
    none_is_left_on_aarch64_7: Aarch64, "7";
}

/// The kernel's own tmpfs, for shared memory; and /run.
const OTHERS: [&str; 2] = ["tmpfs: /", "tmpfs: / /pintle /pintle/times"];
/// Before 7 nobody can unmount the rootfs: its root directory stays.
const ROOTFS: &str = "rootfs: /";

fn none_is_left(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let image = Image::new(&scratch, arch, kernel).make();
    let mut expected = OTHERS.to_vec();
    if kernel != "7" {
        expected.insert(0, ROOTFS);
    }
    assert_eq!(left(&scratch, arch, kernel, &image), expected);
}

/// The control: a file that the real init has open is seen.
#[test]
fn an_open_file_is_seen_on_6_12() {
    let left = left_with_open_file("6.12");
    assert_eq!(left, [&[format!("{ROOTFS} /held").as_str()], &OTHERS[..]].concat());
}

/// There it keeps all the others too.
#[test]
fn an_open_file_is_seen_on_7() {
    let left = left_with_open_file("7");
    let rootfs = left.first().map_or("", String::as_str);
    for path in ["/", "/held", "/init", "/pintle", "/bin/busybox"] {
        assert!(rootfs.split(' ').any(|each| each == path), "{path} is not among {left:?}");
    }
    assert_eq!(left.get(1..), Some(&OTHERS.map(str::to_owned)[..]));
}

fn left_with_open_file(kernel: &str) -> Vec<String> {
    let scratch = Scratch::new();
    let image = Image::new(&scratch, X86_64, kernel)
        .script(X86_64, "exec 9</held")
        .add(&scratch.file("held", b"held\n", 0o644), "/held");
    left(&scratch, X86_64, kernel, &image.make())
}

/// What the kernel has in file systems of the kinds that an initramfs may be: `TYPE: PATH…`.
fn left(scratch: &Scratch, arch: Arch, kernel: &str, image: &Path) -> Vec<String> {
    let disk = RootDisk::new(scratch, arch).init(&shows_superblocks()).make();
    let btf = scratch.file("btf", &vec![0; 16 << 20], 0o644);
    let socket = scratch.path("monitor");
    let guest = Guest::new(arch).kernel(kernel).initramfs(image).disk(disk).disk(btf.display());
    let mut running = Monitor::of(guest, &socket).start();
    running.wait_for("== asleep", 90);
    // In the kernel, where it sees all of its memory.
    sleep(Duration::from_millis(500));
    let mut monitor = Monitor::connect(&socket);
    monitor.halt();
    let file = scratch.path("memory");
    let mut memory = Memory::new(&mut monitor, Types::new(&btf), &file);
    let mut left = Vec::new();
    for address in running.console().lines().filter_map(|line| line.strip_prefix("superblock ")) {
        let superblock = u64::from_str_radix(address, 16).expect("an address");
        let fstype = memory.fstype(superblock);
        if ["rootfs", "ramfs", "tmpfs"].contains(&fstype.as_str()) {
            left.push(format!("{fstype}: {}", memory.inodes(superblock).join(" ")));
        }
    }
    monitor.go_on();
    running.end().is_done();
    left.sort();
    left
}

/// An init that shows where the superblocks are, and sleeps. sync(2) goes through all that there are, and is watched.
fn shows_superblocks() -> String {
    init(
        "cat /sys/kernel/btf/vmlinux >/dev/vdb
mount -t tracefs tracefs /sys/kernel/tracing
cd /sys/kernel/tracing
echo 'p:superblock sync_inodes_one_sb at=$arg1:x64' >kprobe_events
echo 1 >events/kprobes/superblock/enable
sync
sed -n 's/.* at=0x/superblock /p' trace
echo '== asleep'
sleep 5",
    )
}
