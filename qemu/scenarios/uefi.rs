//! Firmware that tells which disk it has booted from: systemd-boot hands that on in an EFI variable.

use crate::disks::Disk;
use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk};
use crate::says::mounted;
use crate::tree::run;
use std::fs::File;
use std::path::PathBuf;

pub(crate) const ESP: &str = "type=c12a7328-f81f-11d2-ba4b-00a0c93ec93b";

/// Of the machine that the tests run on: Debian has systemd-boot for it alone.
fn arch() -> Arch {
    if cfg!(target_arch = "x86_64") { X86_64 } else { Aarch64 }
}

/// An EFI system partition with systemd-boot, a kernel and an initramfs, and these words of a command line.
fn loader(scratch: &Scratch, words: &str) -> String {
    let (name, fallback, console) = match arch() {
        X86_64 => ("systemd-bootx64.efi", "BOOTX64.EFI", "ttyS0"),
        Aarch64 => ("systemd-bootaa64.efi", "BOOTAA64.EFI", "ttyAMA0"),
    };
    let modules = ["virtio_pci", "virtio_blk", "ext4", "efivarfs"];
    let initramfs = modules.iter().fold(Image::new(scratch, arch(), "6.12"), |image, name| image.module(name)).make();
    let entry =
        format!("title pintle\nlinux /vmlinuz\ninitrd /initramfs\noptions console={console} panic=-1 {words}\n");
    let files: [(PathBuf, String); 5] = [
        (format!("/usr/lib/systemd/boot/efi/{name}").into(), format!("::EFI/BOOT/{fallback}")),
        (scratch.file("loader", b"timeout 0\n", 0o644), "::loader/loader.conf".to_owned()),
        (scratch.file("entry", entry.as_bytes(), 0o644), "::loader/entries/pintle.conf".to_owned()),
        (arch().kernel("6.12").join("vmlinuz"), "::vmlinuz".to_owned()),
        (initramfs, "::initramfs".to_owned()),
    ];
    esp(scratch, &["::EFI", "::EFI/BOOT", "::loader", "::loader/entries"], &files)
}

/// An EFI system partition with these directories and files.
pub(crate) fn esp(scratch: &Scratch, directories: &[&str], files: &[(PathBuf, String)]) -> String {
    let esp = scratch.path("esp").display().to_string();
    File::create(&esp).and_then(|file| file.set_len(64 << 20)).expect("a file for the partition");
    run("mkfs.vfat", &["-F", "32", &esp]);
    run("mmd", &[&["-i", &esp], directories].concat());
    for (file, to) in files {
        run("mcopy", &["-i", &esp, &file.display().to_string(), to]);
    }
    esp
}

/// Two disks with a root partition each, and one UUID, the second with a boot loader.
fn boot(words: &str) -> Ended {
    let scratch = Scratch::new();
    let root = match arch() {
        X86_64 => "type=4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
        Aarch64 => "type=b921b045-1df0-41c3-af44-4c6f280d3fae",
    };
    let content = RootDisk::new(&scratch, arch()).make();
    let first = Disk::gpt(&scratch).part(ESP, "").part(root, &content).make();
    let second = Disk::gpt(&scratch).part(ESP, &loader(&scratch, words)).part(root, &content).make();
    Guest::new(arch()).uefi().disk(first).disk(second).timeout(240).run()
}

#[track_caller]
fn assert_second(ended: &Ended) {
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vdb2", "read-only")]);
    assert_eq!(ended.mount("/").source, "/dev/vdb2");
    // Where the variable was read nothing is mounted any more.
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/sys"]);
}

#[test]
fn the_root_partition_of_the_disk_that_was_booted_from() {
    assert_second(&boot(""));
}

#[test]
fn of_two_copies_the_one_that_was_booted_from() {
    assert_second(&boot("root=UUID=70696e74-6c65-4000-8000-000000000001"));
}
