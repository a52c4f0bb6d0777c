//! Devices that can't be read, or written to, below each layer: the kernel's own dm-error, and dm-flakey, which has a device
//! be there and answer with errors, or with other bytes.
//!
//! They have to be there before pintle runs. `dm-mod.create=` on the command line would do it where device-mapper is built in
//! (`CONFIG_DM_INIT`); in all of Debian's kernels it is a module. So the image's /init is a script that makes them with
//! dmsetup, leaves the initramfs as it was, and execs pintle, which is PID 1 still. Other than QEMU's blkdebug these fail in
//! the kernel's own code, as a bad disk's driver does, one guest can have many of them, and dm-flakey can lie as well.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{HOST, Scratch};
use crate::images::{Image, RootDisk, blocks, demo_disk, init, of_this_machine};
use crate::says::{PANIC, find_init, mount_root, mounted, mounted_as};
use crate::tree::Tree;
use crate::verified::{Verity, is_refused};
use std::fs;

/// Makes the devices that `/tables` lists: a disk, and the lines that dmsetup takes, with commas between them.
const SCRIPT: &str = "
alias busybox=/bin/busybox
busybox mkdir -p /proc /dev
busybox mount -t proc proc /proc
busybox mount -t devtmpfs dev /dev
while read -r module; do busybox modprobe ${module##*/}; done </etc/modules-load.d/pintle.conf
number=0
while read -r disk table; do
    until [ -b $disk ]; do busybox sleep 0.1; done
    echo \"$table\" | busybox tr , '\\n' | dmsetup create --noudevsync faulty$number || echo '== no device'
    number=$((number + 1))
done </tables
busybox umount /dev /proc
";
/// All that is read of it is another byte's.
const LIES: &str = "5 corrupt_bio_byte 40 r 1 0";
/// Nothing can be written to it.
const NO_WRITES: &str = "1 error_writes";
/// Nothing can be done with it.
const NOTHING_WORKS: &str = "";

/// The devices of a guest, `/dev/dm-0` and so on in their order.
#[derive(Default)]
struct Devices {
    tables: String,
}

impl Devices {
    fn with(mut self, disk: &str, lines: &[String]) -> Devices {
        self.tables += &format!("{disk} {}\n", lines.join(","));
        self
    }

    /// One that is this disk, `/dev/vda` or another, whose blocks of 4096 bytes can't be read nor written to.
    fn bad(self, disk: &str, file: &str, blocks: &[u64]) -> Devices {
        let mut blocks = blocks.to_vec();
        blocks.sort_unstable();
        blocks.dedup();
        let (mut lines, mut at) = (Vec::new(), 0);
        let linear =
            |at: u64, end: u64| if at < end { vec![format!("{at} {} linear {disk} {at}", end - at)] } else { vec![] };
        for block in blocks {
            lines.extend(linear(at, block * 8));
            lines.push(format!("{} 8 error", block * 8));
            at = block * 8 + 8;
        }
        lines.extend(linear(at, sectors(file)));
        self.with(disk, &lines)
    }

    /// One that dm-flakey does this to all the time: no second up, one down, and so on.
    fn flakey(self, disk: &str, file: &str, features: &str) -> Devices {
        self.with(disk, &[format!("0 {} flakey {disk} 0 0 1 {features}", sectors(file))])
    }

    /// A guest with them. All of its modules are loaded first.
    fn guest(
        &self,
        scratch: &Scratch,
        kernel: &str,
        modules: &[&str],
        change: impl FnOnce(Image<'_>) -> Image<'_>,
    ) -> Guest {
        let tables = scratch.file("tables", self.tables.as_bytes(), 0o644);
        let all = ["virtio_pci", "virtio_blk", "ext4", "dm_mod", "dm_flakey"].iter().chain(modules);
        let image = all.fold(Image::new(scratch, HOST, kernel), |image, name| image.module(name));
        let tools = of_this_machine(&["dmsetup"]);
        let image = tools.iter().fold(image, |image, (file, path)| image.add(file, path)).add(&tables, "/tables");
        Guest::new(HOST).kernel(kernel).initramfs(&change(image).script(HOST, SCRIPT).make())
    }
}

fn sectors(file: &str) -> u64 {
    fs::metadata(file).expect("a disk").len() / 512
}

/// Boots a root that dm-verity verifies, with these devices in its two places.
fn verity(kernel: &str, devices: impl FnOnce(&Verity) -> Devices) -> Ended {
    let scratch = Scratch::new();
    let verity = Verity::new(&scratch, &demo_disk(HOST), &[]);
    let mut guest = devices(&verity).guest(&scratch, kernel, &["dm_verity"], |image| image);
    for disk in [&verity.data, &verity.hashes] {
        guest = guest.disk(format!("{disk},snapshot=on"));
    }
    let ended = guest.cmdline(&format!("panic=-1 {}", verity.words(["/dev/dm-0", "/dev/dm-1"]))).run();
    ended.has_failed();
    assert!(!ended.says("== no device"));
    ended
}

const MAPPED: &str = "/dev/dm-2";

/// Of a block of the root the kernel panics by itself, and names the layer.
#[track_caller]
fn panics_of_what_cannot_be_read(ended: &Ended) {
    assert_eq!(ended.pintle(), [mounted(MAPPED, "read-only")]);
    assert!(ended.says("Kernel panic - not syncing: dm-verity device has I/O error"));
}

#[test]
fn verified_data_in_part_on_6_12() {
    panics_of_what_cannot_be_read(&verity("6.12", |verity| {
        let init = blocks(&verity.data, "/sbin/init");
        Devices::default().bad("/dev/vda", &verity.data, &init).bad("/dev/vdb", &verity.hashes, &[])
    }));
}

/// The tree's last level begins with block 2, and has 128 hashes a block.
#[test]
fn hashes_in_part_on_7() {
    panics_of_what_cannot_be_read(&verity("7", |verity| {
        let init: Vec<_> = blocks(&verity.data, "/sbin/init").iter().map(|block| 2 + block / 128).collect();
        Devices::default().bad("/dev/vda", &verity.data, &[]).bad("/dev/vdb", &verity.hashes, &init)
    }));
}

/// There the kernel has no such mode. The next init would be a shell.
#[test]
fn verified_data_in_part_on_6_1() {
    let ended = verity("6.1", |verity| {
        let init = blocks(&verity.data, "/sbin/init");
        Devices::default().bad("/dev/vda", &verity.data, &init).bad("/dev/vdb", &verity.hashes, &[])
    });
    let lines = ended.pintle_but_devices();
    assert_eq!(lines, [&mounted(MAPPED, "read-only"), &find_init("/sbin/init", "EIO"), crate::says::NO_INIT, PANIC]);
}

#[test]
fn verified_data_that_lie() {
    let ended = verity("6.12", |verity| {
        Devices::default().flakey("/dev/vda", &verity.data, LIES).bad("/dev/vdb", &verity.hashes, &[])
    });
    is_refused(&ended, "verity: root: the data do not match the root hash: giving up");
}

#[test]
fn hashes_of_which_nothing_can_be_read() {
    let ended = verity("6.12", |verity| {
        Devices::default().bad("/dev/vda", &verity.data, &[]).flakey("/dev/vdb", &verity.hashes, NOTHING_WORKS)
    });
    is_refused(&ended, "verity: /dev/dm-0: no superblock with hashes of it that its device has room for: giving up");
}

/// The file system that an image is on: nothing of it, its directory, the image's head, its inodes; and one that is well.
#[test]
fn below_an_image() {
    const PATH: &str = "/boot/root.img";
    let scratch = Scratch::new();
    let image = Tree::new(&scratch, HOST).make("squashfs");
    let outer = RootDisk::new(&scratch, HOST).no_init().add(image.as_ref(), PATH).make();
    let head = &blocks(&outer, PATH)[..1];
    let tail: Vec<_> = blocks(&outer, PATH).into_iter().rev().take(1).collect();
    let devices = Devices::default()
        .flakey("/dev/vda", &outer, NOTHING_WORKS)
        .bad("/dev/vda", &outer, &blocks(&outer, "/boot"))
        .bad("/dev/vda", &outer, head)
        .bad("/dev/vda", &outer, &tail)
        .bad("/dev/vda", &outer, &[]);
    let guest = devices.guest(&scratch, "6.12", &["loop", "squashfs"], |image| image).disk(&outer);
    let roots: Vec<_> = (0..5).map(|number| format!("/dev/dm-{number}")).collect();
    let roots = roots.join(",");
    let ended = guest.append(&format!("pintle.root={roots} pintle.image={PATH}")).run();
    ended.is_done();
    let image = |why| format!("image: {PATH}: {why}: giving up");
    let why = [image("EIO"), image("no file system in it"), mount_root("/dev/loop0", "squashfs", "EIO")];
    // It is named, so that all types are tried.
    let mut expected = vec![mount_root("/dev/dm-0", "ext3", "EIO")];
    for (number, why) in (1..).zip(why.into_iter().chain([mounted_as("squashfs", "/dev/loop0", "read-only")])) {
        expected.push(mounted(&format!("/dev/dm-{number}"), "read-only"));
        expected.push(format!("pintle.root={roots}: it is dm-{number}"));
        expected.push(why);
    }
    assert_eq!(ended.pintle(), expected);
}

/// Boots a root with a writable top that is on such a device.
fn top(place: &str, devices: impl FnOnce(&str) -> Devices) -> Ended {
    let scratch = Scratch::new();
    let file = scratch.file("x", b"", 0o644);
    let top = RootDisk::new(&scratch, HOST).label("top").no_init().add(&file, "/top/x").make();
    let guest = devices(&top).guest(&scratch, "6.12", &["overlay"], |image| image);
    let guest = guest.disk(format!("{},snapshot=on", demo_disk(HOST))).disk(&top);
    let ended = guest.append(&format!("root=/dev/vda pintle.overlay={place}")).run();
    ended.has_failed();
    ended
}

#[test]
fn below_a_top_in_part() {
    let ended = top("LABEL=top:/top", |top| Devices::default().bad("/dev/vdb", top, &blocks(top, "/top")));
    let said = [mounted("/dev/vda", "read-only"), mounted("/dev/dm-0", "read-write")];
    assert_eq!(ended.pintle_but_devices(), [&said[0], &said[1], "writable top: overlay: EIO: giving up", PANIC]);
}

/// Its driver says only when somebody writes that this doesn't work.
#[test]
fn below_a_top_that_takes_nothing() {
    let ended = top("LABEL=top", |top| Devices::default().flakey("/dev/vdb", top, NO_WRITES));
    let said = [mounted("/dev/vda", "read-only"), mount_root("/dev/dm-0", "ext4", "EIO")];
    assert_eq!(
        ended.pintle_but_devices(),
        [&said[0], &said[1], "writable top: LABEL=top: not there: giving up", PANIC]
    );
}

/// Where an image would be whose header can't be read.
#[test]
fn below_a_swap() {
    let scratch = Scratch::new();
    let swap = scratch.file("swap", &[0; 1 << 20], 0o644).display().to_string();
    let devices = Devices::default().bad("/dev/vdb", &swap, &[0]);
    let guest = devices.guest(&scratch, "6.12", &[], |image| image);
    let guest = guest.disk(format!("{},snapshot=on", demo_disk(HOST))).disk(&swap);
    let ended = guest.append("root=/dev/vda resume=/dev/dm-0").run();
    ended.is_done();
    assert_eq!(ended.pintle(), ["resume: dm-0: EIO: going on without it", &mounted("/dev/vda", "read-only")]);
}

/// e2fsck can't read a directory, and doesn't put that right by itself.
#[test]
fn below_a_check() {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, HOST).init(&init("")).make();
    let devices = Devices::default().bad("/dev/vda", &disk, &blocks(&disk, "/sbin"));
    let guest = devices.guest(&scratch, "6.12", &[], |image| image.fsck("ext4"));
    let ended = guest.disk(&disk).append("root=/dev/dm-0 fsck.mode=force").run();
    ended.has_failed();
    let left = "fsck: /dev/dm-0: errors are left (exit status 4): giving up";
    assert_eq!(ended.pintle_but_devices(), ["fsck: /dev/dm-0: checking ext4", left, PANIC]);
}
