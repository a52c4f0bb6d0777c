//! Whole boots of verified roots on the fake kernel: what is asked of device-mapper, every answer of it made to fail, and what
//! is refused.

use super::superblock::tests::superblock;
use crate::device::tests::images::{BYTES, DATA, ROOT, entry, ext4, gpt, xfs};
use crate::error::Errno;
use crate::handover::program::tests::elf;
use crate::kernel::fake::{Block, End, Fake, file};

/// What is verified by it has these partitions.
const HASH: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f9101112131415161718191a1b1c1d1e1f";
const DATA_UUID: u128 = 0x0a1b2c3d_4e5f_6071_8293_a4b5c6d7e8f9;
const TREE_UUID: u128 = 0x10111213_1415_1617_1819_1a1b1c1d1e1f;
/// What the superblock says of itself.
const SB_UUID: &str = "f0000000-0000-4000-8000-000000000000";
const FS: u128 = 0x0f2a4c6e_0001_4000_8000_00000000abcd;
const MOUNTED: &str = "<6>mounted /dev/dm-0 (ext4) read-only";
const PANIC: &str = "<3>giving up: PID 1 ends, the kernel panics, panic= decides";
const TABLE: &str = "1 8:0 8:16 4096 4096 512 1 sha256 \
0a1b2c3d4e5f60718293a4b5c6d7e8f9101112131415161718191a1b1c1d1e1f 5a17";

/// The data on sda, the hashes on sdb.
fn machine(words: &str) -> Fake {
    let blocks = [Block::disk("sda", (8, 0), ext4(FS, "")), Block::disk("sdb", (8, 16), tree())];
    with(words, &blocks)
}

/// With the words that name the two.
fn named(words: &str) -> Fake {
    machine(&format!("{NAMED} {words}"))
}

const NAMED: &str = "roothash=0a1b2c3d4e5f60718293a4b5c6d7e8f9101112131415161718191a1b1c1d1e1f \
systemd.verity_root_data=/dev/sda systemd.verity_root_hash=/dev/sdb";

fn tree() -> Vec<u8> {
    let mut bytes = vec![0; BYTES];
    bytes[..512].copy_from_slice(&superblock());
    bytes
}

fn with(words: &str, blocks: &[Block]) -> Fake {
    let mut fake =
        blocks.iter().fold(Fake::bare(words), Fake::with_block).with("ext4", "/usr", crate::kernel::fake::dir());
    fake.mountable.insert("xfs", fake.mountable["ext4"].clone());
    fake.mountable.get_mut("devtmpfs").expect("devtmpfs").insert("/mapper".into(), crate::kernel::fake::dir());
    fake.targets.insert("verity", 10);
    fake.with("devtmpfs", "/mapper/control", file(0o600, ""))
}

/// What is said, without pintle's name, and whether it came to an init.
fn boot(fake: &mut Fake) -> (bool, Vec<String>) {
    let end = fake.boot();
    let lines = fake.log.iter().map(|line| line.replacen("pintle: ", "", 1));
    (matches!(end, Some(End::Exec(_))), lines.filter(|line| !line.starts_with("<3>there is ")).collect())
}

fn boots(fake: &mut Fake, expected: &[&str]) {
    assert_eq!(boot(fake), (true, expected.iter().map(ToString::to_string).collect()), "{:#?}", fake.calls);
}

/// It says this alone, nothing is mounted, and no mapping is left.
fn fails(fake: &mut Fake, expected: &str) {
    let (booted, mut said) = boot(fake);
    assert!(!booted);
    assert_eq!(said.pop().as_deref(), Some(PANIC));
    assert_eq!(said, [expected]);
    assert!(!fake.calls.iter().any(|call| call.starts_with("mount /dev/")), "{:#?}", fake.calls);
    assert_eq!(fake.mappings, []);
}

fn dm(fake: &Fake) -> Vec<&str> {
    let lines = fake.calls.iter().filter_map(|call| call.strip_prefix("dm "));
    lines.filter_map(|line| line.split_once(' ')).map(|(_, line)| line).collect()
}

