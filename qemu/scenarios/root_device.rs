//! All the ways to name the root device, and what is done with the file system on it.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{RootDisk, partitioned};
use crate::says::{
    DEMO, DEVICES_END, NOTHING, PANIC, device, mount_root, mounted, no_server, no_type_fits, not_found, udev_root,
    unknown_root,
};

const UUID: &str = "0f2a4c6e-0001-4000-8000-00000000abcd";

macro_rules! partition {
    ($($(#[$about:meta])* $name:ident: $arch:ident, $kernel:literal, $disk:ident, $root:literal;)*) => {
        $($(#[$about])* #[test] fn $name() { partition($arch, $kernel, stringify!($disk), $root); })*
    };
}
partition! {
    quick_by_partition_label: X86_64, "6.12", nvme, "\"root=PARTLABEL=my root\"";
    by_partition_label_on_6_1: Aarch64, "6.1", virtio, "\"root=PARTLABEL=my root\"";
    /// From 7 on the kernel tells a partition's UUID too. Case is nothing to it.
    by_partition_uuid_on_7: X86_64, "7", virtio, "root=PARTUUID=0F2A4C6E-0001-4000-8000-00000000abcd";
    by_partition_uuid_on_aarch64: Aarch64, "7", nvme, "root=PARTUUID=0f2a4c6e-0001-4000-8000-00000000ABCD";
    by_name: X86_64, "6.1", nvme, "root=/dev/nvme0n1p2";
    /// NVMe's disks and partitions have numbers of their own major, BLOCK_EXT_MAJOR.
    by_numbers: X86_64, "6.12", nvme, "root=259:2";
    by_numbers_on_7: X86_64, "7", scsi, "root=8:2";
    by_hexadecimal_number: Aarch64, "6.12", nvme, "root=10302";
    by_short_hexadecimal_number: Aarch64, "6.12", scsi, "root=0802";
}

/// The second partition of the only disk is the root.
fn partition(arch: Arch, kernel: &str, kind: &str, root: &str) {
    let scratch = Scratch::new();
    let disk = partitioned(&scratch, &RootDisk::new(&scratch, arch).make(), "my root", UUID);
    let ended = Guest::new(arch).kernel(kernel).disk(format!("{disk},if={kind}")).append(root).run();
    ended.is_done();
    let device = match kind {
        "nvme" => "/dev/nvme0n1p2",
        "scsi" => "/dev/sda2",
        _ => "/dev/vda2",
    };
    assert_eq!(ended.pintle_but_waiting(), [mounted(device, "read-only")]);
    assert_eq!(ended.mount("/").source, device);
}

/// A disk's partitions are all listed, with what their table says of them.
#[test]
fn partitions_are_listed() {
    let scratch = Scratch::new();
    let disk = partitioned(&scratch, &RootDisk::new(&scratch, X86_64).make(), "my root", UUID);
    let guest = Guest::new(X86_64).kernel("7").disk(format!("{disk},if=nvme"));
    let ended = guest.append("\"root=PARTLABEL=not mine\" rootwait=1").run();
    ended.has_failed();
    assert_eq!(ended.pintle_but_devices(), [&not_found("PARTLABEL=not mine"), PANIC]);
    // sysfs has an order of its own.
    let mut devices = ended.devices();
    devices.sort();
    // sfdisk makes up a UUID for the first partition.
    let other = devices.get(1).and_then(|line| line.split_once("PARTUUID=")?.1.split_once(':')).unwrap_or_default().0;
    assert_eq!(other.len(), UUID.len(), "{devices:?}");
    let expected = [
        device("nvme0n1", ["259:0", "disk"], NOTHING, ["", ""], 73728),
        device("nvme0n1p1", ["259:1", "partition"], NOTHING, ["other", other], 2048),
        device("nvme0n1p2", ["259:2", "partition"], DEMO, ["my root", UUID], 65536),
        DEVICES_END.to_owned(),
    ];
    assert_eq!(devices, expected);
}

macro_rules! refused {
    ($($(#[$about:meta])* $name:ident: $words:literal, $said:expr;)*) => {
        $($(#[$about])* #[test] fn $name() { refused($words, $said); })*
    };
}
refused! {
    by_bare_name: "root=vda", unknown_root("vda");
    by_a_name_of_udev: "root=/dev/mapper/vg-root", udev_root("/dev/mapper/vg-root");
    without_a_server: "root=/dev/nfs nfsroot=/srv", no_server("/dev/nfs");
    without_the_network_file_system: "root=/dev/nfs nfsroot=10.0.2.2:/srv", mount_root("10.0.2.2:/srv", "nfs", "ENODEV");
    a_type_that_the_kernel_lacks: "root=/dev/vda rootfstype=nosuch,ext4",
        mount_root("/dev/vda", "nosuch", "ENODEV");
    a_type_that_is_not_on_it: "root=/dev/vda rootfstype=ext3,ext2", no_type_fits("/dev/vda");
    an_option_that_it_does_not_know: "root=/dev/vda rootflags=nosuch", no_type_fits("/dev/vda");
    an_option_that_it_does_not_know_rw: "root=/dev/vda rw rootfstype=ext4 rootflags=nosuch", no_type_fits("/dev/vda");
}

/// What can't be mounted is said at once, with the devices that there are.
fn refused(words: &str, said: String) {
    let ended = Guest::new(X86_64).cmdline(&format!("panic=-1 {words}")).run();
    ended.has_failed();
    assert_eq!(ended.pintle_but_devices(), [said.as_str(), PANIC]);
    assert!(ended.says(" DEVNAME=vda "));
    let took = ended.time_of("giving up") - ended.time_of("Run /init as init process");
    assert!(took < 2.0, "it took {took} s");
}

/// The kernel's ext4 refuses to mount it as ext3, and the list goes on.
#[test]
fn the_next_type_is_tried() {
    let ended = Guest::new(Aarch64).append("rootfstype=ext3,ext4 rootflags=data=writeback,errors=remount-ro").run();
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-only")]);
    let options = ended.mount("/").super_options;
    assert!(
        options.contains("data=writeback,errors=remount-ro") || options.contains("errors=remount-ro,data=writeback"),
        "{options}"
    );
}

/// `rw` on a disk that can't be written to is `ro`, as in the kernel.
#[test]
fn a_write_protected_disk() {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, X86_64).make();
    let guest = Guest::new(X86_64).disk("none").initramfs(&crate::images::Image::new(&scratch, X86_64, "6.12").make());
    let guest = guest.qemu("-drive", &format!("if=none,id=fixed,file={disk},format=raw,readonly=on"));
    let ended = guest.qemu("-device", "virtio-blk-pci,drive=fixed").append("root=/dev/vda rw").run();
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-only")]);
    assert_eq!(ended.mount("/").options, "ro,relatime");
}
