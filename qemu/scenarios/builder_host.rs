//! `mkinitramfs --host`: machines as their /sys and /etc show them, made up in directories, and what of Debian's full kernel their roots
//! need.

use crate::harness::{Aarch64, Arch, Scratch, X86_64, command};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Devices from the bus down to the disk, with a blank between: `DEVICE=MODULE` that drives it, `DEVICE=-DRIVER` that is built in,
/// `DEVICE~MODALIAS` of such a one that has a modalias, `NAME@NUMBER` of a block device.
pub(crate) type Chain = &'static str;

pub(crate) struct Machine {
    pub(crate) root: PathBuf,
}

impl Machine {
    pub(crate) fn new(scratch: &Scratch, release: &str) -> Machine {
        let machine = Machine { root: scratch.path("machine") };
        for directory in ["sys/devices", "sys/dev/block", "sys/class/block", "proc/self", "etc"] {
            fs::create_dir_all(machine.root.join(directory)).expect("a directory of the machine");
        }
        machine.write("proc/sys/kernel/osrelease", &format!("{release}\n"));
        machine
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory of the machine");
        fs::write(path, text).expect("a file of the machine");
    }

    pub(crate) fn link(&self, target: &Path, path: &Path) {
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory of the machine");
        if !path.is_symlink() {
            symlink(target, path).expect("a link of the machine");
        }
    }

    pub(crate) fn device(&self, chain: &str) -> PathBuf {
        let mut path = self.root.join("sys/devices");
        for part in chain.split(' ') {
            if let Some((name, number)) = part.rsplit_once('@') {
                path.push(name);
                fs::create_dir_all(&path).expect("a block device");
                self.link(&path, &self.root.join("sys/dev/block").join(number));
                self.link(&path, &self.root.join("sys/class/block").join(name.rsplit('/').next().expect("a name")));
                continue;
            }
            let (name, driver) = part.split_once(['=', '~']).unwrap_or((part, ""));
            path.push(name);
            fs::create_dir_all(&path).expect("a device");
            if part.contains('~') {
                fs::write(path.join("modalias"), format!("{driver}\n")).expect("a modalias");
            }
            let built_in = part.contains('~') || driver.starts_with('-');
            if !driver.is_empty() {
                let of = self.root.join("sys/bus/any/drivers").join(driver.replace(['/', ':', '*'], "_"));
                fs::create_dir_all(&of).expect("a driver");
                self.link(&of, &path.join("driver"));
                if !built_in {
                    let module = self.root.join("sys/module").join(driver);
                    self.write(&format!("sys/module/{driver}/initstate"), "live\n");
                    self.link(&module, &of.join("module"));
                }
            }
        }
        path
    }

    /// What `--host --check` prints, or the reasons that it gives.
    pub(crate) fn check(&self, arch: Arch) -> Result<Vec<String>, Vec<String>> {
        let mut check = command("scripts/mkinitramfs");
        check.args(["--arch", arch.name(), "--host", "--check", "--host-root"]).arg(&self.root);
        let output = check.arg("--modules-dir").arg(arch.kernel("6.12-full").join("modules")).output().expect("a run");
        let lines = |text: &[u8]| String::from_utf8_lossy(text).lines().map(str::to_owned).collect();
        if output.status.success() {
            assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            return Ok(lines(&output.stdout));
        }
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        let said: Vec<String> = lines(&output.stderr);
        Err(said
            .into_iter()
            .map(|line| line.replace("mkinitramfs: ", "").replace("pintle can't boot this machine: ", ""))
            .collect())
    }
}

pub(crate) const VIRTIO: Chain = "pci0000:00 0000:00:04.0=-virtio-pci virtio2=virtio_blk block vda@254:0 vda1@254:1";
const NVME: Chain = "pci0000:00 0000:00:05.0=nvme nvme nvme0 nvme0n1@259:0 nvme0n1p2@259:2";
const AHCI: Chain = "pci0000:00 0000:00:1f.2=ahci ata1 host0 target0:0:0 0:0:0:0=sd_mod block sda@8:0 sda3@8:3";
const USB: Chain = "pci0000:00 0000:00:14.0=xhci_pci usb2=usbcore 2-1=usbcore 2-1:1.0=uas host6 target6:0:0 6:0:0:0=sd_mod block sdb@8:16 sdb1@8:17";
const MMC: Chain =
    "pci0000:00 0000:00:1a.0=sdhci_pci mmc_host mmc0 mmc0:0001=mmc_block block mmcblk0@179:0 mmcblk0p2@179:2";
