//! Whole boots of layered roots on the fake kernel: their calls, every one of them made to fail, and what the words mean.

use super::top::{self, Kind};
use crate::buffers::Buffers;
use crate::device::tests::images::{ext4, luks, uuid};
use crate::error::Errno;
use crate::handover::program::tests::elf;
use crate::kernel::fake::{Block, End, Fake, dir, disk, file, link};
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::Request;

const SMALL: usize = 72 * 1024;
const PANIC: &str = "<3>giving up: PID 1 ends, the kernel panics, panic= decides";

fn squashfs() -> Vec<u8> {
    let mut image = vec![0; SMALL];
    image[..4].copy_from_slice(b"hsqs");
    image[28] = 4;
    image
}

fn erofs() -> Vec<u8> {
    let mut image = vec![0; SMALL];
    image[1024..1028].copy_from_slice(b"\xe2\xe1\xf5\xe0");
    image[1036] = 12;
    image
}

/// A root on /dev/vda with these images in it, and /dev/vdb for what is written.
fn machine(words: &str) -> Fake {
    let vda = Block::disk("vda", (254, 0), ext4(1, "root")[..SMALL].to_vec());
    let vdb = Block::disk("vdb", (254, 16), ext4(2, "a:b")[..SMALL].to_vec());
    let mut fake = Fake::bare(&format!("root=/dev/vda {words}")).with_block(&vda).with_block(&vdb);
    let init = fake.mountable["ext4"].clone();
    for fstype in ["squashfs", "erofs", "overlay"] {
        fake.mountable.insert(fstype, init.clone());
    }
    for (path, bytes) in
        [("/r.sqfs", squashfs()), ("/r.erofs", erofs()), ("/r.ext4", ext4(3, "image")), ("/luks", luks(4, "image"))]
    {
        fake = fake.with("ext4", path, file(0o644, bytes));
    }
    fake = fake.with("ext4", "/text", file(0o644, "text")).with("ext4", "/usr", dir()).with("ext4", "/var", dir());
    fake = fake.with("ext4", "/link", link("/r.sqfs")).with("ext4", "/out", link("/../proc/cmdline"));
    fake.with("devtmpfs", "/loop-control", file(0o600, "")).with("devtmpfs", "/loop0", disk(7, 0, []))
}

/// The end, and what was said.
fn outcome(fake: &mut Fake) -> (Option<End>, Vec<String>) {
    let end = fake.boot();
    (end, fake.log.iter().map(|line| line.replacen("pintle: ", "", 1)).collect())
}

fn exec() -> Option<End> {
    Some(End::Exec("/sbin/init".into()))
}

/// The calls between the root's mount and the look at its /usr, but for those of the log.
fn calls(fake: &Fake) -> Vec<&str> {
    let mut calls = fake.calls.iter().map(String::as_str).skip_while(|call| !call.starts_with("mount /dev/vda /root"));
    calls.next();
    let calls = calls.skip_while(|call| *call != "mkdir /run/pintle 755");
    let calls: Vec<_> = calls.take_while(|call| !call.starts_with("openat2 CWD /etc/fstab")).collect();
    // The log's are opened, written and closed.
    let is_log =
        |place: usize| calls[place.saturating_sub(2)..=place].iter().any(|call| call.contains("open /dev/kmsg"));
    (0..calls.len()).filter(|place| !is_log(*place)).map(|place| calls[place]).collect()
}

fn request(line: &str) -> Request<'_> {
    let mut request = Request::new();
    request.read(line.as_bytes(), &mut |message, word| assert_eq!((message, word), (Message::UnknownWord, &b""[..])));
    request
}

