//! Whole boots on the fake kernel: the exact calls of good ones, every call of them made to fail, and what goes wrong
//! with roots and inits.

use crate::device::tests::images::{ext4, uuid, xfs};
use crate::error::Errno;
use crate::handover::program::tests::{elf, foreign};
use crate::kernel::fake::{Block, End, Fake, block, dir, file, link};
use linux_raw_sys::general::{LINUX_REBOOT_CMD_HALT, LINUX_REBOOT_CMD_POWER_OFF, LINUX_REBOOT_CMD_RESTART};

/// From the entry to the search: the same on every kernel.
const TO_THE_SEARCH: &str = r#"open /
fstatfs 3
statx CWD /proc/self/ns/pid
fsopen proc
fsmount 4 0xe
close 4
statx 5 self/ns/pid
mkdir /proc 755
move_mount 5  CWD /proc 0x4
mkdir /dev 755
mount devtmpfs /dev devtmpfs 0x2 "mode=0755"
mkdir /sys 755
mount sysfs /sys sysfs 0xe ""
mkdir /run 755
mount tmpfs /run tmpfs 0x1000006 "mode=0755,size=20%,nr_inodes=800k"
open /etc/pintle.conf
open /proc/cmdline
read 4
close 4
open /etc/modules-load.d/pintle.conf
mmap shared
"#;
/// The device that is named.
const NUMBER: &str = "statx CWD /dev/vda
";
/// A child looks whether the device answers, and what is on it.
const CHILD: &str = "clone
statx CWD /dev/vda
open /dev/vda
ioctl 6 0x1268
statx 6 
ioctl 6 0x80081280
lseek 6
ioctl 6 0x1268
pread 6 69632 0
close 6
exit_group 0
ppoll 4 500
waitid 4
close 4
";
/// Of what was found by its content: whether another device is made of it.
const FOUND: &str = "statx CWD /sys/devices/virtual/block
";
const HOLD: &str = "statx CWD /dev/vda
open /dev/vda
ioctl 4 0x1268
statx 4 
ioctl 4 0x80081280
lseek 4
ioctl 4 0x1268
";
/// Of what was recognised no more is read than shows that it's still there.
const AGAIN: &str = "pread 4 4096 0
";
const ALL_AGAIN: &str = "pread 4 69632 0
";
/// The image has no checker of its type.
const CHECKER: &str = "open /sbin/fsck.ext4
";
const STILL: &str = "mkdir /root 755
statx CWD /dev/vda
ioctl 4 0x80081280
";
/// Nothing was recognised.
const TRIAL: &str = r#"open /proc/filesystems
read 6
close 6
mount /dev/vda /root ext3 0x8001 ""
"#;
const MOUNT: &str = r#"mount /dev/vda /root ext4 0x8001 ""
statx CWD /root
open /dev/kmsg
write @devtmpfs/kmsg <6>pintle: mounted /dev/vda (ext4) read-only
close 6
close 4
"#;
const HANDOVER: &str = r#"chdir /root
openat2 CWD /etc/fstab
openat2 CWD /sbin/init
statx 4 
faccessat2 4
close 4
openat2 CWD /sbin/init
read 4
close 4
open /dev/kmsg
write @devtmpfs/kmsg <6>pintle: times: kernel 5000 ms, modules 0 ms, device 0 ms, mount 0 ms, init 0 ms
close 4
mkdir /run/pintle 755
open /run/pintle/times
write @tmpfs/pintle/times pintle: times: kernel 5000 ms, modules 0 ms, device 0 ms, mount 0 ms, init 0 ms
close 4
open /dev/console
openat2 CWD run
move_mount CWD /run 6  0x40
close 6
openat2 CWD sys
move_mount CWD /sys 6  0x40
close 6
openat2 CWD dev
move_mount CWD /dev 6  0x40
close 6
openat2 CWD proc
move_mount CWD /proc 6  0x40
close 6
pivot_root . .
"#;
const KEEP: &str = "statx 3 shutdown
";
/// Out of the rootfs, before Linux 7.
const RE_ROOT: &str = "open_tree CWD / 0x80001
move_mount 6  CWD / 0x4
close 6
chroot /..
move_mount CWD . CWD / 0x0
pivot_root . .
";
/// Where nothing is deleted, the way back.
const HOLD_INITRAMFS: &str = "open_tree CWD /.. 0x80001
";
const DETACH: &str = "umount2 . 2
dup3 4 0
dup3 4 1
dup3 4 2
close 4
";
const DELETE: &str = "getdents64 3
rmdir /dev
openat2 3 dev
getdents64 4
unlink /dev/console
getdents64 4
close 4
rmdir /dev
unlink /init
rmdir /lib
openat2 3 lib
getdents64 4
unlink /lib/ballast
getdents64 4
close 4
rmdir /lib
rmdir /proc
rmdir /root
rmdir /run
rmdir /sys
getdents64 3
";
const EXEC: &str = "execve /sbin/init
";

/// Small, so that little is read of it: the head.
const SMALL: usize = 72 * 1024;

fn vda(content: &[u8]) -> Fake {
    let disk = Block::disk("vda", (254, 0), content[..SMALL].to_vec());
    let mut fake = Fake::bare("root=/dev/vda quiet").with_block(&disk);
    fake.diskseq = 1;
    fake
}

