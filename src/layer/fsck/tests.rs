use super::*;
use crate::device::tests::images::{ext4, xfs};
use crate::handover::program::tests::elf;
use crate::kernel::fake::{Block, End, Fake, file};

/// Small, so that little is read of it: the head.
const SMALL: usize = 72 * 1024;
const PANIC: &str = "<3>giving up: PID 1 ends, the kernel panics, panic= decides";

/// An ext4 root, and an image with its checker, which ends so.
fn machine(words: &str, status: i32) -> Fake {
    let mut fake = Fake::bare(&format!("root=/dev/vda {words}"))
        .with_block(&Block::disk("vda", (254, 0), ext4(7, "")[..SMALL].to_vec()))
        .with_image("/sbin", crate::kernel::fake::dir())
        .with_image("/sbin/fsck.ext4", file(0o755, elf("")));
    (fake.diskseq, fake.status) = (1, status);
    fake
}

/// The end, what was said, how the checker was called, and whether the mark is there.
fn outcome(fake: &mut Fake) -> (Option<End>, Vec<String>, Vec<String>, bool) {
    let end = fake.boot();
    let said = fake
        .log
        .iter()
        .filter(|line| line.starts_with('<') && !line.starts_with("<6>") && !line.contains(": there is "));
    let said = said.map(|line| line.replacen("pintle: ", "", 1)).collect();
    let calls = fake.calls.iter().filter(|call| call.starts_with("execve /sbin/fsck"));
    let calls = calls.map(|call| call.replacen("execve /sbin/", "", 1)).collect();
    let marked = fake.calls.contains(&"open /run/initramfs/fsck-root".to_owned());
    (end, said, calls, marked)
}

fn booted() -> Option<End> {
    Some(End::Exec("/sbin/init".into()))
}

#[test]
fn words_and_exit_statuses() {
    let left = "<3>fsck: /dev/vda: errors are left (exit status %): giving up";
    let failed = "<4>fsck: /dev/vda: not checked (exit status %): going on without it";
    let reboots = "<4>fsck: /dev/vda: rebooting, as it says (exit status %)";
    let preen = "fsck.ext4 -p -C0 /dev/vda";
    let rows: &[(&str, i32, &str, &str)] = &[
        ("", 0, preen, ""),
        ("", 1, preen, ""),
        ("", 2, preen, reboots),
        ("", 3, preen, reboots),
        ("", 4, preen, left),
        ("", 5, preen, left),
        ("", 7, preen, left),
        ("", 12, preen, left),
        ("", 8, preen, failed),
        ("", 16, preen, failed),
        ("", 32, preen, failed),
        // A signal's says nothing of the file system, whatever bits it has.
        ("", 128 + 6, preen, failed),
        ("", 128 + 11, preen, failed),
        ("fsck.mode=auto fsck.repair=preen", 0, preen, ""),
        ("fsck.mode=force", 0, "fsck.ext4 -p -f -C0 /dev/vda", ""),
        ("fsck.mode=force fsck.repair=yes", 0, "fsck.ext4 -y -f -C0 /dev/vda", ""),
        ("fsck.repair=no", 4, "fsck.ext4 -n -C0 /dev/vda", left),
        ("fsck.mode=skip", 4, "", ""),
        // Words that nobody knows are as good as none.
        ("fsck.mode=x fsck.repair=x", 0, preen, ""),
    ];
    for (words, status, call, message) in rows {
        let mut fake = machine(words, *status);
        let (end, said, calls, marked) = outcome(&mut fake);
        let mut expected: Vec<_> = Some(message.replace('%', &status.to_string())).into_iter().collect();
        expected.retain(|line| !line.is_empty());
        let expected_end = match *message {
            message if message == left => {
                expected.push(PANIC.into());
                Some(End::Exit(1))
            }
            message if message == reboots => Some(End::Reboot(LINUX_REBOOT_CMD_RESTART)),
            _ => booted(),
        };
        assert_eq!((end, said), (expected_end, expected), "{words} {status}");
        let wanted: Vec<_> = Some(*call).into_iter().filter(|call| !call.is_empty()).collect();
        assert_eq!(calls, wanted, "{words} {status}");
        assert_eq!(marked, !call.is_empty() && *status < 2, "{words} {status}");
        let mounted = fake.calls.iter().any(|call| call.starts_with("mount /dev/vda"));
        assert_eq!(mounted, message.is_empty() || *message == failed, "{words} {status}");
    }
}

