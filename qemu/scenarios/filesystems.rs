//! File systems other than ext4 as the root, each made by its own mkfs, and mounted as what it was found to be.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::says::mounted_as;
use crate::tree::{Tree, UUID};

macro_rules! rows {
    ($($(#[$about:meta])* $name:ident: $arch:ident, $kernel:literal, $modules:literal, $root:literal, $mode:literal;)*) => {
        $($(#[$about])* #[test] fn $name() { check($arch, $kernel, stringify!($name), $modules, $root, $mode); })*
    };
}
rows! {
    xfs: X86_64, "6.12", "xfs", "root=UUID=UUID", "rw";
    btrfs: X86_64, "6.12", "btrfs", "root=UUID=UUID", "rw";
    /// Debian's cloud kernels have none.
    f2fs: X86_64, "7-full", "f2fs", "root=UUID=UUID", "rw";
    erofs: Aarch64, "6.12", "erofs", "root=UUID=UUID", "ro";
    /// It has neither a UUID nor a label. What can't be written is mounted read-only.
    squashfs: X86_64, "6.12", "squashfs", "root=/dev/vda rw", "ro";
    vfat: X86_64, "7", "vfat nls_cp437 nls_ascii", "root=LABEL=TREE", "rw";
    iso9660: Aarch64, "6.1", "isofs", "root=LABEL=TREE", "ro";
}

/// Named as the words say, mounted with no `rootfstype=`.
fn check(arch: Arch, kernel: &str, fstype: &str, modules: &str, root: &str, mode: &str) {
    let scratch = Scratch::new();
    let image = Tree::new(&scratch, arch).make(fstype);
    let mut words = root.replace("=UUID=UUID", &format!("=UUID={UUID}"));
    if mode == "rw" {
        words += " rw";
    }
    let guest = modules.split(' ').fold(Guest::new(arch).kernel(kernel).disk(image).append(&words), Guest::module);
    let ended = guest.run();
    ended.is_done();
    // An image for CDs has a partition table, too, and a partition with the same file system.
    let device = if fstype == "iso9660" { "/dev/vda1" } else { "/dev/vda" };
    let how = if mode == "rw" { "read-write" } else { "read-only" };
    assert_eq!(ended.pintle_but_waiting(), [mounted_as(fstype, device, how)]);
    let root = ended.mount("/");
    assert_eq!((root.fstype, root.source), (fstype, device));
    assert_eq!(ended.section("argv"), ["[/sbin/init]"]);
}

/// A type that nobody has loaded a driver for is said to be what it is.
#[test]
fn no_driver() {
    let scratch = Scratch::new();
    let image = Tree::new(&scratch, X86_64).make("squashfs");
    let ended = Guest::new(X86_64).disk(image).append("root=/dev/vda").run();
    ended.has_failed();
    let said = [&crate::says::mount_root("/dev/vda", "squashfs", "ENODEV"), crate::says::PANIC];
    assert_eq!(ended.pintle_but_devices(), said);
}

/// squashfs has no name of its own, but its partition has.
#[test]
fn squashfs_by_partition_label() {
    let scratch = Scratch::new();
    let image = Tree::new(&scratch, Aarch64).make("squashfs");
    let disk = crate::disks::Disk::gpt(&scratch).part("name=system-a", &image).make();
    let ended = Guest::new(Aarch64).kernel("7").disk(disk).module("squashfs").append("root=PARTLABEL=system-a").run();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted_as("squashfs", "/dev/vda1", "read-only")]);
}
