//! Partition tables, as the kernel numbers what is in them: GPT and MBR.

use crate::bytes::{Text, part};
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

/// What kind of table there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// None, or none that the kernel would take.
    Nothing,
    /// GUID partition table.
    Gpt,
    /// Master boot record, and the extended ones that it leads to.
    Mbr,
}

/// A partition table that is being read, one partition after the other. (In this order, for the shortest code.)
#[repr(C)]
pub struct Table {
    mbr: mbr::Mbr,
    /// What it is.
    pub kind: Kind,
    gpt: gpt::Gpt,
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

impl Table {
    /// None yet.
    #[inline(never)]
    pub const fn new() -> Self {
        Table { mbr: mbr::Mbr::new(), kind: Kind::Nothing, gpt: gpt::Gpt::new() }
    }

    /// Reads the one that is on `disk`, which is `whole`, and gives that its UUID: GPT's disk GUID, MBR's disk signature.
    #[inline(never)]
    pub fn read(&mut self, disk: &mut Disk<'_>, whole: &mut Partition) {
        whole.uuid.clear();
        disk.seek(0);
        let mbr = disk.sector();
        self.mbr.signature = le32(mbr, 440);
        if le16(mbr, 510) != mbr::SIGNATURE {
            return;
        }
        let (mut flags, mut is_gpt) = (0, false);
        for entry in mbr[446..510].as_chunks::<16>().0 {
            flags |= entry[0];
            is_gpt |= entry[4] == TYPE_GPT;
        }
        if is_gpt {
            if self.gpt.read(disk, &mut whole.uuid) {
                self.kind = Kind::Gpt;
            }
        } else if flags & 0x7f == 0 {
            // Entries are flagged as active or not, as nothing else is.
            self.kind = Kind::Mbr;
            if self.mbr.signature != 0 {
                self.mbr.push_signature(&mut whole.uuid);
            }
        }
    }

    /// `PTTYPE`, in libblkid's words.
    pub fn name(&self) -> &'static [u8] {
        part(b"|gpt|dos", b'|', self.kind as usize)
    }

    /// Puts the next partition into `partition`; false at the end. The base of `disk` is its start, as after [`Table::read`].
    #[inline(never)]
    pub fn next(&mut self, disk: &mut Disk<'_>, partition: &mut Partition) -> bool {
        loop {
            let found = match self.kind {
                Kind::Nothing => None,
                Kind::Gpt => self.gpt.next(disk, partition),
                Kind::Mbr => self.mbr.next(disk, partition),
            };
            match found {
                Some(false) => {}
                _ => return found.is_some(),
            }
        }
    }
}
