//! What the hook refuses, and what it says of it: a system that pintle boots, with one thing that is otherwise.

use crate::harness::Scratch;
use crate::system::{NEW, System, UUID};

/// What changes, and what is refused for it; empty: nothing.
struct Row(&'static str, &'static [&'static str]);

/// On the disk of the usual system.
const VDA: &str = "pci0000:00/0000:00:04.0/virtio1/block/vda";

const ROWS: &[Row] = &[
    Row("empty etc/crypttab", &[]),
    // fstab: names.
    Row("file etc/fstab LABEL=x /usr ext4 ro 0 2\nmount 254:1 /usr ext4 /dev/vda1 rw", &[]),
    Row(
        "file etc/fstab /dev/mapper/vg-usr /usr ext4 ro 0 2",
        &["/etc/fstab: /usr is on /dev/mapper/vg-usr, which the device mapper makes (LUKS, LVM, multipath)"],
    ),
    Row("empty etc/fstab\nfile etc/fstab /dev/md0 / ext4 ro 0 1", &["/etc/fstab: / is on /dev/md0, an md RAID"]),
    Row(
        "empty etc/fstab\nfile etc/fstab /dev/vg/root / ext4 ro 0 1",
        &["/etc/fstab: / is on /dev/vg/root, a name that LVM or udev makes"],
    ),
    Row(
        "empty etc/fstab\nfile etc/fstab rpool/ROOT / zfs defaults 0 0",
        &["/etc/fstab: / is zfs, which pintle can't mount"],
    ),
    Row(
        "empty etc/fstab\nfile etc/fstab server:/root / nfs defaults 0 0",
        &[
            "/etc/fstab: / is nfs, which pintle can't mount",
            "/etc/fstab: / is on server:/root, which isn't the name of a block device",
        ],
    ),
    Row(
        "file etc/fstab /home/usr /usr none bind 0 0",
        &[
            "/etc/fstab: /usr is none, which pintle can't mount",
            "/etc/fstab: /usr is on /home/usr, which isn't the name of a block device",
            "/etc/fstab: /usr is a bind mount",
        ],
    ),
    Row(
        "file etc/fstab LABEL=var /var ext4 rw,x-initrd.mount 0 2",
        &["/etc/fstab: /var is to be mounted by the initramfs (x-initrd.mount)"],
    ),
    Row("file etc/fstab # /dev/mapper/x / ext4 ro 0 1\nfile etc/fstab /dev/mapper/x /home ext4 rw 0 2", &[]),
    // crypttab: what the running system unlocks by itself isn't the initramfs's.
    Row("file etc/crypttab swap /dev/vdb2 /dev/urandom swap\nfile etc/crypttab # root UUID=x none luks", &[]),
    Row("file etc/crypttab data UUID=70696e74 none luks,discard", &[]),
    Row(
        "file etc/crypttab data UUID=70696e74 none luks,initramfs",
        &["/etc/crypttab: data (UUID=70696e74) is to be unlocked by the initramfs; pintle can't unlock LUKS"],
    ),
    Row(
        "file etc/crypttab data /dev/vdb1 none x-initrd.attach,luks",
        &["/etc/crypttab: data (/dev/vdb1) is to be unlocked by the initramfs; pintle can't unlock LUKS"],
    ),
    Row(
        "file etc/crypttab root /dev/vda1 none luks",
        &["/etc/crypttab: root (/dev/vda1) is what the root or /usr is on; pintle can't unlock LUKS"],
    ),
    Row(
        "link dev/disk/by-partuuid/77 ../../vda1\nfile etc/crypttab root PARTUUID=77 none",
        &["/etc/crypttab: root (PARTUUID=77) is what the root or /usr is on; pintle can't unlock LUKS"],
    ),
    // What the root stands on.
    Row("attribute {VDA}/slaves/sda/x 1", &["the running system: / is on vda, which is on top of other devices (sda)"]),
    Row(
        "attribute {VDA}/dm/uuid CRYPT-LUKS2-7069-root",
        &["the running system: / is on vda, which is encrypted (LUKS2)"],
    ),
    Row("attribute {VDA}/dm/uuid LVM-70696e74", &["the running system: / is on vda, which is LVM"]),
    Row("attribute {VDA}/dm/uuid mpath-70696e74", &["the running system: / is on vda, which is multipath"]),
    Row("attribute {VDA}/dm/uuid CRYPT-VERITY-70-root", &["the running system: / is on vda, which is dm-verity"]),
    Row("attribute {VDA}/dm/uuid x", &["the running system: / is on vda, which is of the device mapper"]),
    Row("attribute {VDA}/md/level raid1", &["the running system: / is on vda, which is an md RAID"]),
    Row("attribute {VDA}/loop/backing_file /x", &["the running system: / is on vda, which is a file (loop device)"]),
    Row(
        "block virtual/block/nbd0 43:0\nmount 43:0 / ext4 /dev/nbd0 rw",
        &["the running system: / is on nbd0, which is made by software, by nothing that pintle knows"],
    ),
    Row(
        "block platform/host2/session1/target2:0:0/2:0:0:1/block/sda 8:0\nmount 8:0 / ext4 /dev/sda rw",
        &["the running system: / is on sda, which is iSCSI"],
    ),
    Row("mount 0:30 / zfs rpool/ROOT rw", &["the running system: / is zfs, which pintle can't mount"]),
    Row("mount 0:30 / overlay overlay rw", &["the running system: / is overlay, which pintle can't mount"]),
    Row("mount 0:30 / nfs4 server:/root rw", &["the running system: / is nfs4, which pintle can't mount"]),
    Row("mount 9:9 / ext4 /dev/x rw", &["the running system: no device of / (/dev/x) is to be found in /sys"]),
    Row(
        "mount 254:1 / xfs /dev/vda1 rw,logdev=/dev/vdz",
        &[
            "the running system: / has logdev=/dev/vdz, which isn't there",
            "kernel 6.12.9-test has no xfs, the file system of the root or /usr",
        ],
    ),
    // NVMe: on PCI Express, in the network, and with several controllers of one disk.
    Row(
        "device pci0000:00/0000:00:05.0 modalias=pci:v1B36c010802 driver=nvme
         attribute pci0000:00/0000:00:05.0/nvme/nvme0/transport pcie
         block pci0000:00/0000:00:05.0/nvme/nvme0/nvme0n1 259:0\nmount 259:0 / ext4 /dev/nvme0n1 rw",
        &[],
    ),
    Row(
        "attribute pci0000:00/x/nvme-fabrics/nvme0/transport tcp
         block pci0000:00/x/nvme-fabrics/nvme0/nvme0n1 259:0\nmount 259:0 / ext4 /dev/nvme0n1 rw",
        &["the running system: / is on nvme0n1, which is NVMe over tcp"],
    ),
    Row(
        "device pci0000:00/0000:00:05.0 modalias=pci:v1B36c010802 driver=nvme
         attribute pci0000:00/0000:00:05.0/nvme/nvme0/transport pcie
         link sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 ../../../pci0000:00/0000:00:05.0/nvme/nvme0
         block virtual/nvme-subsystem/nvme-subsys0/nvme0n1 259:0\nmount 259:0 / ext4 /dev/nvme0n1 rw",
        &[],
    ),
    Row(
        "attribute virtual/nvme-fabrics/ctl/nvme0/transport rdma
         link sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0 ../../nvme-fabrics/ctl/nvme0
         block virtual/nvme-subsystem/nvme-subsys0/nvme0n1 259:0\nmount 259:0 / ext4 /dev/nvme0n1 rw",
        &[
            "the running system: / is on nvme0n1, which is NVMe over rdma",
            "the running system: / is on nvme0n1, no controller of which is to be found in /sys",
        ],
    ),
    // btrfs, whose number is of no device, on two disks, the second of which is encrypted.
    Row(
        "block virtual/block/dm-0 253:0
         attribute virtual/block/dm-0/dm/uuid CRYPT-LUKS1-70-x
         link sys/fs/btrfs/7069/devices/vda1 ../../../../class/block/vda1
         link sys/fs/btrfs/7069/devices/dm-0 ../../../../class/block/dm-0
         mount 0:30 / btrfs /dev/vda1 rw,subvol=/@",
        &[
            "the running system: / is on dm-0, which is encrypted (LUKS1)",
            "kernel 6.12.9-test has no btrfs, the file system of the root or /usr",
        ],
    ),
    // The new kernel.
    Row(
        "device pci0000:00/0000:00:04.0 modalias=pci:v0BAD driver=megaraid_sas",
        &["kernel 6.12.9-test has no megaraid_sas, which drives /sys/devices/pci0000:00/0000:00:04.0"],
    ),
];

fn check(system: &System<'_>, name: &str, refused: &[&str]) {
    let before = system.images();
    let updated = system.update(&["-u", "-k", NEW]);
    let said: Vec<_> =
        updated.said.lines().filter_map(|line| line.split_once("pintle can't boot this system: ")).collect();
    let said: Vec<_> = said.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(said, refused, "{name}\n{}", updated.said);
    assert_eq!(updated.status, Some(i32::from(!refused.is_empty())), "{name}\n{}", updated.said);
    let image = format!("boot/initrd.img-{NEW}");
    let stays = system.read(&image) == b"somebody else's\n";
    assert_eq!(stays, !refused.is_empty(), "{name}\n{}", updated.said);
    if stays {
        assert!(updated.said.contains(&format!("/{image} stays as it is\n")), "{name}\n{}", updated.said);
        assert_eq!(system.images(), before, "{name}");
    } else {
        assert_eq!(system.read(&format!("{image}.old")), b"somebody else's\n", "{name}");
    }
}

#[test]
fn by_tables_and_devices() {
    for Row(lines, refused) in ROWS {
        let scratch = Scratch::new();
        let system = System::new(&scratch);
        check(system.with(&lines.replace("{VDA}", VDA)), lines, refused);
    }
}

/// What pintle itself says of the command line: nothing that it would boot, another disk, the root.
#[test]
fn by_the_command_line() {
    let would = |name: &str| format!("root=UUID={UUID} is /dev/{name} (ext4): it would be mounted read-only");
    let rows: [(&str, i32, &[&str]); 3] = [
        (&would("vda1"), 0, &[]),
        (&would("vdb1"), 0, &["the command line: by it pintle would boot /dev/vdb1, and the root is vda1"]),
        (
            "pintle: command line: root=/dev/mapper/x: made by udev",
            1,
            &["the command line: pintle: command line: root=/dev/mapper/x: made by udev"],
        ),
    ];
    for (said, status, refused) in rows {
        let scratch = Scratch::new();
        let system = System::new(&scratch);
        system.pintle(said, status);
        check(&system, said, refused);
    }
}

/// A chroot has tables, but no devices of the machine that will boot.
#[test]
fn elsewhere() {
    let rows: [(&str, &[&str]); 2] = [
        ("empty run/systemd/container\nmount 0:30 / overlay overlay rw", &[]),
        (
            "empty .dockerenv\nfile etc/crypttab root /dev/vda1 none initramfs",
            &["/etc/crypttab: root (/dev/vda1) is to be unlocked by the initramfs; pintle can't unlock LUKS"],
        ),
    ];
    for (lines, refused) in rows {
        let scratch = Scratch::new();
        let system = System::new(&scratch);
        check(system.with(lines), lines, refused);
    }
}
