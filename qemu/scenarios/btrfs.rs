//! btrfs on two disks: the kernel mounts it only when it has been told of both.

use crate::guest::Guest;
use crate::harness::{Arch, Scratch, X86_64};
use crate::images::{RootDisk, init};
use crate::monitor::Monitor;
use crate::says::{WAITING, incomplete, mounted_as};
use crate::tree::{UUID, run};

const MEMBERS: &str = "PINTLE_MEMBERS";

/// The two members; a guest fills them, for mkfs.btrfs fills one alone.
fn members(scratch: &Scratch, arch: Arch) -> [String; 2] {
    let members = ["first", "second"].map(|name| scratch.path(name).display().to_string());
    for member in &members {
        std::fs::File::create(member).and_then(|file| file.set_len(128 << 20)).expect("a disk");
    }
    let [first, second] = &members;
    run("mkfs.btrfs", &["-q", "-L", MEMBERS, "-U", UUID, "-d", "raid0", "-m", "raid1", first, second]);
    let body = "mount -t btrfs -o device=/dev/vdc /dev/vdb /mnt && cp -a /bin /sbin /mnt && cp /demo /mnt/sbin/init
mkdir /mnt/dev /mnt/proc /mnt/run /mnt/sys && umount /mnt && echo '== filled'";
    let demo = crate::harness::checkout().join("qemu/demo-init");
    let disk = RootDisk::new(scratch, arch).init(&init(body)).add(&demo, "/demo").make();
    let ended = Guest::new(arch).disk(disk).disk(first).disk(second).module("btrfs").run();
    ended.is_done();
    assert_eq!(ended.section("filled").len(), 0);
    members
}

/// The name fits both, which is no duplicate.
#[test]
fn both_are_there() {
    let scratch = Scratch::new();
    let [first, second] = members(&scratch, X86_64);
    let ended = Guest::new(X86_64).disk(second).disk(first).module("btrfs").append(&format!("root=UUID={UUID}")).run();
    ended.is_done();
    let said = ended.pintle_but_waiting();
    let either = ["/dev/vda", "/dev/vdb"].map(|device| [mounted_as("btrfs", device, "read-only")]);
    assert!(either.iter().any(|one| said == one), "{said:?}");
    assert_eq!(ended.mount("/").fstype, "btrfs");
}

/// The second one is plugged in while pintle waits for it.
#[test]
fn the_second_one_comes_late() {
    let scratch = Scratch::new();
    let [first, second] = members(&scratch, X86_64);
    let socket = scratch.path("qmp");
    let root = format!("LABEL={MEMBERS}");
    let guest = Guest::new(X86_64).disk(first).module("virtio_scsi").module("sd_mod").module("btrfs");
    let guest = guest.append(&format!("root={root} rootwait rw")).qemu("-device", "virtio-scsi-pci,id=scsi");
    let mut guest = Monitor::of(guest, &socket).start();
    let notice = format!("find root: {root}{WAITING}");
    guest.wait_for(&notice, 90);
    Monitor::connect(&socket).plug(&second, r#""driver":"scsi-hd","bus":"scsi.0""#);
    let ended = guest.end();
    ended.is_done();
    let [first, others @ ..] = &ended.pintle()[..] else { panic!("pintle says nothing") };
    assert_eq!(first, &incomplete("vda"));
    assert!(others.first().is_some_and(|line| line.starts_with(&notice)), "{others:?}");
    let last = others.last().expect("a last line");
    assert!(["/dev/vda", "/dev/sda"].iter().any(|name| *last == mounted_as("btrfs", name, "read-write")), "{last}");
}