/// A root that is named and shows what it is, one that doesn't, and one that is found by what it shows.
fn roots_of_good_boots() -> [(Fake, Vec<&'static str>); 3] {
    const UUID: u128 = 7;
    let (named, found) = (vda(&ext4(UUID, "")), vda(&ext4(UUID, "")));
    // All devices are looked at, since any may hold the content; by which calls doesn't matter here.
    let found = found.with("proc", "/cmdline", file(0o444, format!("root=UUID={} quiet\n", uuid(UUID))));
    [
        (named, vec![TO_THE_SEARCH, NUMBER, CHILD, HOLD, AGAIN, CHECKER, STILL, MOUNT]),
        (vda(&[0; SMALL]), vec![TO_THE_SEARCH, NUMBER, CHILD, HOLD, ALL_AGAIN, STILL, TRIAL, MOUNT]),
        (found, vec![TO_THE_SEARCH, CHILD, FOUND, HOLD, AGAIN, CHECKER, STILL, MOUNT]),
    ]
}

/// The places of the calls that ask the kernel what devices there are: none where the root is named. They ask no device.
fn walk(calls: &[String]) -> std::ops::Range<usize> {
    let place = |wanted: &str| calls.iter().position(|call| call == wanted).expect("a search");
    let (start, end) = (place("mmap shared") + 1, place("clone"));
    if calls[start].starts_with("statx") {
        return end..end;
    }
    let asks = ["open /sys/", "open /proc/", "read ", "getdents64 ", "close "];
    let mut all = calls[start..end].iter();
    assert!(start < end && all.all(|call| asks.iter().any(|ask| call.starts_with(ask))), "{calls:#?}");
    start..end
}

fn good(pivots_straight: bool) -> Fake {
    let mut fake = Fake::new("root=/dev/vda quiet");
    fake.pivots_straight = pivots_straight;
    fake
}

fn exec(init: &str) -> Option<End> {
    Some(End::Exec(init.into()))
}

#[test]
fn the_calls_of_a_good_boot() {
    for straight in [false, true] {
        for (mut fake, mut expected) in roots_of_good_boots() {
            fake.pivots_straight = straight;
            let end: &[&str] = if straight {
                &[HANDOVER, KEEP, HOLD_INITRAMFS, DETACH, EXEC]
            } else {
                &[HANDOVER, RE_ROOT, KEEP, DETACH, DELETE, EXEC]
            };
            expected.extend(end);
            assert_eq!(fake.boot(), exec("/sbin/init"));
            let walk = walk(&fake.calls);
            fake.calls.drain(walk);
            let calls: String = fake.calls.iter().map(|call| format!("{call}\n")).collect();
            assert_eq!(calls, expected.concat());
            assert_eq!(fake.log, ["<6>pintle: mounted /dev/vda (ext4) read-only"]);
            assert_eq!(fake.stdio_paths(), ["@devtmpfs/console"; 3]);
            let left: &[&str] = if straight {
                &["/dev", "/dev/console", "/init", "/lib", "/lib/ballast", "/proc", "/root", "/run", "/sys"]
            } else {
                &[]
            };
            assert_eq!(fake.left(), left);
        }
    }
}

/// One call after the other fails, with each errno that a caller has an opinion on, and one that none has.
#[test]
fn every_call_may_fail() {
    let errnos = [Errno::EIO, Errno::ENOENT, Errno::EINVAL, Errno::EACCES, Errno::EBUSY, Errno::ENOSYS, Errno::EEXIST];
    let mut ends = [0; 3];
    let machines = roots_of_good_boots().map(|(fake, _)| fake);
    for (root, straight) in (0..3).flat_map(|root| [(root, false), (root, true)]) {
        let machine = || {
            let mut fake = machines[root].clone();
            fake.pivots_straight = straight;
            fake
        };
        let mut fake = machine();
        fake.boot();
        let calls = std::mem::take(&mut fake.calls);
        let walk = walk(&calls);
        let moved = calls.iter().position(|call| call.starts_with("pivot_root")).expect("a pivot");
        for (place, call) in calls.iter().enumerate() {
            for errno in errnos {
                let mut fake = machine();
                fake.fail = Some((place, errno));
                let end = fake.boot();
                let at = format!("{call}: {errno:?}: {:#?}", fake.log);
                let said = fake.log.iter().any(|line| !line.starts_with("<6>"));
                match &end {
                    // The guard couldn't tell: nothing was touched.
                    None => {
                        ends[0] += 1;
                        assert!(place < 7, "{at}");
                        assert!(
                            !fake.calls.iter().any(|call| call.starts_with("mount") || call.starts_with("mkdir")),
                            "{at}"
                        );
                    }
                    Some(End::Exec(init)) => {
                        ends[1] += 1;
                        assert_eq!(init, "/sbin/init", "{at}");
                        // What can fail without anybody having to know: a descriptor is gone either way, the log
                        // itself, the console (there is another).
                        let mut harmless = vec![
                            "close",
                            "mkdir",
                            "write",
                            "open /dev/kmsg",
                            "open /dev/console",
                            "dup3",
                            "statx CWD /proc/self",
                            "statx 3 shutdown",
                            "open_tree CWD /..",
                            "openat2 CWD /etc/fstab",
                            "open /run/pintle/times",
                        ];
                        // PID 1 looks itself; a child's end, and its traces; what is attached matters to PID 1 alone;
                        // sectors of 512 bytes; sysfs knows the name as well; no virtual device, no holder; all devices are
                        // looked at once more before it waits.
                        harmless.extend([
                            "clone",
                            "exit_group",
                            "waitid",
                            "ioctl 4 0x1268",
                            "ioctl 6 0x1268",
                            "ioctl 6 0x80081280",
                            "statx CWD /dev/vda",
                            "statx CWD /sys/devices/virtual/block",
                            "open /dev/vda",
                            "lseek",
                            "pread",
                        ]);
                        // The end of a list of one, say, or a size: what has none is large.
                        let of_these = walk.contains(&place) || place > 0 && calls[place - 1].ends_with(" 0x1268");
                        // Made up for by the next thing that is tried: mkdir, the next type, no list, not mounted.
                        let second_way = match errno {
                            Errno::ENOENT => {
                                call.starts_with("mount")
                                    || call.starts_with("statx 5")
                                    || call.starts_with("move_mount")
                                    || call.starts_with("open /etc")
                                    || call.starts_with("open /sbin")
                            }
                            Errno::EINVAL | Errno::EACCES => {
                                ["mount /dev/vda", "move_mount", "pivot_root", "openat2 CWD"]
                                    .iter()
                                    .any(|step| call.starts_with(step))
                            }
                            Errno::EBUSY => call.starts_with("mount ") || call.starts_with("move_mount 5"),
                            _ => false,
                        };
                        let harmless = of_these || harmless.iter().any(|step| call.starts_with(step));
                        assert!(said || second_way || harmless, "{at}");
                    }
                    Some(End::Exit(1)) => {
                        ends[2] += 1;
                        let last = fake.log.last().map(String::as_str).unwrap_or_default();
                        assert!(
                            last.ends_with("pintle: giving up: PID 1 ends, the kernel panics, panic= decides"),
                            "{at}"
                        );
                        assert!(fake.log.iter().any(|line| line.ends_with(": giving up")), "{at}");
                    }
                    other => panic!("{other:?}: {at}"),
                }
                // Until the pivot has succeeded nothing of the initramfs is given up.
                if place <= moved && !matches!(end, Some(End::Exec(_))) {
                    assert!(fake.left().contains(&"/init"), "{at}");
                }
            }
        }
    }
    assert!(ends.iter().all(|&count| count > 20), "each kind of end has been seen: {ends:?}");
}

#[test]
fn the_guard_refuses_and_touches_nothing() {
    let table: [(&str, fn(&mut Fake)); 4] = [
        ("not PID 1", |fake| fake.pid = 2),
        ("a real root", |fake| fake.root_magic = 0xef53),
        ("a container", |fake| fake.pid_namespace = 4_026_532_000),
        ("a container with /proc", |fake| (fake.pid_namespace, fake.proc_mounted) = (4_026_532_000, true)),
    ];
    for (what, change) in table {
        let mut fake = good(false);
        change(&mut fake);
        assert_eq!(fake.boot(), None, "{what}");
        let touched = ["mount", "mkdir", "unlink", "rmdir", "umount2", "pivot_root", "move_mount", "write"];
        assert!(
            !fake.calls.iter().any(|call| touched.iter().any(|word| call.starts_with(word))),
            "{what}: {:?}",
            fake.calls
        );
    }
}

/// What a boot came to: the end, and what was said but for the line of a good mount.
fn outcome(fake: &mut Fake) -> (Option<End>, Vec<String>) {
    let end = fake.boot();
    let log = fake.log.iter().filter(|line| !line.starts_with("<6>")).map(|line| line.replacen("pintle: ", "", 1));
    (end, log.collect())
}

const PANIC: &str = "<3>giving up: PID 1 ends, the kernel panics, panic= decides";
const VDA: &str =
    "<3>there is MAJOR=254 MINOR=0 DEVNAME=vda DEVTYPE=disk: TYPE=, UUID=, LABEL=, 65536 sectors of 512 bytes";
const VDA1: &str = "<3>there is MAJOR=254 MINOR=1 DEVNAME=vda1 DEVTYPE=partition PARTN=1 PARTNAME=top: TYPE=, UUID=, \
LABEL=, 65536 sectors of 512 bytes";
const END: &str = "<3>there is no other block device";

#[test]
fn roots() {
    let exit = Some(End::Exit(1));
    type Row = (&'static str, Option<End>, Vec<&'static str>);
    let rows: Vec<Row> = vec![
        ("root=/dev/vda1", exec("/sbin/init"), vec![]),
        ("root=254:1", exec("/sbin/init"), vec![]),
        ("root=fe01", exec("/sbin/init"), vec![]),
        (
            "quiet rootwait=0",
            exit.clone(),
            vec!["<3>find root: the root partition: ETIMEDOUT: giving up", VDA, VDA1, END, PANIC],
        ),
        (
            "root=ID=12",
            exit.clone(),
            vec![
                "<4>command line: root=ID=12: unknown form, known are /dev/NAME, MAJ:MIN, hex, (PART)UUID=, (PART)LABEL=: \
going on without it",
                VDA,
                VDA1,
                END,
                PANIC,
            ],
        ),
        (
            "root=PARTLABEL=Top rootwait=2",
            exit.clone(),
            vec![
                "<4>find root: PARTLABEL=Top: not there after 1 s: waiting, rootwait=2",
                "<3>find root: PARTLABEL=Top: ETIMEDOUT: giving up",
                VDA,
                VDA1,
                END,
                PANIC,
            ],
        ),
        (
            "root=/dev/vda rootfstype=vfat,xfs",
            exit.clone(),
            vec!["<3>mount root: /dev/vda: no type fits it and rootflags=: giving up", VDA, VDA1, END, PANIC],
        ),
        (
            "root=/dev/vda pintle.fail=reboot pintle.fial=x init=/nosuch",
            Some(End::Reboot(LINUX_REBOOT_CMD_RESTART)),
            vec![
                "<4>command line: pintle.fial=x: unknown word: going on without it",
                "<3>find init: /nosuch: ENOENT (not there): giving up",
                "<3>giving up: the machine will reboot in 10 s",
            ],
        ),
    ];
    for (cmdline, end, log) in rows {
        let vda = Block::disk("vda", (254, 0), Vec::new());
        let mut fake = Fake::new(cmdline).with_block(&vda.partition("vda1", 1, "PARTN=1\nPARTNAME=top\n", Vec::new()));
        let (got, said) = outcome(&mut fake);
        assert_eq!((got, said.iter().map(String::as_str).collect::<Vec<_>>()), (end, log), "{cmdline}");
    }
}

#[test]
fn policies_pause_and_then_do_what_they_say() {
    for (word, end) in [
        ("reboot", End::Reboot(LINUX_REBOOT_CMD_RESTART)),
        ("poweroff", End::Reboot(LINUX_REBOOT_CMD_POWER_OFF)),
        ("halt", End::Reboot(LINUX_REBOOT_CMD_HALT)),
        ("panic", End::Exit(1)),
    ] {
        let mut fake = Fake::new(&format!("rootwait=0 pintle.fail={word}"));
        let (got, said) = outcome(&mut fake);
        assert_eq!(got, Some(end));
        assert_eq!(fake.now_ms, 15_000, "{word}");
        assert!(said.contains(&format!("<3>giving up: the machine will {word} in 10 s")), "{said:?}");
        assert!(fake.calls.iter().rev().take(8).any(|call| call == "sync"), "{word}");
    }
}

/// The kernel's own messages, and what came of them.
#[test]
fn a_device_that_comes_late_is_found_by_its_uevent() {
    let uevent = |action: &str, name: &str| {
        format!("{action}@/devices/x\0ACTION={action}\0SUBSYSTEM=block\0MAJOR=254\0MINOR=16\0DEVNAME={name}\0")
            .into_bytes()
    };
    let mut fake = Fake::new("root=/dev/vdb rootwait=30");
    fake.later = vec![(12_000, "@devtmpfs/vdb".into(), block(254, 16))];
    fake.uevents.extend([
        (6_000, uevent("add", "vdc")),
        (7_000, b"add@/x\0ACTION=add\0SUBSYSTEM=net\0".to_vec()),
        (12_000, uevent("add", "vdb")),
    ]);
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, exec("/sbin/init"));
    assert_eq!(fake.now_ms, 12_000, "not a millisecond later");
    assert_eq!(said, ["<4>find root: /dev/vdb: not there after 1 s: waiting, rootwait=30"]);

    // A message that another process sent wakes nobody; the deadline finds what it spoke of, or not.
    let mut fake = Fake::new("root=/dev/vdb rootwait=5 rootdelay=2");
    fake.uevents.push_back((8_000, [b"!".to_vec(), uevent("add", "vdb")].concat()));
    let (end, _) = outcome(&mut fake);
    assert_eq!((end, fake.now_ms), (Some(End::Exit(1)), 12_000), "5 s, and the 2 s of rootdelay on top");

    // Notices: after 1 s, and then every 10.
    let mut fake = Fake::new("root=/dev/vdb rootwait=25");
    let (_, said) = outcome(&mut fake);
    let notices: Vec<_> = said.iter().filter(|line| line.contains("not there after")).collect();
    assert_eq!(notices.len(), 3, "{notices:?}");

    // For ever is for ever.
    let mut fake = Fake::new("root=/dev/vdb rootwait");
    fake.later = vec![(900_000, "@devtmpfs/vdb".into(), block(254, 16))];
    fake.uevents.push_back((900_000, uevent("add", "vdb")));
    let (end, said) = outcome(&mut fake);
    assert_eq!((end, fake.now_ms), (exec("/sbin/init"), 900_000));
    assert_eq!(said[1], "<4>find root: /dev/vdb: not there after 11 s: waiting, rootwait=ever");
}

