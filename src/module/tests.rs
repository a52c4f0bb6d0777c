//! Machines whose drivers are modules, and which of them a boot loads.

use crate::kernel::fake::{Block, Fake, dir, file};

const FOLDER: &str = "/lib/modules/6.12.1";
const VIRTIO_BLK: &str = "pci:v00001AF4d00001042sv00001AF4sd00001042bc01sc80i00";
const SOUND: &str = "pci:v00008086d00002668sv00001AF4sd00001100bc04sc03i00";
const XHCI: &str = "pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30";
const MOUNTED: &str = "<6>mounted /dev/vda (ext4) read-only";

/// Its image has modules for all of that, in depmod's files.
fn image(cmdline: &str) -> Fake {
    let aliases = "# Aliases extracted from modules themselves.\n\
alias pci:v00008086d00002668sv*sd*bc*sc*i* snd_hda_intel\n\
alias pci:v*d*sv*sd*bc0Csc03i30* xhci_pci\n\
alias usb:v*p*d*dc*dsc*dp*ic08isc06ip50in* usb_storage\n\
alias pci:v00001AF4d*sv*sd*bc*sc*i* virtio_pci\n\
alias virtio:d00000002v* virtio_blk\n\
alias fs-ext4 ext4\n\
alias crypto-crc32c crc32c_intel\n\
alias crypto-crc32c crc32c_generic\n";
    let index = "virtio_pci.ko: virtio_ring.ko virtio.ko\nvirtio_ring.ko: virtio.ko\nvirtio.ko:\nvirtio_blk.ko: virtio_ring.ko \
virtio.ko\nsnd_hda_intel.ko:\nxhci_pci.ko: xhci-hcd.ko\nxhci-hcd.ko:\nusb_storage.ko:\next4.ko: jbd2.ko mbcache.ko\njbd2.ko:\n\
mbcache.ko:\ncrc32c_intel.ko:\ncrc32c_generic.ko:\n";
    let softdeps = "softdep ext4 pre: crypto-crc32c\nsoftdep jbd2 pre: crypto-crc32c\n";
    let mut fake = Fake::bare(cmdline);
    for (name, text) in [("alias", aliases), ("dep", index), ("softdep", softdeps)] {
        fake = fake.with_image(&format!("{FOLDER}/modules.{name}"), file(0o644, text));
    }
    for name in index.lines().filter_map(|line| Some(line.split_once(':')?.0)) {
        let content = if name == "crc32c_intel.ko" { "unfit" } else { "module" };
        fake = fake.with_image(&format!("{FOLDER}/{name}"), file(0o644, content));
    }
    fake.drivers = vec![
        ("/virtio_pci.ko", |fake| uevent(fake, "virtio:d00000002v00001AF4")),
        ("/virtio_blk.ko", |fake| {
            *fake = fake.clone().with_block_later(fake.now_ms, &Block::disk("vda", (254, 0), Vec::new()))
        }),
        ("/xhci_pci.ko", |fake| {
            fake.uevents.push_back((
                fake.now_ms + 700,
                b"ACTION=add\0SUBSYSTEM=usb\0MODALIAS=usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00\0".to_vec(),
            ));
        }),
        ("/usb_storage.ko", |fake| {
            *fake = fake.clone().with_block_later(fake.now_ms + 400, &Block::disk("sda", (8, 0), Vec::new()))
        }),
    ];
    fake
}

fn uevent(fake: &mut Fake, modalias: &str) {
    fake.uevents.push_back((fake.now_ms, format!("ACTION=add\0MODALIAS={modalias}\0").into_bytes()));
}

/// With these PCI devices.
fn machine(cmdline: &str, devices: &[&str]) -> Fake {
    let fake = image(cmdline).with("sysfs", "/bus/pci/devices", dir());
    devices.iter().zip(1..).fold(fake, |fake, (modalias, slot)| {
        let device = format!("/bus/pci/devices/0000:00:0{slot}.0");
        fake.with("sysfs", &device, dir()).with(
            "sysfs",
            &format!("{device}/modalias"),
            file(0o444, format!("{modalias}\n")),
        )
    })
}

/// The modules that a boot loads, each with its parameters, and what it says.
fn boot(fake: &mut Fake) -> (Vec<String>, Vec<String>) {
    fake.boot();
    let loaded = fake.calls.iter().filter_map(|call| {
        let (path, rest) = call.strip_prefix("finit_module ")?.split_once(' ')?;
        let parameters = rest.strip_suffix(" 0")?;
        Some(
            path.replace(&format!("{FOLDER}/"), "").replace(".ko", "")
                + if parameters == "\"\"" { "" } else { parameters },
        )
    });
    let said = fake.log.iter().map(|line| line.replacen("pintle: ", "", 1));
    (loaded.collect(), said.collect())
}

#[test]
fn nothing_is_loaded_for_a_root_that_is_there() {
    let mut fake = machine("root=/dev/vda", &[VIRTIO_BLK, XHCI]).with_block(&Block::disk("vda", (254, 0), Vec::new()));
    assert_eq!(boot(&mut fake), (vec![], vec![MOUNTED.into()]));
    assert!(!fake.calls.iter().any(|call| call.contains("/lib/modules") || call.contains("/sys/bus")));
}

