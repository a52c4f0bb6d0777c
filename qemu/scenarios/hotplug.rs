//! A root device that comes while pintle waits for it.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, partitioned};
use crate::monitor::Monitor;
use crate::says::{DEVICES_END, WAITING, machine_will, mounted, not_found};

/// How it is plugged in: what must be there before, and what it is.
struct Kind {
    before: &'static str,
    device: &'static str,
    modules: &'static [&'static str],
}

const VIRTIO: Kind = Kind {
    before: "pcie-root-port,id=late_port,bus=pcie.0,chassis=1",
    device: r#""driver":"virtio-blk-pci","bus":"late_port""#,
    modules: &["virtio_pci", "virtio_blk"],
};
const SCSI: Kind = Kind {
    before: "virtio-scsi-pci,id=scsi",
    device: r#""driver":"scsi-hd","bus":"scsi.0""#,
    modules: &["virtio_pci", "virtio_scsi", "sd_mod"],
};

#[test]
fn quick_virtio_on_x86_64() {
    plug(X86_64, "6.12", &VIRTIO, "root=/dev/vda", "/dev/vda");
}

#[test]
fn virtio_on_aarch64() {
    plug(Aarch64, "6.12", &VIRTIO, "root=/dev/vda", "/dev/vda");
}

/// Its partitions come after the disk.
#[test]
fn scsi_by_partition_label_on_x86_64() {
    plug(X86_64, "6.1", &SCSI, "\"root=PARTLABEL=late root\"", "/dev/sda2");
}

/// What it holds is looked at when it comes.
#[test]
fn virtio_by_label_on_7() {
    plug(X86_64, "7", &VIRTIO, "root=LABEL=pintle-root", "/dev/vda");
}

#[test]
fn scsi_by_partition_uuid_on_aarch64() {
    plug(Aarch64, "6.12", &SCSI, "root=PARTUUID=0f2a4c6e-0001-4000-8000-00000000abcd", "/dev/sda2");
}

#[test]
fn scsi_by_number_on_aarch64() {
    plug(Aarch64, "7", &SCSI, "root=8:2", "/dev/sda2");
}

fn plug(arch: Arch, kernel: &str, kind: &Kind, root: &str, device: &str) {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, arch).make();
    let disk = if device.ends_with('2') { partitioned(&scratch, &disk, "late root", UUID) } else { disk };
    let image = kind.modules.iter().fold(Image::new(&scratch, arch, kernel), |image, name| image.module(name)).make();
    let socket = scratch.path("qmp");
    let guest = Guest::new(arch).kernel(kernel).disk("none").initramfs(&image).append(&format!("{root} rootwait"));
    let mut guest = Monitor::of(guest.qemu("-device", kind.before), &socket).start();

    let word = root.trim_matches('"').trim_start_matches("root=");
    // Modules that take long to load count too.
    guest.wait_for(&format!("pintle: find root: {word}{WAITING}"), 60);
    Monitor::connect(&socket).plug(&disk, kind.device);

    let ended = guest.end();
    ended.is_done();
    // PCIe hot-plug takes 5 s by itself: on a slow machine the next notice, 10 s later, comes in between.
    let said = ended.pintle();
    assert_eq!(said.last(), Some(&mounted(device, "read-only")));
    let notices = said.iter().filter(|line| line.starts_with(&format!("find root: {word}{WAITING}")));
    assert_eq!(notices.count(), said.len() - 1, "{said:?}");
    assert_eq!(ended.mount("/").source, device);
    assert_eq!(ended.section("argv"), ["[/sbin/init]"]);
    // It is told of the device: it doesn't find it when it happens to look.
    let name = device.trim_start_matches("/dev/").trim_end_matches('2');
    let delay = ended.time_of("pintle: mounted") - ended.time_of(&format!("[{name}] "));
    assert!((0.0..1.0).contains(&delay), "{device} was mounted {delay} s after it came");
}

/// A disk with the right label that comes when pintle has given up: nothing is booted, and the policy is obeyed.
#[test]
fn too_late() {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, X86_64).make();
    let socket = scratch.path("qmp");
    let guest = Guest::new(X86_64).disk("none").module("virtio_scsi").module("sd_mod").qemu("-device", SCSI.before);
    let guest = guest.append("root=LABEL=pintle-root rootwait=2 pintle.fail=poweroff");
    let mut guest = Monitor::of(guest, &socket).start();
    let announced = machine_will("poweroff");
    guest.wait_for(&announced, 60);
    Monitor::connect(&socket).plug(&disk, SCSI.device);
    let ended = guest.end();
    ended.has_failed();
    assert!(ended.says("[sda] Attached SCSI disk"), "the disk has not come");
    assert_eq!(ended.devices(), [DEVICES_END]);
    let mut said = ended.pintle_but_waiting();
    said.retain(|line| line != DEVICES_END);
    assert_eq!(said, [not_found("LABEL=pintle-root"), announced]);
    assert!(ended.says("reboot: Power down"));
}

const UUID: &str = "0f2a4c6e-0001-4000-8000-00000000abcd";
