//! Verity devices as the real veritysetup makes them, guests with them, and how these end.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Arch, Scratch, output, sbin};
use crate::says::{PANIC, mounted};

/// A device with data, the one with its hashes, and what it is called by.
pub(crate) struct Verity {
    pub(crate) data: String,
    pub(crate) hashes: String,
    pub(crate) hash: String,
}

impl Verity {
    /// With these options of veritysetup's.
    #[track_caller]
    pub(crate) fn new(scratch: &Scratch, data: &str, options: &[&str]) -> Self {
        Self::on(data, &scratch.path("hashes.img").display().to_string(), options)
    }

    #[track_caller]
    pub(crate) fn on(data: &str, hashes: &str, options: &[&str]) -> Self {
        let said = output(sbin("veritysetup").args(["format", data, hashes]).args(options)).expect("veritysetup");
        let hash = said.lines().find_map(|line| line.strip_prefix("Root hash:")).expect("a root hash").trim();
        Verity { data: data.to_owned(), hashes: hashes.to_owned(), hash: hash.to_owned() }
    }

    /// The words that name the two by these devices.
    pub(crate) fn words(&self, [data, hashes]: [&str; 2]) -> String {
        format!("roothash={} systemd.verity_root_data={data} systemd.verity_root_hash={hashes}", self.hash)
    }

    /// A guest with both as disks, in this order.
    pub(crate) fn guest(&self, arch: Arch, words: &str) -> Guest {
        let words = format!("panic=-1 {} {words}", self.words(["/dev/vda", "/dev/vdb"]));
        guest(arch)
            .disk(format!("{},snapshot=on", self.data))
            .disk(format!("{},snapshot=on", self.hashes))
            .cmdline(&words)
    }
}

pub(crate) fn guest(arch: Arch) -> Guest {
    ["virtio_pci", "virtio_blk", "dm_verity", "ext4"].into_iter().fold(Guest::new(arch), Guest::module)
}

/// A partition's UUID out of 32 digits.
pub(crate) fn uuid(digits: &str) -> String {
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..32]].join("-")
}

/// It was mounted from the mapping, in which nothing was replayed.
#[track_caller]
pub(crate) fn is_verified(ended: &Ended) {
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/dm-0", "read-only")]);
    let root = ended.mount("/");
    assert_eq!((root.source, root.options), ("/dev/dm-0", "ro,relatime"));
    assert!(root.super_options.contains("norecovery"), "{root:?}");
}

/// It has ended with this line, and no root was mounted, neither this nor another.
#[track_caller]
pub(crate) fn is_refused(ended: &Ended, line: &str) {
    ended.has_failed();
    assert_eq!(ended.pintle_but_devices(), [line, PANIC]);
}

/// The kernel itself has stopped everything: it has met with a block that doesn't match.
#[track_caller]
pub(crate) fn is_stopped(ended: &Ended) {
    ended.has_failed();
    assert!(ended.says("device-mapper: verity:") && ended.says("is corrupted"), "no line that names the layer");
    assert!(ended.says("Kernel panic - not syncing: dm-verity device"), "no panic of verity's");
}
