//! Superblocks: what is on a device, by a bounded read of it. One file for each family of formats, one cargo feature
//! for each file.
//!
//! The answers are those of `blkid -p`, and so is the way to them: members of a set and encrypted devices come first
//! and end the search; two file systems on one device are none, for one of them is stale, or somebody wants to deceive.

use crate::disk::{Disk, HEAD_BYTES, le64};
use crate::identity::{Encoding, Identity, Type};

#[cfg(feature = "bcache")]
mod bcache;
#[cfg(feature = "btrfs")]
mod btrfs;
#[cfg(feature = "cramfs")]
mod cramfs;
#[cfg(feature = "erofs")]
mod erofs;
#[cfg(feature = "exfat")]
mod exfat;
#[cfg(feature = "ext")]
mod ext;
#[cfg(feature = "f2fs")]
mod f2fs;
#[cfg(any(feature = "exfat", feature = "vfat"))]
mod fat;
#[cfg(feature = "iso9660")]
mod iso9660;
#[cfg(feature = "jfs")]
mod jfs;
#[cfg(feature = "luks")]
mod luks;
#[cfg(feature = "lvm")]
mod lvm;
#[cfg(feature = "md")]
mod md;
#[cfg(feature = "minix")]
mod minix;
#[cfg(feature = "nilfs2")]
mod nilfs2;
#[cfg(feature = "ntfs")]
mod ntfs;
#[cfg(feature = "romfs")]
mod romfs;
#[cfg(feature = "squashfs")]
mod squashfs;
#[cfg(feature = "swap")]
pub(crate) mod swap;
#[cfg(feature = "udf")]
mod udf;
#[cfg(feature = "verity")]
mod verity;
#[cfg(feature = "vfat")]
mod vfat;
#[cfg(feature = "xfs")]
mod xfs;
#[cfg(feature = "zfs")]
mod zfs;

/// What the code of a family says: nothing where it is none; else whether label and UUID stand where the row of the table
/// has them, from the base that it left.
type Answer = Option<bool>;

/// What is sure of a family without code: a row of the table.
#[derive(Clone, Copy)]
struct Format {
    /// At most 8 bytes as a number, below them zeros; so many bits of those, halved.
    magic: u64,
    magic_shift: u8,
    magic_at: u8,
    /// Binary logarithm of the least bytes of a device.
    least_bits: u8,
    /// The place of the superblock, and [`NEAR`].
    base_kib: u8,
    /// What it is, unless the code of its family knows better.
    kind: Type,
    /// From there. 0: it has none, or another one.
    uuid: u8,
    /// Likewise, in the low 9 bits; above them its length in words of 4 bytes.
    label: u16,
}

/// All that it is recognised by stands in the first 4 KiB, but for what is read by less than that at a time.
const NEAR: u8 = 0x80;

#[allow(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "constants")]
#[allow(dead_code, reason = "where no format is built")]
impl Format {
    const fn new(kind: Type) -> Self {
        let (magic, magic_shift, magic_at, least_bits, base_kib) = (0, 32, 0, 0, 0);
        Format { magic, magic_shift, magic_at, least_bits, base_kib, kind, uuid: 0, label: 0 }
    }

    /// On devices of `bytes` at least, a power of two.
    const fn least(self, bytes: u64) -> Self {
        assert!(bytes.is_power_of_two());
        Format { least_bits: bytes.trailing_zeros() as u8, ..self }
    }

    /// The superblock is at `base`; the other places are from there.
    const fn at(self, base: u64) -> Self {
        assert!(base.is_multiple_of(1024) && base < 1 << 17);
        Format { base_kib: (base / 1024) as u8, ..self }
    }

    /// It is [`NEAR`].
    const fn near(self) -> Self {
        assert!(self.base_kib < 4);
        Format { base_kib: self.base_kib | NEAR, ..self }
    }

    /// `magic` stands at `magic_at`.
    const fn magic(self, magic_at: u8, magic: &[u8]) -> Self {
        let (mut number, mut place) = (0, magic.len());
        assert!(place <= 8);
        while place != 0 {
            place -= 1;
            number = number << 8 | magic[place] as u64;
        }
        let magic_shift = 32 - 4 * magic.len() as u8;
        Format { magic: number << magic_shift << magic_shift, magic_shift, magic_at, ..self }
    }

    /// The UUID's 16 bytes are at `uuid`.
    const fn uuid(self, uuid: u8) -> Self {
        Format { uuid, ..self }
    }

    /// The label is in the `bytes` at `label`.
    const fn label(self, label: u16, bytes: u16) -> Self {
        assert!(label < 1 << 9 && bytes.is_multiple_of(4) && bytes < 1 << 9);
        Format { label: label | (bytes / 4) << 9, ..self }
    }
}

