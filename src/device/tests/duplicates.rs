//! Two devices that one name fits.

use super::images::{DATA, btrfs, entry, ext4, mbr, md, uuid};
use super::{
    A, B, ESP_UUID, GOOD, PART_A, PART_B, SDA, SDB, boot, booted_from, disk, machine, opened, sda, short, system,
};
use crate::kernel::fake::{Block, Fake};

const ON_BOTH: &str = "on two devices at least, pintle.duplicate=first would take any: giving up";

fn refused(root: &str, devices: [&str; 2]) -> Vec<String> {
    let mut said: Vec<_> = devices.iter().map(|device| format!("<3>find root: {root} is on /dev/{device}")).collect();
    said.push(format!("<3>find root: {root}: {ON_BOTH}"));
    said
}

/// The devices in the order of their names, in whatever order they were found; the line that says why comes last.
fn sorted(mut said: Vec<String>) -> Vec<String> {
    if let [devices @ .., _] = &mut said[..] {
        devices.sort_unstable();
    }
    said
}

/// The same content twice, and the same table.
fn clones() -> Vec<Block> {
    let root = entry(super::images::ROOT, PART_A, "root");
    [sda(), system(SDB, 16, PART_B, root, ext4(A, "top"))].concat()
}

#[test]
fn refused_unless_said_otherwise() {
    let rows = [
        format!("UUID={}", uuid(A)),
        "LABEL=top".into(),
        format!("PARTUUID={}", uuid(PART_A)),
        "PARTLABEL=root".into(),
    ];
    for root in rows {
        let cmdline = format!("root={root}");
        let mut fake = machine(&cmdline, &clones());
        assert_eq!(sorted(short(&mut fake)), refused(&root, ["sda2", "sdb2"]));
        assert_eq!(fake.now_ms, 5_000, "nothing is waited for");
        assert!(!fake.calls.iter().any(|call| call.starts_with("mount /dev")));
        let taken = boot(&mut machine(&format!("{cmdline} pintle.duplicate=first"), &clones()));
        assert!(taken == [GOOD] || taken == [GOOD.replace("sda2", "sdb2")], "{root}: {taken:?}");
        // On the disk that the firmware booted from.
        for (partition, found) in [(ESP_UUID, "sda2"), (PART_B, "sdb2")] {
            let mut fake = booted_from(machine(&cmdline, &clones()), partition);
            assert_eq!(boot(&mut fake), [format!("<6>mounted /dev/{found} (ext4) read-only")], "{root}");
            let path = "/sys/firmware/efi/efivars";
            assert!(fake.calls.contains(&format!("mount efivarfs {path} efivarfs 0xf \"\"")));
            assert!(fake.calls.contains(&format!("umount2 {path} 0")));
        }
        // On another one: that says nothing.
        let mut fake = booted_from(machine(&cmdline, &clones()), B);
        assert_eq!(sorted(short(&mut fake)), refused(&root, ["sda2", "sdb2"]));
        // A device that is named is named.
    }
    for root in ["root=/dev/sda2", "root=8:2"] {
        assert_eq!(boot(&mut machine(root, &clones())), [GOOD]);
    }
}

/// Both on the disk that the firmware booted from.
#[test]
fn two_on_the_boot_disk() {
    let table = super::images::gpt(&[entry(DATA, ESP_UUID, "x"), entry(DATA, 1, "y"), entry(DATA, 2, "z")]);
    let blocks = disk(SDA, 0, table, vec![("", vec![]), ("", ext4(A, "top")), ("", ext4(A, "top"))]);
    let mut fake = booted_from(machine("root=LABEL=top", &blocks), ESP_UUID);
    assert_eq!(short(&mut fake), refused("LABEL=top", ["sda2", "sda3"]));
}

/// As a module.
#[test]
fn efivarfs_is_loaded() {
    use crate::kernel::fake::file;
    let folder = "/lib/modules/6.12.1";
    let mut fake = booted_from(machine("root=LABEL=top", &clones()), PART_B)
        .with_image(&format!("{folder}/modules.dep"), file(0o644, "k/efivarfs.ko:\n"))
        .with_image(&format!("{folder}/k/efivarfs.ko"), file(0o644, "module"));
    let files = fake.mountable.remove("efivarfs").expect("there");
    let Some((path, variable)) = files.first_key_value() else { panic!("one") };
    // Under the name that the driver gives it once it is there.
    fake = fake.with("efivarfs.ko", path, variable.clone());
    fake.before = Some(("finit_module", |fake| {
        let files = fake.mountable.remove("efivarfs.ko").expect("there");
        fake.mountable.insert("efivarfs", files);
    }));
    assert_eq!(boot(&mut fake), ["<6>mounted /dev/sdb2 (ext4) read-only"]);
}

