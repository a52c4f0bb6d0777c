use super::*;
use crate::device::tests::images::{ext4, uuid};
use crate::kernel::fake::{Block, End, Fake, file};

const UUID: u128 = 9;
/// Small, so that little is read of it: the head.
const SMALL: usize = 72 * 1024;
const PANIC: &str = "<3>giving up: PID 1 ends, the kernel panics, panic= decides";

/// A swap whose header is in this page, of 4 KiB, with the two signatures of a suspended system, or its own alone.
fn swap(page: usize, old: &[u8; 10], new: &[u8; 10]) -> Vec<u8> {
    let mut bytes = vec![0; SMALL];
    let end = (page + 1) * 4096;
    bytes[page * 4096 + 1024..][..8].copy_from_slice(&[1, 0, 0, 0, 255, 0, 0, 0]);
    bytes[page * 4096 + 1036..][..16].copy_from_slice(&UUID.to_be_bytes());
    bytes[end - 20..end - 10].copy_from_slice(old);
    bytes[end - 10..end].copy_from_slice(new);
    bytes
}

fn plain() -> Vec<u8> {
    swap(0, &[0; 10], b"SWAPSPACE2")
}

fn suspended() -> Vec<u8> {
    swap(0, b"SWAPSPACE2", b"S1SUSPEND\0")
}

/// A root on vda, `content` on vdb, and a kernel that knows hibernation.
fn machine(words: &str, content: Vec<u8>) -> Fake {
    let mut fake = Fake::bare(&format!("root=/dev/vda {words}"))
        .with_block(&Block::disk("vda", (254, 0), ext4(7, "")[..SMALL].to_vec()))
        .with_block(&Block::disk("vdb", (254, 16), content))
        .with("sysfs", "/power/resume", file(0o644, ""))
        .with("sysfs", "/power/resume_offset", file(0o644, ""));
    fake.diskseq = 1;
    fake
}

/// What the kernel does before it reads the image, wherever that is.
fn consume(fake: &mut Fake) {
    let bytes = fake.bytes_mut("@devtmpfs/vdb");
    for page in [0, 3] {
        let end = (page + 1) * 4096;
        if bytes[end - 10..end].ends_with(b"SUSPEND\0") {
            bytes.copy_within(end - 20..end - 10, end - 10);
        }
    }
}

/// The end, what was said, and what was written to sysfs and to the disk.
fn outcome(fake: &mut Fake) -> (Option<End>, Vec<String>, Vec<String>) {
    let end = fake.boot();
    let said = fake.log.iter().filter(|line| line.starts_with('<') && !line.starts_with("<6>"));
    let said = said.map(|line| line.replacen("pintle: ", "", 1)).collect();
    let written = |call: &&String| call.starts_with("write @sysfs") || call.starts_with("pwrite");
    let written = fake.calls.iter().filter(written).cloned().collect();
    (end, said, written)
}

fn booted() -> Option<End> {
    Some(End::Exec("/sbin/init".into()))
}

const TRIED: &[&str] = &["write @sysfs/power/resume_offset 0", "write @sysfs/power/resume 254:16"];