/// Where there is nothing to check, or nobody may write, no checker is run.
#[test]
fn nothing_to_check() {
    let xfs_root = Block::disk("vda", (254, 0), xfs(7, "")[..SMALL].to_vec());
    let mut other = machine("", 4).with_block(&xfs_root);
    other.mountable.insert("xfs", other.mountable["ext4"].clone());
    let rows = [
        ("no checker of its type", other),
        ("nothing recognised", machine("", 4).with_block(&Block::disk("vda", (254, 0), vec![0; SMALL]))),
        ("a disk that can't be written", machine("", 4).with("sysfs", "/dev/block/254:0/ro", file(0o444, "1\n"))),
    ];
    for (what, mut fake) in rows {
        let (end, said, calls, marked) = outcome(&mut fake);
        assert_eq!((end, said, calls, marked), (booted(), vec![], vec![], false), "{what}");
    }
    let (_, _, calls, _) = outcome(&mut machine("roothash=00", 4));
    assert!(calls.is_empty());
    let mut fake = machine("", 0).with("sysfs", "/dev/block/254:0/ro", file(0o444, "0\n"));
    assert_eq!(outcome(&mut fake), (booted(), vec![], vec!["fsck.ext4 -p -C0 /dev/vda".to_owned()], true));
}

/// The next root is tried; /usr has a mark of its own.
#[test]
fn several() {
    let second = Block::disk("vdb", (254, 16), xfs(8, "")[..SMALL].to_vec());
    let mut fake = machine("pintle.root=/dev/vda,/dev/vdb", 4).with_block(&second);
    fake.mountable.insert("xfs", fake.mountable["ext4"].clone());
    let (end, said, ..) = outcome(&mut fake);
    assert_eq!((end, fake.root.as_str()), (booted(), "@xfs"), "{said:?}");
    let usr = Block::disk("vdb", (254, 16), ext4(8, "")[..SMALL].to_vec());
    let mut fake = machine("mount.usr=/dev/vdb", 0).with_block(&usr).with("ext4", "/usr", crate::kernel::fake::dir());
    let (_, _, calls, marked) = outcome(&mut fake);
    assert_eq!(calls, ["fsck.ext4 -p -C0 /dev/vda", "fsck.ext4 -p -C0 /dev/vdb"]);
    assert!(marked && fake.calls.contains(&"open /run/initramfs/fsck-usr".to_owned()));
}

/// What can't be run is said, and the boot goes on; whatever else fails, only a check that went well leaves the mark.
#[test]
fn every_call_may_fail() {
    let mut fake = machine("", 0);
    fake.refused.push(("execve /sbin/fsck", Errno::ENOENT));
    let expected = [
        "<4>fsck: /dev/vda: ENOENT (not there): going on without it",
        "<4>fsck: /dev/vda: not checked (exit status 8): going on without it",
    ];
    let (end, said, _, marked) = outcome(&mut fake);
    assert_eq!((end, said, marked), (booted(), expected.map(String::from).to_vec(), false));

    let mut fake = machine("", 0);
    fake.boot();
    let start = fake.calls.iter().position(|call| call == "open /sbin/fsck.ext4").expect("a look");
    let end = fake.calls.iter().position(|call| call.starts_with("mkdir /root")).expect("a mount");
    for (place, errno) in (start..end).flat_map(|place| [(place, Errno::EIO), (place, Errno::ENOSYS)]) {
        let mut fake = machine("", 0);
        fake.fail = Some((place, errno));
        let (end, said, calls, _) = outcome(&mut fake);
        let call = &fake.calls[place];
        assert_eq!(end, booted(), "{call}: {said:?}");
        assert!(!calls.is_empty() || !said.is_empty(), "{call}");
    }
}
