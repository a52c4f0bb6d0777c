//! Journals and logs on disks of their own, which the root's options name by tags.

use crate::guest::Guest;
use crate::harness::{Aarch64, Scratch, X86_64, output, sbin};
use crate::images::{Image, RootDisk, init};
use crate::says::{mounted, mounted_as, not_found};
use std::fs;
use std::os::unix::fs::FileExt;
use std::process::Command;

const JOURNAL: &str = "70696e74-6c65-4000-8000-00000000000a";
const LOG: &str = "70696e74-6c65-4000-8000-00000000000b";

#[track_caller]
fn run(command: &mut Command) -> String {
    output(command).unwrap_or_else(|why| panic!("{why}"))
}

/// A root whose journal is on a disk of its own. tune2fs(8) wants block devices for that: here debugfs(8) sets what it would.
fn ext4(scratch: &Scratch) -> [String; 2] {
    let root = RootDisk::new(scratch, Aarch64).init(&init("echo '== mountinfo'\ncat /proc/self/mountinfo")).make();
    let journal = scratch.path("journal.img").display().to_string();
    let block = run(sbin("dumpe2fs").args(["-h", &root]));
    let value = |key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_else(|| panic!("no {key}"));
        line.trim().to_owned()
    };
    let (size, uuid) = (value("Block size:"), value("Filesystem UUID:"));
    fs::File::create(&journal).and_then(|file| file.set_len(16 << 20)).expect("a file for the journal");
    run(sbin("mke2fs").args(["-q", "-F", "-O", "journal_dev", "-b", &size, "-U", JOURNAL, &journal]));
    // One user, and which (`struct journal_superblock_s` of jbd2), behind the superblock's block.
    let at = if size == "1024" { 2048 } else { size.parse().expect("a size") };
    let digits: String = uuid.chars().filter(|digit| *digit != '-').collect();
    let bytes = u128::from_str_radix(&digits, 16).expect("a UUID").to_be_bytes();
    let file = fs::File::options().write(true).open(&journal).expect("the journal");
    file.write_all_at(&1u32.to_be_bytes(), at + 0x40)
        .and_then(|()| file.write_all_at(&bytes, at + 0x100))
        .expect("a user");
    run(sbin("tune2fs").args(["-O", "^has_journal", &root]));
    for request in
        ["feature has_journal", "ssv journal_inum 0", "ssv journal_dev 0x1", &format!("ssv journal_uuid {JOURNAL}")]
    {
        run(sbin("debugfs").args(["-w", "-R", request, &root]));
    }
    [root, journal]
}

#[test]
fn a_journal_by_uuid_on_aarch64_7() {
    let scratch = Scratch::new();
    let disks = ext4(&scratch);
    let boot = |tag: &str| {
        let [root, journal] = &disks;
        let words = format!("root=/dev/vda rw rootwait=3 rootflags=data=ordered,journal_path=UUID={tag}");
        Guest::new(Aarch64).kernel("7").disk(root).disk(journal).append(&words).run()
    };
    let ended = boot(JOURNAL);
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-write")]);
    let ended = boot(LOG);
    ended.has_failed();
    assert!(ended.pintle().contains(&not_found(&format!("UUID={LOG}"))), "{:?}", ended.pintle());
}

/// An XFS log has nothing of its own to be found by: its partition has.
#[test]
fn a_log_by_partuuid_on_x86_64_6_12() {
    let scratch = Scratch::new();
    let disk = |name: &str, size: u64| {
        let path = scratch.path(name).display().to_string();
        fs::File::create(&path).and_then(|file| file.set_len(size)).expect("a file for the disk");
        path
    };
    let (root, log, parts) = (disk("root.img", 512 << 20), disk("log.img", 80 << 20), disk("parts.img", 84 << 20));
    run(sbin("mkfs.xfs").args(["-q", "-f", "-l", &format!("logdev={log},size=64m"), &root]));
    let table = format!("label: gpt\nstart=2MiB, size=80MiB, uuid={LOG}\n");
    let table = scratch.file("table", table.as_bytes(), 0o644);
    run(sbin("sfdisk").args(["--quiet", &parts]).stdin(fs::File::open(table).expect("the table")));
    let bytes = fs::read(&log).expect("the log");
    let file = fs::File::options().write(true).open(&parts).expect("the disk");
    file.write_all_at(&bytes, 2 << 20).expect("the log in its partition");
    let image = Image::new(&scratch, X86_64, "6.12").module("virtio_blk").module("xfs").make();
    let words = format!("root=/dev/vda rootflags=logdev=PARTUUID={LOG}");
    let ended = Guest::new(X86_64).initramfs(&image).disk(&root).disk(&parts).append(&words).run();
    // It is empty, and so has no init.
    ended.has_failed();
    assert_eq!(ended.pintle().first(), Some(&mounted_as("xfs", "/dev/vda", "read-only")), "{:?}", ended.pintle());
}