/// The second one comes while the first is looked at: it is too late; or while the root's tag fits nothing: both count.
#[test]
fn known_when_the_first_match_is_complete() {
    let [first, second] = ["sda", "sdb"].map(|name| Block::disk(name, (8, u32::from(name == "sdb")), ext4(A, "top")));
    let late = |at: [u64; 2]| {
        let fake = machine("root=LABEL=top", &[]).with_block_later(at[0], &first);
        fake.with_block_later(at[1], &second)
    };
    assert_eq!(boot(&mut late([5_500, 5_501])), ["<6>mounted /dev/sda (ext4) read-only"]);
    assert_eq!(short(&mut late([5_500, 5_500])), refused("LABEL=top", ["sda", "sdb"]));
}

/// Members of a device that is assembled, by its name in the directory of holders.
#[test]
fn held_devices() {
    // Two paths to one disk, and the device that is made of them; each shows the same content, and the same partitions.
    let mut paths = [Block::disk("sda", (8, 0), ext4(A, "top")), Block::disk("sdb", (8, 16), ext4(A, "top"))];
    paths.iter_mut().for_each(|path| path.holder = Some("dm-0"));
    let of_paths = paths.each_ref().map(|path| {
        path.partition(if path.dev.1 == 0 { "sda1" } else { "sdb1" }, path.dev.1 + 1, "", ext4(B, "inner"))
    });
    let whole = Block::disk("dm-0", (253, 0), ext4(A, "top"));
    let mut inner = Block::disk("dm-1", (253, 1), ext4(B, "inner"));
    let blocks = [&paths[..], &of_paths, &[whole.clone(), inner.clone()]].concat();
    for (root, found) in [("LABEL=top", "dm-0"), ("LABEL=inner", "dm-1")] {
        let mut fake = machine(&format!("root={root}"), &blocks);
        assert_eq!(boot(&mut fake), [format!("<6>mounted /dev/{found} (ext4) read-only")]);
    }
    // Held by themselves.
    inner.holder = Some("dm-2");
    for (root, blocks) in [("LABEL=inner", &[inner][..]), ("LABEL=top", &paths[..1]), ("LABEL=inner", &of_paths[..])] {
        let mut fake = machine(&format!("root={root} rootwait=0"), blocks);
        assert_eq!(short(&mut fake), [format!("<3>find root: {root}: ETIMEDOUT: giving up")]);
    }
    // By the table too.
    let mut blocks = sda();
    blocks[2].holder = Some("md0");
    let root = format!("PARTUUID={}", uuid(PART_A));
    let mut fake = machine(&format!("root={root} rootwait=0"), &blocks);
    assert_eq!(short(&mut fake), [format!("<3>find root: {root}: ETIMEDOUT: giving up")]);
    // A mirror with its superblock at the end: the members look like the file system but for that.
    let mut member = ext4(A, "top");
    let place = member.len() - 0x2000;
    member[place..place + 256].copy_from_slice(&md(B, "mirror")[4096..4352]);
    member[place + 144..place + 148].copy_from_slice(&u32::try_from(place / 512).expect("small").to_le_bytes());
    let blocks = [Block::disk("sda", (8, 0), member.clone()), Block::disk("sdb", (8, 16), member)];
    let mut fake = machine("root=LABEL=top rootwait=0", &blocks);
    assert_eq!(short(&mut fake), ["<3>find root: LABEL=top: ETIMEDOUT: giving up"]);
    let blocks = [&blocks[..], &[Block::disk("md127", (9, 127), ext4(A, "top"))]].concat();
    assert_eq!(boot(&mut machine("root=LABEL=top", &blocks)), ["<6>mounted /dev/md127 (ext4) read-only"]);
}

/// A disk that shows the file system of its first partition: it is the partition's.
#[test]
fn hybrid_images() {
    let mut table = ext4(A, "top");
    table[440..512].copy_from_slice(&mbr(7, 2)[440..512]);
    let blocks = disk(SDA, 0, table, vec![("", ext4(A, "top")), ("", ext4(B, "other"))]);
    for blocks in [blocks.clone(), blocks.iter().rev().cloned().collect()] {
        let mut fake = machine("root=LABEL=top", &blocks);
        assert_eq!(boot(&mut fake), ["<6>mounted /dev/sda1 (ext4) read-only"]);
        let zeros = fake.calls.iter().filter(|call| call.contains("/sys/dev/block/0:0")).count();
        assert_eq!(zeros, 0, "no device is asked for that isn't");
    }
}

/// Above an NVMe disk without multipath stands its controller in sysfs, a character device, whose number may be that of a
/// block device: which isn't that disk for all that.
#[test]
fn the_controller_is_no_disk() {
    let mut nvme = Block::disk("nvme0n1", (259, 0), ext4(A, "top"));
    nvme.controller = Some((8, 16));
    let blocks = [nvme, Block::disk("sdb", (8, 16), ext4(A, "top"))];
    let mut fake = machine("root=LABEL=top", &blocks);
    assert_eq!(sorted(short(&mut fake)), refused("LABEL=top", ["nvme0n1", "sdb"]));
    assert_eq!(boot(&mut machine("root=LABEL=top", &blocks[..1])), ["<6>mounted /dev/nvme0n1 (ext4) read-only"]);
}

