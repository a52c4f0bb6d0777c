//! Devices that come late, and what tells of them.

use super::images::uuid;
use super::{A, ESP_UUID, GOOD, PART_A, boot, images, machine, opened, sda, sdb, short};
use crate::error::Errno;
use crate::kernel::fake::{Block, Fake};

fn notice(root: &str) -> String {
    format!("<4>find root: {root}: not there after 1 s: waiting, rootwait=180")
}

/// The kernel tells of the disk first, then of its partitions.
fn later(mut fake: Fake, at_ms: u64, blocks: &[Block]) -> Fake {
    for (place, block) in (0..).zip(blocks) {
        fake = fake.with_block_later(at_ms + place * 10, block);
    }
    fake
}

#[test]
fn a_disk_and_then_its_partitions() {
    let (content, part, esp) = (uuid(A), uuid(PART_A), uuid(ESP_UUID));
    let rows = [
        "/dev/sda2".into(),
        "8:2".into(),
        format!("UUID={content}"),
        "LABEL=top".into(),
        format!("PARTUUID={part}"),
        format!("PARTUUID={esp}/PARTNROFF=1"),
        "PARTLABEL=root".into(),
    ];
    for root in rows {
        let mut fake = later(machine(&format!("root={root}"), &[]), 8_000, &sda());
        assert_eq!(boot(&mut fake), [notice(&root), GOOD.into()]);
        assert_eq!(fake.now_ms, 8_020, "{root}: not a millisecond later");
    }
    let mut fake = later(machine("", &[]), 8_000, &sda());
    assert_eq!(boot(&mut fake).last().map(String::as_str), Some(GOOD));
    assert_eq!(fake.now_ms, 8_020);
}

/// From Linux 7 on the uevent tells a partition's UUID: a table is looked at all the same, when a partition of it comes.
#[test]
fn a_partition_whose_uuid_the_kernel_tells() {
    let cmdline = format!("root=PARTUUID={}", uuid(PART_A).to_uppercase());
    let mut known = sda();
    known[1].uevent = "PARTN=1\nPARTUUID=e0000000-0000-4000-8000-0000000000ee\n";
    known[2].uevent = "PARTN=2\nPARTUUID=a0000000-0000-4000-8000-0000000000aa\n";
    let mut fake = later(machine(&cmdline, &[]), 5_500, &known);
    assert_eq!(boot(&mut fake), [GOOD]);
    assert_eq!(opened(&fake), ["sda", "sda", "sda2", "sda2"]);
    let mut fake = later(machine(&cmdline, &[]), 5_500, &sda());
    assert_eq!(boot(&mut fake), [GOOD]);
    assert_eq!(opened(&fake), ["sda", "sda", "sda2", "sda2"]);
}

/// Messages of other devices, of other processes, and of devices that go, wake nobody.
#[test]
fn messages_that_tell_nothing() {
    let cmdline = format!("root=UUID={} rootwait=9", uuid(A));
    let [other, .., root] = &sda()[..] else { panic!("three") };
    let gone = String::from_utf8(root.message()).expect("text").replace("add", "remove").into_bytes();
    let mut fake = machine(&cmdline, &[]).with_block_later(5_100, other);
    fake.uevents.push_back((5_200, gone));
    fake.uevents.push_back((5_300, [b"!".to_vec(), root.message()].concat()));
    fake.uevents.push_back((5_400, b"libudev\0\xfe\xed\xca\xfe".to_vec()));
    fake.uevents.push_back((5_500, vec![]));
    let text = format!("UUID={}", uuid(A));
    let waiting = format!("<4>find root: {text}: not there after 1 s: waiting, rootwait=9");
    let failed = format!("<3>find root: {text}: ETIMEDOUT: giving up");
    assert_eq!(short(&mut fake), [waiting, failed]);
    assert_eq!((fake.now_ms, opened(&fake)), (14_000, vec!["sda", "sda"]), "by the uevent, and for the list");
}

/// Messages that were lost: from then on by the clock.
#[test]
fn lost_messages() {
    let root = format!("UUID={}", uuid(A));
    let mut fake = machine(&format!("root={root}"), &[Block::disk("sdz", (65, 0), vec![])]);
    fake.refused.push(("recvfrom", Errno::ENOBUFS));
    fake = later(fake, 5_300, &sda());
    // Its own message is lost too.
    fake.later.iter_mut().for_each(|(at, ..)| *at += 150);
    assert_eq!(boot(&mut fake), ["<4>listen to uevents: netlink: ENOBUFS: looking every 100 ms", GOOD]);
    assert_eq!(fake.now_ms, 5_500);
    let place = fake.calls.iter().position(|call| call.starts_with("recvfrom")).expect("it listens");
    let (_, socket) = fake.calls[place].split_once(' ').expect("its descriptor");
    let closed = fake.calls[place..].iter().position(|call| *call == format!("close {socket}")).expect("closed");
    assert!(!fake.calls[place + closed..].iter().any(|call| call.starts_with("recvfrom")));
}

