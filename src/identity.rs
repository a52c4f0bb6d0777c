//! What a device says of itself: type, UUID and label, as `blkid -p` writes them.

use crate::bytes::{Text, part};
use crate::disk::Disk;

/// How the characters of a label are stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// As bytes, which are taken as they are.
    Bytes,
    /// ISO 8859-1, by UDF's number of it.
    Latin1 = 8,
    /// UTF-16, big-endian, likewise.
    Utf16Be = 16,
    /// UTF-16, little-endian.
    Utf16Le,
}

/// What is recognised. The order says what that means: members of a set, what is encrypted, what else is no root, and
/// what is; the last two are those that may share a device.
#[allow(missing_docs, reason = "libblkid's names for them follow")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
#[repr(u8)]
pub enum Type {
    Nothing,
    LinuxRaidMember,
    Lvm2Member,
    DmVerityHash,
    CryptoLuks,
    Bcache,
    Jbd,
    SquashFs3,
    Swap,
    SwSuspend,
    ZfsMember,
    Btrfs,
    Cifs,
    CramFs,
    Erofs,
    ExFat,
    Ext2,
    Ext3,
    Ext4,
    F2fs,
    Jfs,
    Minix,
    Nfs,
    Nilfs2,
    Ntfs,
    RomFs,
    SquashFs,
    Vfat,
    Xfs,
    Iso9660,
    Udf,
}

/// The types in libblkid's words, in the same order, and those of roots in the network, of which it has none.
const NAMES: &[u8] = b"|linux_raid_member|LVM2_member|DM_verity_hash|crypto_LUKS|bcache|jbd|squashfs3|swap|swsuspend|\
    zfs_member|btrfs|cifs|cramfs|erofs|exfat|ext2|ext3|ext4|f2fs|jfs|minix|nfs|nilfs2|ntfs|romfs|squashfs|vfat|xfs|iso9660|udf";

/// What a prober has found.
pub struct Identity {
    /// The type.
    pub kind: Type,
    /// The UUID, in the type's own form.
    pub uuid: Text,
    /// The label, in UTF-8 where the type says how it is stored.
    pub label: Text,
    /// btrfs: the number of devices that the file system is on, and this one's own UUID.
    pub devices: (u64, [u8; 16]),
}

impl Default for Identity {
    fn default() -> Self {
        Self::new()
    }
}

impl Identity {
    /// Of nothing yet.
    pub const fn new() -> Self {
        let (uuid, label) = (Text::new(), Text::new());
        Identity { kind: Type::Nothing, uuid, label, devices: (0, [0; 16]) }
    }

    /// The type, in libblkid's words; empty when nothing was recognised.
    pub fn fstype(&self) -> &'static [u8] {
        part(NAMES, b'|', self.kind as usize)
    }

    /// Forgets all.
    #[inline(never)]
    pub fn clear(&mut self) {
        self.kind = Type::Nothing;
        self.devices.0 = 0;
        self.uuid.clear();
        self.label.clear();
    }

    /// Whether the kernel can mount it: not members of a set, encrypted devices, swap and the like.
    pub fn is_mountable(&self) -> bool {
        self.kind >= Type::Btrfs
    }

    /// The UUID is the one of 16 bytes at `at`, in the usual form; all zeros are none, and so is where `at` is 0.
    #[inline(never)]
    pub fn uuid_at(&mut self, disk: &mut Disk<'_>, at: u64) {
        if at == 0 {
            return;
        }
        push_uuid(&mut self.uuid, disk.array(at), IN_ORDER);
    }

    /// The UUID is in the `length` bytes at `at`, up to the first NUL, and gets a `-` before the characters whose place has
    /// its bit in `groups`.
    #[inline(never)]
    pub fn grouped_at(&mut self, disk: &mut Disk<'_>, at: u64, length: usize, mut groups: u32) {
        for byte in disk.bytes(at, length) {
            if groups & 1 != 0 {
                self.uuid.push_byte(b'-');
            }
            if *byte == 0 {
                return;
            }
            self.uuid.push_byte(*byte);
            groups >>= 1;
        }
    }

    /// The label is in the `length` bytes at `at`, up to the first NUL, without the white space at its end. Of none at all
    /// nothing is said.
    #[inline(never)]
    pub fn label_at(&mut self, disk: &mut Disk<'_>, at: u64, length: usize, encoding: Encoding) {
        if length == 0 {
            return;
        }
        self.label.clear();
        push_label(&mut self.label, disk.bytes(at, length), encoding);
    }
}

/// How the bytes of a UUID are stored: a digit for each 4 of them, the lowest for the first. They are in order where it
/// is 0, halves of a number of 16 bits where it is 1, quarters of one of 32 bits where it is 3, both little-endian.
pub type Order = u32;
/// All of them as they are written.
pub const IN_ORDER: Order = 0;
/// GPT's, as a GUID: one number of 32 bits and two of 16.
pub const GUID: Order = 0x0013;
/// Four numbers of 32 bits.
pub const WORDS: Order = 0x3333;

