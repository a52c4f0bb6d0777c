//! btrfs subvolumes as roots, by the file system's own words in `rootflags=`.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, checkout, output};
use crate::images::{RootDisk, init};
use crate::says::mounted_as;
use crate::tree::{Tree, run};
use std::fs;
use std::process::Command;

/// What makes a subvolume: btrfs(8) is no program of the guest's.
const SUBVOLUME: &str = r#"
#include <fcntl.h>
#include <linux/btrfs.h>
#include <string.h>
#include <sys/ioctl.h>

int main(int argc, char **argv) {
    struct btrfs_ioctl_vol_args arguments = {0};
    if (argc != 3)
        return 2;
    strncpy(arguments.name, argv[2], sizeof arguments.name - 1);
    return ioctl(open(argv[1], O_RDONLY), BTRFS_IOC_SUBVOL_CREATE, &arguments) != 0;
}
"#;

/// The number of the first subvolume there is (`BTRFS_FIRST_FREE_OBJECTID`).
const FIRST: u32 = 256;

/// Of the machine that the tests run on: the C compiler makes programs for it alone.
fn arch() -> Arch {
    if cfg!(target_arch = "x86_64") { X86_64 } else { Aarch64 }
}

/// A file system that has a root in its subvolume `@root` alone, and an image in a file there.
fn disk(scratch: &Scratch) -> String {
    let arch = arch();
    let source = scratch.file("subvolume.c", SUBVOLUME.as_bytes(), 0o644);
    let program = scratch.path("subvolume");
    let mut compiler = Command::new("cc");
    output(compiler.args(["-static", "-Os", "-s", "-o"]).arg(&program).arg(&source))
        .unwrap_or_else(|why| panic!("{why}"));
    let image = scratch.path("image").display().to_string();
    let tree = Tree::new(scratch, arch);
    run("mksquashfs", &[&tree.root().display().to_string(), &image, "-quiet", "-no-progress", "-all-root"]);
    let disk = scratch.path("btrfs").display().to_string();
    fs::File::create(&disk).and_then(|file| file.set_len(256 << 20)).expect("a disk");
    run("mkfs.btrfs", &["-q", "-L", "volumes", &disk]);
    let body = "set -e
mount -t btrfs /dev/vdb /mnt
/subvolume /mnt @root
cd /mnt/@root
cp -a /bin /sbin .
cp /demo sbin/init
mkdir dev proc run sys boot
cp /image boot/root.img
cd /
umount /mnt
echo '== filled'";
    let root = RootDisk::new(scratch, arch).init(&init(body)).add(&checkout().join("qemu/demo-init"), "/demo");
    let root = root.add(&program, "/subvolume").add(image.as_ref(), "/image").make();
    let ended = Guest::new(arch).disk(root).disk(&disk).module("btrfs").append("root=/dev/vda rw").run();
    ended.is_done();
    assert!(ended.says("== filled"));
    disk
}

#[test]
fn btrfs_subvolumes() {
    let scratch = Scratch::new();
    let disk = disk(&scratch);
    let boot = |words: &str| -> Ended {
        let guest = Guest::new(arch()).disk(&disk);
        let guest = ["btrfs", "loop", "squashfs"].into_iter().fold(guest, Guest::module);
        let ended = guest.append(&format!("root=LABEL=volumes {words}")).run();
        ended.is_done();
        ended
    };
    let before = fs::read(&disk).expect("the disk");
    let ended = boot("rootflags=subvol=@root");
    assert_eq!(ended.pintle(), [mounted_as("btrfs", "/dev/vda", "read-only")]);
    assert_eq!((ended.mount("/").root, ended.mount("/").fstype), ("/@root", "btrfs"));

    // Below an image it is the outer one.
    let ended = boot("rootflags=subvol=@root pintle.image=/boot/root.img");
    let said = [mounted_as("btrfs", "/dev/vda", "read-only"), mounted_as("squashfs", "/dev/loop0", "read-only")];
    assert_eq!(ended.pintle(), said);
    assert_eq!((ended.mount("/").fstype, ended.mount("/run/pintle/outer").root), ("squashfs", "/@root"));
    assert!(fs::read(&disk).expect("the disk") == before, "nothing was written");

    let ended = boot(&format!("rootflags=compress=zstd,subvolid={FIRST} rw"));
    assert_eq!(ended.pintle(), [mounted_as("btrfs", "/dev/vda", "read-write")]);
    assert_eq!(ended.mount("/").root, "/@root");
    assert_eq!(ended.mount("/").super_option("subvolid"), Some("256"));
}
