//! The root by every name that a partition table or a superblock gives it, on every kind of disk.

use crate::disks::{Disk, overwrite};
use crate::guest::Guest;
use crate::harness::{Aarch64, X86_64};
use crate::harness::{Arch, Scratch};
use crate::images::RootDisk;
use crate::says::{DEVICES_END, NOTHING, PANIC, device, mounted, not_found};

const UUID: &str = "0f2a4c6e-0001-4000-8000-00000000abcd";
const OTHER: &str = "0f2a4c6e-0002-4000-8000-00000000abcd";

macro_rules! rows {
    ($($(#[$about:meta])* $name:ident: $arch:ident, $kernel:literal, $table:ident, $disk:literal, $root:literal;)*) => {
        $($(#[$about])* #[test] fn $name() { check($arch, $kernel, stringify!($table), $disk, $root); })*
    };
}
rows! {
    quick_gpt_by_uuid: X86_64, "6.12", gpt, "virtio", "root=UUID=70696e74-6c65-4000-8000-000000000001";
    gpt_by_label: Aarch64, "6.12", gpt, "nvme", "root=LABEL=pintle-root";
    quick_gpt_by_partition_uuid: Aarch64, "6.12", gpt, "virtio", "root=PARTUUID=0f2a4c6e-0001-4000-8000-00000000abcd";
    gpt_by_partition_label: X86_64, "6.1", gpt, "scsi", "\"root=PARTLABEL=my root\"";
    gpt_by_the_distance: X86_64, "6.12", gpt, "nvme",
        "root=PARTUUID=0F2A4C6E-0002-4000-8000-00000000ABCD/PARTNROFF=1";
    gpt_by_link_of_a_uuid: X86_64, "7", gpt, "virtio", "root=/dev/disk/by-uuid/70696e74-6c65-4000-8000-000000000001";
    gpt_by_link_of_a_label: X86_64, "6.12", gpt, "virtio", "root=/dev/disk/by-label/pintle-root";
    gpt_by_link_of_a_partition_uuid: Aarch64, "6.1", gpt, "virtio",
        "root=/dev/disk/by-partuuid/0f2a4c6e-0001-4000-8000-00000000abcd";
    /// As udev writes a space.
    gpt_by_link_of_a_partition_label: X86_64, "6.12", gpt, "nvme", "root=/dev/disk/by-partlabel/my\\x20root";
    mbr_by_uuid: Aarch64, "6.12", mbr, "virtio", "root=UUID=70696E74-6C65-4000-8000-000000000001";
    mbr_by_label: X86_64, "6.12", mbr, "nvme", "root=LABEL=pintle-root";
    quick_mbr_by_partition_uuid: X86_64, "6.12", mbr, "virtio", "root=PARTUUID=70696e74-02";
    mbr_by_the_distance: X86_64, "7", mbr, "scsi", "root=PARTUUID=70696E74-03/PARTNROFF=-1";
    logical_by_partition_uuid: X86_64, "6.12", logical, "virtio", "root=PARTUUID=70696e74-06";
    logical_by_label: Aarch64, "6.12", logical, "nvme", "root=LABEL=pintle-root";
    /// The second of a list that can be had.
    the_next_of_a_list: X86_64, "6.12", gpt, "virtio", "\"pintle.root=LABEL=nope,PARTLABEL=my root\" root=/dev/nosuch";
    large_sectors_gpt_by_partition_uuid: X86_64, "6.12", gpt, "nvme,sector=4096",
        "root=PARTUUID=0f2a4c6e-0001-4000-8000-00000000abcd";
    large_sectors_gpt_by_label: Aarch64, "6.12", gpt, "virtio,sector=4096", "root=LABEL=pintle-root";
    large_sectors_mbr_by_partition_uuid: X86_64, "6.12", mbr, "scsi,sector=4096", "root=PARTUUID=70696e74-02";
    large_sectors_logical: X86_64, "6.12", logical, "virtio,sector=4096", "root=PARTUUID=70696e74-06";
    usb_storage_by_partition_label: X86_64, "6.12", gpt, "usb", "\"root=PARTLABEL=my root\"";
    usb_storage_by_uuid: Aarch64, "6.12", mbr, "usb", "root=UUID=70696e74-6c65-4000-8000-000000000001";
    usb_attached_scsi_by_partition_uuid: X86_64, "7-full", mbr, "uas", "root=PARTUUID=70696e74-02";
    usb_attached_scsi_by_label: Aarch64, "6.1-full", gpt, "uas", "root=LABEL=pintle-root";
    sd_card_by_partition_uuid: X86_64, "6.12", mbr, "sd", "root=PARTUUID=70696e74-02";
    sd_card_by_partition_label: Aarch64, "6.12", gpt, "sd", "\"root=PARTLABEL=my root\"";
}

/// The root is the second partition, or the sixth.
fn check(arch: Arch, kernel: &str, table: &str, disk: &str, root: &str) {
    let scratch = Scratch::new();
    let content = RootDisk::new(&scratch, arch).make();
    let sector = if disk.ends_with("4096") { 4096 } else { 512 };
    let (made, number) = match table {
        "gpt" => (gpt(&scratch, &content), 2),
        "mbr" => (Disk::mbr(&scratch, "70696e74").part("", "").part("", &content).part("", ""), 2),
        _ => (Disk::mbr(&scratch, "70696e74").part("", "").extended().part("", "").part("", &content), 6),
    };
    // An SD card's size is a power of two.
    let made = if disk == "sd" { made.size(64) } else { made };
    let file = made.sector(sector).make();
    let kernel = if matches!(disk, "usb" | "uas" | "sd") && !kernel.contains('-') {
        format!("{kernel}-full")
    } else {
        kernel.to_owned()
    };
    let ended = Guest::new(arch).kernel(&kernel).disk(format!("{file},if={disk}")).append(root).run();
    ended.is_done();
    let device = match disk.split(',').next() {
        Some("nvme") => format!("/dev/nvme0n1p{number}"),
        Some("scsi" | "usb" | "uas") => format!("/dev/sda{number}"),
        Some("sd") => format!("/dev/mmcblk0p{number}"),
        _ => format!("/dev/vda{number}"),
    };
    let mut said = ended.pintle_but_waiting();
    if root.contains("pintle.root=") {
        // Which of them it was.
        assert_eq!(said.pop(), Some("pintle.root=LABEL=nope,PARTLABEL=my root: it is my root".to_owned()));
    }
    assert_eq!(said, [mounted(&device, "read-only")]);
    assert_eq!(ended.mount("/").source, device);
}

fn gpt<'s>(scratch: &'s Scratch, content: &str) -> Disk<'s> {
    let (other, root) = (format!("name=other, uuid={OTHER}"), format!("name=\"my root\", uuid={UUID}"));
    Disk::gpt(scratch).part(&other, "").part(&root, content)
}

/// Of a GPT with a broken first copy the kernel uses the second one only when it is told to: without it there are no
/// partitions, whatever pintle reads.
#[test]
fn gpt_by_its_second_copy() {
    let scratch = Scratch::new();
    let disk = gpt(&scratch, &RootDisk::new(&scratch, X86_64).make()).make();
    overwrite(&disk, 512, b"NOTAPART");
    let root = format!("root=PARTUUID={UUID}");
    let guest = |words: &str| Guest::new(X86_64).disk(format!("{disk},snapshot=on")).append(&format!("{root} {words}"));
    let ended = guest("gpt").run();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vda2", "read-only")]);

    let ended = guest("rootwait=0").run();
    ended.has_failed();
    let number = ended.number_of("vda");
    let list = [device("vda", [&number, "disk"], NOTHING, ["", ""], 71680), DEVICES_END.to_owned()];
    assert_eq!(ended.devices(), list);
    assert_eq!(ended.pintle_but_devices(), [&not_found(&format!("PARTUUID={UUID}")), PANIC]);
}
