//! pintle's answer beside the oracle's.

use crate::harness::{Arch, checkout};
pub(crate) use crate::oracle::expect;
use crate::oracle::{Expected, Identity, KEYS};
use crate::said;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// Where pintle says something else than the oracle, or nothing, on purpose.
struct Deviation {
    /// The oracle's TYPE (or PTTYPE, where there is none), the names of rows, or of images of other projects' tests.
    of: &'static [&'static str],
    /// `*` for every key, the exit status and the lines of the partitions.
    key: &'static str,
    why: &'static str,
}

const DEVIATIONS: &[Deviation] = &[
    Deviation {
        of: &["swap: two kinds of signatures"],
        key: "*",
        why: "the smallest page size decides; libblkid sees two and gives up. No root either way",
    },
    Deviation {
        of: &["ext: a file system for tests"],
        key: "*",
        why: "libblkid's ext4dev, which the kernel's ext4 mounts like any other",
    },
    Deviation {
        of: &[
            "ext: a wrong checksum of the superblock",
            "ext: a label under the checksum",
            "ext: another algorithm of the checksum",
            "f_super_bad_csum_image.bz2",
            "btrfs: a label under the checksum",
            "btrfs: a wrong checksum",
            "xfs: a wrong checksum",
            "xfs: a label with white space and a control byte",
            "erofs: a UUID under the checksum",
        ],
        key: "*",
        why: "crc32c is checked: the kernel wouldn't mount it",
    },
    Deviation {
        of: &[
            "f2fs: something under the checksum",
            "f2fs: a checksum beyond the superblock",
            "cramfs: a label under the checksum",
            "cramfs: no size",
        ],
        key: "*",
        why: "crc32 is checked, where there is one",
    },
    Deviation {
        of: &["romfs: a label under the checksum", "romfs: a size beyond the end", "romfs: no size"],
        key: "*",
        why: "the sum over the first 512 bytes is checked, as the kernel does",
    },
    Deviation { of: &["erofs: blocks of 2 to the 99th"], key: "*", why: "blocks are of 512 bytes to 64 KiB" },
    Deviation { of: &["fat: no 55 AA"], key: "*", why: "one signature instead of six strings; every tool writes it" },
    Deviation {
        of: &[
            "fat32: FSInfo without its first word",
            "fat32: FSInfo without its second word",
            "ambivalent: vfat and iso9660",
            "ambivalent: vfat and ext4",
        ],
        key: "*",
        why: "nothing is recognised, so that nothing says that the boot sector is no partition table",
    },
    Deviation { of: &["exfat"], key: "PTTYPE", why: "as newer libblkid: an exFAT boot sector is no partition table" },
    Deviation {
        of: &[
            "exfat: without the boot sector's signature",
            "exfat: another serial number and a wrong checksum",
            "exfat: a root far outside",
            "exfat: a root before the first cluster",
            "exfat: sectors of 2 to the 40th",
            "exfat: clusters of 2 to the 40th",
            "exfat: 9 FATs",
            "exfat: no 55 AA",
            "exfat: something where FAT has its words",
            "exfat: revision 2",
            "exfat: another jump",
        ],
        key: "*",
        why: "the boot region's checksum is checked, and that its fields are in range",
    },
    Deviation {
        of: &["zfs: an uberblock in each label", "zfs: three and one"],
        key: "*",
        why: "four uberblocks have to be in one label: three sectors are read of a device without any, not 1 MiB",
    },
    Deviation {
        of: &["zfs: a name beyond its pair", "zfs: no list"],
        key: "*",
        why: "the first label whose list is good counts, not the first label",
    },
    Deviation {
        of: &["squashfs: version 3", "images-fs_squashfs3.img.xz"],
        key: "*",
        why: "recognised as libblkid does, squashfs3; the oracle's list leaves it out",
    },
    Deviation {
        of: &["dos: AIX's magic"],
        key: "*",
        why: "AIX's own disks, which no Linux boots from, are not told apart",
    },
    Deviation {
        of: &["gpt: of sectors of 4 KiB", "disk2.img"],
        key: "*",
        why: "of a file nobody knows the sector size: both are tried",
    },
    Deviation {
        of: &[
            "lvm: beside a partition table",
            "md: a mirror of a partitioned disk",
            "md: at the end of the last partition",
            "md: over the backup of a GPT",
        ],
        key: "*",
        why: "both the member and the table are shown: which of them is stale nobody knows",
    },
];

