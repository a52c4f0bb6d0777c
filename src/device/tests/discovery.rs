//! No root is named: the Discoverable Partitions Specification.

use super::images::{DATA, ESP, Entry, ROOT, ROOT_RISCV, entry, ext4, gpt, mbr};
use super::{
    A, B, ESP_UUID, GOOD, PART_A, PART_B, SDA, SDB, SDC, boot, booted_from, disk, machine, sda, short, system,
};
use crate::kernel::fake::Block;

const NO_AUTO: u64 = 1 << 63;
const READ_ONLY: u64 = 1 << 60;
const TIMED_OUT: &str = "<3>find root: the root partition: ETIMEDOUT: giving up";

/// A disk with such a partition.
fn other(names: [&'static str; 4], minor: u32) -> Vec<Block> {
    system(names, minor, PART_B ^ u128::from(minor), entry(ROOT, PART_B, "root"), ext4(B, "other"))
}

fn mounted(node: &str) -> Vec<String> {
    vec![format!("<6>mounted /dev/{node} (ext4) read-only")]
}

#[test]
fn on_the_only_disk_that_has_one() {
    // A disk without a table, one without such a partition, another architecture's; an MBR, which has no types.
    let data =
        disk(SDB, 16, gpt(&[entry(DATA, B, "root"), entry(ROOT_RISCV, A, "root")]), vec![("", vec![]), ("", vec![])]);
    let old = disk(SDC, 32, mbr(7, 2), vec![("", ext4(A, "top")), ("", ext4(A, "top"))]);
    let blocks = [sda(), data, old, vec![Block::disk("sdd", (8, 48), ext4(A, "top"))]].concat();
    for cmdline in ["", "quiet", "root="] {
        assert_eq!(boot(&mut machine(cmdline, &blocks)), [GOOD]);
    }
    let mut removable = other(SDB, 16);
    removable[0].removable = true;
    assert_eq!(boot(&mut machine("", &[sda(), removable.clone()].concat())), [GOOD]);
    assert_eq!(boot(&mut machine("", &[removable.clone(), sda()].concat())), [GOOD]);
    // A stick alone isn't taken, unless the firmware booted from it.
    assert_eq!(short(&mut machine("rootwait=0", &removable)), [TIMED_OUT]);
    assert_eq!(boot(&mut booted_from(machine("", &removable), PART_B ^ 16)), mounted("sdb2"));
}

#[test]
fn two_candidates() {
    let blocks = [sda(), other(SDB, 16)].concat();
    let said = [
        "<3>find root: the root partition is on /dev/sda2",
        "<3>find root: the root partition is on /dev/sdb2",
        "<3>find root: the root partition: on two devices at least, pintle.duplicate=first would take any: giving up",
    ];
    assert_eq!(short(&mut machine("", &blocks)), said);
    assert_eq!(boot(&mut machine("pintle.duplicate=first", &blocks)), [GOOD]);
    assert_eq!(boot(&mut booted_from(machine("", &blocks), ESP_UUID)), [GOOD]);
    assert_eq!(boot(&mut booted_from(machine("", &blocks), PART_B ^ 16)), mounted("sdb2"));
    // On one disk it is the first.
    let root = |uuid| entry(ROOT, uuid, "root");
    let table = gpt(&[entry(ESP, ESP_UUID, ""), root(PART_A), root(PART_B)]);
    let blocks = disk(SDA, 0, table, vec![("", vec![]), ("", ext4(A, "")), ("", ext4(B, ""))]);
    assert_eq!(boot(&mut machine("", &blocks)), [GOOD]);
    assert_eq!(boot(&mut booted_from(machine("", &blocks), ESP_UUID)), [GOOD]);
}

/// The boot disk comes last, and no other is taken before.
#[test]
fn the_boot_disk_is_waited_for() {
    let blocks = [other(SDB, 16), other(SDC, 32)].concat();
    let mut fake = booted_from(machine("", &blocks), ESP_UUID);
    for (at, block) in (5_500..).zip(sda()) {
        fake = fake.with_block_later(at, &block);
    }
    assert_eq!(boot(&mut fake), [GOOD]);
    let mut fake = booted_from(machine("rootwait=0", &blocks), ESP_UUID);
    assert_eq!(short(&mut fake), [TIMED_OUT]);
}

#[test]
fn flags() {
    let with = |flags| {
        let root = Entry { flags, ..entry(ROOT, PART_A, "root") };
        system(SDA, 0, ESP_UUID, root, ext4(A, "top"))
    };
    let rows = [
        ("", 0, "read-only"),
        ("rw", 0, "read-write"),
        ("rw", READ_ONLY, "read-only"),
        ("ro", READ_ONLY, "read-only"),
        // Others say nothing here: GrowFileSystem, the legacy BIOS' flag, required.
        ("rw", 1 << 59 | 1 << 2 | 1, "read-write"),
    ];
    for (cmdline, flags, how) in rows {
        let said = format!("<6>mounted /dev/sda2 (ext4) {how}");
        assert_eq!(boot(&mut machine(cmdline, &with(flags))), [said.as_str()], "{cmdline} {flags:#x}");
        assert_eq!(boot(&mut booted_from(machine(cmdline, &with(flags)), ESP_UUID)), [said]);
    }
    // Of a root that is named they are not asked.
    let mut fake = machine("root=PARTLABEL=root rw", &with(NO_AUTO | READ_ONLY));
    assert_eq!(boot(&mut fake), ["<6>mounted /dev/sda2 (ext4) read-write"]);
    for fake in [machine("rootwait=0", &with(NO_AUTO)), booted_from(machine("rootwait=0", &with(NO_AUTO)), ESP_UUID)] {
        let mut fake = fake;
        assert_eq!(short(&mut fake), [TIMED_OUT]);
    }
    // The next one on the disk, or on another.
    let blocks = [with(NO_AUTO), other(SDB, 16)].concat();
    assert_eq!(boot(&mut machine("", &blocks)), mounted("sdb2"));
}

/// A member of an assembled device isn't taken; what is no file system is found, and refused.
#[test]
fn held_or_encrypted() {
    let mut blocks = sda();
    blocks[2].holder = Some("dm-0");
    assert_eq!(short(&mut machine("rootwait=0", &blocks)), [TIMED_OUT]);
    blocks = sda();
    blocks[2].bytes = super::images::luks(A, "vault");
    assert_eq!(
        short(&mut machine("", &blocks)),
        ["<3>mount root: /dev/sda2: it holds crypto_LUKS, which is no file system: giving up"]
    );
}

/// Nobody has told anything.
#[test]
fn nothing_there() {
    let waiting = "<4>find root: the root partition: not there after 1 s: waiting, rootwait=3";
    assert_eq!(short(&mut machine("rootwait=3", &[])), [waiting, TIMED_OUT]);
}

/// The variables are mounted already, and this one isn't among them: there is nothing to say.
#[test]
fn efivarfs_that_is_mounted() {
    use crate::kernel::fake::dir;
    let point = "/sys/firmware/efi/efivars";
    for blocks in [sda(), vec![]] {
        let fake = machine("rootwait=0", &blocks).with("sysfs", "/firmware/efi/efivars", dir());
        let fake = fake.with_image("/sys", dir()).with_image(point, dir()).with("efivarfs", "/Other-x", dir());
        let mut fake = fake.mounted("efivarfs", point);
        assert_eq!(short(&mut fake), [if blocks.is_empty() { TIMED_OUT } else { GOOD }]);
    }
}
