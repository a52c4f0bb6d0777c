//! Unified kernel images, as `mkinitramfs --uki` makes them, which the firmware starts by itself from an EFI system partition: by ukify, and
//! by objcopy on systemd's stub, of Debian 12 (systemd 252) for the machine that the tests run on, of Debian stable otherwise.

use crate::disks::Disk;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, command, output, script};
use crate::images::RootDisk;
use crate::says::mounted;
use crate::uefi::{ESP, esp};
use std::fs;
use std::path::{Path, PathBuf};

fn fallback(arch: Arch) -> (&'static str, &'static str, &'static str) {
    match arch {
        X86_64 => ("BOOTX64.EFI", "linuxx64.efi.stub", "ttyS0"),
        Aarch64 => ("BOOTAA64.EFI", "linuxaa64.efi.stub", "ttyAMA0"),
    }
}

/// A PATH on which `ukify` is this script.
fn path_with_ukify(scratch: &Scratch, text: &str) -> String {
    let directory = scratch.path("path");
    fs::create_dir(&directory).expect("a directory for ukify");
    fs::rename(scratch.file("ukify", format!("#!/bin/sh\n{text}\n").as_bytes(), 0o755), directory.join("ukify"))
        .expect("ukify");
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap_or_default())
}

#[track_caller]
fn make(scratch: &Scratch, arch: Arch, path: &str, stub: Option<&Path>, words: &str) -> PathBuf {
    arch.init();
    let image = scratch.path("uki.efi");
    let modules = arch.kernel("6.12").join("modules");
    let mut make = command("scripts/mkinitramfs");
    make.env("PATH", path).args(["--arch", arch.name(), "--module", "virtio_blk", "--cmdline", words]);
    make.arg("--uki").arg(&image).arg("--modules-dir").arg(modules);
    if let Some(stub) = stub {
        make.arg("--efi-stub").arg(stub);
    }
    output(&mut make).unwrap_or_else(|why| panic!("{why}"));
    image
}

/// The kernel, the modules and the command line are in the image alone.
#[track_caller]
fn boots(arch: Arch, by_ukify: bool) {
    let scratch = Scratch::new();
    let tools = PathBuf::from(script("qemu/fetch", &["tools", "--arch", arch.name()]).trim());
    let (name, stub, console) = fallback(arch);
    let stub = tools.join("usr/lib/systemd/boot/efi").join(stub);
    let installed = cfg!(target_arch = "x86_64") == (arch == X86_64) && !by_ukify;
    let words = format!("console={console} panic=-1 root=UUID=70696e74-6c65-4000-8000-000000000001");
    let ukify = tools.join("usr/bin/ukify");
    // One that says nothing of its version is not used.
    let path =
        if by_ukify { format!("exec /usr/bin/python3 '{}' \"$@\"", ukify.display()) } else { "exit 1".to_owned() };
    let path = path_with_ukify(&scratch, &path);
    let stub = (!installed).then_some(stub.as_path());
    let image = make(&scratch, arch, &path, stub, &words);
    let again = make(&scratch, arch, &path, stub, &words);
    assert!(fs::read(&image).expect("the image") == fs::read(again).expect("the same"), "it is not the same twice");
    let esp = esp(&scratch, &["::EFI", "::EFI/BOOT"], &[(image, format!("::EFI/BOOT/{name}"))]);
    let disk = Disk::gpt(&scratch).part(ESP, &esp).make();
    let root = RootDisk::new(&scratch, arch).make();
    let ended = Guest::new(arch).uefi().disk(disk).disk(root).timeout(240).run();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vdb", "read-only")]);
}

#[test]
fn by_objcopy_on_x86_64() {
    boots(X86_64, false);
}

#[test]
fn by_objcopy_on_aarch64() {
    boots(Aarch64, false);
}

#[test]
fn by_ukify_on_x86_64() {
    boots(X86_64, true);
}

#[test]
fn by_ukify_on_aarch64() {
    boots(Aarch64, true);
}