#[test]
fn the_requests_of_a_good_boot() {
    let mut fake = named("rw");
    boots(&mut fake, &[MOUNTED]);
    let lenient = format!("load root 0x1 4096 verity {TABLE}");
    let strict = format!("{lenient} 2 panic_on_corruption panic_on_error");
    let expected = [
        "version verity 0x0",
        "create root 0x0",
        &lenient,
        "resume root 0x0",
        &strict,
        "resume root 0x0",
        "status root 0x10",
    ];
    assert_eq!(dm(&fake), expected);
    assert_eq!(fake.mappings[0].uuid, format!("CRYPT-VERITY-{}-root", SB_UUID.replace('-', "")));
    for call in ["symlink ../dm-0 /dev/mapper/root", "mount /dev/dm-0 /root ext4 0x8001 \"noload\""] {
        assert!(fake.calls.iter().any(|made| made == call), "{call}: {:#?}", fake.calls);
    }
    let mut plain = machine("root=/dev/sda");
    plain.boot();
    assert_eq!(fake.open_fds(), plain.open_fds(), "none of it is left open");
}

/// Named by the root hash alone, on one disk.
#[test]
fn partitions_by_the_root_hash() {
    let disk = Block::disk("sda", (8, 0), gpt(&[entry(ROOT, DATA_UUID, ""), entry(DATA, TREE_UUID, "")]));
    let parts = [disk.partition("sda1", 1, "PARTN=1\n", ext4(FS, "")), disk.partition("sda2", 2, "PARTN=2\n", tree())];
    let blocks = [vec![disk], parts.to_vec()].concat();
    for words in [format!("roothash={HASH}"), format!("roothash={}", HASH.to_uppercase())] {
        let mut fake = with(&words, &blocks);
        boots(&mut fake, &[MOUNTED]);
        assert!(dm(&fake)[2].contains(&format!(" 1 8:1 8:2 4096 4096 512 1 sha256 {HASH} 5a17")));
    }
    // One of them, or both, later than pintle.
    for late in [&blocks[1..], &blocks[2..], &blocks] {
        let here: Vec<_> =
            blocks.iter().filter(|block| !late.iter().any(|one| one.name == block.name)).cloned().collect();
        let fake = with(&format!("roothash={HASH} rootwait=9"), &here);
        let mut fake = late.iter().fold(fake, |fake, block| fake.with_block_later(5_900, block));
        boots(&mut fake, &[MOUNTED]);
    }
    // Neither comes, or one of them doesn't.
    for (blocks, digits) in [(&blocks[2..], &HASH[..32]), (&[], &HASH[..32])] {
        let mut fake = with(&format!("roothash={HASH} rootwait=0"), blocks);
        fails(&mut fake, &format!("<3>find root: {digits}: ETIMEDOUT: giving up"));
    }
}

/// What would undo it.
#[test]
fn nothing_unverified_gets_in() {
    let refused = |word: &str| {
        format!("<3>command line: {word}: beside a root hash, refused unless /etc/pintle.conf permits it: giving up")
    };
    let rows = [
        ("root=/dev/sda", "/dev/sda"),
        ("root=UUID=0f2a4c6e-0001-4000-8000-00000000abcd", "UUID=0f2a4c6e-0001-4000-8000-00000000abcd"),
        ("root=initramfs", "initramfs"),
        ("root=x rootfstype=tmpfs", "x"),
        ("pintle.root=/dev/mapper/root,/dev/sda", "/dev/mapper/root,/dev/sda"),
        ("systemd.verity=no", "systemd.verity=no"),
        ("rd.systemd.verity=0", "systemd.verity=no"),
        ("systemd.verity=maybe", "systemd.verity=no"),
        ("systemd.verity_root_options=ignore-corruption", "ignore-corruption"),
        ("systemd.verity_root_options=panic-on-corruption,ignore-corruption", "ignore-corruption"),
    ];
    for (words, word) in rows {
        fails(&mut named(words), &refused(word));
    }
    for words in
        ["root=/dev/mapper/root", "systemd.verity=yes rd.systemd.verity=1", "systemd.verity", "rootfstype=ext4,xfs"]
    {
        boots(&mut named(words), &[MOUNTED]);
    }
    // A file system on no device is none that was verified, whatever its name.
    let mut fake = named("rootfstype=tmpfs");
    let (booted, said) = boot(&mut fake);
    assert!(!booted);
    let swapped = "<3>mount root: /dev/dm-0: another device than the one that was found: giving up";
    assert_eq!(said, [swapped, PANIC]);
    assert_eq!(fake.mappings, []);
    // A /usr that is none, by the command line and by fstab.
    let mut fake = named("mount.usr=/dev/sdc");
    let (booted, said) = boot(&mut fake);
    assert!(!booted);
    assert_eq!(said, [MOUNTED, &refused("/dev/sdc"), PANIC]);
    assert_eq!(fake.mappings, []);
    let mut fake = named("").with("ext4", "/etc/fstab", file(0o644, "/dev/sdc /usr ext4 ro 0 0\n"));
    assert_eq!(boot(&mut fake).1, [MOUNTED, &refused("/dev/sdc"), PANIC]);
}

