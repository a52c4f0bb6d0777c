//! What is mounted, as what, from where; the next root where one can't be; and nothing that was swapped.

use super::images::{btrfs, ext4, image, luks, md, swap, uuid, xfs};
use super::{A, B, GOOD, PART_A, boot, machine, sda, sdb, short};
use crate::bytes::Dev;
use crate::error::Errno;
use crate::kernel::fake::{Block, End, Fake, disk};

fn mounts(fake: &Fake) -> Vec<&str> {
    fake.calls.iter().filter_map(|call| call.strip_prefix("mount /dev/")).collect()
}

fn with(cmdline: &str, content: Vec<u8>) -> Fake {
    machine(cmdline, &[Block::disk("sda", (8, 0), content)])
}

/// The type that was recognised and no other; `rootfstype=` knows better.
#[test]
fn types() {
    let rows: [(&str, Vec<u8>, &[&str]); 8] = [
        ("", ext4(A, ""), &["ext4 0x8001"]),
        ("rw", xfs(A, ""), &["xfs 0x8000"]),
        ("", btrfs(A, "", 1, 1), &["btrfs 0x8001"]),
        ("rootfstype=xfs", ext4(A, ""), &["xfs 0x8001"]),
        ("rootfstype=vfat,ext3,ext4", xfs(A, ""), &["vfat 0x8001", "ext3 0x8001", "ext4 0x8001"]),
        ("rootfstype=ext4", swap(A, ""), &["ext4 0x8001"]),
        // Nothing was recognised: what the kernel knows, one after the other.
        ("", image(&[]), &["ext3 0x8001", "ext4 0x8001"]),
        ("rw", image(&[]), &["ext3 0x8000", "ext4 0x8000"]),
    ];
    for (words, content, expected) in rows {
        for root in ["/dev/sda", "8:0"] {
            let mut fake = with(&format!("root={root} {words}"), content.clone());
            boot(&mut fake);
            let tried: Vec<_> = expected.iter().map(|tried| format!("sda /root {tried} \"\"")).collect();
            assert_eq!(mounts(&fake), tried, "{words}");
        }
    }
    // The kernel doesn't take it: no other is tried but the same read-only.
    let mut fake = with("root=/dev/sda rw rootflags=x", ext4(A, ""));
    fake.refused.push(("mount /dev/sda", Errno::EINVAL));
    assert_eq!(short(&mut fake), ["<3>mount root: /dev/sda: no type fits it and rootflags=: giving up"]);
    assert_eq!(mounts(&fake), ["sda /root ext4 0x8000 \"x\"", "sda /root ext4 0x8001 \"x\""]);
    let mut fake = with("root=/dev/sda", xfs(A, ""));
    fake.refused.push(("mount /dev/sda", Errno::ENODEV));
    let said = "<3>mount root: /dev/sda as xfs: ENODEV (or not in this kernel): giving up";
    assert_eq!(short(&mut fake), [said]);
}

/// NTFS has had two drivers.
#[test]
fn two_names_of_a_type() {
    let volume = 0x4000 + 3 * 1024;
    let ntfs = image(&[
        (3, b"NTFS    \0\x02\x08"),
        (0x28, b"\xff\x07"),
        (0x30, b"\x04"),
        (0x40, b"\xf6"),
        (0x48, &77u64.to_le_bytes()),
        (0x4000, b"FILE"),
        (volume, b"FILE"),
        (volume + 20, b"\x38"),
        (volume + 28, b"\0\x04"),
    ]);
    for errno in [Errno::ENODEV, Errno::EINVAL] {
        let mut fake = with("root=/dev/sda", ntfs.clone());
        fake.mountable.insert("ntfs", fake.mountable["ext4"].clone());
        fake.refused.push(("mount /dev/sda /root ntfs3", errno));
        assert_eq!(boot(&mut fake), ["<6>mounted /dev/sda (ntfs) read-only"]);
    }
}

#[test]
fn what_is_no_file_system() {
    for (content, what) in [(swap(A, ""), "swap"), (luks(A, ""), "crypto_LUKS"), (md(A, ""), "linux_raid_member")] {
        for root in ["/dev/sda", "8:0"] {
            let mut fake = with(&format!("root={root}"), content.clone());
            let said = format!("<3>mount root: /dev/sda: it holds {what}, which is no file system: giving up");
            assert_eq!(short(&mut fake), [said]);
            assert_eq!(mounts(&fake), [""; 0]);
        }
    }
}

/// Not on a block device.
#[test]
fn sources() {
    let rows = [
        ("root=share rootfstype=9p rootflags=trans=virtio", "share /root 9p 0x8001 \"trans=virtio\"", "share (9p)"),
        ("root=host rootfstype=virtiofs", "host /root virtiofs 0x8001 \"\"", "host (virtiofs)"),
        ("root=x rootfstype=tmpfs rootflags=size=1M", "x /root tmpfs 0x8001 \"size=1M\"", "x (tmpfs)"),
    ];
    for (cmdline, call, what) in rows {
        for blocks in [vec![], sda()] {
            let mut fake = machine(cmdline, &blocks);
            let end = fake.boot();
            // (The init of a tmpfs would have been there from the start: /run is one.)
            assert!(matches!(end, Some(End::Exec(_))), "{:?}", fake.log);
            assert_eq!(fake.log, [format!("<6>pintle: mounted {what} read-only")]);
            assert!(fake.calls.contains(&format!("mount {call}")));
            assert!(!fake.calls.iter().any(|call| call.starts_with("open /dev/sd")), "no device is asked");
        }
    }
}

