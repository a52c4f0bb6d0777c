//! Devices that are no root, though they have its name, and names that mean harm.

use crate::disks::Disk;
use crate::guest::Guest;
use crate::harness::{Aarch64, Scratch, X86_64};
use crate::images::RootDisk;
use crate::says::{DEMO, DEVICES_END, NOTHING, PANIC, device, mounted, mounted_as, no_file_system, not_found};
use crate::tree::{Tree, run};
use std::fs::File;

const LABEL: &str = "pintle-root";

/// An empty disk of 32 MiB.
fn empty(scratch: &Scratch) -> String {
    let path = scratch.path("empty.img");
    File::create(&path).and_then(|file| file.set_len(32 << 20)).expect("a disk");
    path.display().to_string()
}

fn swap(scratch: &Scratch) -> String {
    let disk = empty(scratch);
    run("mkswap", &["-L", LABEL, "-U", "70696e74-6c65-4000-8000-00000000000a", &disk]);
    disk
}

fn luks(scratch: &Scratch) -> String {
    let disk = empty(scratch);
    let key = scratch.file("key", b"secret", 0o600).display().to_string();
    let cheap = ["--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];
    let uuid = "70696e74-6c65-4000-8000-00000000000b";
    let words = ["luksFormat", "--batch-mode", "--type", "luks2", "--label", LABEL, "--uuid", uuid, &disk, &key];
    run("cryptsetup", &[&words[..], &cheap].concat());
    disk
}

/// With the label that is wanted, and before the root itself.
#[test]
fn swap_and_luks_are_never_taken() {
    let scratch = Scratch::new();
    let root = RootDisk::new(&scratch, X86_64).make();
    let guest = Guest::new(X86_64).disk(swap(&scratch)).disk(luks(&scratch)).disk(root);
    let ended = guest.append(&format!("root=LABEL={LABEL}")).run();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vdc", "read-only")]);
}

/// The same without a root: the list tells what has the label.
#[test]
fn swap_and_luks_are_listed() {
    let scratch = Scratch::new();
    let guest = Guest::new(Aarch64).disk(swap(&scratch)).disk(luks(&scratch));
    let ended = guest.append(&format!("root=LABEL={LABEL} rootwait=1")).run();
    ended.has_failed();
    assert_eq!(ended.pintle_but_devices(), [&not_found(&format!("LABEL={LABEL}")), PANIC]);
    let line = |name, content| device(name, [&ended.number_of(name), "disk"], content, ["", ""], 65536);
    let swap = ["swap", "70696e74-6c65-4000-8000-00000000000a", LABEL];
    let luks = ["crypto_LUKS", "70696e74-6c65-4000-8000-00000000000b", LABEL];
    let mut devices = ended.devices();
    assert_eq!(devices.pop().as_deref(), Some(DEVICES_END));
    devices.sort();
    assert_eq!(devices, [line("vda", swap), line("vdb", luks)]);
}

#[test]
fn swap_by_its_own_name() {
    let scratch = Scratch::new();
    let ended = Guest::new(X86_64).disk(swap(&scratch)).append("root=/dev/vda").run();
    ended.has_failed();
    assert_eq!(ended.pintle_but_devices(), [&no_file_system("/dev/vda", "swap"), PANIC]);
}

/// An image that is both a disk with partitions and a file system: the partition is meant, not the disk.
#[test]
fn a_hybrid_image() {
    let scratch = Scratch::new();
    let image = Tree::new(&scratch, X86_64).make("iso9660");
    let guest = Guest::new(X86_64).disk(image).module("isofs");
    let ended = guest.append("root=UUID=2026-01-02-03-04-05-00").run();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted_as("iso9660", "/dev/vda1", "read-only")]);
}

/// Sequences that clear a terminal or move its cursor, an end of line, bytes that are no UTF-8.
const ESCAPES: &str = "\u{1b}[2J\u{1b}[H\r\u{9b}5mx";
const ESCAPED: &str = "\\x1b[2J\\x1b[H\\x0d\\xc2\\x9b5mx";

#[test]
fn labels_steer_no_terminal() {
    let scratch = Scratch::new();
    let content = RootDisk::new(&scratch, X86_64).label(ESCAPES).make();
    let disk = Disk::gpt(&scratch).part(&format!("name=\"{ESCAPES}\""), &content).make();
    let guest = |words: &str| Guest::new(X86_64).disk(format!("{disk},snapshot=on")).append(words);
    let ended = guest("root=LABEL=nope rootwait=0").run();
    ended.has_failed();
    let mut devices = ended.devices();
    devices.sort();
    let [disk, root, end] = &devices[..] else { panic!("{devices:?}") };
    assert_eq!(disk, &device("vda", [&ended.number_of("vda"), "disk"], NOTHING, ["", ""], 69632));
    let [fstype, uuid, _] = DEMO;
    let content = format!("TYPE={fstype}, UUID={uuid}, LABEL={ESCAPED}, ");
    assert!(root.contains(&content), "{root}");
    // Whatever the kernel made of the partition's name.
    assert!(root.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{root:?}");
    assert_eq!(end, DEVICES_END);

    // Such names can be given all the same, in the way that udev writes them.
    for tag in ["LABEL", "PARTLABEL"] {
        let ended = guest(&format!("root={tag}={ESCAPED}")).run();
        ended.is_done();
        assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vda1", "read-only")]);
    }
}