/// What the image permits.
#[test]
fn permits() {
    let permitted = |words: &str, permit: &str| {
        let settings = file(0o644, format!("permit={permit}\n"));
        named(words).with_image("/etc/pintle.conf", settings)
    };
    let mut fake = permitted("systemd.verity_root_options=ignore-corruption", "ignore-corruption");
    boots(&mut fake, &[MOUNTED]);
    assert!(dm(&fake)[4].ends_with(" 5a17 1 ignore_corruption"));
    let mut fake = permitted("systemd.verity=no root=/dev/sda", "no-verity");
    boots(&mut fake, &["<6>mounted /dev/sda (ext4) read-only"]);
    let mut fake =
        permitted("mount.usr=/dev/sdc", "unverified-usr").with_block(&Block::disk("sdc", (8, 32), xfs(7, "")));
    boots(&mut fake, &[MOUNTED, "<6>mounted /dev/sdc (xfs) read-only"]);
    // Each of them no more than itself.
    let mut fake = permitted("systemd.verity_root_options=ignore-corruption", "no-verity,unverified-usr,resume");
    let refused =
        "<3>command line: ignore-corruption: beside a root hash, refused unless /etc/pintle.conf permits it: giving up";
    fails(&mut fake, refused);
}

/// /usr, with a root that is none.
#[test]
fn usr() {
    let words =
        format!("root=/dev/sdc usrhash={HASH} systemd.verity_usr_data=/dev/sda systemd.verity_usr_hash=/dev/sdb");
    let root = Block::disk("sdc", (8, 32), xfs(7, ""));
    let good = ["<6>mounted /dev/sdc (xfs) read-only", MOUNTED];
    for more in ["", "mount.usr=/dev/mapper/usr mount.usrflags=nodev", "mount.usrfstype=ext4"] {
        // The new root has no say in it.
        let mut fake = machine(&format!("{words} {more}")).with_block(&root).with(
            "xfs",
            "/etc/fstab",
            file(0o644, "/dev/sdc /usr xfs\n"),
        );
        boots(&mut fake, &good);
        assert_eq!(fake.mappings[0].name, "usr");
        let flags = if more.contains("nodev") { 4 } else { 0 };
        let call = format!("mount /dev/dm-0 /usr ext4 {:#x} \"noload\"", 0x8001 | flags);
        assert!(fake.calls.contains(&call), "{call}: {:#?}", fake.calls);
    }
    // Without it nothing boots, and nothing is left.
    for (more, said) in [
        (
            "systemd.verity_usr_hash=/dev/sda",
            "<3>verity: /dev/sda: no superblock with hashes of it that its device has room for: giving up",
        ),
        (
            "mount.usr=/dev/sdc",
            "<3>command line: /dev/sdc: beside a root hash, refused unless /etc/pintle.conf permits it: giving up",
        ),
    ] {
        let mut fake = machine(&format!("{words} {more}")).with_block(&root);
        let (booted, log) = boot(&mut fake);
        assert!(!booted);
        assert_eq!(log, [good[0], said, PANIC]);
        assert_eq!(fake.mappings, []);
        assert_eq!(fake.mounted_at("/root"), None);
    }
}

