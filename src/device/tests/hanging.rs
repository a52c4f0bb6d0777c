//! Devices that don't answer: they keep nobody from being found, and no deadline from firing.

use super::images::{ext4, uuid};
use super::{A, END, GOOD, PANIC, PART_A, boot, machine, opened, sda, short};
use crate::error::Errno;
use crate::kernel::fake::{Block, Fake};

const NAMES: [&str; 12] = ["da", "db", "dc", "dd", "de", "df", "dg", "dh", "di", "dj", "dk", "dl"];

fn stuck(name: &str) -> String {
    format!("<4>find root: /dev/{name}: does not answer: looking at the others")
}

/// A machine where these hang, when they are read or when they are opened.
fn hanging(cmdline: &str, blocks: &[Block], names: &[&'static str], at_open: bool) -> Fake {
    let mut fake = machine(cmdline, blocks);
    fake.hanging = names.iter().copied().collect();
    fake.hangs_at_open = at_open;
    fake
}

/// Disks without tables, before and behind `sda` in the list.
fn with_others(others: &[&'static str]) -> Vec<Block> {
    let mut blocks = sda();
    blocks.extend(others.iter().zip(0..).map(|(name, minor)| Block::disk(name, (9, minor), ext4(7, "other"))));
    blocks
}

#[test]
fn before_behind_and_around_the_root() {
    for at_open in [false, true] {
        for names in [&["aa"][..], &["sdb"], &["aa", "sdb"], &["aa", "ab", "sdb", "sdc"]] {
            for root in [format!("UUID={}", uuid(A)), "LABEL=top".into()] {
                let mut fake = hanging(&format!("root={root}"), &with_others(names), names, at_open);
                let said: Vec<_> = names.iter().map(|name| stuck(name)).chain([GOOD.into()]).collect();
                assert_eq!(boot(&mut fake), said);
                assert_eq!(fake.now_ms, 5_000 + 500 * names.len() as u64, "half a second each");
            }
        }
    }
    // A disk whose table might name the root.
    let mut blocks = with_others(&["aa"]);
    blocks.push(blocks[3].partition("aa1", 200, "PARTN=1\n", vec![]));
    let mut fake = hanging(&format!("root=PARTUUID={}", uuid(PART_A)), &blocks, &["aa"], false);
    assert_eq!(boot(&mut fake), [stuck("aa"), GOOD.into()]);
}

/// The devices that are listed, in order; the last line says that there are no others.
fn listed(said: &[String]) -> Vec<&str> {
    let uevents = said.iter().filter_map(|line| line.strip_prefix("<3>there is MAJOR="));
    uevents
        .map(|uevent| uevent.split("DEVNAME=").nth(1).and_then(|rest| rest.split(' ').next()).expect("a name"))
        .collect()
}

/// The root itself: the deadline fires, and all that can be said is.
#[test]
fn the_root_itself() {
    for at_open in [false, true] {
        for root in ["/dev/sda2".into(), "8:2".into(), format!("UUID={}", uuid(A)), "LABEL=top".into()] {
            let mut fake = hanging(&format!("root={root} rootwait=5"), &sda(), &["sda2"], at_open);
            let said = boot(&mut fake);
            let named = |line: &&str| !line.starts_with("<3>there is MAJOR=");
            let expected = [
                stuck("sda2"),
                format!("<4>find root: {root}: not there after 1 s: waiting, rootwait=5"),
                format!("<3>find root: {root}: ETIMEDOUT: giving up"),
            ];
            let rest: Vec<_> = said.iter().map(String::as_str).filter(named).collect();
            assert_eq!(rest[..3], expected, "{root}");
            assert_eq!(rest[rest.len() - 2..], [END, PANIC]);
            assert!(fake.now_ms < 11_000, "{}", fake.now_ms);
            // The others are listed.
            assert_eq!(listed(&said), ["sda", "sda1", "sda2"]);
        }
    }
    // The root's disk, by a tag of its table.
    let mut fake = hanging("root=PARTLABEL=root rootwait=5", &sda(), &["sda"], false);
    assert_eq!(short(&mut fake).last().map(String::as_str), Some("<3>find root: PARTLABEL=root: ETIMEDOUT: giving up"));
    assert!(fake.now_ms < 11_000);
}

/// A child has to have seen the partition answer too.
#[test]
fn a_partition_that_hangs_though_its_disk_does_not() {
    let mut fake = hanging("root=PARTLABEL=root rootwait=5", &sda(), &["sda2"], false);
    let said = short(&mut fake);
    assert!(said.contains(&"<3>find root: PARTLABEL=root: ETIMEDOUT: giving up".into()), "{said:#?}");
    assert!(fake.now_ms < 11_000);
}

/// The next root; and the one that nobody named, for which the tables are read twice.
#[test]
fn other_ways_to_a_root() {
    let mut fake = hanging("pintle.root=/dev/aa,LABEL=top", &with_others(&["aa"]), &["aa"], false);
    assert_eq!(boot(&mut fake), [stuck("aa"), GOOD.into()]);
    let mut blocks = with_others(&["aa"]);
    blocks.push(blocks[3].partition("aa1", 200, "PARTN=1\n", vec![]));
    for fake in [machine("", &blocks), super::booted_from(machine("", &blocks), super::ESP_UUID)] {
        let mut fake = fake;
        fake.hanging.insert("aa");
        assert_eq!(boot(&mut fake), [stuck("aa"), GOOD.into()]);
        assert_eq!(fake.now_ms, 5_500);
    }
}

/// One that hangs for the list alone.
#[test]
fn the_list() {
    for at_open in [false, true] {
        let mut fake = hanging("root=/dev/nosuch rootwait=1", &with_others(&["aa", "sdb"]), &["aa", "sda2"], at_open);
        let said = boot(&mut fake);
        // Of those that hang, at the end, what the kernel knows.
        let mut names = listed(&said);
        assert_eq!(names.len(), 5, "{said:#?}");
        names[..3].sort_unstable();
        names[3..].sort_unstable();
        assert_eq!(names, ["sda", "sda1", "sdb", "aa", "sda2"], "{said:#?}");
        assert_eq!(said[said.len() - 2..], [END, PANIC]);
        assert_eq!(said.iter().filter(|line| line.contains("does not answer")).count(), 2);
    }
}

/// As many as there are children, and more: the deadline fires, and what hangs is said.
#[test]
fn more_than_there_are_children() {
    for count in [7, 8, 9, 12] {
        let names = &NAMES[..count];
        let stuck: Vec<_> = names.iter().take(9).map(|name| stuck(name)).collect();
        // Before the root, by number and by when they came.
        let others = names.iter().zip(10..).map(|(name, minor)| Block::disk(name, (7, minor), ext4(7, "other")));
        let blocks: Vec<_> = others.chain(sda()).collect();
        let mut fake = hanging("root=LABEL=top rootwait=20", &blocks, names, false);
        let said = short(&mut fake);
        assert_eq!(said[..stuck.len()], stuck);
        if count < 9 {
            assert_eq!(said[stuck.len()..], [GOOD]);
        } else {
            // Nobody is left to look at the root, which stands behind them.
            assert_eq!(said.last().map(String::as_str), Some("<3>find root: LABEL=top: ETIMEDOUT: giving up"));
        }
        let mut fake = hanging("root=LABEL=none rootwait=20", &blocks, names, false);
        let said = boot(&mut fake);
        assert_eq!((listed(&said).len(), fake.now_ms), (count + 3, 25_000), "all of them: {said:#?}");
        let stuck_said = said.iter().filter(|line| line.contains("does not answer")).count();
        assert_eq!(stuck_said, stuck.len(), "each once");
    }
}

/// However often all is looked at, one device keeps one child.
#[test]
fn one_keeps_one_child() {
    let mut fake = hanging("root=LABEL=top rootwait=20", &with_others(&["aa"])[3..], &["aa"], false);
    fake.refused.push(("socket", Errno::new(97)));
    for block in sda() {
        fake = fake.with_block_later(15_000, &block);
    }
    let said = short(&mut fake);
    assert_eq!(said.iter().filter(|line| **line == stuck("aa")).count(), 1, "{said:#?}");
    assert_eq!(said.last().map(String::as_str), Some(GOOD));
    assert!(fake.now_ms <= 15_200, "{}", fake.now_ms);
}

/// It answers after all.
#[test]
fn one_that_ends_is_reaped() {
    let mut fake = hanging("root=LABEL=top rootwait=20", &with_others(&["aa"])[3..], &["aa"], false);
    fake.hangs_until_ms = 7_000;
    for block in sda() {
        fake = fake.with_block_later(8_000, &block);
    }
    assert_eq!(short(&mut fake).last().map(String::as_str), Some(GOOD));
    let count = |start: &str| fake.calls.iter().filter(|call| call.starts_with(start)).count();
    assert_eq!((count("clone"), fake.now_ms), (count("waitid"), 8_000));
    assert_eq!(opened(&fake).last(), Some(&"sda2"));
}
