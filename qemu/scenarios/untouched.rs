//! A root that is mounted read-only is the same afterwards, byte by byte; but a journal that was left unclean is replayed
//! even so, unless `rootflags=norecovery` says that it isn't.

use crate::guest::Guest;
use crate::harness::{Arch, Scratch, X86_64};
use crate::images::{RootDisk, init};
use crate::says::mounted_as;
use crate::tree::Tree;
use std::fs;

/// Debian's cloud kernels have no f2fs.
const KERNEL: &str = "6.12-full";
const ARCH: Arch = X86_64;
const TYPES: [&str; 4] = ["xfs", "btrfs", "f2fs", "ext4"];

struct Disks {
    paths: Vec<String>,
}

impl Disks {
    fn new(scratch: &Scratch) -> Self {
        let tree = Tree::new(scratch, ARCH);
        let make = |fstype: &str| match fstype {
            "ext4" => RootDisk::new(scratch, ARCH).make(),
            other => tree.make(other),
        };
        Disks { paths: TYPES.into_iter().map(make).collect() }
    }

    fn bytes(&self) -> Vec<Vec<u8>> {
        self.paths.iter().map(|path| fs::read(path).expect("a disk")).collect()
    }

    fn guest(&self, first: Option<&str>) -> Guest {
        let disks = first.into_iter().chain(self.paths.iter().map(String::as_str));
        let guest = disks.fold(Guest::new(ARCH).kernel(KERNEL).timeout(300), Guest::disk);
        TYPES.into_iter().fold(guest, Guest::module)
    }

    /// Which of them are others after a boot that has mounted all of them, one after the other: the inits of the first
    /// ones are no programs, for they aren't where the words say.
    fn changed(&self, words: &str) -> Vec<&'static str> {
        let before = self.bytes();
        let words = format!("pintle.root=/dev/vda,/dev/vdb,/dev/vdc,/dev/vdd init=/bin/true {words}");
        let ended = self.guest(None).append(&words).run();
        ended.has_failed();
        let said = ended.pintle();
        for (fstype, name) in TYPES.into_iter().zip(["a", "b", "c", "d"]) {
            let line = mounted_as(fstype, &format!("/dev/vd{name}"), "read-only");
            assert!(said.contains(&line), "no {line}: {said:?}");
        }
        let pairs = before.into_iter().zip(self.bytes());
        let changed = pairs.zip(TYPES).filter(|((before, after), _)| before != after);
        changed.map(|(_, fstype)| fstype).collect()
    }
}

/// Leaves all of them mounted, with something in their logs, and the machine resets.
const CRASH: &str = "
for disk in b c d e; do mkdir /mnt/$disk; mount /dev/vd$disk /mnt/$disk || echo '== failed'; done
for disk in b c d e; do for i in 1 2 3 4 5 6 7 8; do echo text >/mnt/$disk/file$i; done; sync; done
for disk in b c d e; do echo more >/mnt/$disk/more; fsync /mnt/$disk/more; done
echo '== done'
echo b >/proc/sysrq-trigger
";

#[test]
fn read_only_roots_are_untouched() {
    let scratch = Scratch::new();
    let disks = Disks::new(&scratch);
    // XFS clears what is in front of its log's head (`xlog_clear_stale_blocks()`), of a clean one too.
    assert_eq!(disks.changed("ro"), ["xfs"], "clean");

    let root = RootDisk::new(&scratch, ARCH).init(&init(CRASH)).omit("/bin/fsync").link("busybox", "/bin/fsync").make();
    let ended = disks.guest(Some(&root)).append("root=/dev/vda rw").run();
    ended.is_done();
    assert!(!ended.says("== failed"));

    assert_eq!(disks.changed("ro rootflags=norecovery"), [""; 0], "unclean, and not to be recovered");
    let changed = disks.changed("ro");
    assert!(changed.contains(&"ext4") && changed.contains(&"xfs"), "unclean, and recovered: {changed:?}");
}