/// Appends a UUID in the usual form, small letters in groups of 8, 4, 4, 4 and 12; nothing where it is all zeros.
#[inline(never)]
pub fn push_uuid(text: &mut Text, uuid: &[u8; 16], order: Order) {
    if *uuid == [0; 16] {
        return;
    }
    for place in 0..uuid.len() {
        if matches!(place, 4 | 6 | 8 | 10) {
            text.push_byte(b'-');
        }
        let stored = place ^ (order >> (place & 12) & 3) as usize;
        text.push_hex(uuid.get(stored).copied().unwrap_or(0));
    }
}

/// Appends a label up to its first NUL, without the white space at its end, as UTF-8.
pub fn push_label(text: &mut Text, bytes: &[u8], encoding: Encoding) {
    push_encoded(text, bytes, encoding);
    text.trim_end();
}

/// Appends characters up to the first NUL, as UTF-8. Halves of a surrogate pair that stand alone are written as
/// libblkid does, in three bytes: not UTF-8, and escaped wherever it is shown.
#[inline(never)]
pub fn push_encoded(text: &mut Text, mut bytes: &[u8], encoding: Encoding) {
    let mut high = 0;
    loop {
        let mut unit = take_unit(&mut bytes, encoding);
        if high != 0 && matches!(unit, 0xdc00..0xe000) {
            unit = 0x10000 + ((high & 0x3ff) << 10 | unit & 0x3ff);
        } else if high != 0 {
            push_utf8(text, high, encoding);
        }
        high = 0;
        match unit {
            0 => return,
            0xd800..0xdc00 => high = unit,
            _ => push_utf8(text, unit, encoding),
        }
    }
}

/// Takes the next unit of `encoding` from the front of `bytes`; 0 at the end.
fn take_unit(bytes: &mut &[u8], encoding: Encoding) -> u32 {
    let narrow = matches!(encoding, Encoding::Bytes | Encoding::Latin1);
    let (unit, rest) = match *bytes {
        [byte, rest @ ..] if narrow => (u16::from(*byte), rest),
        [low, high, rest @ ..] if !narrow => (u16::from_le_bytes([*low, *high]), rest),
        _ => return 0,
    };
    *bytes = rest;
    u32::from(if encoding == Encoding::Utf16Be { unit.swap_bytes() } else { unit })
}