#[test]
fn without_netlink_it_looks_every_100_ms() {
    let mut fake = Fake::new("root=/dev/vdb rootwait=3");
    fake.later = vec![(5_450, "@devtmpfs/vdb".into(), block(254, 16))];
    let mut calls = Fake::new("root=/dev/vdb rootwait=3");
    calls.boot();
    let socket = calls.calls.iter().position(|call| call == "socket uevents").expect("a socket");
    fake.fail = Some((socket, Errno::new(97)));
    let (end, said) = outcome(&mut fake);
    assert_eq!((end, fake.now_ms), (exec("/sbin/init"), 5_500));
    assert_eq!(said, ["<4>listen to uevents: netlink: EAFNOSUPPORT: looking every 100 ms"]);
}

#[test]
fn inits() {
    let text = || file(0o755, "no script, no ELF");
    let program = |interpreter: &str| file(0o755, elf(interpreter));
    let table: [(&str, &str, Fake, Option<End>, &[&str]); 17] = [
        (
            "a link, absolute, inside the root",
            "",
            good(false).with("ext4", "/sbin/init", link("/bin/real")).with("ext4", "/bin/real", program("")),
            exec("/sbin/init"),
            &[],
        ),
        (
            "the next one",
            "",
            good(false).without("ext4", "/sbin/init").with("ext4", "/bin/init", program("")),
            exec("/bin/init"),
            &[],
        ),
        (
            "not executable, and the next one",
            "",
            good(false).with("ext4", "/sbin/init", file(0o644, elf(""))).with("ext4", "/bin/sh", program("")),
            exec("/bin/sh"),
            &["<4>find init: /sbin/init: EACCES (or not executable): trying the next init"],
        ),
        (
            "not a program, and the next one",
            "",
            good(false).with("ext4", "/sbin/init", text()).with("ext4", "/bin/sh", program("")),
            exec("/bin/sh"),
            &["<4>find init: /sbin/init: ENOEXEC (no format of this kernel): trying the next init"],
        ),
        (
            "none",
            "",
            good(false).without("ext4", "/sbin/init"),
            Some(End::Exit(1)),
            &["<3>find init: none can be executed, name one by init=: giving up", PANIC],
        ),
        (
            "a directory",
            "init=/sbin",
            good(false),
            Some(End::Exit(1)),
            &["<3>find init: /sbin: EACCES (or not executable): giving up", PANIC],
        ),
        (
            "init= that isn't there is fatal",
            "init=/sbin/nosuch",
            good(false),
            Some(End::Exit(1)),
            &["<3>find init: /sbin/nosuch: ENOENT (not there): giving up", PANIC],
        ),
        (
            "init= that can't be executed is fatal",
            "init=/etc/text",
            good(false).with("ext4", "/etc/text", text()),
            Some(End::Exit(1)),
            &["<3>find init: /etc/text: ENOEXEC (no format of this kernel): giving up", PANIC],
        ),
        (
            "its interpreter is there, by a link inside the root",
            "",
            good(false)
                .with("ext4", "/sbin/init", program("/lib/ld.so"))
                .with("ext4", "/lib/ld.so", link("/bin/real"))
                .with("ext4", "/bin/real", program("")),
            exec("/sbin/init"),
            &[],
        ),
        (
            "its interpreter is missing, and the next one",
            "",
            good(false).with("ext4", "/sbin/init", program("/lib/ld.so")).with("ext4", "/bin/sh", program("")),
            exec("/bin/sh"),
            &["<4>find init: /sbin/init: its interpreter /lib/ld.so is missing: trying the next init"],
        ),
        (
            "a script whose interpreter's own is missing",
            "init=/etc/script",
            good(false).with("ext4", "/etc/script", file(0o755, "#! /bin/sh -e\n")).with(
                "ext4",
                "/bin/sh",
                program("/lib/ld.so"),
            ),
            Some(End::Exit(1)),
            &["<3>find init: /etc/script: its interpreter /lib/ld.so is missing: giving up", PANIC],
        ),
        (
            "an interpreter that isn't executable",
            "init=/etc/script",
            good(false).with("ext4", "/etc/script", file(0o755, "#!/bin/sh\n")).with(
                "ext4",
                "/bin/sh",
                file(0o644, elf("")),
            ),
            Some(End::Exit(1)),
            &["<3>find init: /etc/script: its interpreter /bin/sh: EACCES (or not executable): giving up", PANIC],
        ),
        (
            "an interpreter of another architecture",
            "init=/etc/script",
            good(false).with("ext4", "/etc/script", file(0o755, "#!/bin/sh\n")).with(
                "ext4",
                "/bin/sh",
                file(0o755, foreign()),
            ),
            Some(End::Exit(1)),
            &["<3>find init: /etc/script: made for another architecture: giving up", PANIC],
        ),
        (
            "for another architecture, and the next one",
            "",
            good(false).with("ext4", "/sbin/init", file(0o755, foreign())).with("ext4", "/bin/sh", program("")),
            exec("/bin/sh"),
            &["<4>find init: /sbin/init: made for another architecture: trying the next init"],
        ),
        (
            "an interpreter's name that would steer a terminal",
            "",
            good(false).with("ext4", "/sbin/init", file(0o755, b"#!/\x1b[2J\n")).with("ext4", "/bin/sh", program("")),
            exec("/bin/sh"),
            &["<4>find init: /sbin/init: its interpreter /\\x1b[2J is missing: trying the next init"],
        ),
        (
            "a script that is its own interpreter is the kernel's to refuse",
            "init=/etc/script",
            good(false).with("ext4", "/etc/script", file(0o755, "#!/etc/script\n")),
            Some(End::Exit(1)),
            &["<3>execve: /etc/script: ENOEXEC (no format of this kernel): giving up", PANIC],
        ),
        (
            "what the kernel refuses though it looks well, and the next one",
            "",
            {
                let mut fake = good(false).with("ext4", "/bin/sh", program(""));
                fake.refused.push(("execve /sbin/init", Errno::EIO));
                fake
            },
            exec("/bin/sh"),
            &["<4>execve: /sbin/init: EIO: trying the next init"],
        ),
    ];
    for (what, word, fake, end, log) in table {
        let mut fake = fake.with("proc", "/cmdline", file(0o444, format!("root=/dev/vda {word}\n")));
        let (got, said) = outcome(&mut fake);
        assert_eq!(got, end, "{what}: {said:?}");
        assert_eq!(said, log, "{what}");
    }
}

