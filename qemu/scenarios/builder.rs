//! What `mkinitramfs` packs, by what it is told, file by file and byte by byte. No guests.

use crate::harness::{Aarch64, Arch, Scratch, X86_64, command, output};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A run on the modules of a kernel of Debian's, and what it said.
pub(crate) fn mkinitramfs(arch: Arch, kernel: &str, arguments: &[&str]) -> Result<String, String> {
    arch.init();
    let mut run = command("scripts/mkinitramfs");
    run.args(["--arch", arch.name(), "--modules-dir"]).arg(arch.kernel(kernel).join("modules")).args(arguments);
    let output = run.output().expect("mkinitramfs to run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// An image that is not compressed.
#[track_caller]
pub(crate) fn image(scratch: &Scratch, arch: Arch, kernel: &str, arguments: &[&str]) -> PathBuf {
    let path = scratch.path("image");
    let output = path.display().to_string();
    mkinitramfs(arch, kernel, &[arguments, &["--output", &output, "--compress", "none"]].concat()).expect("an image");
    path
}

/// All of its files, with modes, sizes and names as cpio shows them.
#[track_caller]
pub(crate) fn files(image: &Path) -> Vec<String> {
    let list = fs::File::open(image).expect("an image");
    let mut cpio = Command::new("cpio");
    let text = output(cpio.args(["-itv", "--quiet", "--numeric-uid-gid"]).stdin(Stdio::from(list))).expect("cpio");
    // Mode, links, owner, group, size, three of a date, name.
    let line = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        [mode, _, "0", "0", size, "Jan", "1", "1970", ref name @ ..] => format!("{mode} {size} {}", name.join(" ")),
        _ => panic!("{line}"),
    };
    text.lines().map(line).collect()
}

/// One file's content.
#[track_caller]
pub(crate) fn content(image: &Path, name: &str) -> String {
    let archive = fs::File::open(image).expect("an image");
    output(Command::new("cpio").args(["-i", "--quiet", "--to-stdout", name]).stdin(Stdio::from(archive))).expect("cpio")
}

/// The names of what is below lib/modules/VERSION.
#[track_caller]
fn modules(image: &Path, release: &str) -> Vec<String> {
    let prefix = format!("lib/modules/{release}/");
    files(image).iter().filter_map(|line| Some(line.split_once(&prefix)?.1.to_owned())).collect()
}

/// The whole of what is in the image that is to boot a cloud's machine from ext4, which has NVMe and ext4 built in.
#[test]
fn a_set_is_its_drivers_and_what_they_need() {
    let scratch = Scratch::new();
    let release = X86_64.kernel_release("6.12");
    let image = image(&scratch, X86_64, "6.12", &["--set", "virt", "--filesystem", "ext4", "--filesystem", "xfs"]);
    let expected = [
        "cdrom.ko",
        "crc32c-intel.ko",
        "dm-bufio.ko",
        "dm-mod.ko",
        "dm-verity.ko",
        "hv_storvsc.ko",
        "hv_vmbus.ko",
        "libcrc32c.ko",
        "libnvdimm.ko",
        "loop.ko",
        "modules.alias",
        "modules.dep",
        "modules.softdep",
        "nd_btt.ko",
        "nd_pmem.ko",
        "nd_virtio.ko",
        "overlay.ko",
        "pci-hyperv-intf.ko",
        "pci-hyperv.ko",
        "reed_solomon.ko",
        "scsi_common.ko",
        "scsi_mod.ko",
        "scsi_transport_fc.ko",
        "sd_mod.ko",
        "sr_mod.ko",
        "virtio-iommu.ko",
        "virtio_blk.ko",
        "virtio_mmio.ko",
        "virtio_pmem.ko",
        "virtio_scsi.ko",
        "vmw_pvscsi.ko",
        "xen-blkfront.ko",
        "xen-pcifront.ko",
        "xen-scsifront.ko",
        "xfs.ko",
    ];
    assert_eq!(modules(&image, &release), expected);
    // None is loaded whatever the machine is.
    assert!(!files(&image).iter().any(|line| line.contains("modules-load.d")));
    let index = |name: &str| content(&image, &format!("lib/modules/{release}/modules.{name}"));
    assert!(index("dep").lines().any(|line| line == "xfs.ko: libcrc32c.ko"), "{}", index("dep"));
    assert_eq!(index("softdep"), "softdep libcrc32c pre: crc32c\n");
    let aliases = index("alias");
    for alias in ["alias virtio:d00000002v* virtio_blk", "alias fs-xfs xfs"] {
        assert!(aliases.lines().any(|line| line == alias), "{alias}");
    }
    // Each is depmod's, of a module that is there, and in depmod's order.
    let names: BTreeSet<_> =
        expected.iter().filter_map(|name| name.strip_suffix(".ko")).map(|name| name.replace('-', "_")).collect();
    let all = fs::read_to_string(X86_64.kernel("6.12").join("modules/modules.alias")).expect("depmod's");
    let wanted = all
        .lines()
        .filter(|line| line.starts_with("alias ") && line.rsplit(' ').next().is_some_and(|name| names.contains(name)));
    assert!(aliases.lines().eq(wanted));
}

/// What is listed is loaded in any case; a file system that is carried besides is found by its type alone.
#[test]
fn what_is_listed_and_what_is_carried() {
    let scratch = Scratch::new();
    let release = X86_64.kernel_release("6.12-full");
    let path = image(
        &scratch,
        X86_64,
        "6.12-full",
        &["--module", "virtio_blk", "--filesystem", "ext4", "--filesystem", "btrfs"],
    );
    let index = |name: &str| content(&path, &format!("lib/modules/{release}/modules.{name}"));
    assert_eq!(content(&path, "etc/modules-load.d/pintle.conf"), "virtio_blk\n");
    let aliases = "alias fs-ext4 ext4\nalias fs-ext3 ext4\nalias fs-ext2 ext4\nalias fs-btrfs btrfs\n";
    let mut said: Vec<_> = index("alias").lines().map(str::to_owned).collect();
    let mut expected: Vec<_> = aliases.lines().map(str::to_owned).collect();
    said.sort();
    expected.sort();
    assert_eq!(said, expected);
    let softdeps = "softdep ext4 pre: crypto-crc32c\nsoftdep jbd2 pre: crypto-crc32c\nsoftdep btrfs pre: blake2b-256\nsoftdep btrfs pre: sha256\n\
         softdep btrfs pre: xxhash64\nsoftdep btrfs pre: crypto-crc32c\nsoftdep libcrc32c pre: crc32c\n";
    let mut said: Vec<_> = index("softdep").lines().map(str::to_owned).collect();
    let mut expected: Vec<_> = softdeps.lines().map(str::to_owned).collect();
    said.sort();
    expected.sort();
    assert_eq!(said, expected);
    // Modules alone: none of that.
    let path = image(&scratch, X86_64, "6.12-full", &["--module", "virtio_blk"]);
    assert_eq!(modules(&path, &release), ["modules.dep", "virtio_blk.ko"]);
}

/// Each set holds what it is for, and only modules that are for the image's machine.
#[test]
fn sets_on_both_architectures() {
    let rows: [(Arch, &str, &[&str], &[&str]); 2] = [
        (
            X86_64,
            "storage",
            &[
                "ahci.ko",
                "megaraid_sas.ko",
                "mptsas.ko",
                "nvme.ko",
                "sdhci-pci.ko",
                "uas.ko",
                "usb-storage.ko",
                "xhci-pci.ko",
                "btrfs.ko",
            ],
            &["virtio_blk.ko", "iscsi_tcp.ko", "usbhid.ko", "st.ko"],
        ),
        (
            Aarch64,
            "all",
            &[
                "ahci.ko",
                "virtio_blk.ko",
                "virtio_mmio.ko",
                "hv_storvsc.ko",
                "bcm2835.ko",
                "sdhci-iproc.ko",
                "sdhci-of-arasan.ko",
                "phy-rockchip-emmc.ko",
                "dwc3.ko",
                "rk808-regulator.ko",
                "sunxi-mmc.ko",
            ],
            &["usbhid.ko", "iscsi_tcp.ko", "nbd.ko"],
        ),
    ];
    for (arch, set, has, has_not) in rows {
        let scratch = Scratch::new();
        let release = arch.kernel_release("6.12-full");
        let modules = modules(&image(&scratch, arch, "6.12-full", &["--set", set]), &release);
        for name in has {
            assert!(modules.iter().any(|module| module == name), "{set} has no {name}");
        }
        for name in has_not {
            assert!(!modules.iter().any(|module| module == name), "{set} has {name}");
        }
    }
}

/// A machine whose driver is known before: it is loaded where its hardware is. All that such a cloud's machine takes is 100 KiB.
#[test]
fn what_is_carried_by_name() {
    for arch in [X86_64, Aarch64] {
        let scratch = Scratch::new();
        let release = arch.kernel_release("6.12");
        let arguments = ["--carry", "virtio_blk", "--filesystem", "ext4"];
        let plain = image(&scratch, arch, "6.12", &arguments);
        assert_eq!(modules(&plain, &release), ["modules.alias", "modules.dep", "virtio_blk.ko"]);
        let index = |name: &str| content(&plain, &format!("lib/modules/{release}/modules.{name}"));
        assert_eq!([index("alias"), index("dep")], ["alias virtio:d00000002v* virtio_blk\n", "virtio_blk.ko:\n"]);
        let path = scratch.path("xz");
        let output = path.display().to_string();
        mkinitramfs(arch, "6.12", &[&arguments[..], &["--compress", "xz", "--output", &output]].concat())
            .expect("an image");
        let size = fs::metadata(&path).expect("an image").len();
        assert!(size <= 100 << 10, "{size}");
    }
}
