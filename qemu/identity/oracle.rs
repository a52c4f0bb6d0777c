//! What blkid and partx, both of them libblkid's, say of an image.

use crate::harness::sbin;
use std::collections::BTreeMap;
use std::path::Path;

/// The keys that are compared, in the order in which `init probe` prints them.
pub(crate) const KEYS: [&str; 7] = ["LABEL", "UUID", "TYPE", "PARTLABEL", "PARTUUID", "PTTYPE", "PTUUID"];

/// The types that pintle knows. What the oracle calls anything else is nothing to it.
const TYPES: [&str; 27] = [
    "DM_verity_hash",
    "LVM2_member",
    "bcache",
    "btrfs",
    "cramfs",
    "crypto_LUKS",
    "erofs",
    "exfat",
    "ext2",
    "ext3",
    "ext4",
    "f2fs",
    "iso9660",
    "jbd",
    "jfs",
    "linux_raid_member",
    "minix",
    "nilfs2",
    "ntfs",
    "romfs",
    "squashfs",
    "swap",
    "swsuspend",
    "udf",
    "vfat",
    "xfs",
    "zfs_member",
];

/// What there is to say of an image or of a partition in it.
pub(crate) type Identity = BTreeMap<String, Vec<u8>>;

/// The image's own lines: the whole is number 0.
#[derive(Default, Debug)]
pub(crate) struct Expected {
    pub(crate) lines: BTreeMap<u32, Identity>,
    /// More than one thing is in it, and libblkid does not choose.
    pub(crate) ambivalent: bool,
}

#[track_caller]
fn run(tool: &str, arguments: &[&str], image: &Path) -> (Option<i32>, Vec<u8>) {
    let output = sbin(tool).env("LC_ALL", "C.UTF-8").args(arguments).arg(image).output();
    let output = output.unwrap_or_else(|error| panic!("{tool}: {error}"));
    (output.status.code(), output.stdout)
}

/// `None`: ambivalent.
#[track_caller]
fn blkid(image: &Path, within: &[&str]) -> Option<Identity> {
    let (code, stdout) = run("blkid", &[&["-p", "-o", "export"], within].concat(), image);
    match code {
        Some(0 | 2) => {}
        Some(8) => return None,
        _ => panic!("blkid -p {}: {code:?}", image.display()),
    }
    let mut identity: Identity = BTreeMap::new();
    for line in String::from_utf8_lossy(&stdout).lines() {
        let Some((key, value)) = line.split_once('=').filter(|(key, _)| KEYS.contains(key)) else { continue };
        let mut value = value.as_bytes().to_vec();
        // Escaped, in a way that can't be undone: alone and without that it is to be had in its own bytes.
        if value.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"_-".contains(byte))
            || value.windows(2).any(|two| two == b"M-")
        {
            let (_, raw) = run("blkid", &[&["-p", "-d", "-o", "value", "-s", key], within].concat(), image);
            value = raw.strip_suffix(b"\n").unwrap_or_default().to_vec();
        }
        identity.insert(key.to_owned(), value);
    }
    let known = |identity: &Identity, key: &str, known: &[&str]| {
        identity.get(key).is_some_and(|value| known.iter().any(|known| known.as_bytes() == value))
    };
    if !known(&identity, "TYPE", &TYPES) {
        identity.retain(|key, _| !["TYPE", "LABEL", "UUID"].contains(&key.as_str()));
    }
    if !known(&identity, "PTTYPE", &["gpt", "dos"]) {
        identity.retain(|key, _| !["PTTYPE", "PTUUID"].contains(&key.as_str()));
    }
    Some(identity)
}

/// A value in the quotes of libsmartcols' -P: what is special in a shell, and what is no text, is `\xNN`.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let hex = rest.get(2..4).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        if let (Some(byte), true) = (hex, rest.starts_with(b"\\x")) {
            bytes.push(byte);
            rest = rest.get(4..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    bytes
}

/// Every partition of the image's table, with what is in it.
#[track_caller]
fn partitions(image: &Path) -> BTreeMap<u32, Identity> {
    let columns = ["-P", "-b", "-o", "NR,START,SECTORS,TYPE,UUID,NAME"];
    // 1: a table without partitions.
    let (_, stdout) = run("partx", &columns, image);
    let mut partitions = BTreeMap::new();
    for line in stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        // KEY="value", with no quote within a value.
        let parts: Vec<&[u8]> = line.split(|&byte| byte == b'"').collect();
        let value = |index: usize| unquoted(parts.get(index * 2 + 1).copied().unwrap_or_default());
        let number = |index: usize| String::from_utf8_lossy(&value(index)).parse::<u64>().expect("a number of partx's");
        let (start, mut sectors) = (number(1), number(2));
        // All of an extended partition that the kernel lets be read.
        if [&b"0x5"[..], b"0xf", b"0x85"].contains(&value(3).as_slice()) {
            sectors = sectors.min(2);
        }
        let offset = (start * 512).to_string();
        let size = (sectors * 512).to_string();
        let mut identity = blkid(image, &["-O", &offset, "-S", &size]).unwrap_or_default();
        identity.retain(|key, _| !key.starts_with("PT"));
        for (key, value) in [("PARTUUID", value(4)), ("PARTLABEL", value(5))] {
            if !value.is_empty() {
                identity.insert(key.to_owned(), value);
            }
        }
        partitions.insert(u32::try_from(number(0)).expect("a partition's number"), identity);
    }
    partitions
}

#[track_caller]
pub(crate) fn expect(image: &Path) -> Expected {
    let Some(whole) = blkid(image, &[]) else {
        return Expected { ambivalent: true, ..Expected::default() };
    };
    let mut lines = if whole.contains_key("PTTYPE") { partitions(image) } else { BTreeMap::new() };
    lines.insert(0, whole);
    Expected { lines, ambivalent: false }
}