/// In order, within one deadline.
#[test]
fn several_roots() {
    let first = format!("UUID={}", uuid(B));
    let roots = format!("{first},PARTUUID={}", uuid(PART_A));
    let cmdline = format!("pintle.root={roots} root=/dev/nosuch rootwait=9");
    let other = Block::disk("sdz", (65, 0), ext4(B, "other"));
    let z = "<6>mounted /dev/sdz (ext4) read-only";
    let both = || machine(&cmdline, &[sda(), vec![other.clone()]].concat());
    let mut fake = both();
    assert_eq!(boot(&mut fake), [z]);
    let took = format!("<6>pintle: pintle.root={roots}: it is {}", uuid(B));
    assert_eq!(fake.log.last(), Some(&took), "and it says which it took");
    assert_eq!(boot(&mut machine(&cmdline, &sda())), [GOOD], "the first is missing");
    // Neither is there; the first one comes.
    assert_eq!(boot(&mut machine(&cmdline, &[]).with_block_later(5_900, &other)), [z]);
    // It can't be mounted.
    let failed = "<3>mount root: /dev/sdz as ext4: EIO: giving up";
    let broken = |mut fake: Fake| {
        fake.refused.push(("mount /dev/sdz /root", Errno::EIO));
        fake
    };
    assert_eq!(boot(&mut broken(both())), [failed, GOOD]);
    // Nor is the second one there: it is waited for.
    let mut fake = broken(machine(&cmdline, std::slice::from_ref(&other)));
    let wait = format!("<4>find root: {roots}: not there after 1 s: waiting, rootwait=9");
    let timed_out = format!("<3>find root: {roots}: ETIMEDOUT: giving up");
    assert_eq!(short(&mut fake), [failed, &wait, &timed_out]);
    assert_eq!(fake.now_ms, 14_000, "one deadline");
    // All fail.
    let mut fake = broken(both());
    fake.refused.push(("mount /dev/sda2 /root", Errno::EIO));
    let other_failed = failed.replace("sdz", "sda2");
    assert_eq!(short(&mut fake), [failed, &other_failed]);
    assert_eq!(fake.now_ms, 5_000, "there is nothing left to wait for");
    // A label with a comma, and forms that nobody knows.
    let labelled = Block::disk("sdz", (65, 0), ext4(B, "a,b"));
    let mut fake = machine("pintle.root=what,LABEL=a,b,/dev/sda2", &[labelled]);
    let [unknown, mounted] = &boot(&mut fake)[..] else { panic!("two lines") };
    assert!(unknown.starts_with("<4>command line: root=what: unknown form"));
    assert_eq!(mounted, z);
    // Nothing in front of the first comma.
    let [unknown, mounted] = &boot(&mut machine("pintle.root=,/dev/sda2", &sda()))[..] else { panic!("two lines") };
    assert!(unknown.starts_with("<4>command line: root=: unknown form"));
    assert_eq!(mounted, GOOD);
}

/// Something else is there by now.
#[test]
fn swapped() {
    const SWAPPED: &str = "<3>mount root: /dev/sda2: another device than the one that was found: giving up";
    let cmdline = format!("root=UUID={}", uuid(A));
    let swaps = |before: &'static str, swap: fn(&mut Fake)| {
        let mut fake = machine(&cmdline, &sda());
        fake.before = Some((before, swap));
        fake
    };
    // Another medium, and another device under its name, right before the mount.
    for swap in [
        (|fake| fake.diskseq += 1) as fn(&mut Fake),
        |fake| {
            fake.tree.insert("@devtmpfs/sda2".into(), disk(8, 99, ext4(A, "top")));
        },
        |fake| {
            fake.tree.remove("@devtmpfs/sda2");
        },
    ] {
        let mut fake = swaps("mkdir /root", swap);
        assert_eq!(short(&mut fake), [SWAPPED]);
        assert_eq!(mounts(&fake), [""; 0]);
    }
    // What is mounted isn't on it.
    let mut fake = swaps("statx CWD /root", |fake| {
        fake.devices.insert("@ext4".into(), Dev::new(8, 99));
    });
    assert_eq!(short(&mut fake), [SWAPPED]);
    assert!(fake.calls.contains(&"umount2 /root 2".into()));
    // A kernel that tells neither.
    let mut fake = machine(&cmdline, &sda());
    fake.refused.push(("ioctl 6 0x80081280", Errno::new(25)));
    assert_eq!(boot(&mut fake), [GOOD]);
    // Between the look and the open its content changes, or the name leads elsewhere: it is no root any more, another is.
    for swap in [
        (|fake| {
            fake.tree.insert("@devtmpfs/sda2".into(), disk(8, 2, ext4(B, "top")));
        }) as fn(&mut Fake),
        |fake| {
            fake.tree.insert("@devtmpfs/sda2".into(), disk(8, 99, ext4(A, "top")));
        },
    ] {
        let mut fake = swaps("waitid", swap);
        for block in sdb() {
            fake = fake.with_block_later(5_900, &block);
        }
        assert_eq!(boot(&mut fake), ["<6>mounted /dev/sdb2 (ext4) read-only"]);
    }
    // The next root is tried.
    let mut fake = machine("pintle.root=/dev/sda2,/dev/sdb2", &[sda(), sdb()].concat());
    fake.before = Some(("mkdir /root", |fake| fake.diskseq += 1));
    assert_eq!(boot(&mut fake), [SWAPPED, "<6>mounted /dev/sdb2 (ext4) read-only"]);
}