/// Every request, and what comes before and behind, answered by each errno that there is an opinion on.
#[test]
fn every_request_may_fail() {
    let mut fake = named("");
    boot(&mut fake);
    let calls = std::mem::take(&mut fake.calls);
    let first = calls.iter().position(|call| call.starts_with("open /dev/mapper/control")).expect("device-mapper");
    let last = calls.iter().position(|call| call.starts_with("mount /dev/dm-0")).expect("a mount");
    let mut ends = [0; 2];
    for errno in [Errno::EIO, Errno::EINVAL, Errno::ENOENT, Errno::EBUSY, Errno::ENODEV, Errno::new(7), Errno::EACCES] {
        for (place, call) in calls.iter().enumerate().take(last + 1).skip(first) {
            let mut fake = named("");
            fake.fail = Some((place, errno));
            let (booted, said) = boot(&mut fake);
            let at = format!("{call}: {errno:?}: {said:#?} {:#?}", fake.calls);
            ends[usize::from(booted)] += 1;
            if booted {
                let step = call.split_once(' ').expect("a call").1;
                let harmless = ["close", "symlink", "open /dev/kmsg", "write", "ioctl", "lseek", "mkdir", "read"];
                let made_up = errno == Errno::EINVAL && (step.contains(" panic_on_error") || call.starts_with("open /dev/dm-0") || call.starts_with("mount"))
                    || errno == Errno::EACCES && call.starts_with("mount")
                    // Which type it is is found out again.
                    || call.starts_with("pread") || call.starts_with("open /sys/dev/block/8:");
                assert!(made_up || harmless.iter().any(|name| call.starts_with(name)), "{at}");
                assert_eq!(fake.mappings.len(), 1, "{at}");
                let table = fake.mappings[0].table.as_ref().expect("a table");
                assert!(table.2.contains(" panic_on_corruption"), "{at}");
                let minor = fake.mappings[0].minor;
                assert_eq!(minor, 0);
            } else {
                assert_eq!(said.last().map(String::as_str), Some(PANIC), "{at}");
                let why = &said[said.len() - 2];
                assert!(why.starts_with("<3>") && why.ends_with(": giving up"), "{at}");
                assert_eq!(fake.mappings, [], "{at}");
            }
        }
    }
    assert!(ends.iter().all(|count| *count > 20), "{ends:?}");
}

#[test]
fn what_is_missing() {
    let mut fake = named("").without("devtmpfs", "/mapper/control");
    fails(&mut fake, "<3>verity: root: module dm-mod: ENOENT (not there): giving up");
    let mut fake = named("");
    fake.targets.clear();
    fails(&mut fake, "<3>verity: root: module dm-verity: ENODEV (or not in this kernel): giving up");
    // A kernel without modes for what can't be read.
    let mut fake = named("");
    fake.targets.insert("verity", 9);
    boots(&mut fake, &[MOUNTED]);
    assert!(dm(&fake)[4].ends_with(" 5a17 1 panic_on_corruption"), "{:?}", dm(&fake));
    // The first block.
    let mut fake = named("");
    boot(&mut fake);
    let open = fake.calls.iter().position(|call| call == "open /dev/dm-0").expect("a look at it");
    let mut fake = named("");
    fake.fail = Some((open + 1, Errno::EIO));
    fails(&mut fake, "<3>verity: root: the data do not match the root hash: giving up");
}

#[test]
fn words_that_cannot_be() {
    let rows = [
        ("roothash=", ""),
        ("roothash=0a1b2c3d4e5f60718293a4b5c6d7e8", "0a1b2c3d4e5f60718293a4b5c6d7e8"),
        ("roothash=0a1b2c3d4e5f60718293a4b5c6d7e8f91", "0a1b2c3d4e5f60718293a4b5c6d7e8f91"),
        ("roothash=0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"),
        ("roothash=ga1b2c3d4e5f60718293a4b5c6d7e8f9", "ga1b2c3d4e5f60718293a4b5c6d7e8f9"),
        ("systemd.verity_root_data=/dev/mapper/x", "/dev/mapper/x"),
        ("systemd.verity_root_data=/dev/nfs", "/dev/nfs"),
        ("systemd.verity_root_hash=what", "what"),
        ("systemd.verity_root_options=panic-on-coruption", "panic-on-coruption"),
        ("systemd.verity_root_options=nofail,tpm2-measure-pcr=yes", "tpm2-measure-pcr=yes"),
        ("systemd.verity_root_options=hash-offset=4x", "hash-offset=4x"),
        ("systemd.verity_root_options=fec-device=mtd:x", "mtd:x"),
    ];
    for (words, word) in rows {
        let mut fake = named(words);
        fails(&mut fake, &format!("<3>verity: root: {word}: EINVAL: giving up"));
    }
    let too_long = format!("roothash={}", "ab".repeat(65));
    fails(&mut named(&too_long), &format!("<3>verity: root: {}: EINVAL: giving up", "ab".repeat(65)));
}

