//! The probers, one by one and all together.

use crate::image::{Image, Reads, SECTORS, View};
use pintle::identity::Identity;
use pintle::probe;

/// The targets' names, in the order of the table in src/probe.rs, and the types that each may find: first those that
/// can be mounted, then those that can't.
pub const PROBERS: [(&str, &[&str], &[&str]); probe::COUNT] = [
    ("md", &[], &["linux_raid_member"]),
    ("bcache", &[], &["bcache"]),
    ("lvm", &[], &["LVM2_member"]),
    ("verity", &[], &["DM_verity_hash"]),
    ("luks", &[], &["crypto_LUKS"]),
    ("vfat", &["vfat"], &[]),
    ("swap", &[], &["swap", "swsuspend"]),
    ("xfs", &["xfs"], &[]),
    ("ext", &["ext2", "ext3", "ext4"], &["jbd"]),
    ("jfs", &["jfs"], &[]),
    ("udf", &["udf"], &[]),
    ("iso9660", &["iso9660"], &[]),
    ("zfs", &[], &["zfs_member"]),
    ("ntfs", &["ntfs"], &[]),
    ("cramfs", &["cramfs"], &[]),
    ("romfs", &["romfs"], &[]),
    ("minix", &["minix"], &[]),
    ("squashfs", &["squashfs"], &["squashfs3"]),
    ("btrfs", &["btrfs"], &[]),
    ("nilfs2", &["nilfs2"], &[]),
    ("exfat", &["exfat"], &[]),
    ("f2fs", &["f2fs"], &[]),
    ("erofs", &["erofs"], &[]),
];

/// The place of a prober in the table.
pub const fn place(name: &str) -> usize {
    let mut place = 0;
    while place < PROBERS.len() {
        if same(PROBERS[place].0.as_bytes(), name.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("no such prober");
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

/// All that an identity says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub fstype: &'static str,
    pub mountable: bool,
    pub uuid: Vec<u8>,
    pub label: Vec<u8>,
    pub devices: (u64, [u8; 16]),
}

fn answer(found: bool, identity: &Identity) -> Option<Answer> {
    found.then(|| Answer {
        fstype: std::str::from_utf8(identity.fstype()).expect("a name"),
        mountable: identity.is_mountable(),
        uuid: identity.uuid.as_bytes().to_vec(),
        label: identity.label.as_bytes().to_vec(),
        // Of no devices there is no UUID, whatever stands there.
        devices: if identity.devices.0 == 0 { (0, [0; 16]) } else { identity.devices },
    })
}

/// What one prober finds.
pub fn one(place: usize, image: &Image, view: View) -> (Option<Answer>, Reads) {
    image.with(view, |disk| {
        let mut identity = Identity::new();
        let found = probe::one(place, disk, &mut identity);
        assert!(!found || !disk.failed, "an answer from what wasn't there");
        answer(found, &identity)
    })
}

/// What all of them find together.
pub fn all(image: &Image, view: View) -> (Option<Answer>, Reads) {
    image.with(view, |disk| {
        let mut identity = Identity::new();
        let found = probe::probe(disk, &mut identity);
        assert_eq!(found, !identity.fstype().is_empty(), "a type and no answer, or the other way round");
        answer(found, &identity)
    })
}

/// What must hold of one prober.
pub fn check(place: usize, image: &Image) {
    let (name, mountable, others) = PROBERS[place];
    let (found, reads) = one(place, image, image.view());
    if let Some(answer) = &found {
        let known = if answer.mountable { mountable } else { others };
        assert!(known.contains(&answer.fstype), "{name} found {answer:?}");
        assert!(answer.devices == (0, [0; 16]) || name == "btrfs", "{name}: {answer:?}");
    }
    assert_eq!(one(place, image, image.elsewhere()).0, found, "{name}: the same bytes, elsewhere");
    if image.cut == 0 && name != "udf" {
        // UDF's blocks are never smaller than a sector. With larger sectors more is read: an answer may be missing then.
        // One of them a time: checksums make some answers slow.
        let sector = SECTORS[image.runs().iter().fold(0, |sum, (at, run)| sum ^ at ^ u64::from(run[0])) as usize % 4];
        let (again, more) = one(place, image, View { sector, ..image.view() });
        assert!(again == found || !more.are_few() || !reads.are_few(), "{name}: sectors of {sector}: {again:?}");
    }
}

/// What must hold of all of them together.
pub fn check_all(image: &Image) {
    let (found, _) = all(image, image.view());
    assert_eq!(all(image, image.elsewhere()).0, found, "the same bytes, elsewhere");
    let Some(found) = found else { return };
    let place = PROBERS
        .iter()
        .position(|(_, mountable, others)| mountable.contains(&found.fstype) || others.contains(&found.fstype));
    if image.cut == 0 {
        assert_eq!(one(place.expect("a known type"), image, image.view()).0, Some(found), "alone and with the others");
    }
}
