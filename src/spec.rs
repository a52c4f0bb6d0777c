//! What a root is named by: the kernel's forms of `root=`, and the tags of fstab(5), of whose first field this has its
//! name.
//!
//! Source: `early_lookup_bdev()` in block/early-lookup.c, `init/do_mounts.c`; fstab(5), blkid(8); udev's links in
//! /dev/disk.

use crate::bytes::{Dev, NOWHERE, Text, decimal, number, place_of, take_any, take_prefix, take_until, trim, until};
use crate::identity::Identity;
use crate::message::Message;
use crate::packed;
use crate::partition::Partition;

/// One way to name a root: what is looked for, by what text or number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spec<'a> {
    /// What is looked for.
    pub by: By,
    /// The value; of [`By::Name`] the name in devtmpfs, without `/dev/`, of [`By::Source`] all of it.
    pub text: &'a [u8],
    /// The device of [`By::Number`].
    pub dev: Option<Dev>,
    /// How far from the partition that [`By::PartUuid`] names the root is on its disk (`/PARTNROFF=`).
    pub offset: i32,
    /// Its place among those that are tried.
    pub place: u32,
    /// It need not be a file system.
    pub any: bool,
}

/// What a root is looked for by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Not at all: an empty place.
    Nothing,
    /// `/dev/NAME`.
    Name,
    /// `MAJ:MIN`, or the kernel's own encoding in hexadecimal.
    Number,
    /// `UUID=`.
    Uuid,
    /// `LABEL=`.
    Label,
    /// `PARTUUID=`.
    PartUuid,
    /// `PARTLABEL=`.
    PartLabel,
    /// The digits of a partition's UUID alone.
    PartDigits,
    /// The type that the Discoverable Partitions Specification gives root partitions: nothing was named.
    Type,
    /// Not on a block device: the source that a file system without one is mounted from.
    Source,
}

/// Whether those that only verity devices are looked for by can be.
const VERITY: bool = cfg!(feature = "layer-verity");

impl By {
    /// By what the device itself holds.
    pub fn is_content(self) -> bool {
        matches!(self, By::Uuid | By::Label)
    }

    /// By what the partition table says.
    pub fn is_table(self) -> bool {
        matches!(self, By::PartUuid | By::PartLabel | By::Type) || VERITY && self == By::PartDigits
    }
}

/// Types that are mounted from something else than a block device. (`ubi…` and `mtd…` name such a thing by themselves.)
const SOURCE_TYPES: &[u8] = packed!(b"9p|virtiofs|tmpfs|ramfs|ubifs|jffs2|nfs|nfs4|cifs|overlay");
/// What a root begins with: the tags; udev's directories of links for them, in the same order; any other device; what is
/// none; and the rest.
const FORMS: &[u8] = b"PARTUUID=|PARTLABEL=|UUID=|LABEL=|\
/dev/disk/by-partuuid/|/dev/disk/by-partlabel/|/dev/disk/by-uuid/|/dev/disk/by-label/|/dev/|mtd|ubi|";
/// What each of them is looked for by; the rest by [`By::Number`].
const BYS: [By; 11] = {
    use By::*;
    [PartUuid, PartLabel, Uuid, Label, PartUuid, PartLabel, Uuid, Label, Name, Source, Source]
};
const LINK: usize = 4;
const DEVICE: usize = 8;
/// What no device in devtmpfs is called: nothing; directories of udev's links; the kernel's words for roots in the network
/// ([`crate::network`]), and for the first RAM disk.
const NO_DEVICES: &[u8] = packed!(b"|disk|mapper|nfs|cifs|ram");
/// What to say of the first ones, and of what is below them.
const REFUSED: [Message; 3] = [Message::UnknownRoot, Message::UdevRoot, Message::UdevRoot];
/// The place in a list of roots that is the search's own.
pub const LAST_SPEC: u32 = 8;
/// The place that is /usr's: what was found for a root is none.
pub const USR_SPEC: u32 = LAST_SPEC - 1;
/// How many roots are tried at most, with those two.
pub const MOST_SPECS: usize = LAST_SPEC as usize + 1;

/// The roots to try, in order; some places may be empty. The last but one is for /usr, the last is the search's own.
pub type Specs<'a> = [Spec<'a>; MOST_SPECS];

/// No roots yet. (Made by a loop: a constant takes the room of all of them in the file.)
#[inline(never)]
pub fn no_specs() -> Specs<'static> {
    core::array::from_fn(|place| Spec { place: u32::try_from(place).unwrap_or(0), ..Spec::new(By::Nothing, b"") })
}

/// Takes the first part of `pintle.root=A,B` off `text`: a comma separates only where a root can begin behind it, since
/// labels hold commas. Empty at the end, and in front of a comma that is the first byte.
pub fn take_first<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let all = *text;
    while let [byte, rest @ ..] = *text {
        let form = take_any(&mut { rest }, FORMS);
        if *byte == b',' && (form < LINK || rest.first() == Some(&b'/')) {
            let part = all.len() - text.len();
            *text = rest;
            return all.get(..part).unwrap_or_default();
        }
        *text = rest;
    }
    all
}

impl<'a> Spec<'a> {
    /// By `text`.
    pub const fn new(by: By, text: &'a [u8]) -> Self {
        Spec { by, text, dev: None, offset: 0, place: 0, any: false }
    }