const SAS: Chain = "pci0000:00 0000:00:01.0=-pcieport 0000:01:00.0=mpt3sas host0 port-0:0 end_device-0:0 target0:0:0 0:0:0:0=sd_mod block sda@8:0";
const EXT4: [&str; 6] = ["crc32c_intel", "crc32c_generic", "jbd2", "mbcache", "crc16", "ext4"];
const SCSI: [&str; 2] = ["scsi_common", "scsi_mod"];

/// A mount of /proc/self/mountinfo.
pub(crate) fn mounted(number: &str, at: &str, fstype: &str, source: &str) -> String {
    format!("22 1 {number} / {at} rw,relatime shared:1 - {fstype} {source} rw\n")
}

#[test]
fn what_the_root_of_a_machine_needs() {
    let ext4 = |names: &[&'static str]| [names, &EXT4].concat();
    let scsi = |names: &[&'static str]| [&SCSI, names].concat();
    let scsi_of = |before: &[&'static str], names: &[&'static str]| [before, &SCSI, names].concat();
    let rows: &[(&str, &[Chain], String, Vec<&str>)] = &[
        ("virtio-blk", &[VIRTIO], mounted("254:1", "/", "ext4", "/dev/vda1"), ext4(&["virtio_blk"])),
        ("NVMe", &[NVME], mounted("259:2", "/", "ext4", "/dev/nvme0n1p2"), ext4(&["nvme_auth", "nvme_core", "nvme"])),
        (
            "AHCI",
            &[AHCI],
            mounted("8:3", "/", "ext4", "/dev/sda3"),
            ext4(&scsi(&["libata", "libahci", "ahci", "sd_mod"])),
        ),
        (
            "SAS",
            &[SAS],
            mounted("8:0", "/", "ext4", "/dev/sda"),
            ext4(&["scsi_common", "scsi_mod", "scsi_transport_sas", "raid_class", "mpt3sas", "sd_mod"]),
        ),
        (
            "USB",
            &[USB],
            mounted("8:17", "/", "ext4", "/dev/sdb1"),
            ext4(&[
                "usb_common",
                "usbcore",
                "xhci_hcd",
                "xhci_pci",
                "scsi_common",
                "scsi_mod",
                "usb_storage",
                "uas",
                "sd_mod",
            ]),
        ),
        (
            "an SD card",
            &[MMC],
            mounted("179:2", "/", "ext4", "/dev/mmcblk0p2"),
            ext4(&["mmc_core", "sdhci", "cqhci", "sdhci_pci", "mmc_block"]),
        ),
        (
            "a btrfs on two disks, which has a number of its own",
            &[VIRTIO, NVME],
            mounted("0:31", "/", "btrfs", "/dev/vda1"),
            vec![
                "virtio_blk",
                "nvme_auth",
                "nvme_core",
                "nvme",
                "crc32c_intel",
                "crc32c_generic",
                "libcrc32c",
                "raid6_pq",
                "xor",
                "blake2b_generic",
                "btrfs",
            ],
        ),
        (
            "a /usr of its own, on another disk and of another type",
            &[VIRTIO, AHCI],
            mounted("254:1", "/", "ext4", "/dev/vda1") + &mounted("8:3", "/usr", "squashfs", "/dev/sda3"),
            [&ext4(&scsi_of(&["virtio_blk"], &["libata", "libahci", "ahci", "sd_mod"]))[..], &["squashfs"]].concat(),
        ),
        ("a tag of the host's", &[], mounted("0:30", "/", "9p", "root"), vec!["netfs", "9pnet", "9p", "9pnet_virtio"]),
        (
            "a disk to resume from",
            &[VIRTIO, NVME],
            mounted("254:1", "/", "ext4", "/dev/vda1"),
            [&["virtio_blk", "nvme_auth", "nvme_core", "nvme"][..], &EXT4].concat(),
        ),
        (
            "nothing that isn't built in",
            &["pci0000:00 0000:00:04.0=-virtio-pci virtio2=-virtio_blk block vda@254:0"],
            mounted("254:0", "/", "ext2", "/dev/vda"),
            EXT4.to_vec(),
        ),
    ];
    for (name, chains, mounts, expected) in rows {
        let scratch = Scratch::new();
        let machine = Machine::new(&scratch, &X86_64.kernel_release("6.12-full"));
        for chain in *chains {
            machine.device(chain);
        }
        machine.write("proc/self/mountinfo", mounts);
        if name.contains("resume") {
            machine.write("proc/cmdline", "root=/dev/vda1 resume=/dev/nvme0n1p2\n");
        }
        if name.contains("btrfs") {
            for (device, of) in [("vda1", VIRTIO), ("nvme0n1p2", NVME)] {
                let path = machine.device(of);
                machine.link(&path, &machine.root.join("sys/fs/btrfs/0a/devices").join(device));
            }
        }
        let expected: Vec<String> = expected.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(machine.check(X86_64), Ok(expected), "{name}");
    }
}

/// A board: what feeds the SD host comes first. The kernel that runs has the drivers built in; of another one the modaliases tell.
#[test]
fn a_board_by_the_modaliases_of_another_kernel() {
    const BOARD: Chain = "platform fe340000.mmc~of:NmmcT(null)Crockchip,rk3399-sdhci-5.1Carasan,sdhci-5.1 mmc_host mmc0 mmc0:0001~mmc:block block mmcblk0@179:0";
    const PHY: Chain = "platform ff770000.syscon ff770000.syscon:phy@f780~of:NphyT(null)Crockchip,rk3399-emmc-phy";
    let scratch = Scratch::new();
    let machine = Machine::new(&scratch, "6.99-of-its-own");
    machine.device(BOARD);
    let phy = machine.device(&PHY.replace('@', "-"));
    let link = machine.root.join("sys/devices/virtual/devlink/platform:phy--platform:mmc");
    machine.link(&phy, &link.join("supplier"));
    machine.link(&link, &machine.root.join("sys/devices/platform/fe340000.mmc/supplier:platform:phy"));
    machine.write("proc/self/mountinfo", &mounted("179:0", "/", "ext4", "/dev/mmcblk0"));
    let arm_ext4 = ["crc32c_generic", "jbd2", "mbcache", "crc16", "ext4"];
    let drivers = ["phy_rockchip_emmc", "sdhci", "cqhci", "sdhci_pltfm", "sdhci_of_arasan"];
    let expected: Vec<String> = [&drivers[..], &arm_ext4].concat().into_iter().map(str::to_owned).collect();
    assert_eq!(machine.check(Aarch64), Ok(expected));
}

/// A namespace that may have several paths is below none of its controllers.
#[test]
fn all_paths_of_a_namespace() {
    let scratch = Scratch::new();
    let machine = Machine::new(&scratch, &X86_64.kernel_release("6.12-full"));
    machine.device("virtual nvme-subsystem nvme-subsys0 nvme0n1@259:0");
    for (number, chain) in [
        "pci0000:00 0000:00:02.0=vmd pci10000:e0 10000:e0:06.0=nvme nvme nvme0",
        "pci0000:00 0000:00:03.0=nvme nvme nvme1",
    ]
    .iter()
    .enumerate()
    {
        let controller = machine.device(chain);
        fs::write(controller.join("transport"), "pcie\n").expect("a transport");
        let link = format!("sys/devices/virtual/nvme-subsystem/nvme-subsys0/nvme{number}");
        machine.link(&controller, &machine.root.join(link));
    }
    machine.write("proc/self/mountinfo", &mounted("259:0", "/", "ext4", "/dev/nvme0n1"));
    let expected = [&["vmd", "nvme_auth", "nvme_core", "nvme"][..], &EXT4].concat();
    assert_eq!(machine.check(X86_64), Ok(expected.into_iter().map(str::to_owned).collect()));
}
