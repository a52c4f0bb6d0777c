//! What a real init finds when nothing has gone wrong.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, X86_64};
use crate::says::mounted;

macro_rules! good_boots {
    ($($name:ident: $arch:ident, $kernel:literal, $disk:ident, $mode:ident;)*) => {
        $(#[test]
        fn $name() {
            good_boot($arch, $kernel, stringify!($disk), stringify!($mode));
        })*
    };
}
good_boots! {
    quick_x86_64_on_6_12: X86_64, "6.12", virtio, ro;
    quick_aarch64_on_6_12: Aarch64, "6.12", virtio, ro;
    x86_64_on_6_1: X86_64, "6.1", virtio, ro;
    x86_64_on_7: X86_64, "7", virtio, ro;
    aarch64_on_6_1: Aarch64, "6.1", virtio, ro;
    aarch64_on_7: Aarch64, "7", virtio, ro;
    x86_64_from_nvme_read_only: X86_64, "6.12", nvme, ro;
    x86_64_from_nvme_read_write: X86_64, "7", nvme, rw;
    aarch64_from_nvme_read_only: Aarch64, "6.12", nvme, ro;
    aarch64_from_nvme_read_write: Aarch64, "6.1", nvme, rw;
    aarch64_from_scsi_read_write: Aarch64, "6.12", scsi, rw;
    x86_64_from_usb: X86_64, "6.12-full", usb, ro;
    aarch64_from_sd_card: Aarch64, "6.1-full", sd, ro;
}

/// Boots the demo's root disk; `mode` is `ro`, which is not said then, or `rw`.
fn good_boot(arch: Arch, kernel: &str, disk: &str, mode: &str) {
    let file = crate::images::demo_disk(arch);
    let mut guest = Guest::new(arch).kernel(kernel).disk(format!("{file},if={disk},snapshot=on"));
    if mode == "rw" {
        guest = guest.append("rw");
    }
    let ended = guest.run();
    ended.is_done();

    let device = match disk {
        "nvme" => "/dev/nvme0n1",
        "scsi" | "usb" => "/dev/sda",
        "sd" => "/dev/mmcblk0",
        _ => "/dev/vda",
    };
    let how = if mode == "rw" { "read-write" } else { "read-only" };
    assert_eq!(ended.pintle_but_waiting(), [mounted(device, how)]);
    assert_eq!(ended.section("kernel"), [&arch.kernel_release(kernel), arch.name()]);
    assert_eq!(ended.section("argv"), ["[/sbin/init]"]);
    assert_eq!(ended.section("environment"), ["HOME=/", "TERM=linux"]);
    assert_eq!(ended.line("pid"), "1");
    check_mounts(&ended, device, mode);
    check_descriptors(&ended);
}

/// The root, what pintle moved into it, and nothing of the initramfs.
fn check_mounts(ended: &Ended, device: &str, mode: &str) {
    let mounts = ended.mounts();
    let seen: Vec<_> = mounts.iter().map(|mount| (mount.point, mount.fstype, mount.options)).collect();
    let root_options = format!("{mode},relatime");
    let expected = [
        ("/", "ext4", root_options.as_str()),
        ("/dev", "devtmpfs", "rw,nosuid,relatime"),
        ("/proc", "proc", "rw,nosuid,nodev,noexec,relatime"),
        // strictatime is what is left when neither relatime nor noatime is there.
        ("/run", "tmpfs", "rw,nosuid,nodev"),
        ("/sys", "sysfs", "rw,nosuid,nodev,noexec,relatime"),
    ];
    assert_eq!(seen, expected);

    let root = ended.mount("/");
    assert_eq!(root.source, device);
    assert_eq!(root.super_options.split(',').next(), Some(mode));
    assert_eq!(ended.mount("/dev").super_option("mode"), Some("755"));
    let run = ended.mount("/run");
    assert_eq!(run.super_option("mode"), Some("755"));
    assert_eq!(run.super_option("nr_inodes"), Some("819200"));
    let size: u64 = run.super_option("size").and_then(|size| size.strip_suffix('k')?.parse().ok()).expect("its size");
    // A fifth; the kernel frees a little of its own memory after pintle's start.
    let fifth = ended.memory("MemTotal") / 5;
    assert!(size.abs_diff(fifth) < fifth / 20, "/run has {size} KiB, a fifth of the memory is {fifth}");
}

/// The console of the devtmpfs that is at /dev now.
fn check_descriptors(ended: &Ended) {
    let dev = ended.mount("/dev").dev.strip_prefix("0:").expect("a device number of no device");
    let descriptors = ended.section("fds");
    assert_eq!(descriptors.len(), 3);
    let mut nodes = Vec::new();
    for (number, descriptor) in descriptors.iter().enumerate() {
        let console = format!("{number} /dev/console dev {dev} ino ");
        nodes.push(descriptor.strip_prefix(&console).unwrap_or_else(|| panic!("{descriptor:?} is not {console:?}…")));
    }
    assert!(nodes.windows(2).all(|pair| pair.first() == pair.last()), "{descriptors:?}");
}