#[test]
fn a_root_without_the_directories_starts_without_those_mounts() {
    let mut fake = Fake::new("root=/dev/vda").without("ext4", "/run").with("ext4", "/dev", link("/sbin"));
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, exec("/sbin/init"));
    assert_eq!(
        said,
        [
            "<4>move into the new root: /run: ENOENT (not there): going on without it",
            "<4>move into the new root: /dev: ELOOP (a symbolic link): going on without it",
        ]
    );
    assert!(
        !fake.tree.keys().any(|path| path.starts_with("@ext4/sbin/vda")),
        "nothing is mounted over the link's target"
    );
    assert!(fake.calls.contains(&"umount2 /dev 2".into()) && fake.calls.contains(&"umount2 /run 2".into()));
}

#[test]
fn closed_descriptors_are_never_somebody_elses() {
    let mut fake = good(false).without_stdio();
    assert_eq!(fake.boot(), exec("/sbin/init"));
    assert_eq!(fake.stdio_paths(), ["@devtmpfs/console"; 3]);
    assert_eq!(fake.calls.iter().filter(|call| *call == "open /").count(), 4, "three keep the places");
    // The console is dead as well.
    let mut fake = good(false).without_stdio().without("devtmpfs", "/console");
    fake.tree.remove("/dev/console");
    assert_eq!(fake.boot(), exec("/sbin/init"));
    assert_eq!(fake.stdio_paths(), ["@devtmpfs/null"; 3]);
}