#[test]
fn words() {
    let rows: &[(&str, Kind, &str)] = &[
        ("", Kind::None, ""),
        ("systemd.volatile", Kind::Usr, "yes"),
        ("systemd.volatile=1", Kind::Usr, "1"),
        ("systemd.volatile=t", Kind::Usr, "t"),
        ("systemd.volatile=state", Kind::Var, "state"),
        ("systemd.volatile=overlay", Kind::Tmpfs, "25%,nr_inodes=1m"),
        ("systemd.volatile=yes systemd.volatile=no", Kind::None, "no"),
        ("systemd.volatile=off", Kind::None, "off"),
        ("systemd.volatile=", Kind::Unknown, ""),
        ("systemd.volatile=maybe", Kind::Unknown, "maybe"),
        ("overlayroot=tmpfs", Kind::Tmpfs, "50%"),
        ("overlayroot=tmpfs:swap=1,recurse=0", Kind::Tmpfs, "50%"),
        ("overlayroot=disabled", Kind::None, "disabled"),
        ("overlayroot=", Kind::None, ""),
        ("overlayroot=device:dev=/dev/sdb", Kind::Unknown, "device:dev=/dev/sdb"),
        ("overlayroot", Kind::None, ""),
        ("overlayroot=disabled systemd.volatile=yes", Kind::None, "disabled"),
        ("pintle.overlay=tmpfs", Kind::Tmpfs, "50%"),
        ("pintle.overlay=tmpfs:1G", Kind::Tmpfs, "1G"),
        ("pintle.overlay=LABEL=tmpfs", Kind::Device, "LABEL=tmpfs"),
        ("pintle.overlay=tmpfsx", Kind::Device, "tmpfsx"),
        ("pintle.overlay=/dev/sda2:/a overlayroot=tmpfs", Kind::Device, "/dev/sda2:/a"),
    ];
    for (line, kind, value) in rows {
        let request = request(line);
        let found = top::kind(&request);
        assert_eq!((found, top::value(&request, found)), (*kind, value.as_bytes()), "{line}");
        let rw = format!("{line} rw");
        assert_eq!(self::request(&rw).read_only(), *kind != Kind::None, "{line}");
    }
}

#[test]
fn devices_and_directories() {
    let rows = [
        ("LABEL=a", "LABEL=a", "/"),
        ("LABEL=a:b:/c", "LABEL=a:b", "/c"),
        ("LABEL=a:/b:/c/d", "LABEL=a:/b", "/c/d"),
        ("/dev/vdb:/", "/dev/vdb", "/"),
        ("254:1", "254:1", "/"),
        (":/", "", "/"),
        ("", "", "/"),
    ];
    for (value, device, directory) in rows {
        assert_eq!(top::split(value.as_bytes()), (device.as_bytes(), directory.as_bytes()), "{value}");
    }
}

const OUTER: [&str; 12] = [
    "mkdir /run/pintle 755",
    "mkdir /run/pintle/outer 755",
    "move_mount CWD /root CWD /run/pintle/outer 0x0",
    "chdir /run/pintle/outer",
    "openat2 CWD /r.sqfs",
    "statx 4 ",
    "close 4",
    "openat2 CWD /r.sqfs",
    "lseek 4",
    "pread 4 69632 0",
    "open /dev/loop-control",
    "ioctl 6 0x4c82",
];

#[test]
fn the_calls_of_an_image() {
    let mut fake = machine("pintle.image=/r.sqfs rootflags=noatime rw");
    let (end, said) = outcome(&mut fake);
    let expected =
        ["<6>mounted /dev/vda (ext4) read-write", "<6>mounted /dev/loop0 (squashfs) read-only"].map(str::to_owned);
    assert_eq!((end, said), (exec(), expected.to_vec()));
    assert!(fake.calls.contains(&"mount /dev/vda /root ext4 0x8000 \"noatime\"".to_string()));
    let loop_calls = [
        "open /dev/loop0",
        "statx 7 ",
        "ioctl 7 0x4c0a @ext4/r.sqfs 0",
        "close 6",
        "ioctl 7 0x80081280",
        "mkdir /root 755",
        "statx CWD /dev/loop0",
        "ioctl 7 0x80081280",
        "mount /dev/loop0 /root squashfs 0x8001 \"\"",
        "statx CWD /root",
        "close 7",
        "close 4",
        "chdir /root",
    ];
    let found = calls(&fake);
    assert_eq!(found, [&OUTER[..], &loop_calls].concat());
    assert_eq!(fake.mounted_at("/run/pintle/outer"), None, "it is below /run");
    let mut plain = machine("");
    plain.boot();
    assert_eq!(fake.open_fds(), plain.open_fds(), "nothing stays open");
}

