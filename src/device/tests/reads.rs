//! What is opened and read, and what isn't.

use super::images::{DATA, entry, ext4, gpt, uuid};
use super::{A, GOOD, PART_A, boot, machine, opened, sda, sdb, short};
use crate::error::Errno;
use crate::kernel::fake::Block;

/// To open a floppy disk is to wait for its motor.
#[test]
fn floppies() {
    let floppy = Block::disk("fd0", (2, 0), ext4(A, "top"));
    for cmdline in ["root=LABEL=top".to_string(), format!("root=PARTUUID={}", uuid(PART_A)), String::new()] {
        let mut blocks = sda();
        blocks.push(floppy.clone());
        let mut fake = machine(&cmdline, &blocks);
        assert_eq!(boot(&mut fake), [GOOD]);
        assert!(!opened(&fake).contains(&"fd0"));
        let mut fake = machine(&format!("{cmdline} rootwait=1"), &[]).with_block_later(5_100, &floppy);
        boot(&mut fake);
        assert_eq!(opened(&fake), [""; 0], "nor for the list");
    }
    let mut fake = machine("root=/dev/fd0", &[floppy]);
    assert_eq!(boot(&mut fake), ["<6>mounted /dev/fd0 (ext4) read-only"], "who names it wants it");
}

/// No medium, nothing attached; an extended partition.
#[test]
fn devices_without_room() {
    let mut empty = [Block::disk("loop0", (7, 0), vec![]), sda()[0].partition("sda4", 4, "PARTN=4\n", vec![])];
    (empty[0].sectors, empty[1].sectors) = (Some(0), Some(2));
    for cmdline in ["root=LABEL=top".to_string(), format!("root=UUID={}", uuid(A))] {
        let blocks = [sda(), empty.to_vec()].concat();
        let mut fake = machine(&cmdline, &blocks);
        assert_eq!(boot(&mut fake), [GOOD]);
        assert_eq!(opened(&fake), ["sda", "sda1", "sda2", "sda2"], "each once, and the root to mount it");
    }
    // 4 sectors may hold something; who knows what can't be read.
    (empty[0].sectors, empty[1].sectors) = (Some(4), Some(u64::MAX));
    let mut fake = machine("root=LABEL=top rootwait=0", &empty).without("sysfs", "/dev/block/7:0/size");
    short(&mut fake);
    assert_eq!(opened(&fake), ["loop0", "sda4", "loop0", "sda4"], "to find it, and for the list");
}

/// Content lies in what holds it, tables on disks that have partitions; each is read once, and the root once more right
/// before it is mounted.
#[test]
fn only_what_may_match() {
    let mut blocks = [sda(), sdb(), vec![Block::disk("sdc", (8, 32), vec![])]].concat();
    // The other disk's table is no better than none.
    blocks[3].bytes.clear();
    blocks[5].bytes = ext4(7, "other");
    let everything = ["sda", "sda1", "sda2", "sdb", "sdb1", "sdb2", "sdc"];
    let part = uuid(PART_A);
    let rows: [(String, &[&str]); 6] = [
        ("root=/dev/sda2".into(), &["sda2"]),
        ("root=8:2".into(), &["sda2"]),
        (format!("root=UUID={}", uuid(A)), &everything),
        ("root=LABEL=top".into(), &everything),
        (format!("root=PARTUUID={part}"), &["sda", "sda2", "sdb"]),
        ("root=PARTLABEL=root".into(), &["sda", "sda2", "sdb"]),
    ];
    for (cmdline, expected) in rows {
        let mut fake = machine(&cmdline, &blocks);
        assert_eq!(boot(&mut fake), [GOOD], "{cmdline}");
        let mut opened = opened(&fake);
        let root = opened.pop();
        // In whatever order they are walked.
        opened.sort_unstable();
        assert_eq!((&opened[..], root), (expected, Some("sda2")), "{cmdline}");
    }
    let mut fake = machine("root=PARTLABEL=root", &blocks);
    boot(&mut fake);
    let heads = |bytes| fake.calls.iter().filter(|call| call.starts_with("pread") && call.ends_with(bytes)).count();
    assert_eq!(heads(" 69632 0"), 2, "the disk's head, and the root's: nothing of a disk without a byte");
    assert_eq!(heads(" 4096 0"), 1, "the root's once more, what it was seen to be");
}

/// All roots that can be named, on one disk.
#[test]
fn several_roots_on_one_disk() {
    let entries = [("one", 1), ("two", 2), ("three", 3), ("four", 4), ("five", 5), ("six", 6), ("seven", 7)];
    let table = gpt(&entries.map(|(label, uuid)| entry(DATA, uuid, label)));
    let names = ["sda1", "sda2", "sda3", "sda4", "sda5", "sda6", "sda7"];
    let disk = Block::disk("sda", (8, 0), table);
    let partitions =
        names.iter().zip(1..).map(|(name, number)| disk.partition(name, number, "", ext4(number.into(), "")));
    let blocks: Vec<_> = [disk.clone()].into_iter().chain(partitions).collect();
    let roots: Vec<_> = entries.iter().rev().map(|(label, _)| format!("PARTLABEL={label}")).collect();
    let mut fake = machine(&format!("pintle.root={}", roots.join(",")), &blocks);
    assert_eq!(boot(&mut fake), ["<6>mounted /dev/sda7 (ext4) read-only"]);
    assert_eq!(opened(&fake), [&["sda"][..], &names, &["sda7"]].concat());
}

/// More than one read of the list holds, and more messages than are taken in at once.
#[test]
fn hundreds_of_devices() {
    let others =
        (0..300).map(|number| Block::disk(Box::leak(format!("loop{number}").into_boxed_str()), (7, number), vec![]));
    let others: Vec<_> = others.collect();
    let root = format!("root=UUID={}", uuid(A));
    let mut fake = machine(&root, &[others.clone(), sda()].concat());
    assert_eq!(boot(&mut fake), [GOOD]);
    assert_eq!(opened(&fake).len(), 304);
    let mut fake = machine(&root, &[]);
    for block in others.iter().chain(&sda()) {
        fake = fake.with_block_later(5_500, block);
    }
    assert_eq!(boot(&mut fake), [GOOD]);
    assert_eq!((opened(&fake).len(), fake.now_ms), (304, 5_500));
}

/// One that can't be opened.
#[test]
fn broken_devices() {
    for (call, node) in [("open /dev/aaa", "aaa"), ("open /dev/sdb", "sdb")] {
        let blocks = [sda(), vec![Block::disk(node, (8, 64), ext4(7, "other"))]].concat();
        let mut fake = machine(&format!("root=UUID={}", uuid(A)), &blocks);
        fake.refused.push((call, Errno::EIO));
        assert_eq!(boot(&mut fake), [GOOD], "{call}");
    }
}
