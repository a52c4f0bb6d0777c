//! Partition tables, as the kernel numbers what is in them: GPT and MBR.

use crate::bytes::Text;
use crate::disk::{Disk, le16, le32};

mod gpt;
mod mbr;
#[cfg(test)]
mod tests;

/// What an MBR says to be GPT's disk.
const TYPE_GPT: u8 = 0xee;

/// One partition. (The short fields first: they are reached with less code.)
#[repr(C)]
pub struct Partition {
    /// The kernel's number of it, from 1 on.
    pub number: u32,
    /// It holds further tables, and nothing else.
    pub extended: bool,
    /// Where it starts, in bytes from the start of the disk.
    pub start: u64,
    /// Its size in bytes.
    pub size: u64,
    /// GPT's type GUID, as it is stored; all zeros in an MBR.
    pub kind: [u8; 16],
    /// GPT's attributes.
    pub flags: u64,
    /// `PARTUUID`: GPT's unique GUID, or MBR's `SSSSSSSS-PP`, both in small letters.
    pub uuid: Text,
    /// `PARTLABEL`: GPT's name, in UTF-8.
    pub label: Text,
}

impl Default for Partition {
    fn default() -> Self {
        Self::new()
    }
}

impl Partition {
    /// None yet.
    pub const fn new() -> Self {
        let (uuid, label) = (Text::new(), Text::new());
        Partition { number: 0, start: 0, size: 0, uuid, label, kind: [0; 16], flags: 0, extended: false }
    }

    /// It is the one of this number, in this place, without anything else that a table may say. (The whole disk is like
    /// partition 0 of itself.)
    #[inline(never)]
    pub fn be(&mut self, number: u32, start: u64, size: u64) {
        (self.number, self.start, self.size) = (number, start, size);
        (self.extended, self.kind, self.flags) = (false, [0; 16], 0);
        self.uuid.clear();
        self.label.clear();
    }
}

/// A partition table that is being read, one partition after the other.
pub enum Table {
    /// GUID partition table.
    Gpt(gpt::Gpt),
    /// Master boot record, and the extended ones that it leads to.
    Mbr(mbr::Mbr),
}

impl Table {
    /// The table on `disk`, if there is one that the kernel would take.
    #[inline(never)]
    pub fn read(disk: &mut Disk<'_>) -> Option<Table> {
        disk.seek(0);
        let sector = disk.sector;
        let mbr = disk.sector();
        let signature = le32(mbr, 440);
        if le16(mbr, 510) != mbr::SIGNATURE {
            return None;
        }
        let (mut flags, mut is_gpt) = (0, false);
        for entry in mbr[446..510].as_chunks::<16>().0 {
            flags |= entry[0];
            is_gpt |= entry[4] == TYPE_GPT;
        }
        if is_gpt {
            return gpt::Gpt::read(disk);
        }
        // Entries are flagged as active or not, as nothing else is.
        (flags & 0x7f == 0).then(|| Table::Mbr(mbr::Mbr::new(signature, sector)))
    }

    /// `PTTYPE`, in libblkid's words.
    pub fn kind(&self) -> &'static [u8] {
        match self {
            Table::Gpt(_) => b"gpt",
            Table::Mbr(_) => b"dos",
        }
    }

    /// Appends `PTUUID`: GPT's disk GUID, MBR's disk signature.
    pub fn push_uuid(&self, text: &mut Text) {
        match self {
            Table::Gpt(gpt) => gpt.push_uuid(text),
            Table::Mbr(mbr) => mbr.push_uuid(text),
        }
    }

    /// Puts the next partition into `partition`; false at the end.
    #[inline(never)]
    pub fn next(&mut self, disk: &mut Disk<'_>, partition: &mut Partition) -> bool {
        loop {
            let found = match self {
                Table::Gpt(gpt) => gpt.next(disk, partition),
                Table::Mbr(mbr) => mbr.next(disk, partition),
            };
            match found {
                Some(false) => {}
                _ => return found.is_some(),
            }
        }
    }
}