/// What a test is sure to be in its image. `None`: nothing of the kind.
pub(crate) struct Found<'a> {
    pub(crate) kind: Option<&'a str>,
    pub(crate) table: Option<&'a str>,
}

impl Found<'_> {
    #[track_caller]
    pub(crate) fn check(&self, expected: &Expected, story: &str) {
        assert!(!expected.ambivalent, "{story}: ambivalent to blkid");
        let whole = expected.lines.get(&0).expect("the whole image");
        let text = |key: &str| whole.get(key).map(|value| String::from_utf8_lossy(value).into_owned());
        let found = (text("TYPE"), text("PTTYPE"));
        assert_eq!((self.kind, self.table), (found.0.as_deref(), found.1.as_deref()), "{story}: blkid's {expected:?}");
    }
}

/// The program that is tested. Built before the first image is made: the build installs the tools for those.
pub(crate) fn init() -> &'static Path {
    static INIT: OnceLock<PathBuf> = OnceLock::new();
    INIT.get_or_init(|| match std::env::var_os("PINTLE_INIT") {
        Some(init) => checkout().join(init),
        None if cfg!(target_arch = "aarch64") => Arch::Aarch64.init(),
        None => Arch::X86_64.init(),
    })
}

#[track_caller]
pub(crate) fn probe(files: &[&Path]) -> Output {
    // What doesn't end is a failure too.
    let output = Command::new("timeout").arg("20").arg(init()).arg("probe").args(files).output();
    output.unwrap_or_else(|error| panic!("init probe: {error}"))
}

/// A value for a message.
fn shown(value: Option<&Vec<u8>>) -> String {
    value.map_or("nothing".to_owned(), |value| format!("\"{}\"", value.escape_ascii()))
}

fn deviates(name: &str, expected: &Identity, key: &str) -> bool {
    let value = |key| expected.get(key).map(|value| String::from_utf8_lossy(value).into_owned());
    let kind = value("TYPE").or_else(|| value("PTTYPE")).unwrap_or_default();
    DEVIATIONS
        .iter()
        .any(|it| (it.of.contains(&name) || it.of.contains(&kind.as_str())) && (it.key == key || it.key == "*"))
}

/// What pintle says otherwise of the file than the oracle, in words. `name`: as `DEVIATIONS` has it.
pub(crate) fn differences(file: &Path, name: &str, expected: &Expected) -> Vec<String> {
    let output = probe(&[file]);
    let file = file.to_str().expect("UTF-8");
    let anything = expected.lines.values().any(|line| !line.is_empty());
    let none = Identity::new();
    let whole = expected.lines.get(&0).unwrap_or(&none);
    let mut differences = Vec::new();
    let status = if anything { 0 } else { 2 };
    if output.status.code() != Some(status) && !deviates(name, whole, "*") {
        let said = String::from_utf8_lossy(&output.stderr);
        differences.push(format!("{file}: exit {:?}, not {status}: {}", output.status.code(), said.trim_end()));
    }
    let said = match said::lines(&output.stdout, file) {
        Ok(lines) => lines,
        Err(why) => {
            differences.push(format!("{file}: {why}"));
            return differences;
        }
    };
    let numbers: BTreeSet<&u32> = said.keys().chain(expected.lines.keys()).collect();
    for number in numbers {
        let says = said.get(number).unwrap_or(&none);
        let expects = expected.lines.get(number).unwrap_or(&none);
        for key in KEYS {
            let (says, expected) = (says.get(key), expects.get(key));
            if says != expected && !deviates(name, expects, key) && !deviates(name, whole, "*") {
                let place = if *number == 0 { String::new() } else { format!("#{number}") };
                differences.push(format!("{file}{place}: {key}: {}, not {}", shown(says), shown(expected)));
            }
        }
    }
    differences
}

#[test]
fn every_deviation_has_its_reason() {
    for Deviation { of, key, why } in DEVIATIONS {
        assert!(why.len() > 20 && (KEYS.contains(key) || *key == "*"), "{of:?}, {key}: {why}");
    }
}
