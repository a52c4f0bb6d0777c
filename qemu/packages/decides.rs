//! What the hook refuses, and what it says of it: a system that pintle boots, with one thing that is otherwise.

use crate::harness::Scratch;
use crate::system::{NEW, System, UUID};

/// What changes, and what is refused for it; empty: nothing.
struct Row(&'static str, &'static [&'static str]);

/// The root is on a device of the device mapper, which has an attribute.
const DM: &str = "block virtual/block/dm-0 253:0\nmount 253:0 / ext4 /dev/dm-0 rw\nattribute virtual/block/dm-0/dm/";

const ROWS: &[Row] = &[
    Row("empty etc/crypttab", &[]),
    // fstab.
    Row("file etc/fstab LABEL=x /usr ext4 ro 0 2\nmount 254:1 /usr ext4 /dev/vda1 rw", &[]),
    Row("file etc/fstab /dev/mapper/vg-usr /usr ext4 ro 0 2", &["/etc/fstab: /usr is on /dev/mapper/vg-usr, which is mapped or an array"]),
    Row("empty etc/fstab\nfile etc/fstab /dev/md0 / ext4 ro 0 1", &["/etc/fstab: / is on /dev/md0, which is mapped or an array"]),
    Row("empty etc/fstab\nfile etc/fstab /dev/vg/root / ext4 ro 0 1", &["/etc/fstab: / is on /dev/vg/root, which is mapped or an array"]),
    Row("empty etc/fstab\nfile etc/fstab rpool/ROOT / zfs defaults 0 0", &["/etc/fstab: / is ZFS"]),
    Row("file etc/fstab /home/usr /usr none bind 0 0", &["/etc/fstab: /usr is a bind mount"]),
    Row("file etc/fstab /home/usr /usr none ro,rbind 0 0", &["/etc/fstab: /usr is a bind mount"]),
    Row(
        "file etc/fstab LABEL=var /var ext4 rw,x-initrd.mount 0 2",
        &["/etc/fstab: /var is to be mounted by the initramfs (x-initrd.mount)"],
    ),
    Row("file etc/fstab # /dev/mapper/x / ext4 ro 0 1\nfile etc/fstab /dev/mapper/x /home ext4 rw 0 2", &[]),
    // crypttab: what the running system unlocks by itself isn't the initramfs's.
    Row("file etc/crypttab swap /dev/vdb2 /dev/urandom swap\nfile etc/crypttab # root UUID=x none luks", &[]),
    Row("file etc/crypttab data UUID=70696e74 none luks,discard", &[]),
    Row("file etc/crypttab data UUID=70696e74 none luks,initramfs", &["/etc/crypttab: data wants to be opened in the initramfs"]),
    Row("file etc/crypttab data /dev/vdb1 none x-initrd.attach,luks", &["/etc/crypttab: data wants to be opened in the initramfs"]),
    Row("file etc/crypttab root /dev/vda1 none luks", &["/etc/crypttab: root is on /dev/vda1, on which the root is"]),
    Row(
        "link dev/disk/by-partuuid/77 ../../vda1\nfile etc/crypttab root PARTUUID=77 none",
        &["/etc/crypttab: root is on PARTUUID=77, on which the root is"],
    ),
    // What the root stands on.
    Row("{DM} uuid CRYPT-LUKS2-7069-root", &["/ is on dm-0, which is encrypted (LUKS)"]),
    Row("{DM} uuid CRYPT-PLAIN-root", &["/ is on dm-0, which is encrypted (dm-crypt)"]),
    Row("{DM} uuid LVM-70696e74", &["/ is on dm-0, which is an LVM volume"]),
    Row("{DM} uuid mpath-70696e74", &["/ is on dm-0, which is a multipath device"]),
    Row("{DM} uuid CRYPT-VERITY-70-root", &["/ is on dm-0, which is a dm-verity device"]),
    Row("{DM} uuid x", &["/ is on dm-0, which is a device-mapper device"]),
    Row("block virtual/block/md0 9:0\nmount 9:0 / ext4 /dev/md0 rw", &["/ is on md0, which is an md array"]),
    Row("block virtual/block/loop0 7:0\nmount 7:0 / ext4 /dev/loop0 rw", &["/ is on loop0, which is a loop device"]),
    Row("block virtual/block/nbd0 43:0\nmount 43:0 / ext4 /dev/nbd0 rw", &["/ is on nbd0, which is in the network"]),
    Row(
        "block platform/host2/session1/target2:0:0/2:0:0:1/block/sda 8:0\nmount 8:0 / ext4 /dev/sda rw",
        &["/ is on sda, which is on iSCSI"],
    ),
    Row("mount 0:30 / zfs rpool/ROOT rw", &["/ is ZFS"]),
    Row("mount 0:30 / overlay overlay rw", &["/ is overlay: which devices are below it isn't known"]),
    Row("mount 0:30 / nfs4 server:/root rw", &["/ is in the network (nfs4)"]),
    Row("mount 0:30 / bcachefs /dev/vda1 rw", &["/ is bcachefs, a file system that pintle doesn't know"]),
    Row("mount 9:9 / ext4 /dev/x rw", &["/ is on /dev/x, number 9:9, which /sys doesn't know"]),
    Row("mount 254:1 / xfs /dev/vda1 rw,logdev=/dev/vdz", &["/ needs a second device (logdev=/dev/vdz)"]),
    // NVMe: on PCI Express, in the network, and with several controllers of one disk.
    Row(
        "device pci0000:00/0000:00:05.0 modalias=pci:v1B36c010802 driver=nvme
         attribute pci0000:00/0000:00:05.0/nvme/nvme0/transport pcie
         block pci0000:00/0000:00:05.0/nvme/nvme0/nvme0n1 259:0\nmount 259:0 / ext4 /dev/nvme0n1 rw",
        &[],
    ),
    Row(
        "attribute virtual/nvme-fabrics/ctl/nvme0/transport tcp
         block virtual/nvme-fabrics/ctl/nvme0/nvme0n1 259:0\nmount 259:0 / ext4 /dev/nvme0n1 rw",
        &["/ is on nvme0n1, which is a virtual device"],
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
        &["nvme0 is NVMe over a network"],
    ),
    // btrfs, whose number is of no device, on two disks, the second of which is encrypted.
    Row(
        "block virtual/block/dm-0 253:0
         attribute virtual/block/dm-0/dm/uuid CRYPT-LUKS1-70-x
         link sys/fs/btrfs/7069/devices/vda1 ../../../../class/block/vda1
         link sys/fs/btrfs/7069/devices/dm-0 ../../../../class/block/dm-0
         mount 0:30 / btrfs /dev/vda1 rw,subvol=/@",
        &["/ is on dm-0, which is encrypted (LUKS)"],
    ),
    // The command line of this boot.
    Row("empty proc/cmdline\nfile proc/cmdline root=/dev/mapper/vg-root ro", &[
        "the command line's root=/dev/mapper/vg-root is none of pintle's forms",
    ]),
    // The new kernel.
    Row("empty proc/self/mountinfo\nmount 254:1 / xfs /dev/vda1 rw", &["the root is xfs, for which {TREE} has no module"]),
    Row(
        "device pci0000:00/0000:00:04.0 modalias=pci:v0BAD driver=megaraid_sas",
        &["0000:00:04.0 is driven by megaraid_sas, which {TREE} lacks"],
    ),
    // Built into the running kernel, and not in the new one at all.
    Row(
        "device pci0000:00/0000:00:04.0 modalias=pci:v0BAD driver=built
         gone sys/module/built/initstate\nfile lib/modules/6.1.0-1-test/modules.builtin kernel/built.ko\ndepmod 6.1.0-1-test x",
        &["0000:00:04.0 is driven by built, which {TREE} lacks"],
    ),
];

fn check(system: &System<'_>, name: &str, refused: &[&str]) {
    let before = system.images();
    let updated = system.update(&["-u", "-k", NEW]);
    let said: Vec<_> =
        updated.said.lines().filter_map(|line| line.split_once("pintle can't boot this system: ")).collect();
    let said: Vec<_> = said.into_iter().map(|(_, reason)| reason).collect();
    let refused: Vec<_> =
        refused.iter().map(|reason| reason.replace("{TREE}", &format!("/lib/modules/{NEW}"))).collect();
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
        check(system.with(&lines.replace("{DM} ", DM)), lines, refused);
    }
}

/// What pintle itself says of the command line: nothing that it would boot, another disk, the root.
#[test]
fn by_the_command_line() {
    let would = |name: &str| format!("root=UUID={UUID} is /dev/{name} (ext4): it would be mounted read-only");
    let rows: [(&str, i32, &[&str]); 3] = [
        (&would("vda1"), 0, &[]),
        (&would("vdb1"), 0, &["the command line: by it pintle would boot /dev/vdb1, and the root is /dev/vda1"]),
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
            &["/etc/crypttab: root wants to be opened in the initramfs"],
        ),
    ];
    for (lines, refused) in rows {
        let scratch = Scratch::new();
        let system = System::new(&scratch);
        check(system.with(lines), lines, refused);
    }
}