#[test]
fn modules_in_the_lists_order() {
    let folder = "/lib/modules/6.12.1";
    let image = || {
        Fake::new("root=/dev/vda")
            .with_image(
                "/etc/modules-load.d/pintle.conf",
                file(0o644, "# for the root\nvirtio-pci\nbad\n\nloaded\nnosuch\nxz\n"),
            )
            .with_image(
                &format!("{folder}/modules.dep"),
                file(0o644, "k/virtio_pci.ko: k/virtio.ko\nk/bad.ko:\nk/loaded.ko:\nk/xz.ko.xz:\n"),
            )
            .with_image(&format!("{folder}/k/virtio_pci.ko"), file(0o644, "module"))
            .with_image(&format!("{folder}/k/bad.ko"), file(0o644, "broken"))
            .with_image(&format!("{folder}/k/loaded.ko"), file(0o644, "loaded"))
            .with_image(&format!("{folder}/k/xz.ko.xz"), file(0o644, "module"))
    };
    let mut fake = image();
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, exec("/sbin/init"));
    let loaded: Vec<_> = fake.calls.iter().filter(|call| call.starts_with("finit_module")).collect();
    let expected = [("virtio_pci.ko", 0), ("bad.ko", 0), ("loaded.ko", 0), ("xz.ko.xz", 4)];
    assert_eq!(
        loaded,
        expected.map(|(name, flags)| format!("finit_module {folder}/k/{name} \"\" {flags}")).iter().collect::<Vec<_>>()
    );
    assert_eq!(
        said,
        [
            "<4>finit_module: bad: ENOEXEC (no format of this kernel): going on without it",
            "<4>find module: nosuch: not in modules.dep: going on without it",
        ]
    );
    let mut fake = image();
    fake.tree.remove(&format!("{folder}/modules.dep"));
    assert_eq!(
        outcome(&mut fake).1,
        ["<4>find modules: /lib/modules/6.12.1/modules.dep: ENOENT (not there): going on without it"]
    );
}

/// /dev/kmsg lets ten lines of each opener through: each line is an opener's first.
#[test]
fn a_burst_of_lines_arrives() {
    let words: String = (0..40).map(|number| format!(" pintle.x{number}")).collect();
    let mut fake = Fake::new(&format!("root=/dev/vda{words}"));
    assert_eq!(outcome(&mut fake).1.len(), 40);
    let count = |wanted: &str| fake.calls.iter().filter(|call| call.starts_with(wanted)).count();
    assert_eq!((count("open /dev/kmsg"), count("write @devtmpfs/kmsg")), (42, 42), "and two of a good boot");
}

/// What the console's level hides goes there straight, once, and only what somebody has to see.
#[test]
fn hidden_errors_reach_the_console() {
    let direct = |fake: &mut Fake| {
        fake.boot();
        fake.calls.iter().filter(|call| call.starts_with("write /dev/console")).cloned().collect::<Vec<_>>()
    };
    for (printk, times) in [("7\t4\t1\t7\n", 0), ("4\t4\t1\t7\n", 0), ("3\t4\t1\t7\n", 4), ("0\t4\t1\t7\n", 4), ("", 4)]
    {
        let mut fake = Fake::new("rootwait=0").with("proc", "/sys/kernel/printk", file(0o644, printk));
        assert_eq!(direct(&mut fake).len(), times, "{printk:?}");
    }
    // A warning is hidden by quiet; what tells of a success may be.
    let quiet = file(0o644, "4\t4\t1\t7\n");
    let mut fake = Fake::new("root=/dev/vda quiet pintle.x").with("proc", "/sys/kernel/printk", quiet);
    assert_eq!(
        direct(&mut fake),
        ["write /dev/console pintle: command line: pintle.x: unknown word: going on without it"]
    );
}

/// Somebody else was /init, mounted things and called pintle.
#[test]
fn what_is_mounted_already_stays() {
    let mut fake = good(false);
    fake.proc_mounted = true;
    for (fstype, point) in [("proc", "/proc"), ("sysfs", "/sys"), ("devtmpfs", "/dev"), ("tmpfs", "/run")] {
        fake = fake.with_image(point, dir()).mounted(fstype, point);
    }
    assert_eq!(fake.boot(), exec("/sbin/init"));
    assert_eq!(fake.log, ["<6>pintle: mounted /dev/vda (ext4) read-only"]);
    // Nothing on top of it: what /run holds would be lost.
    assert!(!fake.calls.iter().any(|call| call.starts_with("mount ") && !call.starts_with("mount /dev/vda")));
}

/// Two roots, both of which would boot: /dev/vda, an ext4, and /dev/vdb, an XFS.
fn two_roots(straight: bool) -> Fake {
    let [one, other] = [("vda", 0, ext4(7, "")), ("vdb", 16, xfs(8, ""))]
        .map(|(name, minor, content)| Block::disk(name, (254, minor), content[..SMALL].to_vec()));
    let mut fake = Fake::bare("pintle.root=/dev/vda,/dev/vdb").with_block(&one).with_block(&other);
    fake.mountable.insert("xfs", fake.mountable["ext4"].clone());
    fake.pivots_straight = straight;
    fake
}

