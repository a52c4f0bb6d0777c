//! Each way to name a root, on each kind of table.

use super::images::{DATA, entry, ext4, gpt, luks, mbr, md, swap, uuid};
use super::{A, B, END, ESP_UUID, GOOD, PANIC, PART_A, PART_B, SDA, SDB, boot, disk, machine, opened, sda, short};
use crate::kernel::fake::Block;

/// Only sda2, with nobody's help.
#[test]
fn tags_on_gpt() {
    let (content, part, esp) = (uuid(A), uuid(PART_A), uuid(ESP_UUID));
    let rows = [
        "root=/dev/sda2".into(),
        "root=8:2".into(),
        "root=802".into(),
        format!("root=UUID={content}"),
        format!("root=UUID={}", content.to_uppercase()),
        format!("root=UUID=\"{content}\""),
        format!("root=\"UUID={content}\""),
        "root=LABEL=top".into(),
        "root=LABEL=\\x74op".into(),
        format!("root=PARTUUID={part}"),
        format!("root=PARTUUID={}", part.to_uppercase()),
        format!("root=PARTUUID={esp}/PARTNROFF=1"),
        "root=PARTLABEL=root".into(),
        format!("root=/dev/disk/by-uuid/{content}"),
        "root=/dev/disk/by-label/top".into(),
        format!("root=/dev/disk/by-partuuid/{part}"),
        "root=/dev/disk/by-partlabel/root".into(),
        String::new(),
    ];
    for cmdline in rows {
        assert_eq!(boot(&mut machine(&cmdline, &sda())), [GOOD], "{cmdline}");
    }
    let back = format!("root=PARTUUID={}/PARTNROFF=-1", uuid(B));
    let table = gpt(&[entry(DATA, PART_A, "x"), entry(DATA, PART_B, "y"), entry(DATA, B, "z")]);
    let blocks = disk(SDA, 0, table, vec![("", vec![]), ("", ext4(A, "top")), ("", vec![])]);
    assert_eq!(boot(&mut machine(&back, &blocks)), [GOOD]);
    // Past the last partition, and before the first.
    for offset in ["1", "-3", "-2147483647"] {
        let cmdline = format!("rootwait=0 root=PARTUUID={}/PARTNROFF={offset}", uuid(B));
        let said = format!("<3>find root: PARTUUID={}/PARTNROFF={offset}: ETIMEDOUT: giving up", uuid(B));
        assert_eq!(short(&mut machine(&cmdline, &blocks)), [said]);
    }
}

#[test]
fn tags_on_mbr() {
    let content = uuid(A);
    let rows = [
        format!("root=UUID={content}"),
        "root=LABEL=top".into(),
        "root=PARTUUID=0F2A4C6E-02".into(),
        "root=PARTUUID=0f2a4c6e-02".into(),
        "root=PARTUUID=0f2a4c6e-01/PARTNROFF=1".into(),
    ];
    let blocks = disk(SDA, 0, mbr(0x0f2a_4c6e, 2), vec![("PARTN=1\n", vec![]), ("PARTN=2\n", ext4(A, "top"))]);
    for cmdline in rows {
        assert_eq!(boot(&mut machine(&cmdline, &blocks)), [GOOD], "{cmdline}");
    }
    // No labels, no types.
    let said = "<3>find root: PARTLABEL=root: ETIMEDOUT: giving up";
    assert_eq!(short(&mut machine("root=PARTLABEL=root rootwait=0", &blocks)), [said]);
}

/// A name that ends in a digit, and one with a directory.
#[test]
fn partitions_of_disks_with_other_names() {
    for [name, first, second] in [["nvme0n1", "nvme0n1p1", "nvme0n1p2"], ["mmcblk0", "mmcblk0p1", "mmcblk0p2"]] {
        let table = gpt(&[entry(DATA, PART_B, "x"), entry(DATA, PART_A, "root")]);
        let blocks = disk([name, first, second, ""], 0, table, vec![("", vec![]), ("", ext4(A, ""))]);
        let cmdline = format!("root=PARTUUID={}", uuid(PART_A));
        assert_eq!(boot(&mut machine(&cmdline, &blocks)), [format!("<6>mounted /dev/{second} (ext4) read-only")]);
    }
}

/// What is no file system has a label and a UUID too; it never is the root.
#[test]
fn swap_and_members_never_match() {
    for content in [swap(A, "top"), luks(A, "top"), md(A, "top")] {
        for cmdline in [format!("root=UUID={}", uuid(A)), "root=LABEL=top".into()] {
            let mut blocks = sda();
            blocks.push(Block::disk("aaa", (8, 32), content.clone()));
            assert_eq!(boot(&mut machine(&cmdline, &blocks)), [GOOD]);
            let alone = [Block::disk("sda2", (8, 32), content.clone())];
            let text = cmdline.strip_prefix("root=").expect("that");
            let said = format!("<3>find root: {text}: ETIMEDOUT: giving up");
            assert_eq!(short(&mut machine(&format!("{cmdline} rootwait=0"), &alone)), [said]);
        }
    }
}