#[test]
fn images() {
    let no = |path: &str| format!("<3>image: {path}: no file system in it: giving up");
    let rows: [(&str, Result<&str, String>); 10] = [
        ("/r.sqfs", Ok("<6>mounted /dev/loop0 (squashfs) read-only")),
        ("/link", Ok("<6>mounted /dev/loop0 (squashfs) read-only")),
        ("r.sqfs", Ok("<6>mounted /dev/loop0 (squashfs) read-only")),
        ("/r.ext4", Ok("<6>mounted /dev/loop0 (ext4) read-only")),
        ("/r.erofs", Ok("<6>mounted @ext4/r.erofs (erofs) read-only")),
        ("/luks", Err(no("/luks"))),
        ("/text", Err(no("/text"))),
        ("/usr", Err(no("/usr"))),
        ("/nosuch", Err("<3>image: /nosuch: ENOENT (not there): giving up".into())),
        // Inside the file system there is no such file.
        ("/out", Err("<3>image: /out: ENOENT (not there): giving up".into())),
    ];
    for (path, expected) in rows {
        let mut fake = machine(&format!("pintle.image={path}"));
        let (end, said) = outcome(&mut fake);
        match expected {
            Ok(line) => assert_eq!((end, &said[1..]), (exec(), &[line.to_owned()][..]), "{path}"),
            Err(line) => {
                assert_eq!((end, &said[1..]), (Some(End::Exit(1)), &[line, PANIC.into()][..]), "{path}");
                assert_eq!((fake.mounted_at("/root"), fake.mounted_at("/run/pintle/outer")), (None, None), "{path}");
            }
        }
    }
    // Blocks of an ext file system may be smaller than the disk's sectors.
    let mut fake = machine("pintle.image=/r.ext4");
    fake.boot();
    assert!(fake.calls.contains(&"ioctl 7 0x4c0a @ext4/r.ext4 512".to_string()), "{:#?}", fake.calls);
}

/// EROFS without a loop device, where the kernel can; ENOTBLK where it can't.
#[test]
fn erofs_both_ways() {
    let mut fake = machine("pintle.image=/r.erofs");
    let (end, said) = outcome(&mut fake);
    assert_eq!((end, said[1].as_str()), (exec(), "<6>mounted @ext4/r.erofs (erofs) read-only"));
    assert!(!fake.calls.iter().any(|call| call.contains("loop")));
    assert!(fake.calls.contains(&"mount @ext4/r.erofs /root erofs 0x8001 \"\"".to_string()));
    let mut fake = machine("pintle.image=/r.erofs");
    fake.refused.push(("mount @ext4", Errno::new(15)));
    let (end, said) = outcome(&mut fake);
    assert_eq!((end, said[1].as_str()), (exec(), "<6>mounted /dev/loop0 (erofs) read-only"));
}

/// Somebody is faster, once, or always.
#[test]
fn busy_loop_devices() {
    let busy = |fake: &Fake| fake.calls.iter().filter(|call| call.ends_with("0x4c82")).count();
    let mut fake = machine("pintle.image=/r.sqfs");
    fake.boot();
    let first = fake.calls.iter().position(|call| call.contains("0x4c0a")).expect("a loop device");
    let mut fake = machine("pintle.image=/r.sqfs");
    fake.fail = Some((first, Errno::EBUSY));
    assert_eq!((fake.boot(), busy(&fake)), (exec(), 2));
    let mut fake = machine("pintle.image=/r.sqfs");
    fake.refused.push(("ioctl 7 0x4c0a", Errno::EBUSY));
    let (end, said) = outcome(&mut fake);
    let line = "<3>image: /dev/loop-control (module loop): EBUSY: giving up";
    assert_eq!((end, said[1].as_str(), busy(&fake)), (Some(End::Exit(1)), line, 16));
    let mut other = machine("pintle.image=/nosuch");
    other.boot();
    assert_eq!(fake.open_fds(), other.open_fds(), "nothing stays open");
}

