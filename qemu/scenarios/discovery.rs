//! Without any `root=`: the partition that its type makes the root of this architecture.

use crate::disks::Disk;
use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::RootDisk;
use crate::says::{NO_ROOT, PANIC, duplicate, matches, mounted};

impl Arch {
    /// The type of its root partitions (Discoverable Partitions Specification).
    fn root_type(self) -> &'static str {
        match self {
            X86_64 => "4f68bce3-e8cd-4db1-96e7-fbcaf984b709",
            Aarch64 => "b921b045-1df0-41c3-af44-4c6f280d3fae",
        }
    }
}

/// A disk whose second partition is the root, with these fields of sfdisk's.
fn disk(scratch: &Scratch, arch: Arch, fields: &str) -> String {
    let content = RootDisk::new(scratch, arch).make();
    Disk::gpt(scratch).part("name=other", "").part(fields, &content).make()
}

fn boot(arch: Arch, kernel: &str, fields: &str, words: &str) -> Ended {
    let scratch = Scratch::new();
    let disk = disk(&scratch, arch, fields);
    Guest::new(arch).kernel(kernel).disk(disk).cmdline(&format!("panic=-1 {words}")).run()
}

fn of(arch: Arch) -> String {
    format!("type={}", arch.root_type())
}

#[test]
fn quick_root_of_x86_64() {
    found(X86_64, "6.12", "", "rw", "read-write");
}

#[test]
fn root_of_aarch64() {
    found(Aarch64, "6.1", "", "", "read-only");
}

/// The partition says that it is not to be written to; `rw` doesn't know better.
#[test]
fn read_only_partition() {
    found(X86_64, "7", ", attrs=\"GUID:60\"", "rw", "read-only");
}

fn found(arch: Arch, kernel: &str, attributes: &str, words: &str, how: &str) {
    let ended = boot(arch, kernel, &(of(arch) + attributes), words);
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vda2", how)]);
}

#[test]
fn not_to_be_mounted_by_itself() {
    not_found(X86_64, &(of(X86_64) + ", attrs=\"GUID:63\""));
}

#[test]
fn root_of_another_architecture() {
    not_found(Aarch64, &of(X86_64));
}

/// pintle waits for one, as for any other root.
fn not_found(arch: Arch, fields: &str) {
    let ended = boot(arch, "6.12", fields, "rootwait=1");
    ended.has_failed();
    assert_eq!(ended.pintle_but_devices(), [&crate::says::not_found(NO_ROOT), PANIC]);
    assert_eq!(ended.devices().len(), 4);
}

/// On one disk the first one counts: it may have one for each version of the system.
#[test]
fn two_on_one_disk() {
    let scratch = Scratch::new();
    let content = RootDisk::new(&scratch, X86_64).make();
    let fields = of(X86_64);
    let disk = Disk::gpt(&scratch).part("", "").part(&fields, &content).part(&fields, &content).make();
    let ended = Guest::new(X86_64).disk(disk).cmdline("panic=-1").run();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vda2", "read-only")]);
}

/// No firmware tells which disk was booted from.
#[test]
fn on_two_disks() {
    let scratch = Scratch::new();
    let guest = (0..2).fold(Guest::new(X86_64), |guest, _| guest.disk(disk(&scratch, X86_64, &of(X86_64))));
    let ended = guest.cmdline("panic=-1").run();
    ended.has_failed();
    let mut said = ended.pintle_but_devices();
    assert_eq!(said.split_off(2), [&duplicate(NO_ROOT), PANIC]);
    said.sort();
    assert_eq!(said, ["vda2", "vdb2"].map(|name| matches(NO_ROOT, name)));
}

/// A stick that somebody has left in the machine is not what it boots.
#[test]
fn not_on_a_disk_that_can_be_removed() {
    let scratch = Scratch::new();
    let [fixed, stick] = [(); 2].map(|()| disk(&scratch, X86_64, &of(X86_64)));
    let guest = Guest::new(X86_64).kernel("6.12-full").disk(format!("{fixed},if=scsi")).module("usb_storage");
    let guest = guest.module("xhci_pci").qemu("-device", "qemu-xhci,id=usb");
    let guest = guest.qemu("-drive", &format!("if=none,id=stick,file={stick},format=raw"));
    let guest = guest.qemu("-device", "usb-storage,bus=usb.0,drive=stick,removable=on");
    let ended = guest.cmdline("panic=-1 rootdelay=4").run();
    ended.is_done();
    // Whichever of them the kernel found first.
    let removable = |name: &str| ended.says(&format!("[{name}] Attached SCSI removable disk"));
    assert_ne!(removable("sda"), removable("sdb"));
    let device = if removable("sda") { "/dev/sdb2" } else { "/dev/sda2" };
    assert_eq!(ended.pintle_but_waiting(), [mounted(device, "read-only")]);
}
