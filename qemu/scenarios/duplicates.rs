//! Two devices that one name fits: which one is meant nobody knows, so none is booted unless that is allowed.

use crate::disks::Disk;
use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::RootDisk;
use crate::says::{DEMO, DEVICES_END, PANIC, device, duplicate, matches, mounted};

const ROOT: &str = "UUID=70696e74-6c65-4000-8000-000000000001";

/// Boots two disks with one UUID and a label each, in this order.
fn two(arch: Arch, labels: [&str; 2], words: &str) -> Ended {
    let scratch = Scratch::new();
    let [first, second] = labels.map(|label| RootDisk::new(&scratch, arch).label(label).make());
    Guest::new(arch).disk(first).disk(second).append(&format!("root={ROOT} {words}")).run()
}

#[track_caller]
fn assert_refused(ended: &Ended, root: &str, names: [&str; 2], list: &[String]) {
    ended.has_failed();
    let mut said = ended.pintle_but_devices();
    assert_eq!(said.split_off(2), [&duplicate(root), PANIC]);
    // Their order is sysfs's.
    said.sort();
    assert_eq!(said, names.map(|name| matches(root, name)));
    let mut devices = ended.devices();
    assert_eq!(devices.pop().as_deref(), Some(DEVICES_END));
    devices.sort();
    assert_eq!(devices, list);
}

#[test]
fn quick_two_disks_with_one_uuid() {
    refused(X86_64, ["one", "two"]);
}

#[test]
fn two_disks_with_one_uuid_the_other_way_round() {
    refused(Aarch64, ["two", "one"]);
}

fn refused(arch: Arch, labels: [&str; 2]) {
    let ended = two(arch, labels, "");
    let [fstype, uuid, _] = DEMO;
    let line = |name, label| device(name, [&ended.number_of(name), "disk"], [fstype, uuid, label], ["", ""], 65536);
    let [first, second] = labels;
    assert_refused(&ended, ROOT, ["vda", "vdb"], &[line("vda", first), line("vdb", second)]);
}

#[test]
fn the_first_one_if_that_is_allowed() {
    any(X86_64, ["one", "two"]);
}

#[test]
fn the_first_one_the_other_way_round() {
    any(X86_64, ["two", "one"]);
}

fn any(arch: Arch, labels: [&str; 2]) {
    let ended = two(arch, labels, "pintle.duplicate=first");
    ended.is_done();
    let said = ended.pintle_but_waiting();
    let either = ["/dev/vda", "/dev/vdb"].map(|device| [mounted(device, "read-only")]);
    assert!(either.iter().any(|one| said == one), "{said:?}");
}

/// What else is said of a duplicate is a mistake.
#[test]
fn an_unknown_value_allows_nothing() {
    let ended = two(X86_64, ["one", "two"], "pintle.duplicate=last");
    ended.has_failed();
    let said = ended.pintle_but_devices();
    assert_eq!(said.first(), Some(&crate::says::unknown_word("pintle.duplicate=last")));
    assert!(said.contains(&duplicate(ROOT)), "{said:?}");
}

/// A label decides between them.
#[test]
fn another_name_decides() {
    let ended = two(X86_64, ["one", "two"], "root=LABEL=two");
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vdb", "read-only")]);
}

/// A disk that was copied has all the same names, in its table too.
#[test]
fn two_copies_of_one_disk() {
    let scratch = Scratch::new();
    let content = RootDisk::new(&scratch, X86_64).make();
    let copies = [(); 2].map(|()| Disk::mbr(&scratch, "70696e74").part("", &content).make());
    let [first, second] = &copies;
    let ended = Guest::new(X86_64).disk(first).disk(second).append("root=PARTUUID=70696e74-01").run();
    ended.has_failed();
    let said = ended.pintle_but_devices();
    assert_eq!(said.get(2..), Some(&[duplicate("PARTUUID=70696e74-01"), PANIC.to_owned()][..]));
    assert_eq!(ended.devices().len(), 5, "two disks, two partitions, the end");
}