#[test]
fn what_carries_a_root_comes_first() {
    let mut fake = machine("root=/dev/vda virtio_blk.queue_depth=4", &[SOUND, XHCI, VIRTIO_BLK]);
    let (loaded, said) = boot(&mut fake);
    assert_eq!(loaded, ["virtio", "virtio_ring", "virtio_pci", "virtio_blk\"\"queue_depth=4\" \""]);
    assert_eq!(said, [MOUNTED]);
    assert_eq!(fake.now_ms, 5_000, "nothing was waited for");
}

#[test]
fn the_rest_comes_where_that_leads_to_no_root() {
    let mut fake = machine("root=/dev/sda", &[SOUND, XHCI, VIRTIO_BLK]);
    let (loaded, said) = boot(&mut fake);
    assert_eq!(
        loaded,
        ["virtio", "virtio_ring", "virtio_pci", "virtio_blk", "snd_hda_intel", "xhci-hcd", "xhci_pci", "usb_storage"]
    );
    assert!(said.last().is_some_and(|line| line == "<6>mounted /dev/sda (ext4) read-only"), "{said:#?}");
    assert_eq!(fake.now_ms, 5_000 + 250 + 700 + 400);
    // At once, where there is none that can carry it.
    let mut fake = machine("root=/dev/sda", &[SOUND, XHCI]);
    assert_eq!(boot(&mut fake).0, ["snd_hda_intel", "xhci-hcd", "xhci_pci", "usb_storage"]);
    assert_eq!(fake.now_ms, 5_000 + 700 + 400);
}

#[test]
fn all_of_them() {
    let mut fake = machine("root=/dev/vda pintle.modules=all", &[SOUND, XHCI, VIRTIO_BLK]).with_block(&Block::disk(
        "vda",
        (254, 0),
        Vec::new(),
    ));
    assert_eq!(boot(&mut fake).0, ["snd_hda_intel", "xhci-hcd", "xhci_pci", "virtio", "virtio_ring", "virtio_pci"]);
}

#[test]
fn denied_and_listed() {
    let list = |text: &str| file(0o644, text);
    let mut fake = machine("root=/dev/vda modprobe.blacklist=xhci-pci rd.driver.blacklist=ext4", &[XHCI, VIRTIO_BLK])
        .with_image("/etc/modules-load.d/pintle.conf", list("ext4\nusb-storage\nnosuch\nbuiltin\n"))
        .with_image(&format!("{FOLDER}/modules.builtin"), list("kernel/fs/builtin.ko\n"));
    let (loaded, said) = boot(&mut fake);
    assert_eq!(loaded, ["usb_storage", "virtio", "virtio_ring", "virtio_pci", "virtio_blk"]);
    assert_eq!(said, ["<4>find module: nosuch: not in modules.dep: going on without it", MOUNTED]);
}

#[test]
fn the_file_systems_driver() {
    let mut fake = machine("root=/dev/vda rootfstype=ext4", &[VIRTIO_BLK]);
    let ext4 = fake.mountable.remove("ext4").expect("there");
    fake.mountable.insert("ext4.ko", ext4);
    fake.drivers.push(("/ext4.ko", |fake| {
        let ext4 = fake.mountable.remove("ext4.ko").expect("there");
        fake.mountable.insert("ext4", ext4);
    }));
    let (loaded, said) = boot(&mut fake);
    // The processor hasn't got what the first of the two would use.
    assert_eq!(loaded[4..], ["mbcache", "crc32c_intel", "crc32c_generic", "jbd2", "ext4"]);
    assert_eq!(said, [MOUNTED]);
    // It can't be loaded twice.
    let mut fake = machine("root=/dev/vda rootfstype=ext4", &[VIRTIO_BLK]);
    fake.mountable.remove("ext4");
    let (loaded, said) = boot(&mut fake);
    assert_eq!(loaded[4..], ["mbcache", "crc32c_intel", "crc32c_generic", "jbd2", "ext4"]);
    assert_eq!(said[0], "<3>mount root: /dev/vda as ext4: ENODEV (or not in this kernel): giving up");
}

#[test]
fn devices_without_a_driver() {
    let mut fake = machine("root=/dev/vda rootwait=1", &[SOUND, VIRTIO_BLK])
        .with("sysfs", "/bus/pci/devices/0000:00:02.0/driver", dir())
        .with("sysfs", "/bus/pci/devices/0000:00:03.0", dir())
        .with(
            "sysfs",
            "/bus/pci/devices/0000:00:03.0/modalias",
            file(0o444, "pci:v00009005d0000028Fsv0sd0bc01sc07i00\n"),
        );
    fake.tree.retain(|path, _| !path.ends_with("virtio_blk.ko"));
    let (_, said) = boot(&mut fake);
    assert_eq!(
        said,
        [
            "<4>finit_module: virtio_blk: ENOENT (not there): going on without it",
            "<3>find root: /dev/vda: ETIMEDOUT: giving up",
            "<3>there is 0000:00:03.0, a device without a driver: pci:v00009005d0000028Fsv0sd0bc01sc07i00",
            "<3>there is no other block device",
            "<3>giving up: PID 1 ends, the kernel panics, panic= decides",
        ]
    );
}

#[test]
fn modules_of_another_kernel() {
    let mut fake = Fake::bare("root=/dev/vda rootwait=1")
        .with_image("/lib/modules", dir())
        .with_image("/lib/modules/6.1.0", dir());
    assert_eq!(
        boot(&mut fake).1[0],
        "<4>find modules: the image has those of 6.1.0, this kernel is 6.12.1: going on without it"
    );
}
