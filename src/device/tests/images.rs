//! What stands on the devices: superblocks and partition tables, byte by byte.

use crate::crc::{CRC32, CRC32C, crc32};

/// The bytes of every device and partition here: enough for each prober.
pub(crate) const BYTES: usize = 2 << 20;

/// Types of partitions.
pub(crate) const ESP: u128 = 0xc12a7328_f81f_11d2_ba4b_00a0c93ec93b;
pub(crate) const DATA: u128 = 0x0fc63daf_8483_4772_8e79_3d69d8477de4;
#[cfg(target_arch = "x86_64")]
pub(crate) const ROOT: u128 = 0x4f68bce3_e8cd_4db1_96e7_fbcaf984b709;
#[cfg(target_arch = "aarch64")]
pub(crate) const ROOT: u128 = 0xb921b045_1df0_41c3_af44_4c6f280d3fae;
/// Another architecture's.
pub(crate) const ROOT_RISCV: u128 = 0x72ec70a6_cf74_40e6_bd49_4bda08e8f224;

/// A UUID in the usual form.
pub(crate) fn uuid(number: u128) -> String {
    let digits = format!("{number:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// Zeros but for these pieces.
pub(crate) fn image(pieces: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![0; BYTES];
    for (at, piece) in pieces {
        bytes[*at..*at + piece.len()].copy_from_slice(piece);
    }
    bytes
}

pub(crate) fn ext4(uuid: u128, label: &str) -> Vec<u8> {
    // The magic; extents.
    image(&[(0x438, b"\x53\xef"), (0x460, &[0x40]), (0x468, &uuid.to_be_bytes()), (0x478, label.as_bytes())])
}

/// Version 4, which has no checksum.
pub(crate) fn xfs(uuid: u128, label: &str) -> Vec<u8> {
    image(&[
        (0, b"XFSB\0\0\x10\0\0\0\0\0\0\0\x20\0"),
        (32, &uuid.to_be_bytes()),
        (80, b"\0\0\0\x01\0\0\x08\0\0\0\0\x04"),
        (101, &[4, 2, 0, 2, 0]),
        (108, label.as_bytes()),
        (120, &[12, 9, 9, 3, 11, 0, 0, 25]),
    ])
}

/// A member, of `count` devices, with a UUID of its own.
pub(crate) fn btrfs(uuid: u128, label: &str, count: u8, member: u8) -> Vec<u8> {
    let mut bytes = image(&[
        (0x10040, b"_BHRfS_M"),
        (0x10020, &uuid.to_be_bytes()),
        (0x10088, &[count]),
        (0x1010b, &[member; 16]),
        (0x1012b, label.as_bytes()),
    ]);
    let crc = !crc32(CRC32C, !0, &bytes[0x10020..0x11000]);
    bytes[0x10000..0x10004].copy_from_slice(&crc.to_le_bytes());
    bytes
}

pub(crate) fn swap(uuid: u128, label: &str) -> Vec<u8> {
    let header = [1, 0, 0, 0, 255];
    image(&[(1024, &header), (1036, &uuid.to_be_bytes()), (1052, label.as_bytes()), (4086, b"SWAPSPACE2")])
}

pub(crate) fn luks(number: u128, label: &str) -> Vec<u8> {
    image(&[(0, b"LUKS\xba\xbe\0\x02"), (24, label.as_bytes()), (168, uuid(number).as_bytes())])
}

/// A member of an array with metadata 1.2.
pub(crate) fn md(uuid: u128, label: &str) -> Vec<u8> {
    let magic = b"\xfc\x4e\x2b\xa9\x01";
    image(&[(4096, magic), (4112, &uuid.to_be_bytes()), (4128, label.as_bytes()), (4240, &[8])])
}

/// One partition of a GPT.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) kind: u128,
    pub(crate) uuid: u128,
    pub(crate) label: &'static str,
    pub(crate) flags: u64,
}

pub(crate) const fn entry(kind: u128, uuid: u128, label: &'static str) -> Entry {
    Entry { kind, uuid, label, flags: 0 }
}

/// A disk with these partitions, numbered from 1 on.
pub(crate) fn gpt(entries: &[Entry]) -> Vec<u8> {
    const LAST: u64 = (BYTES / 512) as u64 - 1;
    let mut array = vec![0; 16384];
    for (slot, entry) in array.chunks_mut(128).zip(entries) {
        slot[..16].copy_from_slice(&guid(entry.kind.to_be_bytes()));
        slot[16..32].copy_from_slice(&guid(entry.uuid.to_be_bytes()));
        slot[32..40].copy_from_slice(&64u64.to_le_bytes());
        slot[40..48].copy_from_slice(&1000u64.to_le_bytes());
        slot[48..56].copy_from_slice(&entry.flags.to_le_bytes());
        for (to, unit) in slot[56..].chunks_mut(2).zip(entry.label.encode_utf16()) {
            to.copy_from_slice(&unit.to_le_bytes());
        }
    }
    let mut header = [0; 92];
    let crc = !crc32(CRC32, !0, &array);
    for (at, number) in [(24, 1), (32, LAST), (40, 34), (48, LAST - 33), (72, 2)] {
        header[at..at + 8].copy_from_slice(&u64::to_le_bytes(number));
    }
    for (at, number) in [(8, 0x1_0000), (12, 92), (80, 128), (84, 128), (88, crc)] {
        header[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
    }
    header[..8].copy_from_slice(b"EFI PART");
    let crc = !crc32(CRC32, !0, &header);
    header[16..20].copy_from_slice(&crc.to_le_bytes());
    let protective = [0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0x0f, 0, 0];
    image(&[(446, &protective), (510, b"\x55\xaa"), (512, &header), (1024, &array)])
}

/// A disk with `count` primary partitions.
pub(crate) fn mbr(signature: u32, count: usize) -> Vec<u8> {
    let mut bytes = image(&[(440, &signature.to_le_bytes()), (510, b"\x55\xaa")]);
    for slot in bytes[446..510].chunks_mut(16).take(count) {
        slot[4] = 0x83;
        slot[8..12].copy_from_slice(&64u32.to_le_bytes());
        slot[12..16].copy_from_slice(&900u32.to_le_bytes());
    }
    bytes
}

/// A GUID as GPT stores it: the first three groups are little-endian.
fn guid(mut uuid: [u8; 16]) -> [u8; 16] {
    uuid[..4].reverse();
    uuid[4..6].reverse();
    uuid[6..8].reverse();
    uuid
}