/// Up to the point of no return whatever fails is undone, and the next root boots as if it had been the first.
#[test]
fn what_fails_before_the_point_of_no_return_leads_to_the_next_root() {
    for straight in [false, true] {
        let mut good = two_roots(straight);
        assert_eq!(good.boot(), exec("/sbin/init"));
        let place = |start: &str| good.calls.iter().position(|call| call.starts_with(start)).expect("that call");
        // The deletion of the initramfs's files, or, where that isn't necessary, the exec.
        let (first, last) = (place("chdir /root"), if straight { good.calls.len() } else { place("statx 3 shutdown") });
        let mut next_root = Vec::new();
        for at in first..last {
            for errno in [Errno::EIO, Errno::ENOENT, Errno::EINVAL] {
                let mut fake = two_roots(straight);
                fake.fail = Some((at, errno));
                let end = fake.boot();
                let call = &good.calls[at];
                let what = format!("{straight} {call}: {errno:?}: {:#?}", fake.log);
                assert_eq!(end, exec("/sbin/init"), "{what}");
                let boots_next = fake.root.as_str() == "@xfs";
                assert_eq!(boots_next, fake.log.iter().any(|line| line.ends_with("it is vdb")), "{what}");
                if boots_next {
                    next_root.push(call.split(' ').next().unwrap_or_default());
                    // As on a first try.
                    for (point, fstype) in
                        [("/dev", "devtmpfs"), ("/proc", "proc"), ("/sys", "sysfs"), ("/run", "tmpfs")]
                    {
                        assert_eq!(fake.mounted_at(point), Some(fstype), "{what}");
                    }
                    assert!(fake.log.iter().any(|line| line.starts_with("<3>")), "{what}");
                }
                let stdio = if call == "open /dev/console" { "@devtmpfs/null" } else { "@devtmpfs/console" };
                assert!(call.starts_with("dup3") || fake.stdio_paths() == [stdio; 3], "{what}");
                // What the kernel doesn't pivot out of straight is the rootfs, whose files are deleted.
                let is_rootfs = !straight || call == "pivot_root . ." && errno == Errno::EINVAL;
                assert_eq!(fake.left().is_empty(), is_rootfs, "{what}");
                assert!(call.starts_with("close") || fake.open_fds() == good.open_fds(), "{what}: descriptors");
            }
        }
        next_root.sort_unstable();
        next_root.dedup();
        let expected: &[&str] = if straight {
            &["chdir", "execve", "faccessat2", "openat2", "pivot_root", "read", "statx"]
        } else {
            &["chdir", "chroot", "faccessat2", "move_mount", "open_tree", "openat2", "pivot_root", "read", "statx"]
        };
        assert_eq!(next_root, expected);
    }
}

/// Where nothing was deleted, an exec that fails leads to the next root too: on Linux 7, and with an initramfs that is kept.
/// Where the way back is barred, or the files are gone, the failure policy decides.
#[test]
fn an_exec_that_fails_leads_to_the_next_root() {
    let machine = |straight, kept| {
        // A script that is its own interpreter is the kernel's to refuse.
        let mut fake = two_roots(straight)
            .with("proc", "/cmdline", file(0o444, "pintle.root=/dev/vda,/dev/vdb init=/sbin/init\n"))
            .with("ext4", "/sbin/init", file(0o755, "#!/sbin/init\n"));
        if kept {
            fake = fake.with_image("/shutdown", file(0o755, elf("")));
        }
        fake
    };
    let refused = "<3>execve: /sbin/init: ENOEXEC (no format of this kernel): giving up";
    for (straight, kept) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut fake = machine(straight, kept);
        let (end, said) = outcome(&mut fake);
        if !straight && !kept {
            assert_eq!((end, said), (Some(End::Exit(1)), vec![refused.into(), PANIC.into()]));
            assert!(fake.left().is_empty());
            continue;
        }
        assert_eq!((end, fake.root.as_str(), said), (exec("/sbin/init"), "@xfs", vec![refused.into()]));
        for (point, fstype) in [("/dev", "devtmpfs"), ("/proc", "proc"), ("/sys", "sysfs"), ("/run", "tmpfs")] {
            assert_eq!(fake.mounted_at(point), Some(fstype), "{straight} {kept} {point}");
        }
        assert!(fake.left().contains(&"/init"));
        // The first root's is gone before the second root's is made.
        let unmounted = fake.calls.iter().filter(|call| *call == "umount2 /run/initramfs 2").count();
        assert_eq!(unmounted, usize::from(kept));

        let from = fake.calls.iter().position(|call| call == "execve /sbin/init").expect("an exec");
        let to = fake.calls.iter().position(|call| call == "move_mount CWD proc CWD /proc 0x0").expect("moved back");
        let back: Vec<_> = (from..to)
            .filter(|at| ["move_mount", "chdir", "pivot_root"].iter().any(|call| fake.calls[*at].starts_with(call)))
            .collect();
        assert_eq!(back.len(), 4, "{:?}", &fake.calls[from..to]);
        for at in back {
            let call = &fake.calls[at];
            let mut fake = machine(straight, kept);
            fake.fail = Some((at, Errno::EINVAL));
            assert_eq!(fake.boot(), Some(End::Exit(1)), "{call}");
            // To the log, or to the console, where /dev didn't come back.
            let lasts = fake.log.iter().rev().take(2).map(|line| line.trim_start_matches("<3>"));
            assert!(
                lasts.eq([PANIC, refused].map(|line| line.replacen("<3>", "pintle: ", 1))),
                "{call}: {:?}",
                fake.log
            );
        }
    }
}

/// A root without an init is one that can't be booted, and so is one that nothing can be said of; where none is left,
/// there is no list of devices: they were there.
#[test]
fn a_root_without_an_init_leads_to_the_next() {
    let mut fake = two_roots(false).without("ext4", "/sbin/init");
    let (end, said) = outcome(&mut fake);
    assert_eq!((end, fake.root.as_str()), (exec("/sbin/init"), "@xfs"));
    assert_eq!(said, ["<3>find init: none can be executed, name one by init=: giving up"]);
    let mut fake = two_roots(false).without("ext4", "/sbin/init").without("xfs", "/sbin/init");
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, Some(End::Exit(1)));
    let none = "<3>find init: none can be executed, name one by init=: giving up";
    assert_eq!(said, [none, none, PANIC]);
}

