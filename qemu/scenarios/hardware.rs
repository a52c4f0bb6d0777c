//! One image per architecture, with the drivers of all kinds of storage, on all kinds of machines, a board with a device tree
//! among them: each boots, by the modules that it needs, in the order that modprobe has for them.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, output, sbin, script};
use crate::images::{RootDisk, init};
use crate::modprobe::Tree;
use std::path::PathBuf;
use std::sync::OnceLock;

const KERNEL: &str = "6.12-full";

/// What the init says. A Raspberry Pi's watchdog is what turns it off.
const BODY: &str = "echo '== aliases'\ncat /sys/bus/*/devices/*/modalias\necho '== modules'\ncut -d' ' -f1 /proc/modules\n\
    echo '== end'\n[ ! -e /sys/bus/platform/devices/bcm2835-wdt ] || insmod WATCHDOG";
const WATCHDOG: &str = "/bcm2835_wdt.ko.xz";

/// The image, and the disk: one of each in the checkout, made once.
fn made(arch: Arch) -> (PathBuf, PathBuf) {
    static MADE: [OnceLock<(PathBuf, PathBuf)>; 2] = [const { OnceLock::new() }; 2];
    let [x86_64, aarch64] = &MADE;
    let made = if arch == X86_64 { x86_64 } else { aarch64 };
    made.get_or_init(|| {
        arch.init();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let [image, disk] = ["cpio", "img"].map(|end| folder.join(format!("hardware.{}.{end}", arch.name())));
        let modules = arch.kernel(KERNEL).join("modules").display().to_string();
        let path = image.display().to_string();
        let sets = ["--set", "all", "--filesystem", "ext4", "--compress", "none"];
        script(
            "scripts/mkinitramfs",
            &[&["--arch", arch.name(), "--modules-dir", &modules, "--output", &path], &sets[..]].concat(),
        );
        let scratch = Scratch::new();
        let mut root = RootDisk::new(&scratch, arch).init(&init(&BODY.replace("WATCHDOG", WATCHDOG)));
        if arch == Aarch64 {
            root = root.add(&arch.kernel(KERNEL).join("modules/kernel/drivers/watchdog/bcm2835_wdt.ko.xz"), WATCHDOG);
        }
        let made = root.make();
        output(sbin("cp").arg(&made).arg(&disk)).unwrap_or_else(|why| panic!("{why}"));
        (image, disk)
    })
    .clone()
}

/// A machine with these devices, of which `disk0` is the disk, or options with a value, or words to append, that boots the image.
/// Where none of the devices has it, it is the card in the board's slot.
#[track_caller]
fn boots(arch: Arch, qemu: &[&str]) -> Ended {
    let (image, disk) = made(arch);
    let place = if qemu.iter().any(|device| device.contains("drive=disk0")) { "none" } else { "sd" };
    let drive = format!("if={place},id=disk0,format=raw,snapshot=on,file={}", disk.display());
    let guest = Guest::new(arch).kernel(KERNEL).initramfs(&image).disk("none").qemu("-drive", &drive).timeout(300);
    let guest = guest.append("root=UUID=70696e74-6c65-4000-8000-000000000001");
    let ended = qemu.iter().fold(guest, |guest, device| match device.split_once(' ') {
        Some(("append", words)) => guest.append(words),
        Some((option, value)) => guest.qemu(option, value),
        None => guest.qemu("-device", device),
    });
    let ended = ended.run();
    ended.is_done();
    let mounted = ended.pintle_but_waiting();
    assert!(
        mounted.iter().all(|line| line.starts_with("mounted /dev/") && line.contains(" (ext4) read-only")),
        "{mounted:#?}"
    );
    ended
}

/// The modules that are loaded in the end, of which these are some and those none.
#[track_caller]
fn has(ended: &Ended, some: &[&str], none: &[&str]) {
    let modules = ended.section("modules");
    for module in some {
        assert!(modules.iter().any(|loaded| loaded == module), "{module}: {modules:?}");
    }
    for module in none {
        assert!(modules.iter().all(|loaded| loaded != module), "{module}: {modules:?}");
    }
}

/// What modprobe would load for each device that the machine has is what pintle would.
#[track_caller]
fn as_modprobe(arch: Arch, ended: &Ended) {
    let scratch = Scratch::new();
    let mut aliases: Vec<String> =
        ended.section("aliases").iter().map(|line| (*line).to_string()).filter(|line| !line.is_empty()).collect();
    aliases.sort();
    aliases.dedup();
    assert!(aliases.len() > 10, "{aliases:?}");
    Tree::new(&scratch, arch, KERNEL).check(&aliases);
}

