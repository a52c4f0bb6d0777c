//! /usr on a disk of its own, which has to be there before the init is looked at: most distributions' is a link into it.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{RootDisk, init};
use crate::says::{NO_INIT, PANIC, mounted};

const SHOW: &str = "
echo '== mountinfo'
cat /proc/self/mountinfo
echo '== usr'
ls -1 /usr
echo '== times'
cat /run/pintle/times
";

/// A root whose init is a link into /usr, with this fstab, and the /usr that it has.
fn disks(scratch: &Scratch, arch: Arch, fstab: &str) -> [String; 2] {
    let fstab = scratch.file("fstab", fstab.as_bytes(), 0o644);
    let root = RootDisk::new(scratch, arch).no_init().omit("/bin/sh").link("/usr/lib/init", "/sbin/init");
    let usr = RootDisk::new(scratch, arch).label("usr").no_init();
    // As the init's interpreter the root's own busybox: /bin is none of /usr's here.
    let usr = usr.program("/lib/init", &init(SHOW).replace("#!/bin/sh", "#!/bin/busybox sh"));
    [root.add(&fstab, "/etc/fstab").make(), usr.make()]
}

fn boot(arch: Arch, kernel: &str, fstab: &str, words: &str) -> Ended {
    let scratch = Scratch::new();
    let [root, usr] = disks(&scratch, arch, fstab);
    Guest::new(arch).kernel(kernel).disk(root).disk(usr).append(&format!("root=/dev/vda {words}")).run()
}

#[track_caller]
fn check(ended: &Ended, how: &str, options: &str) {
    ended.is_done();
    assert_eq!(ended.pintle().last(), Some(&mounted("/dev/vdb", how)));
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/sys", "/usr"]);
    let usr = ended.mount("/usr");
    assert_eq!((usr.source, usr.options), ("/dev/vdb", options));
    assert!(ended.section("usr").contains(&"lib"));
    // The same in the log and in the file; the kernel's part is most of it.
    let times = ended.times();
    assert_eq!(ended.line("times"), format!("pintle: times: {times}"));
    let stages: Vec<_> = times.split(", ").filter_map(|stage| stage.split(' ').next()).collect();
    assert_eq!(stages, ["kernel", "modules", "device", "mount", "init"]);
    let kernel: u32 = times.split(' ').nth(1).and_then(|number| number.parse().ok()).expect("a number");
    assert!((100..60_000).contains(&kernel), "{times}");
}

#[test]
fn quick_by_fstab_on_x86_64_6_12() {
    let fstab = "# comment\nUUID=0 / ext4 defaults 0 1\nLABEL=usr /usr ext4 ro,nodev,noatime 0 2\n";
    check(&boot(X86_64, "6.12", fstab, ""), "read-only", "ro,nodev,noatime");
}

#[test]
fn by_fstab_on_aarch64_7() {
    check(&boot(Aarch64, "7", "/dev/vdb\t/usr\tauto\tdefaults\n", "rw"), "read-write", "rw,relatime");
}

#[test]
fn by_the_command_line_on_x86_64_6_1() {
    let words = "mount.usr=LABEL=usr mount.usrfstype=ext4 mount.usrflags=ro,nosuid";
    check(&boot(X86_64, "6.1", "", words), "read-only", "ro,nosuid,relatime");
}

/// It doesn't come: the init is not there either, and that is what ends the boot.
#[test]
fn one_that_is_missing() {
    let ended = boot(X86_64, "6.12", "LABEL=nosuch /usr ext4 ro 0 2\n", "rootwait=4");
    ended.has_failed();
    let said = ended.pintle_but_waiting();
    let expected = [
        mounted("/dev/vda", "read-only"),
        "find root: LABEL=nosuch: ETIMEDOUT: giving up".to_owned(),
        "mount /usr: LABEL=nosuch: not there: going on without it".to_owned(),
        NO_INIT.to_owned(),
        PANIC.to_owned(),
    ];
    assert_eq!(said, expected);
}