/// The kernel folds a label that isn't ASCII in its uevent: it only says whether the table is worth a look.
#[test]
fn folded_labels() {
    let table = |labels: [&'static str; 2]| gpt(&[entry(DATA, PART_B, labels[0]), entry(DATA, PART_A, labels[1])]);
    let both = |labels, folded: [&'static str; 2]| {
        disk(SDA, 0, table(labels), vec![(folded[0], ext4(B, "")), (folded[1], ext4(A, ""))])
    };
    let two = both(["gr\u{2603}n", "gr\u{2602}n"], ["PARTN=1\nPARTNAME=gr!n\n", "PARTN=2\nPARTNAME=gr!n\n"]);
    let plain = both(["gr\u{2603}n", "gr!n"], ["PARTN=1\nPARTNAME=gr!n\n", "PARTN=2\nPARTNAME=gr!n\n"]);
    // U+0172 is `r` in its low byte.
    let low = both(["r", "\u{172}"], ["PARTN=1\nPARTNAME=r\n", "PARTN=2\nPARTNAME=r\n"]);
    let rows = [
        ("gr\u{2602}n", &two, "sda2"),
        ("gr\u{2603}n", &two, "sda1"),
        ("gr\\xe2\\x98\\x82n", &two, "sda2"),
        ("gr!n", &plain, "sda2"),
        ("gr\u{2603}n", &plain, "sda1"),
        ("r", &low, "sda1"),
        ("\u{172}", &low, "sda2"),
    ];
    for (label, blocks, found) in rows {
        let mut fake = machine(&format!("root=PARTLABEL={label}"), blocks);
        assert_eq!(boot(&mut fake), [format!("<6>mounted /dev/{found} (ext4) read-only")], "{label}");
    }
    // Another disk is looked at too, once.
    let mut blocks = sda();
    blocks.extend(disk(
        SDB,
        16,
        table(["x", "y"]),
        vec![("PARTN=1\nPARTNAME=x\n", vec![]), ("PARTN=2\nPARTNAME=y\n", vec![])],
    ));
    let mut fake = machine("root=PARTLABEL=root", &blocks);
    assert_eq!(boot(&mut fake), [GOOD]);
    assert_eq!(opened(&fake), ["sda", "sda2", "sdb", "sda2"]);
}

/// Forms that it doesn't know are said, and nothing is waited for: the devices are listed.
#[test]
fn other_forms() {
    const KNOWN: &str =
        "unknown form, known are /dev/NAME, MAJ:MIN, hex, (PART)UUID=, (PART)LABEL=: going on without it";
    const UDEV: &str = "made by udev, which runs later: UUID= and LABEL= work: going on without it";
    let rows = [
        ("sda2", KNOWN),
        ("UUID=", KNOWN),
        ("uuid=x", KNOWN),
        ("ID=x", KNOWN),
        ("/dev/", KNOWN),
        ("PARTUUID=x/PARTNROFF=y", KNOWN),
        ("PARTUUID=x/SECTOR=1", KNOWN),
        ("0:0", KNOWN),
        ("/dev/disk/by-id/x", UDEV),
        ("/dev/disk/by-path/x", UDEV),
        ("/dev/mapper/x", UDEV),
    ];
    for (root, why) in rows {
        let mut fake = machine(&format!("root={root}"), &sda());
        let said = boot(&mut fake);
        let [first, listed @ .., end, panic] = &said[..] else { panic!("{said:#?}") };
        assert_eq!([first, end, panic], [&format!("<4>command line: root={root}: {why}"), END, PANIC]);
        assert!(listed.len() == 3 && listed.iter().all(|line| line.starts_with("<3>there is ")), "{said:#?}");
        assert_eq!((fake.now_ms, fake.calls.iter().any(|call| call.starts_with("mount /"))), (5_000, false), "{root}");
    }
    // A list of which none is known: each is said, then the devices.
    let said = boot(&mut machine("pintle.root=sda2,UUID=", &sda()));
    let unknown = |root| format!("<4>command line: root={root}: {KNOWN}");
    assert_eq!(said[..2], [unknown("sda2"), unknown("UUID=")]);
    assert_eq!((said.len(), said[5].as_str(), said[6].as_str()), (7, END, PANIC), "{said:#?}");
}

/// The kernel's list is no better than a hint: a device of which it says nothing, or another's name, has sysfs's.
#[test]
fn the_list_is_a_hint() {
    let root = |name| [Block::disk(name, (8, 0), ext4(A, "top")), Block::disk("sdb", (8, 16), ext4(B, "other"))];
    let cmdline = format!("root=UUID={}", uuid(A));
    for (name, listed) in [("sda", "sda"), ("sda", "sdb"), ("sda", "gone"), ("cciss/c0d0", "cciss!c0d0")] {
        let mut fake = machine(&cmdline, &root(name));
        fake.rename_listed((8, 0), listed);
        assert_eq!(boot(&mut fake), [format!("<6>mounted /dev/{name} (ext4) read-only")], "{listed}");
        let asked = fake.calls.iter().any(|call| call == "open /sys/dev/block/8:0/uevent");
        assert_eq!(asked, name != listed, "{listed}");
    }
    // Behind the start of a long list.
    let others =
        (0..200).map(|number| Block::disk(Box::leak(format!("loop{number}").into_boxed_str()), (7, number), vec![]));
    let mut fake = machine(&cmdline, &others.chain(root("sda")).collect::<Vec<_>>());
    assert_eq!(boot(&mut fake), ["<6>mounted /dev/sda (ext4) read-only"]);
}
