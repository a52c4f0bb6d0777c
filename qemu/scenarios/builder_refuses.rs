//! Machines that `mkinitramfs --host` refuses, and its reasons.

use crate::builder_host::{Chain, Machine, VIRTIO, mounted};
use crate::harness::{Scratch, X86_64};
use std::fs;

#[test]
fn what_pintle_cannot_boot() {
    const DM: Chain = "virtual block dm-0@252:0";
    type Of = fn(&Machine);
    let rows: &[(&str, Chain, String, Of, &[&str])] = &[
        (
            "LUKS",
            DM,
            mounted("252:0", "/", "ext4", "/dev/mapper/root"),
            |machine| {
                machine.write("sys/devices/virtual/block/dm-0/dm/uuid", "CRYPT-LUKS2-0a-root\n");
                machine.write("sys/devices/virtual/block/dm-0/dm/name", "root\n");
            },
            &["/ is on dm-0, which is encrypted (LUKS), root"],
        ),
        (
            "LVM, also by fstab and the command line",
            DM,
            mounted("252:0", "/", "ext4", "/dev/mapper/vg-root"),
            |machine| {
                machine.write("sys/devices/virtual/block/dm-0/dm/uuid", "LVM-0a\n");
                machine.write("etc/fstab", "# all\n/dev/vg/root / ext4 defaults 0 1\n");
                machine.write("proc/cmdline", "quiet root=/dev/mapper/vg-root\n");
            },
            &[
                "/ is on dm-0, which is an LVM volume",
                "/etc/fstab: / is on /dev/vg/root, which is mapped or an array",
                "the command line's root=/dev/mapper/vg-root is none of pintle's forms",
            ],
        ),
        (
            "a partition of an md array",
            "virtual block md127@9:127 md127p1@259:1",
            mounted("259:1", "/", "xfs", "/dev/md127p1"),
            |machine| machine.write("sys/devices/virtual/block/md127/md127p1/partition", "1\n"),
            &["/ is on md127p1, which is an md array"],
        ),
        ("ZFS", VIRTIO, mounted("0:30", "/", "zfs", "rpool/ROOT"), |_| {}, &["/ is ZFS"]),
        (
            "an overlay",
            VIRTIO,
            mounted("0:30", "/", "overlay", "overlay"),
            |_| {},
            &["/ is overlay: which devices are below it isn't known"],
        ),
        ("NFS", VIRTIO, mounted("0:30", "/", "nfs4", "server:/root"), |_| {}, &["/ is in the network (nfs4)"]),
        (
            "a file system of others",
            VIRTIO,
            mounted("254:1", "/", "reiserfs", "/dev/vda1"),
            |_| {},
            &["/ is reiserfs, a file system that pintle doesn't know"],
        ),
        (
            "NVMe over a network",
            "virtual nvme-subsystem nvme-subsys0 nvme0n1@259:0",
            mounted("259:0", "/", "ext4", "/dev/nvme0n1"),
            |machine| {
                let controller = machine.device("virtual nvme-fabrics ctl nvme0");
                fs::write(controller.join("transport"), "tcp\n").expect("a transport");
                machine.link(&controller, &machine.root.join("sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme0"));
            },
            &["nvme0 is NVMe over a network"],
        ),
        (
            "an XFS with its log elsewhere",
            VIRTIO,
            "22 1 254:1 / / rw - xfs /dev/vda1 rw,logdev=/dev/vdb,noquota\n".to_owned(),
            |_| {},
            &["/ needs a second device (logdev=/dev/vdb)"],
        ),
        (
            "crypttab: what wants to be opened early, and what the root is on; another disk doesn't matter",
            VIRTIO,
            mounted("254:1", "/", "ext4", "/dev/vda1"),
            |machine| {
                let tabs = "data UUID=0b /etc/key luks\nearly UUID=0c none luks,initramfs\nroot /dev/vda1 none luks\n";
                machine.write("etc/crypttab", tabs);
            },
            &[
                "/etc/crypttab: early wants to be opened in the initramfs",
                "/etc/crypttab: root is on /dev/vda1, on which the root is",
            ],
        ),
        (
            "a driver that the tree lacks",
            "pci0000:00 0000:00:04.0=out_of_tree block xda@254:0",
            mounted("254:0", "/", "ext4", "/dev/xda"),
            |_| {},
            &["0000:00:04.0 is driven by out_of_tree, which TREE lacks"],
        ),
        (
            "a swap that is mapped, to resume from",
            VIRTIO,
            mounted("254:1", "/", "ext4", "/dev/vda1"),
            |machine| {
                machine.device("virtual block dm-1@252:1");
                machine.write("sys/devices/virtual/block/dm-1/dm/uuid", "CRYPT-PLAIN-swap\n");
                machine.write("sys/devices/virtual/block/dm-1/dm/name", "swap\n");
                machine.write("proc/cmdline", "root=/dev/vda1 resume=/dev/mapper/swap quiet\n");
            },
            &["resume= is on dm-1, which is encrypted (dm-crypt), swap"],
        ),
        (
            "a chroot",
            VIRTIO,
            mounted("0:5", "/proc", "proc", "proc"),
            |_| {},
            &["nothing is mounted at / by MACHINE/proc/self/mountinfo: in a chroot --host has no root to look at"],
        ),
    ];
    for (name, chain, mounts, of, expected) in rows {
        let scratch = Scratch::new();
        let machine = Machine::new(&scratch, &X86_64.kernel_release("6.12-full"));
        machine.device(chain);
        machine.write("proc/self/mountinfo", mounts);
        of(&machine);
        let tree = fs::canonicalize(X86_64.kernel("6.12-full").join("modules")).expect("a tree").display().to_string();
        let root = fs::canonicalize(&machine.root).expect("the machine").display().to_string();
        let expected: Vec<String> =
            expected.iter().map(|line| line.replace("TREE", &tree).replace("MACHINE", &root)).collect();
        assert_eq!(machine.check(X86_64), Err(expected), "{name}");
    }
}