#[test]
fn attempts() {
    let by_uuid = format!("resume=UUID={}", uuid(UUID));
    let gone = "<4>resume: vdb: the kernel could not, and the image is used up: going on without it";
    let still = "<3>resume: vdb: a hibernation image is on it (not tried), pintle.discard-hibernation would clear it: giving up";
    let unread = "<4>resume: vdb: EIO: going on without it";
    // The words, what is on the device, whether the kernel tries: whether it boots, what is said, what is written.
    let rows: &[(&str, Vec<u8>, bool, bool, &[&str], &[&str])] = &[
        ("resume=/dev/vdb", plain(), true, true, &[], &[]),
        (&by_uuid, plain(), true, true, &[], &[]),
        ("resume=", suspended(), true, true, &[], &[]),
        ("resume=/dev/vdb", suspended(), true, true, &[gone], TRIED),
        (&by_uuid, suspended(), true, true, &[gone], TRIED),
        ("resume=254:16", suspended(), true, true, &[gone], TRIED),
        // nohibernate, lockdown, another program's image.
        ("resume=/dev/vdb", suspended(), false, false, &[still], TRIED),
        ("resume=/dev/vdb", swap(0, b"SWAPSPACE2", b"ULSUSPEND\0"), false, false, &[still], TRIED),
        ("resume=/dev/vdb noresume", suspended(), true, false, &[still], &[]),
        ("resume=/dev/vdb hibernate=noresume", suspended(), true, false, &[still], &[]),
        ("resume=/dev/vdb hibernate=nocompress", suspended(), true, true, &[gone], TRIED),
        ("resume=/dev/vdb noresume", plain(), true, true, &[], &[]),
        // Its header is where nothing can be read.
        ("resume=/dev/vdb", Vec::new(), true, true, &[unread], &[]),
        // In a file.
        (
            "resume=/dev/vdb resume_offset=3",
            swap(3, b"SWAPSPACE2", b"S1SUSPEND\0"),
            true,
            true,
            &[gone],
            &["write @sysfs/power/resume_offset 3", TRIED[1]],
        ),
        ("resume=/dev/vdb resume_offset=3", swap(3, &[0; 10], b"SWAPSPACE2"), true, true, &[], &[]),
        ("resume=/dev/vdb resume_offset=4000000000", plain(), true, true, &[unread], &[]),
        (
            "resume=/dev/vdb pintle.discard-hibernation",
            suspended(),
            true,
            true,
            &["<4>resume: vdb: the hibernation image is cleared"],
            &["pwrite 6 SWAPSPACE2 4086"],
        ),
        (
            "resume=/dev/vdb noresume resume_offset=3 pintle.discard-hibernation",
            swap(3, b"SWAP-SPACE", b"ULSUSPEND\0"),
            true,
            true,
            &["<4>resume: vdb: the hibernation image is cleared"],
            &["pwrite 6 SWAP-SPACE 16374"],
        ),
        ("resume=/dev/vdb pintle.discard-hibernation", plain(), true, true, &[], &[]),
        // What stood there before was no swap's.
        (
            "resume=/dev/vdb pintle.discard-hibernation",
            swap(0, b"XWAPSPACE2", b"S1SUSPEND\0"),
            true,
            false,
            &[
                "<3>resume: vdb: a hibernation image is on it (EUCLEAN (damaged)), pintle.discard-hibernation would clear it: giving up",
            ],
            &[],
        ),
        // No name of a device, and one that doesn't come.
        (
            "resume=/dev/mapper/swap",
            suspended(),
            true,
            true,
            &["<4>resume: /dev/mapper/swap: EINVAL: going on without it"],
            &[],
        ),
        ("resume=/dev/nfs", suspended(), true, true, &["<4>resume: /dev/nfs: EINVAL: going on without it"], &[]),
        (
            "resume=LABEL=nosuch",
            suspended(),
            true,
            true,
            &["<4>resume: LABEL=nosuch: ETIMEDOUT: going on without it"],
            &[],
        ),
    ];
    let mut without = machine("", plain());
    without.boot();
    let without = without.open_fds();
    for (words, content, tries, boots, said, written) in rows {
        let mut fake = machine(words, content.clone());
        if *tries {
            fake.before = Some(("write @sysfs/power/resume 254", consume));
        }
        let (end, found, wrote) = outcome(&mut fake);
        let mut said: Vec<_> = said.iter().map(ToString::to_string).collect();
        if !boots {
            said.push(PANIC.into());
            assert!(!fake.calls.iter().any(|call| call.starts_with("mount /dev")), "{words}");
        }
        assert_eq!((end, found), (if *boots { booted() } else { Some(End::Exit(1)) }, said), "{words}");
        assert_eq!(wrote, *written, "{words}");
        // No descriptor is left but the root's, and what was listened to.
        let listens = fake.calls.iter().any(|call| call == "socket uevents");
        let left = fake.open_fds().len() - usize::from(listens);
        assert!(!*boots || left == without.len(), "{words}: {:?}", fake.open_fds());
        // But for the signature nothing is touched.
        let left = fake.bytes_mut("@devtmpfs/vdb").clone();
        let changed: Vec<_> = (0..content.len()).filter(|at| left[*at] != content[*at]).collect();
        let page = changed.first().map_or(0, |at| at / 4096);
        assert!(changed.iter().all(|at| (page * 4096 + 4086..(page + 1) * 4096).contains(at)), "{words}: {changed:?}");
        assert!(*boots || changed.is_empty(), "{words}: {changed:?}");
    }
}