/// The table of formats, and the function that asks one of them.
macro_rules! formats {
    ($($feature:literal $family:ident,)*) => {
        static FORMATS: &[Format] = &[$(#[cfg(feature = $feature)] $family::FORMAT,)*];

        #[allow(non_camel_case_types, reason = "named by their modules")]
        #[allow(dead_code, reason = "where no format is built")]
        enum Family {
            $(#[cfg(feature = $feature)] $family,)*
        }

        /// Looks at the rest, by the code of the family in `place`; `sb` is the sector at the base. That may also say what kind of it, name it, or go to
        /// another base. (One function with all of that code in it is smaller than a function each.)
        #[inline(always)]
        #[allow(unused_variables, reason = "where none of them is built")]
        fn look(place: usize, disk: &mut Disk<'_>, sb: &[u8; 512], identity: &mut Identity) -> Answer {
            $(#[cfg(feature = $feature)]
            if place == Family::$family as usize {
                return $family::probe(disk, sb, identity);
            })*
            None
        }
    };
}

// In libblkid's order: the first one counts.
formats! {
    "md" md,
    "bcache" bcache,
    "lvm" lvm,
    "verity" verity,
    "luks" luks,
    "vfat" vfat,
    "swap" swap,
    "xfs" xfs,
    "ext" ext,
    "jfs" jfs,
    "udf" udf,
    "iso9660" iso9660,
    "zfs" zfs,
    "ntfs" ntfs,
    "cramfs" cramfs,
    "romfs" romfs,
    "minix" minix,
    "squashfs" squashfs,
    "btrfs" btrfs,
    "nilfs2" nilfs2,
    "exfat" exfat,
    "f2fs" f2fs,
    "erofs" erofs,
}

/// Up to this size, that of a floppy disk, a device is in no set, and the first that is recognised is what it is.
const TINY_BYTES: u64 = 1440 * 1024;

/// Fills `identity` with what is on `disk`; false when nothing, or more than one thing, was recognised.
pub fn probe(disk: &mut Disk<'_>, identity: &mut Identity) -> bool {
    probe_for(disk, identity, &mut { UNKNOWN })
}

/// The same where it may be known `what` it is: only that is looked for then. It is known afterwards.
#[inline(never)]
#[allow(clippy::cast_possible_truncation, reason = "it is no larger than COUNT")]
pub fn probe_for(disk: &mut Disk<'_>, identity: &mut Identity, what: &mut u32) -> bool {
    // Members of a set, which what shines through of the set's contents must not hide, and what is encrypted.
    let (mut least, mut last) = (Type::LinuxRaidMember, Type::CryptoLuks);
    if disk.size <= TINY_BYTES {
        (least, last) = (Type::DmVerityHash, Type::Udf);
    }
    let (mut first, mut single) = (*what as usize, false);
    // Extended partitions show as much of themselves as holds their table: nothing is looked for in them.
    let mut place = if disk.size > 1024 && first == COUNT { 0 } else { COUNT };
    while place < COUNT {
        recognise(place, disk, identity);
        let kind = identity.kind;
        if kind >= least {
            // Only ISO 9660 and UDF may share a device (a hybrid of both).
            single |= kind < Type::Iso9660;
            if first == COUNT {
                first = place;
            } else if single {
                first = COUNT;
                break;
            }
            if kind <= last {
                break;
            }
        }
        place += 1;
    }
    // Once more, for it alone: the reads are mostly those that are there already.
    recognise(first, disk, identity);
    *what = first as u32;
    let found = identity.kind != Type::Nothing;
    if !found {
        // A read that failed leaves half of an answer.
        identity.clear();
    }
    found
}

/// Fills `identity` with the format in `place` of the table, if that's on `disk`.
#[inline(never)]
fn recognise(place: usize, disk: &mut Disk<'_>, identity: &mut Identity) {
    identity.clear();
    let Some(format) = FORMATS.get(place) else { return };
    disk.seek(u64::from(format.base_kib & !NEAR) << 10);
    let sb = disk.head_sector();
    let there = le64(sb, format.magic_at.into()) << format.magic_shift << format.magic_shift;
    if disk.size >> format.least_bits == 0 || there != format.magic {
        return;
    }
    identity.kind = format.kind;
    match look(place, disk, sb, identity) {
        Some(true) => {
            let (at, words) = (format.label & 0x1ff, format.label >> 9);
            identity.label_at(disk, at.into(), usize::from(words) * 4, Encoding::Bytes);
            identity.uuid_at(disk, format.uuid.into());
        }
        Some(false) => {}
        None => disk.failed = true,
    }
    if disk.failed {
        identity.kind = Type::Nothing;
    }
}

/// How much of the end of a disk's head need not be read, where it may be known `what` it is.
pub fn spared(what: u32) -> usize {
    FORMATS.get(what as usize).map_or(0, |format| usize::from(format.base_kib & NEAR) * ((HEAD_BYTES - 4096) / 0x80))
}

/// It isn't known what it is.
#[allow(clippy::cast_possible_truncation, reason = "a constant")]
pub const UNKNOWN: u32 = COUNT as u32;

/// How many formats there are.
#[doc(hidden)]
pub const COUNT: usize = FORMATS.len();

/// Whether it is the one in this place of the table, which is asked alone: for fuzzing.
#[doc(hidden)]
pub fn one(place: usize, disk: &mut Disk<'_>, identity: &mut Identity) -> bool {
    recognise(place, disk, identity);
    identity.kind != Type::Nothing
}

#[cfg(test)]
mod tests;