const OVERLAY: [&str; 6] = [
    "mkdir /run/pintle/upper/upper 755",
    "mkdir /run/pintle/upper/work 755",
    "mkdir /run/pintle 755",
    "mkdir /run/pintle/lower 755",
    "move_mount CWD /root CWD /run/pintle/lower 0x0",
    "mount overlay /root overlay 0x0 \
\"lowerdir=/run/pintle/lower,upperdir=/run/pintle/upper/upper,workdir=/run/pintle/upper/work\"",
];

#[test]
fn the_calls_of_a_tmpfs_on_top() {
    let rows = [
        ("pintle.overlay=tmpfs:64M", "64M"),
        ("overlayroot=tmpfs rw", "50%"),
        ("systemd.volatile=overlay", "25%,nr_inodes=1m"),
    ];
    for (words, size) in rows {
        let mut fake = machine(words);
        let (end, said) = outcome(&mut fake);
        let expected = ["<6>mounted /dev/vda (ext4) read-only", "<6>mounted overlay (overlay) read-write"];
        assert_eq!((end, said), (exec(), expected.map(str::to_owned).to_vec()), "{words}");
        let tmpfs = format!("mount tmpfs /run/pintle/upper tmpfs 0x1000000 \"mode=0755,size={size}\"");
        let first = ["mkdir /run/pintle 755", "mkdir /run/pintle/upper 755", &tmpfs];
        assert_eq!(calls(&fake), [&first[..], &OVERLAY, &["chdir /root"]].concat(), "{words}");
    }
}

/// On a device: it is looked for like a root, and mounted writable; of it only the directory is left.
#[test]
fn the_calls_of_a_device_on_top() {
    let mut fake = machine("pintle.overlay=LABEL=a:b:/var").with("ext4", "/upper", dir()).with("ext4", "/work", dir());
    let (end, said) = outcome(&mut fake);
    let expected = [
        "<6>mounted /dev/vda (ext4) read-only",
        "<6>mounted /dev/vdb (ext4) read-write",
        "<6>mounted overlay (overlay) read-write",
    ];
    assert_eq!((end, said), (exec(), expected.map(str::to_owned).to_vec()));
    let narrowed = [
        "chdir /run/pintle/upper",
        "openat2 CWD /var",
        "open_tree 4  0x81001",
        "close 4",
        "chdir /",
        "umount2 /run/pintle/upper 2",
        "move_mount 6  CWD /run/pintle/upper 0x4",
        "close 6",
    ];
    let calls = calls(&fake);
    let start = calls.iter().position(|call| *call == "chdir /run/pintle/upper").expect("a directory");
    assert_eq!(calls[start..], [&narrowed[..], &OVERLAY, &["chdir /root"]].concat());
    assert!(calls.contains(&"mount /dev/vdb /run/pintle/upper ext4 0x8000 \"\""), "{calls:#?}");
    // What isn't there, isn't a directory, or can't be written.
    type Row = (&'static str, Option<(&'static str, Errno)>, &'static [&'static str]);
    let rows: [Row; 5] = [
        (
            "LABEL=nosuch",
            None,
            &[
                "<3>find root: LABEL=nosuch: ETIMEDOUT: giving up",
                "<3>writable top: LABEL=nosuch: not there: giving up",
            ],
        ),
        ("/dev/vdb:/nosuch", None, &["<3>writable top: /nosuch: ENOENT (not there): giving up"]),
        (
            "/dev/vdb",
            Some(("mkdir /run/pintle/upper/", Errno::EROFS)),
            &["<3>writable top: overlay: EROFS (read-only): giving up"],
        ),
        (
            "/dev/vdb",
            Some(("mount overlay", Errno::ENODEV)),
            &["<3>writable top: overlay: ENODEV (or not in this kernel): giving up"],
        ),
        (
            "nosuch:/dir",
            None,
            &[
                "<4>command line: root=nosuch: unknown form, known are /dev/NAME, MAJ:MIN, hex, (PART)UUID=, (PART)LABEL=: \
going on without it",
                "<3>writable top: nosuch: not there: giving up",
            ],
        ),
    ];
    for (value, refused, expected) in rows {
        let mut fake = machine(&format!("rootwait=0 pintle.overlay={value}"));
        fake.refused.extend(refused);
        let (end, said) = outcome(&mut fake);
        let said: Vec<_> = said.iter().map(String::as_str).filter(|line| !line.starts_with("<6>")).collect();
        assert_eq!((end, said), (Some(End::Exit(1)), [expected, &[PANIC]].concat()), "{value}");
        for point in ["/root", "/run/pintle/lower", "/run/pintle/upper"] {
            assert_eq!(fake.mounted_at(point), None, "{value}: {point}");
        }
    }
}