/// Appends a code point below 0x110000 in UTF-8, or a byte as it is.
#[inline(never)]
fn push_utf8(text: &mut Text, code: u32, encoding: Encoding) {
    // The bits of the bytes behind the first one; that one's mark has a bit for each of them too.
    let (mut shift, mark) = match code {
        _ if code < 0x80 || encoding == Encoding::Bytes => (0, 0),
        0..0x800 => (6, 0xc0),
        0x800..0x10000 => (12, 0xe0),
        _ => (18, 0xf0),
    };
    text.push_byte((code >> shift | mark).to_le_bytes()[0]);
    while shift != 0 {
        shift -= 6;
        text.push_byte((code >> shift & 0x3f | 0x80).to_le_bytes()[0]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Source, Windows};

    struct Bytes<'b>(&'b [u8]);

    impl Source for Bytes<'_> {
        fn read_at(&mut self, _: u64, buffer: &mut [u8]) -> usize {
            buffer.copy_from_slice(&self.0[..buffer.len()]);
            buffer.len()
        }
    }

    fn label(bytes: &[u8], encoding: Encoding) -> Vec<u8> {
        let mut text = Text::new();
        push_label(&mut text, bytes, encoding);
        text.as_bytes().to_vec()
    }

    #[test]
    fn labels_of_bytes() {
        let rows: [(&[u8], &[u8], &str); 9] = [
            (b"", b"", ""),
            (b"root", b"root", "root"),
            (b"root\0junk", b"root", "root"),
            (b"\0junk", b"", ""),
            (b" two words \t\n\x0b\x0c\r ", b" two words", " two words"),
            (b"a \0 b", b"a", "a"),
            (b"   ", b"", ""),
            (b"\xc3\xa4\xff", b"\xc3\xa4\xff", "\u{c3}\u{a4}\u{ff}"),
            (b"\x7f\x80\xa0", b"\x7f\x80\xa0", "\u{7f}\u{80}\u{a0}"),
        ];
        for (bytes, as_bytes, as_latin_1) in rows {
            assert_eq!(label(bytes, Encoding::Bytes), as_bytes, "{bytes:?}");
            assert_eq!(label(bytes, Encoding::Latin1), as_latin_1.as_bytes(), "{bytes:?}");
        }
    }

    #[test]
    fn labels_of_utf_16() {
        let rows: [(&[u16], &[u8]); 16] = [
            (&[], b""),
            (&[0x72, 0x6f, 0x74], b"rot"),
            (&[0x72, 0, 0x74], b"r"),
            (&[0x72, 0x20, 0x20, 0], b"r"),
            (&[0x7f, 0x80, 0x7ff], "\u{7f}\u{80}\u{7ff}".as_bytes()),
            (&[0x800, 0x20ac, 0xffff], "\u{800}\u{20ac}\u{ffff}".as_bytes()),
            (&[0xd800, 0xdc00], "\u{10000}".as_bytes()),
            (&[0xd83d, 0xde00, 0x21], "\u{1f600}!".as_bytes()),
            (&[0xdbff, 0xdfff], "\u{10ffff}".as_bytes()),
            (&[0xd83d, 0xde00, 0xd83d, 0xde01], "\u{1f600}\u{1f601}".as_bytes()),
            // Halves that stand alone: the last of all, before something else, in the wrong order, twice the same.
            (&[0x61, 0xd800], b"a\xed\xa0\x80"),
            (&[0xd800, 0x61], b"\xed\xa0\x80a"),
            (&[0xd800, 0], b"\xed\xa0\x80"),
            (&[0xdc00, 0xd800], b"\xed\xb0\x80\xed\xa0\x80"),
            (&[0xd800, 0xd800, 0xdc00], b"\xed\xa0\x80\xf0\x90\x80\x80"),
            (&[0xd800, 0xdc00, 0xdc00], b"\xf0\x90\x80\x80\xed\xb0\x80"),
        ];
        for (units, expected) in rows {
            let mut little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
            let mut big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
            assert_eq!(label(&little, Encoding::Utf16Le), expected, "{units:x?}");
            assert_eq!(label(&big, Encoding::Utf16Be), expected, "{units:x?}");
            // Half a unit at the end doesn't count.
            little.push(b'x');
            big.push(b'x');
            assert_eq!(label(&little, Encoding::Utf16Le), expected, "{units:x?}");
            assert_eq!(label(&big, Encoding::Utf16Be), expected, "{units:x?}");
        }
    }

    #[test]
    fn uuids() {
        let rows: [([u8; 16], &str); 4] = [
            ([0; 16], ""),
            ([0xff; 16], "ffffffff-ffff-ffff-ffff-ffffffffffff"),
            (0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes(), "00112233-4455-6677-8899-aabbccddeeff"),
            (*b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", "00000000-0000-0000-0000-000000000001"),
        ];
        for (uuid, expected) in rows {
            let mut text = Text::new();
            push_uuid(&mut text, &uuid, IN_ORDER);
            assert_eq!(text.as_bytes(), expected.as_bytes());
        }
        // An EFI system partition's type, as a table has it.
        let stored = *b"\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b";
        let mut text = Text::new();
        push_uuid(&mut text, &stored, GUID);
        assert_eq!(text.as_bytes(), b"c12a7328-f81f-11d2-ba4b-00a0c93ec93b");
    }

    #[test]
    fn from_a_disk() {
        let mut bytes = [0; 64];
        bytes[8..].fill(1);
        bytes[40..].copy_from_slice(b"label  \0 what is behind ");
        let (mut source, mut windows, mut identity) = (Bytes(&bytes), Windows::new(), Identity::new());
        let mut disk = Disk::new(&mut source, &mut windows, 0, 64, 0);
        for (kind, fstype, mountable) in [
            (Type::LinuxRaidMember, &b"linux_raid_member"[..], false),
            (Type::ZfsMember, b"zfs_member", false),
            (Type::Btrfs, b"btrfs", true),
            (Type::Udf, b"udf", true),
        ] {
            identity.kind = kind;
            assert_eq!((identity.fstype(), identity.is_mountable()), (fstype, mountable));
        }
        for (at, length, expected) in
            [(40, 24, Some(&b"label"[..])), (41, 2, Some(b"ab")), (0, 8, Some(b"")), (41, 24, None)]
        {
            disk.failed = false;
            identity.label_at(&mut disk, at, length, Encoding::Bytes);
            assert_eq!((!disk.failed).then_some(identity.label.as_bytes()), expected, "{at} {length}");
        }
        disk.failed = false;
        identity.uuid_at(&mut disk, 16);
        assert!(!disk.failed);
        identity.uuid_at(&mut disk, 49);
        assert!(disk.failed);
        assert_eq!(identity.uuid.as_bytes(), b"01010101-0101-0101-0101-010101010101");
        identity.devices.0 = 2;
        identity.clear();
        let rest = (identity.fstype(), identity.uuid.as_bytes(), identity.label.as_bytes(), identity.devices.0);
        assert_eq!(rest, (&b""[..], &b""[..], &b""[..], 0));
    }
}