    /// Reads one root; `fstypes` is the value of `rootfstype=`. The error is what to say of a form that pintle doesn't
    /// know.
    pub fn parse(&mut self, root: &'a [u8], fstypes: &[u8]) -> Result<(), Message> {
        self.text = root;
        let form = take_any(&mut self.text, FORMS);
        let is_device = (LINK..=DEVICE).contains(&form);
        self.by = BYS.get(form).copied().unwrap_or(By::Number);
        if !is_device && is_source(fstypes) {
            self.by = By::Source;
        }
        let known = match self.by {
            By::Name => return self.device(root),
            By::Number => self.number(),
            By::Source => {
                self.text = root;
                Some(())
            }
            _ => self.tag(),
        };
        known.ok_or(if is_device { Message::UdevRoot } else { Message::UnknownRoot })
    }

    /// A name below /dev. devtmpfs has no links.
    fn device(&mut self, all: &'a [u8]) -> Result<(), Message> {
        let first = until(self.text, b'/');
        let place = place_of(NO_DEVICES, first);
        if let Some(message) = REFUSED.get(place) {
            return Err(*message);
        }
        // What is below the others is a device.
        if first.len() == self.text.len() {
            match place {
                3 | 4 => (self.by, self.text) = (By::Source, all),
                5 => self.text = b"ram0",
                _ => {}
            }
        }
        Ok(())
    }

    /// The value of a tag, or of a link.
    fn tag(&mut self) -> Option<()> {
        if let [quote @ (b'"' | b'\''), inner @ .., last] = self.text
            && quote == last
        {
            self.text = inner;
        }
        let mut offset = self.text;
        if self.by == By::PartUuid
            && let Some(uuid) = take_until(&mut offset, b'/')
        {
            self.text = uuid;
            if !take_prefix(&mut offset, b"PARTNROFF=") {
                return None;
            }
            let is_negative = take_prefix(&mut offset, b"-");
            self.offset = i32::try_from(decimal(offset)?).ok()?;
            if is_negative {
                self.offset = -self.offset;
            }
        }
        (!self.text.is_empty()).then_some(())
    }

    /// As `devt_from_devnum()`: `MAJ:MIN` and what [`Dev::parse`] reads else, or hexadecimal as `new_decode_dev()` reads
    /// it: 12 bits of major, 20 of minor. Device 0:0 is none.
    fn number(&mut self) -> Option<()> {
        self.dev = match number(self.text, 16) {
            Some(number) => Dev::new((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xfff00)),
            None => Dev::parse(self.text),
        };
        self.dev.map(|_| ())
    }

    /// Whether it is the root that a device with this content may be.
    #[inline(never)]
    pub fn is_content(&self, identity: &Identity) -> bool {
        let text = if self.by == By::Uuid { &identity.uuid } else { &identity.label };
        (self.any || identity.is_mountable()) && self.by.is_content() && self.matches(text)
    }

    /// Whether the root is `partition`, or as far from it as it says.
    #[inline(never)]
    pub fn is_partition(&self, partition: &Partition) -> bool {
        match self.by {
            By::PartUuid | By::PartDigits => self.matches(&partition.uuid),
            By::PartLabel => self.matches(&partition.label),
            By::Type => partition.kind == ROOT_TYPE && partition.flags & NO_AUTO == 0,
            _ => false,
        }
    }

    /// Whether what is wanted, in which udev's `\xNN` stands for a byte, is `text`, but for white space at the end and, in
    /// an UUID, case.
    #[inline(never)]
    fn matches(&self, text: &Text) -> bool {
        let mut wanted = trim(self.text);
        let any_case = !matches!(self.by, By::Label | By::PartLabel);
        for other in text.as_bytes() {
            if VERITY && self.by == By::PartDigits && *other == b'-' {
                continue;
            }
            let [first, rest @ ..] = wanted else { return false };
            let (mut byte, mut behind) = (*first, rest);
            if let [b'\\', b'x', high, low, after @ ..] = wanted
                && let Some(code) = number(&[*high, *low], 16)
            {
                (byte, behind) = (code.to_le_bytes()[0], after);
            }
            wanted = behind;
            let difference = byte ^ other;
            let is_case = any_case && difference == 0x20 && byte.is_ascii_alphabetic();
            if difference != 0 && !is_case {
                return false;
            }
        }
        wanted.is_empty()
    }
}

/// A GUID as a table has it.
const fn stored(first: u32, second: u16, third: u16, rest: u64) -> [u8; 16] {
    let little = first as u128 | (second as u128) << 32 | (third as u128) << 48;
    (little | (rest.swap_bytes() as u128) << 64).to_le_bytes()
}

/// The GUID of a root partition's type (UAPI group, Discoverable Partitions Specification).
#[cfg(target_arch = "x86_64")]
const ROOT_TYPE: [u8; 16] = stored(0x4f68bce3, 0xe8cd, 0x4db1, 0x96e7_fbcaf984b709);
#[cfg(target_arch = "aarch64")]
const ROOT_TYPE: [u8; 16] = stored(0xb921b045, 0x1df0, 0x41c3, 0xaf44_4c6f280d3fae);
/// The same specification's attributes: not to be mounted by itself; read-only.
const NO_AUTO: u64 = 1 << 63;
/// Read-only.
pub const READ_ONLY: u64 = 1 << 60;

/// Whether the first of the types is one that isn't mounted from a block device.
fn is_source(fstypes: &[u8]) -> bool {
    place_of(SOURCE_TYPES, until(fstypes, b',')) != NOWHERE
}

#[cfg(test)]
mod tests;