/// The journal of none is replayed.
#[test]
fn journals_are_left_alone() {
    let disks = |content: Vec<u8>| [Block::disk("sda", (8, 0), content), Block::disk("sdb", (8, 16), tree())];
    let rows = [
        (ext4(FS, ""), "", "ext4 0x8001 \"noload\""),
        (ext4(FS, ""), "rootflags=data=ordered", "ext4 0x8001 \"data=ordered,noload\""),
        (xfs(FS, ""), "rootflags=inode64", "xfs 0x8001 \"inode64,norecovery\""),
        (vec![0; BYTES], "rootfstype=ext4,xfs", "ext4 0x8001 \"noload\""),
    ];
    for (content, words, call) in rows {
        let mut fake = with(&format!("{NAMED} {words}"), &disks(content));
        assert!(boot(&mut fake).0);
        assert!(fake.calls.contains(&format!("mount /dev/dm-0 /root {call}")), "{:#?}", fake.calls);
    }
}

#[test]
fn signatures() {
    let mut fake = named("systemd.verity_root_options=root-hash-signature=base64:aGVsbG8gd29ybGQ=");
    boots(&mut fake, &[MOUNTED]);
    let key = format!("cryptsetup:{SB_UUID}-root");
    assert!(fake.calls.contains(&format!("add_key {key} 11")), "{:#?}", fake.calls);
    assert!(dm(&fake)[4].ends_with(&format!(" 4 panic_on_corruption panic_on_error root_hash_sig_key_desc {key}")));
    let file_of = |bytes: usize| file(0o644, vec![7; bytes]);
    let mut fake = named("systemd.verity_root_options=root-hash-signature=/etc/root.p7s")
        .with_image("/etc/root.p7s", file_of(900));
    boots(&mut fake, &[MOUNTED]);
    assert!(fake.calls.contains(&format!("add_key {key} 900")), "{:#?}", fake.calls);
    for (value, why) in [("/nosuch", "ENOENT (not there)"), ("base64:a$b", "EINVAL")] {
        let mut fake = named(&format!("systemd.verity_root_options=root-hash-signature={value}"));
        fails(&mut fake, &format!("<3>verity: root: root-hash-signature: {why}: giving up"));
    }
    // One that the kernel doesn't take.
    let mut fake = named("systemd.verity_root_options=root-hash-signature=base64:aGVsbG8gd29ybGQ=");
    fake.refused.push(("dm 7 load", Errno::new(126)));
    let (booted, said) = boot(&mut fake);
    assert!(!booted && said.iter().any(|line| line == "<3>verity: root: load: ENOKEY: giving up"), "{said:#?}");
}

/// An init that can't be read, as before Linux 6.12 one on a bad sector, is the end of a verified root, and of another one the
/// next init's turn.
#[test]
fn no_shell_behind_an_init_that_cannot_be_read() {
    for (words, verified) in [(NAMED, true), ("root=/dev/sda", false)] {
        let blocks = [Block::disk("sda", (8, 0), ext4(FS, "")), Block::disk("sdb", (8, 16), tree())];
        let mut fake = with(words, &blocks).with("ext4", "/bin/sh", file(0o755, elf("")));
        fake.refused.push(("openat2 CWD /sbin/init", Errno::EIO));
        let (booted, said) = boot(&mut fake);
        let line = |then: &str| format!("find init: /sbin/init: EIO: {then}");
        assert_eq!(booted, !verified, "{said:#?} {:#?}", fake.calls);
        let line =
            if verified { format!("<3>{}", line("giving up")) } else { format!("<4>{}", line("trying the next init")) };
        assert!(said.contains(&line), "{said:#?}");
    }
}