/// The image is the system: on a kernel that can't pivot out of the rootfs it gets a second mount, with all that is mounted
/// in it, and nothing is deleted.
#[test]
fn the_initramfs_stays() {
    for straight in [false, true] {
        let mut fake = Fake::bare("root=initramfs").with_image("/sbin/init", file(0o755, elf("")));
        fake.pivots_straight = straight;
        assert_eq!(fake.boot(), exec("/sbin/init"));
        assert_eq!(fake.log, [""; 0]);
        assert!(fake.left().contains(&"/lib/ballast"));
        assert_eq!(fake.stdio_paths(), ["@devtmpfs/console"; 3]);
        let from = fake.calls.iter().position(|call| call.starts_with("open /proc/self/mountinfo")).expect("a look");
        let to = fake.calls.iter().position(|call| call == "open /dev/console").expect("a console");
        let again = [
            "open_tree CWD / 0x80001",
            "move_mount 4  CWD / 0x4",
            "close 4",
            "chroot /..",
            "move_mount CWD proc CWD /proc 0x0",
            "move_mount CWD dev CWD /dev 0x0",
            "move_mount CWD sys CWD /sys 0x0",
            "move_mount CWD run CWD /run 0x0",
            "chdir /",
        ];
        assert_eq!(fake.calls[from + 3..to], again[if straight { again.len() } else { 0 }..]);
    }
    let rows: [(&str, Fake, Option<End>, &[&str]); 4] = [
        (
            "pintle is its own init",
            Fake::bare("root=initramfs init=/init").with_image("/run", dir()).with_image("/run/pintle", dir()),
            Some(End::Exit(1)),
            &["<3>root=initramfs: /run/pintle: EEXIST: giving up", PANIC],
        ),
        (
            "systemd would take it for an initrd",
            Fake::bare("root=initramfs init=/lib/x")
                .with_image("/lib/x", file(0o755, elf("")))
                .with_image("/etc/initrd-release", file(0o644, "")),
            exec("/lib/x"),
            &["<4>root=initramfs: /etc/initrd-release makes systemd take it for an initrd"],
        ),
        (
            "no init",
            Fake::bare("root=initramfs"),
            Some(End::Exit(1)),
            &["<3>find init: none can be executed, name one by init=: giving up", PANIC],
        ),
        (
            "an init that can't be executed after all",
            {
                let mut fake = Fake::bare("root=initramfs").with_image("/sbin/init", file(0o755, elf("")));
                fake.refused.push(("execve /sbin/init", Errno::EIO));
                fake
            },
            Some(End::Exit(1)),
            &[
                "<4>execve: /sbin/init: EIO: trying the next init",
                "<3>find init: none can be executed, name one by init=: giving up",
                PANIC,
            ],
        ),
    ];
    for (what, mut fake, end, said) in rows {
        if what == "pintle is its own init" {
            fake.mountable.entry("tmpfs").or_default().insert("/pintle".into(), dir());
        }
        assert_eq!(outcome(&mut fake), (end, said.iter().map(ToString::to_string).collect()), "{what}");
    }
}

/// An image with a /shutdown is kept for it, and its files with it.
#[test]
fn the_initramfs_is_kept_for_the_shutdown() {
    for straight in [false, true] {
        let image = || {
            let mut fake = good(straight).with_image("/shutdown", file(0o755, elf("")));
            fake.pivots_straight = straight;
            fake
        };
        let mut fake = image();
        assert_eq!(fake.boot(), exec("/sbin/init"));
        let at = fake.calls.iter().position(|call| call == "mkdir /run/initramfs 755").expect("a directory for it");
        let kept = ["open_tree CWD /.. 0x80001", "move_mount 6  CWD /run/initramfs 0x4", "close 6"];
        assert_eq!(fake.calls[at + 1..at + 4], kept);
        assert!(fake.left().contains(&"/shutdown"));
        // It can't be: then its memory is given back, which somebody is told.
        for call in ["open_tree CWD /..", "move_mount 6  CWD /run"] {
            let mut fake = image();
            fake.refused.push((call, Errno::EIO));
            let (end, said) = outcome(&mut fake);
            assert_eq!((end, said.len()), (exec("/sbin/init"), 1), "{call}: {said:?}");
            assert_eq!(fake.left().is_empty(), !straight, "{call}");
        }
    }
}

/// /usr of its own is there before the init is looked at: as the command line says, or else the new root's fstab.
#[test]
fn usr_on_a_file_system_of_its_own() {
    let usr = |fstab: &str, words: &str| {
        let other = Block::disk("vdb", (254, 16), xfs(8, "usr")[..SMALL].to_vec());
        let mut fake = Fake::new(&format!("root=/dev/vda rw {words}"))
            .with_block(&other)
            .without("ext4", "/sbin/init")
            .with("ext4", "/sbin/init", link("/usr/init"))
            .with("ext4", "/usr", dir())
            .with("ext4", "/etc/fstab", file(0o644, fstab));
        fake.mountable.insert("xfs", std::collections::BTreeMap::new());
        fake = fake.with("xfs", "/init", file(0o755, elf("")));
        fake.diskseq = 1;
        fake
    };
    let entry = "LABEL=usr /usr xfs ro,nodev,logbufs=8 0 2\n";
    let rows = [
        (entry, "", "mount /dev/vdb /usr xfs 0x8005 \"logbufs=8\""),
        ("/dev/vdb /usr auto defaults\n", "", "mount /dev/vdb /usr xfs 0x8000 \"\""),
        ("/dev/vdz /usr ext4 ro\n", "mount.usr=LABEL=usr", "mount /dev/vdb /usr xfs 0x8000 \"\""),
        ("", "mount.usr=/dev/vdb mount.usrfstype=xfs mount.usrflags=noexec,x", "mount /dev/vdb /usr xfs 0x8008 \"x\""),
    ];
    for (fstab, words, mount) in rows {
        let mut fake = usr(fstab, words);
        let (end, said) = outcome(&mut fake);
        assert!(fake.calls.contains(&mount.to_string()), "{words}: {said:?} {:?}", fake.calls);
        assert_eq!(said, [""; 0], "{words}");
        assert_eq!((end, fake.mounted_at("/usr")), (exec("/sbin/init"), Some("xfs")), "{words}");
        let place = |call: &str| fake.calls.iter().position(|other| other.starts_with(call)).expect("that call");
        assert!(place("move_mount CWD /usr") < place("openat2 CWD /sbin/init"), "{words}");
    }
    // It isn't there in time: its init neither, and the next root is tried, of which there is none.
    let mut fake = usr("LABEL=nosuch /usr xfs ro\n", "rootwait=2");
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, Some(End::Exit(1)));
    assert_eq!(
        said,
        [
            "<4>find root: LABEL=nosuch: not there after 1 s: waiting, rootwait=2",
            "<3>find root: LABEL=nosuch: ETIMEDOUT: giving up",
            "<4>mount /usr: LABEL=nosuch: not there: going on without it",
            "<3>find init: none can be executed, name one by init=: giving up",
            PANIC,
        ]
    );
    // The new root's link is none that is followed, and the initramfs's /usr is no place.
    let mut fake = usr(entry, "").without("ext4", "/usr").with("ext4", "/usr", link("/etc"));
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, Some(End::Exit(1)));
    let first = "<4>move into the new root: /usr: ELOOP (a symbolic link): going on without it";
    assert_eq!(said.first().map(String::as_str), Some(first));
    assert!(fake.calls.contains(&"umount2 /usr 2".to_string()));
}

/// Each stage's share, in a line and in a file.
#[test]
fn times() {
    let mut fake = Fake::new("root=/dev/vda rootdelay=3");
    assert_eq!(fake.boot(), exec("/sbin/init"));
    let line = "pintle: times: kernel 5000 ms, modules 0 ms, device 3000 ms, mount 0 ms, init 0 ms";
    assert_eq!(fake.times, [format!("<6>{line}"), line.into()]);
    assert!(fake.calls.contains(&format!("write @tmpfs/pintle/times {line}")));
}