/// Drivers that the image has, and nobody has listed, are loaded once they are missed.
#[test]
fn drivers() {
    let dep = "overlay.ko:\nloop.ko:\n";
    let alias = "alias fs-overlay overlay\nalias devname:loop-control loop\n";
    let mut fake = machine("pintle.image=/r.sqfs pintle.overlay=tmpfs").without("devtmpfs", "/loop-control");
    for (path, text) in [("dep", dep), ("alias", alias)] {
        fake = fake.with_image(&format!("/lib/modules/6.12.1/modules.{path}"), file(0o644, text));
    }
    for name in ["overlay", "loop"] {
        fake = fake.with_image(&format!("/lib/modules/6.12.1/{name}.ko"), file(0o644, "module"));
    }
    fake.refused.push(("mount overlay", Errno::ENODEV));
    fake.before = Some(("finit_module /lib/modules/6.12.1/loop.ko", |fake| {
        fake.tree.insert("@devtmpfs/loop-control".into(), file(0o600, ""));
        fake.before = Some(("finit_module /lib/modules/6.12.1/overlay.ko", |fake| fake.refused.clear()));
    }));
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, exec(), "{said:#?}");
    assert_eq!(said.last().map(String::as_str), Some("<6>mounted overlay (overlay) read-write"), "{said:#?}");
}

/// Words that nobody knows never boot a root that is written to.
#[test]
fn unknown_tops() {
    for word in ["overlayroot=crypt:dev=/dev/vdb", "systemd.volatile=maybe"] {
        let mut fake = machine(word);
        let (end, said) = outcome(&mut fake);
        let value = word.split_once('=').expect("a value").1;
        let line = format!("<3>writable top: {value}: unknown form: giving up");
        assert_eq!((end, &said[1..]), (Some(End::Exit(1)), &[line, PANIC.to_owned()][..]), "{word}");
    }
}

/// Of a root that a hash verifies nothing but a tmpfs may be written to, unless the image says so itself.
#[test]
fn tops_of_verified_roots() {
    let rows = [
        ("pintle.overlay=LABEL=a:b:/var", "", false),
        ("pintle.overlay=LABEL=a:b:/var", "permit=persistent-overlay\n", true),
        ("pintle.overlay=tmpfs", "", true),
    ];
    for (words, settings, expected) in rows {
        let line = format!("roothash=00 {words}");
        let request = request(&line);
        let mut fake = machine(&line).with_image("/etc/pintle.conf", file(0o644, settings)).mounted("devtmpfs", "/dev");
        let mut settled = request;
        let log = &mut Log::new(&mut fake);
        crate::lock::read(log, &mut settled).unwrap_or_else(|_| panic!("{settings}"));
        let mut buffers = Buffers::new();
        let prepared = top::prepare(log, &settled, top::kind(&settled), &mut buffers.work).is_ok();
        assert_eq!(prepared, expected, "{words} {settings}");
        let line = "<3>pintle: writable top: LABEL=a:b:/var: nothing verifies it, and the root has a hash: giving up";
        assert_eq!(fake.log.iter().any(|said| said == line), !expected, "{words} {settings}: {:?}", fake.log);
    }
}