/// Beside a controller for USB, which nothing is loaded for.
#[test]
fn virtio_on_q35() {
    let ended = boots(X86_64, &["virtio-blk-pci,drive=disk0", "qemu-xhci", "virtio-rng-pci"]);
    has(&ended, &["virtio_blk", "ext4"], &["xhci_pci", "nvme", "sd_mod"]);
    as_modprobe(X86_64, &ended);
}

#[test]
fn virtio_scsi_on_pc() {
    let ended = boots(X86_64, &["-machine pc", "virtio-scsi-pci,id=scsi", "scsi-hd,bus=scsi.0,drive=disk0"]);
    has(&ended, &["virtio_scsi", "sd_mod"], &["virtio_blk"]);
}

#[test]
fn quick_nvme_on_q35() {
    has(&boots(X86_64, &["nvme,serial=1,drive=disk0"]), &["nvme"], &["virtio_blk", "xhci_pci"]);
}

#[test]
fn ahci_on_q35() {
    let ended = boots(X86_64, &["ide-hd,bus=ide.0,drive=disk0", "qemu-xhci"]);
    has(&ended, &["ahci", "sd_mod"], &["nvme"]);
}

#[test]
fn ide_on_pc() {
    has(&boots(X86_64, &["-machine pc", "ide-hd,bus=ide.0,drive=disk0"]), &["ata_piix", "sd_mod"], &["ahci"]);
}

#[test]
fn usb_on_q35() {
    let ended = boots(X86_64, &["qemu-xhci,id=usb", "usb-storage,bus=usb.0,drive=disk0"]);
    has(&ended, &["xhci_pci", "usb_storage", "sd_mod"], &["virtio_blk"]);
    as_modprobe(X86_64, &ended);
}

#[test]
fn sd_card_on_q35() {
    let ended = boots(X86_64, &["sdhci-pci,id=sd", "sd-card,bus=pcie.0/sd/sd-bus,drive=disk0"]);
    has(&ended, &["sdhci_pci"], &["virtio_blk"]);
}

#[test]
fn megaraid_on_q35() {
    has(&boots(X86_64, &["megasas,id=raid", "scsi-hd,bus=raid.0,drive=disk0"]), &["megaraid_sas", "sd_mod"], &[]);
}

/// By ACPI, of whose clocks there are none without KVM.
#[test]
fn virtio_mmio_on_microvm() {
    let words = "append no_timer_check tsc_early_khz=2000000";
    let ended = boots(X86_64, &["-machine microvm", "-cpu max", words, "virtio-blk-device,drive=disk0"]);
    has(&ended, &["virtio_mmio", "virtio_blk"], &[]);
}

#[test]
fn virtio_on_virt() {
    let ended = boots(Aarch64, &["virtio-blk-pci,drive=disk0", "qemu-xhci"]);
    has(&ended, &["virtio_blk"], &["xhci_pci"]);
    as_modprobe(Aarch64, &ended);
}

#[test]
fn virtio_mmio_on_virt() {
    has(&boots(Aarch64, &["virtio-blk-device,drive=disk0"]), &["virtio_mmio", "virtio_blk"], &[]);
}

#[test]
fn nvme_on_virt() {
    has(&boots(Aarch64, &["nvme,serial=1,drive=disk0"]), &["nvme"], &["virtio_blk"]);
}

#[test]
fn usb_on_virt() {
    let ended = boots(Aarch64, &["qemu-xhci,id=usb", "usb-storage,bus=usb.0,drive=disk0"]);
    has(&ended, &["usb_storage", "sd_mod"], &[]);
}

#[test]
fn sd_card_on_virt() {
    let ended = boots(Aarch64, &["sdhci-pci,id=sd", "sd-card,bus=pcie.0/sd/sd-bus,drive=disk0"]);
    has(&ended, &["sdhci_pci"], &[]);
}

#[test]
fn ahci_on_virt() {
    has(&boots(Aarch64, &["ahci,id=ata", "ide-hd,bus=ata.0,drive=disk0"]), &["ahci", "sd_mod"], &[]);
}

/// A Raspberry Pi 3, by Debian's device tree: QEMU's card is at the SoC's own controller, since the kernel's pins say so.
/// All else on the board is loaded for in the same round. (Half a minute at most: it has four processors.)
#[test]
fn sd_card_on_raspi3b() {
    let tree = format!("-dtb {}", Aarch64.kernel(KERNEL).join("dtbs/bcm2837-rpi-3-b.dtb").display());
    let ended = boots(Aarch64, &["-machine raspi3b", "-cpu cortex-a53", "-m 1024", &tree]);
    has(&ended, &["bcm2835", "ext4"], &["virtio_blk", "sd_mod"]);
    as_modprobe(Aarch64, &ended);
}