/// How long it is waited for, and for what.
#[test]
fn waits() {
    let rows = [("", 5_000), ("resumedelay=3", 8_000), ("resumedelay=x", 5_000)];
    for (words, waited_ms) in rows {
        let mut fake = machine(&format!("resume=LABEL=nosuch {words}"), plain());
        assert_eq!((fake.boot(), fake.now_ms), (booted(), 5_000 + waited_ms), "{words}");
    }
    // It comes, late or within that time.
    for (words, at_ms, said) in [
        ("resume=/dev/vdb", 9_000, vec![]),
        ("resume=/dev/vdb resumewait", 600_000, vec!["<4>resume: /dev/vdb: not there: waiting, resumewait"]),
    ] {
        let mut fake = Fake::bare(&format!("root=/dev/vda {words}"))
            .with_block(&Block::disk("vda", (254, 0), ext4(7, "")[..SMALL].to_vec()))
            .with_block_later(at_ms, &Block::disk("vdb", (254, 16), plain()));
        fake.diskseq = 1;
        let (end, found, _) = outcome(&mut fake);
        assert_eq!((end, found), (booted(), said.iter().map(ToString::to_string).collect()), "{words}");
        assert_eq!(fake.now_ms, at_ms);
    }
}

/// Two swaps of the same name: neither is tried, nor the root mounted.
#[test]
fn two_of_a_name() {
    let words = format!("resume=UUID={}", uuid(UUID));
    let mut fake = machine(&words, suspended()).with_block(&Block::disk("vdc", (254, 32), plain()));
    let (end, said, written) = outcome(&mut fake);
    assert_eq!((end, written.len()), (Some(End::Exit(1)), 0));
    assert!(said.iter().any(|line| line.contains("on two devices at least")), "{said:?}");
}

/// Beside a root hash nothing of another system's gets in, unless the image permits it.
#[test]
fn beside_a_root_hash() {
    for permitted in [false, true] {
        let words = "resume=/dev/vdb root= rootwait=0 roothash=00112233445566778899aabbccddeeff";
        let mut fake = machine(words, suspended());
        if permitted {
            fake = fake.with_image("/etc/pintle.conf", file(0o644, "permit=resume"));
        }
        let (_, said, written) = outcome(&mut fake);
        let refused = "<4>resume: /dev/vdb: not beside a root hash: going on without it".to_owned();
        assert_eq!((said.contains(&refused), written.len()), (!permitted, if permitted { 2 } else { 0 }), "{said:?}");
    }
}

/// Whatever fails, an image that is there is never taken for none; and what boots without one boots.
#[test]
fn every_call_may_fail() {
    for words in ["resume=/dev/vdb", "resume=/dev/vdb pintle.discard-hibernation"] {
        let machine = || {
            let mut fake = machine(words, suspended());
            fake.before = Some(("write @sysfs/power/resume 254", consume));
            fake
        };
        let mut fake = machine();
        assert_eq!(fake.boot(), booted());
        let start = fake.calls.iter().position(|call| call == "statx CWD /dev/vdb").expect("a look");
        let end = fake.calls.iter().position(|call| call == "statx CWD /dev/vda").expect("the root's");
        for (place, errno) in (start..end).flat_map(|place| [(place, Errno::EIO), (place, Errno::ENOENT)]) {
            let mut fake = machine();
            let call = fake.calls.len();
            assert_eq!(call, 0);
            fake.fail = Some((place, errno));
            let (end, said, _) = outcome(&mut fake);
            let left = fake.bytes_mut("@devtmpfs/vdb")[4086..4096].to_vec();
            let at = format!("{words} {:?} {errno:?}: {said:?}", fake.calls.get(place));
            // Where it can't even be read nobody knows; otherwise it is gone, or the boot is refused.
            let unread = end == booted() && left == *b"S1SUSPEND\0";
            let looks = ["statx", "open /dev/vdb", "open /sys/dev", "read", "pread", "lseek", "ioctl"];
            let call = fake.calls.get(place).cloned().unwrap_or_default();
            assert!(!unread || said.iter().any(|line| line.starts_with("<4>resume: ")), "{at}");
            assert!(!unread || looks.iter().any(|look| call.starts_with(look)), "{at}");
            assert!(end == booted() || !fake.calls.iter().any(|call| call.starts_with("mount /dev")), "{at}");
        }
    }
}