fn member(name: &'static str, minor: u32, uuid: u128, number: u8) -> Block {
    Block::disk(name, (8, minor), btrfs(uuid, "pool", 2, number))
}

fn btrfs_calls(fake: &Fake) -> Vec<String> {
    let calls = fake
        .calls
        .iter()
        .filter(|call| call.contains("0x50009404") || call.contains("0x90009427") || call.starts_with("mount /dev"));
    calls
        .map(|call| {
            call.split(' ')
                .filter(|word| !matches!(*word, "ioctl" | "0x8001" | "\"\"") && word.len() > 2)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

#[test]
fn btrfs_on_two_devices() {
    const MOUNTED: &str = "<6>mounted /dev/sda (btrfs) read-only";
    const LAST: [&str; 2] = ["0x90009427 /dev/sda", "mount /dev/sda /root btrfs"];
    let other = member("sdx", 64, B, 9);
    for root in [format!("UUID={}", uuid(A)), "LABEL=pool".into(), "/dev/sda".into(), "8:0".into()] {
        let cmdline = format!("root={root}");
        let others: &[Block] = if root == "LABEL=pool" { &[] } else { std::slice::from_ref(&other) };
        // Both there: the kernel is told of both, and of no other.
        let mut fake = machine(&cmdline, &[&[member("sda", 0, A, 1), member("sdb", 16, A, 2)], others].concat());
        assert_eq!(boot(&mut fake), [MOUNTED], "{root}");
        let told = ["0x50009404 /dev/sda", "0x50009404 /dev/sdb"];
        assert_eq!(btrfs_calls(&fake), [&told[..], &LAST].concat(), "{root}");
        // The second comes later.
        let fake = machine(&cmdline, &[&[member("sda", 0, A, 1)], others].concat());
        let mut fake = fake.with_block_later(5_700, &Block::disk("sdc", (8, 32), ext4(7, "none")));
        fake = fake.with_block_later(5_800, &member("sdb", 16, A, 2));
        assert_eq!(boot(&mut fake), ["<4>find root: sda: btrfs: devices are missing: waiting", MOUNTED], "{root}");
        assert_eq!(fake.now_ms, 5_800);
        // Twice before anything is waited for.
        let first = ["0x50009404 /dev/sda", LAST[0]];
        let expected = [&first[..], &first, &[LAST[0], "0x50009404 /dev/sdb", LAST[0], LAST[1]]].concat();
        assert_eq!(btrfs_calls(&fake), expected, "{root}");
    }
    // Without children PID 1 looks at the others itself, and mounts what it found all the same.
    let swap = Block::disk("sdz", (65, 0), super::images::swap(B, ""));
    let mut fake = machine("root=LABEL=pool", &[member("sda", 0, A, 1), member("sdb", 16, A, 2), swap]);
    fake.refused.push(("clone", crate::error::Errno::EAGAIN));
    assert_eq!(boot(&mut fake), [MOUNTED]);
    // It never comes.
    let mut fake = machine("root=LABEL=pool rootwait=1", &[member("sda", 0, A, 1)]);
    let said =
        ["<4>find root: sda: btrfs: devices are missing: waiting", "<3>find root: LABEL=pool: ETIMEDOUT: giving up"];
    let got = short(&mut fake);
    assert_eq!([&got[0], got.last().expect("one")], said);
    // A kernel that can't be asked is left to say it by the mount.
    let mut fake = machine("root=LABEL=pool", &[member("sda", 0, A, 1)]);
    fake.refused.push(("open /dev/btrfs-control", crate::error::Errno::ENOENT));
    assert_eq!(boot(&mut fake), [MOUNTED]);
    // On one device there is nothing to ask.
    let mut fake = machine("root=LABEL=pool", &[Block::disk("sda", (8, 0), btrfs(A, "pool", 1, 1))]);
    assert_eq!(boot(&mut fake), [MOUNTED]);
    assert_eq!(btrfs_calls(&fake), LAST[1..]);
    assert_eq!(opened(&fake), ["sda", "sda"]);
}

/// Two with the same UUID of their own are copies of each other.
#[test]
fn copies_of_a_btrfs_member() {
    let blocks = [member("sda", 0, A, 1), member("sdb", 16, A, 2), member("sdc", 32, A, 2)];
    let mut fake = machine("root=LABEL=pool", &blocks);
    let mut said: Vec<_> =
        ["sda", "sdb", "sdc"].iter().map(|name| format!("<3>find root: LABEL=pool is on /dev/{name}")).collect();
    said.push(format!("<3>find root: LABEL=pool: {ON_BOTH}"));
    assert_eq!(short(&mut fake), said);
    assert!(!fake.calls.iter().any(|call| call.starts_with("mount /dev")));
    // Two file systems with one label.
    let blocks = [member("sda", 0, A, 1), member("sdb", 16, B, 2)];
    assert_eq!(short(&mut machine("root=LABEL=pool", &blocks)), refused("LABEL=pool", ["sda", "sdb"]));
}
