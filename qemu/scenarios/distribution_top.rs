//! Debian with systemd on a root whose top is gone after the boot: it comes up, and nothing of the disk changes.

use crate::distribution::{Init, SYSTEMD, System, UUID, disk};
use crate::guest::Guest;
use crate::harness::{Scratch, X86_64, output, sbin, script};
use std::path::PathBuf;

/// What it shows is on a second disk, and what shows it in /usr, for that may be all there is.
const IN_USR: Init = Init {
    start: ("/usr/lib/systemd/system/show.service", SYSTEMD.start.1),
    wanted: Some("/usr/lib/systemd/system/multi-user.target.wants"),
    // Of the login's device the machine's speed decides.
    login: "",
    ..SYSTEMD
};

/// Boots Debian with these words, and with this fstab unless that is empty. Returns how the disk has fared too.
fn boot(words: &str, fstab: &str) -> (System, bool) {
    let scratch = Scratch::new();
    let debian = PathBuf::from(script("qemu/fetch", &["debian", "--arch", "x86_64", "--init", "systemd"]).trim());
    let disk = disk(&scratch, X86_64, &debian, &IN_USR, false);
    if !fstab.is_empty() {
        let file = scratch.file("fstab", fstab.as_bytes(), 0o644);
        let commands = format!("rm /etc/fstab\nwrite {} /etc/fstab\n", file.display());
        let commands = scratch.file("commands", commands.as_bytes(), 0o644).display().to_string();
        output(sbin("debugfs").args(["-w", "-f", &commands, &disk])).unwrap_or_else(|why| panic!("{why}"));
    }
    let before = std::fs::read(&disk).expect("the disk");
    let shown = scratch.file("shown", &[0; 1 << 20], 0o644);
    let guest = Guest::new(X86_64).kernel(&debian.join("vmlinuz").display().to_string()).memory(1024).timeout(600);
    let guest = guest.qemu("-device", "virtio-rng-pci").disk(&disk).disk(shown.display()).module("overlay");
    let console = guest.modules(&debian.join("modules")).append(&format!("root=UUID={UUID} ro {words}")).run();
    console.has_powered_off();
    let text = std::fs::read(shown).expect("what it has shown");
    let text = String::from_utf8_lossy(&text).trim_end_matches('\0').to_owned();
    let intact = std::fs::read(&disk).expect("the disk") == before;
    (System { console, shown: text, sessions: Vec::new() }, intact)
}

/// What is mounted there: its options, its type and source, and those of the file system.
#[track_caller]
fn mount(system: &System, point: &str) -> String {
    let lines = system.section("mountinfo");
    let line = lines.iter().rev().find(|line| line.split(' ').nth(4) == Some(point));
    let line = line.unwrap_or_else(|| panic!("nothing is mounted at {point}: {lines:?}"));
    let (mount, filesystem) = line.split_once(" - ").expect("a line of mountinfo");
    format!("{} {filesystem}", mount.split(' ').nth(5).unwrap_or_default())
}

fn failed(system: &System) -> Vec<&str> {
    system.section("failed").into_iter().filter_map(|line| line.split(' ').next()).collect()
}

/// What its fstab says of `/` is the lower file system's: that an overlay doesn't take it is the one thing that fails, whoever
/// has mounted it.
#[test]
fn debian_on_an_overlay() {
    let (system, intact) = boot("systemd.volatile=overlay", "");
    let root = mount(&system, "/");
    assert!(root.contains(" overlay overlay rw,lowerdir=/run/pintle/lower,"), "{root}");
    assert_eq!(failed(&system), ["systemd-remount-fs.service"]);
    assert!(intact);
}

/// Of /etc and /var there is what systemd-sysusers(8) and systemd-tmpfiles(8) make of nothing. (Debian has no /usr/share/factory.)
/// (Without the second word systemd-firstboot(1) asks for a password.)
#[test]
fn debian_with_its_usr_alone() {
    let (system, intact) = boot("rw systemd.volatile=yes systemd.firstboot=off", "");
    assert_eq!(system.section("state"), ["running"], "{:?}", system.section("failed"));
    assert!(mount(&system, "/").starts_with("rw tmpfs tmpfs rw,"), "{}", mount(&system, "/"));
    assert_eq!(mount(&system, "/usr"), "ro,relatime ext4 /dev/vda ro");
    let etc = system.section("etc");
    for name in ["group", "machine-id", "mtab", "passwd", "shadow"] {
        assert!(etc.contains(&name), "no {name}: {etc:?}");
    }
    // Its own is not there.
    assert!(!etc.contains(&"fstab") && !etc.contains(&"apt"), "{etc:?}");
    assert!(intact);
}

/// What is written to /var is gone, and with `ro` in the fstab nothing else can be.
#[test]
#[ignore = "long"]
fn full_debian_without_its_state() {
    let fstab = format!("UUID={UUID} / ext4 ro 0 1\n");
    let (system, intact) = boot("rw systemd.volatile=state", &fstab);
    assert_eq!(system.section("state"), ["running"], "{:?}", system.section("failed"));
    assert_eq!(mount(&system, "/"), "ro,relatime ext4 /dev/vda ro");
    assert!(mount(&system, "/var").contains(" tmpfs tmpfs rw,"), "{}", mount(&system, "/var"));
    assert!(intact);
    // As systemd has it, what the fstab says of the root counts.
    let (system, _) = boot("ro systemd.volatile=state", "");
    assert!(mount(&system, "/").starts_with("rw,relatime ext4 /dev/vda rw"), "{}", mount(&system, "/"));
}