#[test]
fn the_calls_of_a_tmpfs_with_the_usr_of_the_root() {
    let mut fake =
        machine("systemd.volatile=yes init=/usr/lib/init").with("ext4", "/usr/lib/init", file(0o755, elf("")));
    // What is mounted at its /usr stands in the tmpfs here.
    fake = fake.with("tmpfs", "/usr/lib/init", file(0o755, elf("")));
    let (end, said) = outcome(&mut fake);
    assert_eq!(
        (end, said[1].as_str()),
        (Some(End::Exec("/usr/lib/init".into())), "<6>mounted tmpfs (tmpfs) read-write")
    );
    let start = fake.calls.iter().position(|call| call == "openat2 CWD usr").expect("a /usr");
    let directories =
        ["dev", "etc", "proc", "root", "run", "sys", "usr", "var"].map(|name| format!("mkdir {name} 755"));
    let links = ["bin", "lib", "lib64", "sbin"].map(|name| format!("symlink usr/{name} {name}"));
    let expected: Vec<String> = [
        "openat2 CWD usr",
        "open_tree 4  0x89001",
        "close 4",
        "mkdir /run/pintle 755",
        "mkdir /run/pintle/lower 755",
        "move_mount CWD /root CWD /run/pintle/lower 0x0",
        "mkdir /run/pintle 755",
        "mkdir /root 755",
        "mount tmpfs /root tmpfs 0x1000000 \"mode=0755,size=25%,nr_inodes=1m\"",
        "chdir /root",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(directories)
    .chain(links)
    .chain(["move_mount 6  CWD usr 0x4", "close 6"].map(str::to_owned))
    .collect();
    assert_eq!(fake.calls[start..start + expected.len()], expected);
}

/// systemd's own generator mounts its /var; for others it is mounted here.
#[test]
fn state() {
    let machine = |init: &str| machine(&format!("systemd.volatile=state {init} rw"));
    let mut fake = machine("");
    assert_eq!(fake.boot(), exec());
    let start = fake.calls.iter().position(|call| call.starts_with("readlink")).expect("a look at the init");
    let expected = [
        "mkdir /run/pintle 755",
        "mkdir /var 755",
        "mount tmpfs /var tmpfs 0x1000000 \"mode=0755,size=25%,nr_inodes=1m\"",
        "openat2 CWD var",
        "move_mount CWD /var 4  0x40",
        "close 4",
    ];
    assert_eq!(fake.calls[start + 2..start + 2 + expected.len()], expected);
    assert_eq!(fake.mounted_at("/var"), Some("tmpfs"));
    assert!(fake.calls.contains(&"mount /dev/vda /root ext4 0x8001 \"\"".to_string()));
    let systemd = |init: &str| {
        let systemd = file(0o755, elf(""));
        machine(init).with("ext4", "/lib/systemd/systemd", systemd).with(
            "ext4",
            "/sbin/init",
            link("/lib/systemd/systemd"),
        )
    };
    for init in ["", "init=/lib/systemd/systemd"] {
        let mut fake = systemd(init);
        assert!(matches!(fake.boot(), Some(End::Exec(_))));
        assert_eq!(fake.mounted_at("/var"), None);
    }
}

/// All at once: an image of an image's root would be no other. One call after the other fails: the boot goes on with all
/// of its layers, or a line says why it doesn't, and nothing of them stays mounted. Never is a root booted without them.
#[test]
fn every_call_may_fail() {
    let errnos = [Errno::EIO, Errno::EINVAL, Errno::EBUSY, Errno::EEXIST];
    let words = [
        "pintle.image=/r.sqfs pintle.overlay=LABEL=a:b:/var",
        "pintle.image=/r.erofs pintle.overlay=tmpfs",
        "systemd.volatile=yes init=/usr/lib/init",
        "systemd.volatile=state",
    ];
    let mut ends = [0; 2];
    for words in words {
        let machine = || {
            let fake = machine(words).with("ext4", "/usr/lib/init", file(0o755, elf("")));
            fake.with("tmpfs", "/usr/lib/init", file(0o755, elf("")))
        };
        let mut fake = machine();
        fake.boot();
        let calls = std::mem::take(&mut fake.calls);
        let mounts: Vec<_> = ["/", "/var"].map(|point| fake.mounted_at(point).map(str::to_owned)).to_vec();
        let whole = calls.iter().filter(|call| call.starts_with("mount ")).count();
        let first = calls.iter().position(|call| call.starts_with("mount /dev/vda")).expect("a root") + 1;
        let last = calls.iter().position(|call| call.starts_with("open /dev/console")).expect("a handover");
        for (place, errno) in (first..last).flat_map(|place| errnos.map(|errno| (place, errno))) {
            let mut fake = machine();
            fake.fail = Some((place, errno));
            let end = fake.boot();
            let at = format!("{words}: {}: {errno:?}: {:#?}", calls[place], fake.log);
            match end {
                Some(End::Exec(_)) => {
                    ends[0] += 1;
                    let now: Vec<_> = ["/", "/var"].map(|point| fake.mounted_at(point).map(str::to_owned)).to_vec();
                    let made = fake.calls.iter().filter(|call| call.starts_with("mount ")).count();
                    let said = fake.log.iter().any(|line| line.starts_with("<4>"));
                    // As of the other directories: EINVAL is what isn't mounted.
                    let unmounted = errno == Errno::EINVAL && calls[place].contains("var");
                    assert!(now == mounts || said || unmounted, "{at}");
                    assert!(made >= whole, "{at}");
                }
                Some(End::Exit(1)) => {
                    ends[1] += 1;
                    assert!(
                        fake.log.iter().any(|line| line.starts_with("<3>") && line.ends_with(": giving up")),
                        "{at}"
                    );
                    for point in ["/root", "/run/pintle/outer", "/run/pintle/lower", "/run/pintle/upper"] {
                        assert_eq!(fake.mounted_at(point), None, "{point}: {at}");
                    }
                }
                other => panic!("{other:?}: {at}"),
            }
        }
    }
    assert!(ends.iter().all(|count| *count > 100), "each kind of end has been seen: {ends:?}");
}

/// A root whose layers can't be had leads to the next one, as any other that can't be mounted; and so does one whose init
/// can't be executed, of which nothing stays mounted.
#[test]
fn the_next_root() {
    let roots = format!("pintle.root=UUID={},UUID={} pintle.image=/r.sqfs pintle.overlay=tmpfs", uuid(1), uuid(2));
    let mut fake = machine(&roots);
    fake.before = Some(("openat2 CWD /r.sqfs", |fake| fake.refused.push(("openat2 CWD /r.sqfs", Errno::ENOENT))));
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, Some(End::Exit(1)));
    assert_eq!(said.iter().filter(|line| line.starts_with("<3>image: /r.sqfs: ENOENT")).count(), 2, "{said:#?}");
    let mut fake = machine(&roots).without("overlay", "/sbin/init");
    let (end, said) = outcome(&mut fake);
    assert_eq!(end, Some(End::Exit(1)));
    assert_eq!(said.iter().filter(|line| line.starts_with("<6>mounted overlay")).count(), 2, "{said:#?}");
    for point in ["/root", "/run/pintle/outer", "/run/pintle/lower", "/run/pintle/upper"] {
        assert_eq!(fake.mounted_at(point), None, "{point}");
    }
}