/// Somebody who asks for it gets the image's /rescue where nothing could be booted, and the failure policy after it.
#[test]
fn rescue() {
    let mut fake = Fake::new("root=/dev/nosuch rootwait=0 pintle.rescue").with_image("/rescue", file(0o755, elf("")));
    let (end, said) = outcome(&mut fake);
    assert_eq!((end, said.last().map(String::as_str)), (Some(End::Exit(1)), Some(PANIC)));
    let at = fake.calls.iter().position(|call| call == "execve /rescue").expect("a rescue");
    let (before, after) = fake.calls.split_at(at);
    let start = ["dup3 6 0", "dup3 6 1", "dup3 6 2", "close 6", "login_tty"];
    assert!(before.ends_with(&start.map(String::from)), "{before:?}");
    assert!(after.iter().any(|call| call.starts_with("waitid")), "{after:?}");
    // Nobody asked, or it isn't there.
    let mut fake = Fake::new("root=/dev/nosuch rootwait=0").with_image("/rescue", file(0o755, elf("")));
    fake.boot();
    assert!(!fake.calls.contains(&"execve /rescue".to_string()));
    let (_, said) = outcome(&mut Fake::new("root=/dev/nosuch rootwait=0 pintle.rescue"));
    assert!(said.contains(&"<3>rescue: /rescue: ENOENT (not there): giving up".to_string()), "{said:?}");
}

/// A root in the network: what is mounted, and with what.
#[test]
fn roots_in_the_network() {
    const BY_DHCP: &str = "#PROTO: DHCP\ndomain example\nbootserver 10.0.0.1\n";
    let rows = [
        (
            "root=/dev/nfs nfsroot=10.0.0.2:/srv/root",
            "",
            "10.0.0.2:/srv/root /root nfs 0x8001 \"nolock,addr=10.0.0.2,\"",
        ),
        (
            "root=/dev/nfs nfsroot=/srv/root,vers=3,tcp rw",
            BY_DHCP,
            "10.0.0.1:/srv/root /root nfs 0x8000 \"nolock,addr=10.0.0.1,vers=3,tcp\"",
        ),
        ("root=/dev/cifs cifsroot=//10.0.0.2/share,guest rootwait", "", "//10.0.0.2/share /root cifs 0x8001 \"guest\""),
        (
            "pintle.root=/dev/nfs,UUID=1 nfsroot=10.0.0.2:/a,rsize=4096",
            "",
            "10.0.0.2:/a /root nfs 0x8001 \"nolock,addr=10.0.0.2,rsize=4096\"",
        ),
    ];
    let machine = |words: &str, pnp: &str| {
        let mut fake = Fake::bare(words);
        for fstype in ["nfs", "cifs"] {
            fake.mountable.insert(fstype, fake.mountable["ext4"].clone());
        }
        if pnp.is_empty() { fake } else { fake.with("proc", "/net/pnp", file(0o444, pnp)) }
    };
    for (words, pnp, expected) in rows {
        let mut fake = machine(words, pnp);
        let (end, said) = outcome(&mut fake);
        assert_eq!((end, said), (exec("/sbin/init"), vec![]), "{words}");
        assert!(fake.calls.contains(&format!("mount {expected}")), "{words}: {:#?}", fake.calls);
        assert!(!fake.calls.iter().any(|call| call.starts_with("ppoll")), "{words}: there is nothing to wait for");
    }
    // A server that isn't up yet is asked again, until it is too late; now and then it is said.
    let mut fake = machine("root=/dev/nfs nfsroot=10.0.0.2:/srv rootwait=3", "");
    fake.refused.push(("mount 10.0.0.2", Errno::new(111)));
    let (end, said) = outcome(&mut fake);
    let expected = [
        "<4>find root: /dev/nfs: not there after 1 s: waiting, rootwait=3",
        "<3>mount root: 10.0.0.2:/srv as nfs: ECONNREFUSED: giving up",
    ];
    assert_eq!((end, &said[..2]), (Some(End::Exit(1)), &expected.map(str::to_owned)[..]));
    assert_eq!(fake.calls.iter().filter(|call| call.starts_with("mount 10.0.0.2")).count(), 3);
    // A disk that says the same has failed.
    let mut fake = Fake::new("root=/dev/vda rootfstype=ext4 rootwait");
    fake.refused.push(("mount /dev/vda", Errno::ETIMEDOUT));
    let (end, said) = outcome(&mut fake);
    assert_eq!((end, said[0].as_str()), (Some(End::Exit(1)), "<3>mount root: /dev/vda as ext4: ETIMEDOUT: giving up"));
    assert_eq!(fake.calls.iter().filter(|call| call.starts_with("mount /dev/vda")).count(), 1);
    // What isn't in the kernel never will be. Without a server there is nothing to ask.
    let refused = [
        ("root=/dev/nfs nfsroot=10.0.0.2:/srv", Errno::ENODEV, "10.0.0.2:/srv as nfs: ENODEV (or not in this kernel)"),
        ("root=/dev/nfs nfsroot=/srv", Errno::EIO, "/dev/nfs: no server by nfsroot= or ip="),
        ("root=/dev/nfs", Errno::EIO, "/dev/nfs: no server by nfsroot= or ip="),
    ];
    for (words, errno, expected) in refused {
        let mut fake = machine(words, "");
        fake.refused.push(("mount 10.0.0.2", errno));
        let (end, said) = outcome(&mut fake);
        assert_eq!(end, Some(End::Exit(1)), "{words}");
        assert_eq!(said[0], format!("<3>mount root: {expected}: giving up"), "{words}");
    }
}

/// What qemu/bench/calls.md says of each call is of the calls that there are.
#[test]
fn every_call_has_its_reason() {
    let folder = "/lib/modules/6.12.1";
    let mut fake = vda(&ext4(7, ""))
        .with("proc", "/cmdline", file(0o444, format!("root=UUID={} quiet\n", uuid(7))))
        .with_image("/etc/modules-load.d/pintle.conf", file(0o444, "virtio_blk\n"))
        .with_image(&format!("{folder}/modules.dep"), file(0o444, "kernel/virtio_blk.ko:\n"))
        .with_image(&format!("{folder}/kernel/virtio_blk.ko"), file(0o444, "module"));
    assert_eq!(fake.boot(), exec("/sbin/init"));
    let rows = include_str!("../../qemu/bench/calls.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<_> = rows.filter_map(|row| Some(row.split_once("` |")?.0)).collect();
    assert_eq!(fake.calls.iter().map(|call| call.trim_end()).collect::<Vec<_>>(), documented);
}
