//! Other layers on what dm-verity verifies: what they write to is gone after the boot, and nothing of another disk gets in,
//! whatever it is called, unless the image itself permits it.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, init};
use crate::says::{PANIC, duplicate, matches, mounted, mounted_as};
use crate::tree::{Tree, run};
use crate::verified::Verity;
use std::fs;

const SHOW: &str = "
echo '== mountinfo'; cat /proc/self/mountinfo
echo '== written'; echo text >/written && cat /written
echo '== whose'; cat /whose
";
const MODULES: [&str; 7] = ["virtio_pci", "virtio_blk", "dm_verity", "ext4", "overlay", "loop", "squashfs"];

/// A disk with this label: a root by itself, and what would be the upper layer of an overlay, with an init of its own.
fn top(scratch: &Scratch, arch: Arch, label: &str, whose: &str) -> String {
    let whose = scratch.file("whose", format!("{whose}\n").as_bytes(), 0o644);
    let disk = RootDisk::new(scratch, arch).init(&init(SHOW)).label(label).add(&whose, "/whose");
    disk.program("/upper/sbin/init", &init(SHOW)).add(&whose, "/upper/whose").make()
}

/// A root that says that it is the verified one.
fn verified(scratch: &Scratch, arch: Arch) -> Verity {
    let whose = scratch.file("whose", b"the verified one's\n", 0o644);
    let data = RootDisk::new(scratch, arch).init(&init(SHOW)).add(&whose, "/whose").make();
    Verity::new(scratch, &data, &[])
}

/// A guest with a disk at vda, and the verified root at vdb and vdc.
fn guest(arch: Arch, first: &str, verity: &Verity, words: &str) -> Guest {
    let disks = [first, &verity.data, &verity.hashes];
    let guest = MODULES.into_iter().fold(disks.into_iter().fold(Guest::new(arch), Guest::disk), Guest::module);
    guest.cmdline(&format!("panic=-1 {} {words}", verity.words(["/dev/vdb", "/dev/vdc"])))
}

/// The root's label is the other disk's too, and so is the first place.
#[test]
fn a_tmpfs_on_top_on_aarch64_7() {
    let scratch = Scratch::new();
    let verity = verified(&scratch, Aarch64);
    let before = fs::read(&verity.data).expect("the data");
    let rogue = top(&scratch, Aarch64, "pintle-root", "the rogue's");
    let ended = guest(Aarch64, &rogue, &verity, "rw pintle.overlay=tmpfs").kernel("7").run();
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted("/dev/dm-0", "read-only"), mounted_as("overlay", "overlay", "read-write")]);
    let lower = ended.mount("/run/pintle/lower");
    assert_eq!((lower.source, lower.options), ("/dev/dm-0", "ro,relatime"));
    assert_eq!(ended.mount("/run/pintle/upper").fstype, "tmpfs");
    assert_eq!((ended.line("written"), ended.line("whose")), ("text", "the verified one's"));
    assert!(fs::read(&verity.data).expect("the data") == before);
}

/// An image on it, and a tmpfs on that.
#[test]
fn an_image_and_a_tmpfs_on_x86_64_6_12() {
    const PATH: &str = "/images/root.img";
    let scratch = Scratch::new();
    let tree = Tree::new(&scratch, X86_64);
    let text = init(SHOW).replace("#!/bin/sh", "#!/bin/busybox sh");
    fs::write(tree.root().join("sbin/init"), text).expect("an init");
    fs::write(tree.root().join("whose"), "the image's\n").expect("a file");
    let image = tree.make("squashfs");
    let outer = RootDisk::new(&scratch, X86_64).no_init().add(image.as_ref(), PATH).make();
    let verity = Verity::new(&scratch, &outer, &[]);
    let before = fs::read(&verity.data).expect("the data");
    let rogue = top(&scratch, X86_64, "pintle-root", "the rogue's");
    let ended = guest(X86_64, &rogue, &verity, &format!("rw pintle.image={PATH} systemd.volatile=overlay")).run();
    ended.is_done();
    let said = [
        mounted("/dev/dm-0", "read-only"),
        mounted_as("squashfs", "/dev/loop0", "read-only"),
        mounted_as("overlay", "overlay", "read-write"),
    ];
    assert_eq!(ended.pintle(), said);
    let places = ["/run/pintle/outer", "/run/pintle/lower", "/run/pintle/upper"].map(|point| ended.mount(point).fstype);
    assert_eq!(places, ["ext4", "squashfs", "tmpfs"]);
    assert_eq!(ended.mount("/run/pintle/outer").source, "/dev/dm-0");
    assert_eq!((ended.line("written"), ended.line("whose")), ("text", "the image's"));
    assert!(fs::read(&verity.data).expect("the data") == before);
}

/// Whoever has a disk with that label would have the root.
#[test]
fn a_top_that_nothing_verifies() {
    let scratch = Scratch::new();
    let verity = verified(&scratch, X86_64);
    let rogue = top(&scratch, X86_64, "keep", "the rogue's");
    let ended = guest(X86_64, &rogue, &verity, "pintle.overlay=LABEL=keep").run();
    ended.has_failed();
    let refused = "writable top: LABEL=keep: nothing verifies it, and the root has a hash: giving up";
    assert_eq!(ended.pintle_but_devices(), [&mounted("/dev/dm-0", "read-only"), refused, PANIC]);
}

/// The image permits it: then the one disk of that name is taken, and of two none.
#[test]
fn a_top_that_is_permitted() {
    let scratch = Scratch::new();
    let verity = verified(&scratch, X86_64);
    let settings = scratch.file("pintle.conf", b"permit = persistent-overlay\n", 0o644);
    let image = MODULES.iter().fold(Image::new(&scratch, X86_64, "6.12"), |image, name| image.module(name));
    let image = image.add(&settings, "/etc/pintle.conf").make();
    let boot = |first: &str, last: &str| {
        let guest = guest(X86_64, first, &verity, "pintle.overlay=LABEL=keep").initramfs(&image);
        guest.disk(last).run()
    };
    let [root, keep, rogue] = [("pintle-root", "the rogue's"), ("keep", "the owner's"), ("keep", "the rogue's")]
        .map(|(label, whose)| top(&scratch, X86_64, label, whose));
    let ended = boot(&root, &keep);
    ended.is_done();
    assert_eq!((ended.line("written"), ended.line("whose")), ("text", "the owner's"));
    run("e2fsck", &["-fn", &keep]);

    let ended = boot(&rogue, &keep);
    ended.has_failed();
    let named = ["vda", "vdd"].map(|name| matches("LABEL=keep", name));
    let said = ended.pintle_but_devices();
    assert!(named.iter().all(|line| said.contains(line)), "{said:?}");
    let end = [&duplicate("LABEL=keep"), "writable top: LABEL=keep: not there: giving up", PANIC];
    assert_eq!(said.split_at(said.len().saturating_sub(3)).1, end);
}