/// However often it looks, what it has found it has found once.
#[test]
fn without_netlink() {
    let said = "<4>listen to uevents: netlink: EAFNOSUPPORT: looking every 100 ms";
    let without = |cmdline: &str, blocks: &[Block]| {
        let mut fake = machine(cmdline, blocks);
        fake.refused.push(("socket", Errno::new(97)));
        fake
    };
    let mut fake = later(without("root=LABEL=top", &[]), 5_710, &sda());
    assert_eq!(boot(&mut fake), [said, GOOD]);
    assert_eq!(fake.now_ms, 5_800);
    // The other disk has such a partition all the time, but the firmware booted from this one.
    let blocks = [sdb(), vec![]].concat();
    let mut fake = later(super::booted_from(without("", &blocks), ESP_UUID), 9_000, &sda());
    assert_eq!(boot(&mut fake).last().map(String::as_str), Some(GOOD));
    assert!(fake.now_ms <= 9_200, "{}", fake.now_ms);
    // The first member of a btrfs is there all the time.
    let member = |name, minor, member| Block::disk(name, (8, minor), images::btrfs(A, "pool", 2, member));
    let fake = without("root=LABEL=pool", &[member("sda", 0, 1)]);
    let mut fake = later(fake, 9_000, &[member("sdb", 16, 2)]);
    assert_eq!(boot(&mut fake).last().map(String::as_str), Some("<6>mounted /dev/sda (btrfs) read-only"));
    assert!(fake.now_ms <= 9_200, "{}", fake.now_ms);
}

/// No process to be had: then PID 1 looks itself.
#[test]
fn without_children() {
    for cmdline in ["root=LABEL=top".to_string(), format!("root=PARTUUID={}", uuid(PART_A)), String::new()] {
        let mut fake = machine(&cmdline, &sda());
        fake.refused.push(("clone", Errno::EAGAIN));
        assert_eq!(boot(&mut fake), [GOOD], "{cmdline}");
    }
    let mut fake = machine("root=LABEL=other rootwait=0", &sda());
    fake.refused.push(("clone", Errno::EAGAIN));
    assert_eq!(boot(&mut fake).len(), 6, "the error, four lines of devices, the panic");
}

#[test]
fn without_memory() {
    let mut fake = machine("root=LABEL=top", &sda());
    fake.refused.push(("mmap shared", Errno::new(12)));
    assert_eq!(short(&mut fake), ["<3>find root: LABEL=top: ENOMEM: giving up"]);
}

/// A disk that is gone again before it is taken, and comes back under another name: it isn't two.
#[test]
fn a_disk_that_comes_back_as_another() {
    let mut fake = later(machine("root=LABEL=top", &sda()), 5_900, &sdb());
    fake.before = Some(("waitid", |fake| {
        let gone = |path: &str| path.starts_with("@devtmpfs/sda") || path.starts_with("@sysfs/dev/block/8:2/");
        fake.tree.retain(|path, _| !gone(path));
    }));
    assert_eq!(boot(&mut fake), ["<6>mounted /dev/sdb2 (ext4) read-only"]);
}

/// One that comes while the others are looked at: nobody listens yet, so that its message is lost, and all are looked at once
/// more.
#[test]
fn between_the_first_look_and_the_socket() {
    for root in [format!("UUID={}", uuid(A)), format!("PARTUUID={}", uuid(PART_A))] {
        // It takes half a second to see that this one doesn't answer.
        let slow = Block::disk("aa", (9, 0), vec![]);
        let slow = [slow.clone(), slow.partition("aa1", 1, "", vec![])];
        let mut fake = later(machine(&format!("root={root} rootwait=9"), &slow), 5_200, &sda());
        fake.hanging = ["aa"].into_iter().collect();
        fake.uevents.clear();
        assert_eq!(boot(&mut fake).last().map(String::as_str), Some(GOOD), "{root}");
        assert_eq!(fake.now_ms, 5_500, "{root}");
    }
}
