//! Images put together byte by byte, and what is recognised on them.

use super::{UNKNOWN, probe, probe_for, spared};
use crate::crc::crc32;
use crate::disk::{BUDGET, Disk, Source, Windows};
use crate::identity::Identity;
use std::collections::BTreeMap;

/// An image that is zeros but for the pieces that are put into it.
#[derive(Clone)]
pub(super) struct Image {
    size: u64,
    pieces: BTreeMap<u64, Vec<u8>>,
    /// Bytes that were read of it.
    pub(super) read: usize,
}

impl Image {
    pub(super) fn new(size: u64) -> Self {
        Image { size, pieces: BTreeMap::new(), read: 0 }
    }

    /// Puts `bytes` at `at`; what overlaps what was put before wins.
    pub(super) fn put(mut self, at: u64, bytes: impl AsRef<[u8]>) -> Self {
        for (place, byte) in (at..).zip(bytes.as_ref()) {
            self.pieces.insert(place, vec![*byte]);
        }
        self
    }

    /// The CRC of `length` bytes at `at`, neither it nor them inverted.
    pub(super) fn crc(&mut self, polynomial: u32, seed: u32, at: u64, length: usize) -> u32 {
        let mut bytes = vec![0; length];
        assert_eq!(self.read_at(at, &mut bytes), length);
        self.read -= length;
        crc32(polynomial, seed, &bytes)
    }

    /// `TYPE UUID LABEL`, or nothing; a `!` before a type that is no root. The label escaped.
    pub(super) fn identify(&mut self) -> String {
        let size = self.size;
        let mut what = UNKNOWN;
        let first = self.identify_for(size, &mut what);
        let read = self.read;
        assert!(read <= BUDGET, "{read} bytes were read");
        // Known, it is recognised by what little is read of it then.
        if !first.is_empty() {
            assert_eq!(self.identify_for(size, &mut what), first);
            assert!(self.read - read <= read, "{} bytes were read once more", self.read - read);
        }
        first
    }

    fn identify_for(&mut self, size: u64, what: &mut u32) -> String {
        let (mut identity, mut windows) = (Identity::new(), Windows::new());
        windows.spared = spared(*what);
        let found = probe_for(&mut Disk::new(self, &mut windows, 0, size, 0), &mut identity, what);
        assert_eq!(found, !identity.fstype().is_empty());
        if !found {
            return String::new();
        }
        let mark = if identity.is_mountable() { "" } else { "!" };
        let (uuid, label) = (identity.uuid.as_bytes().escape_ascii(), identity.label.as_bytes().escape_ascii());
        format!("{mark}{} {uuid} {label}", identity.fstype().escape_ascii())
    }
}

impl Source for Image {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        let length = usize::try_from(self.size.saturating_sub(offset)).expect("small").min(buffer.len());
        buffer[..length].fill(0);
        for (at, piece) in self.pieces.range(offset..offset + length as u64) {
            let at = usize::try_from(at - offset).expect("small");
            for (to, from) in buffer[at..length].iter_mut().zip(piece) {
                *to = *from;
            }
        }
        self.read += length;
        length
    }
}

pub(super) const UUID: [u8; 16] = *b"\x0f\x2a\x4c\x6e\x00\x01\x40\x00\x80\x00\x00\x00\x00\x00\xab\xcd";
pub(super) const UUID_TEXT: &str = "0f2a4c6e-0001-4000-8000-00000000abcd";

#[test]
fn nothing_is_nothing() {
    for size in [0, 512, 1024, 4096, 1 << 20, 1 << 30, u64::MAX] {
        assert_eq!(Image::new(size).identify(), "", "{size}");
    }
}

/// Its reads fail when none are left.
struct Failing {
    image: Image,
    left: usize,
}

impl Source for Failing {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        let left = self.left;
        self.left = left.saturating_sub(1);
        if left == 0 { 0 } else { self.image.read_at(offset, buffer) }
    }
}

#[test]
#[cfg(feature = "md")]
fn no_half_answers() {
    let (size, at) = (8 << 20, (8 << 20) - 0x2000);
    let image = Image::new(size).put(at, b"\xfc\x4e\x2b\xa9\x01").put(at + 144, (at / 512).to_le_bytes());
    assert_eq!(image.clone().identify(), "!linux_raid_member  ");
    for left in 0..8 {
        let (mut source, mut identity) = (Failing { image: image.clone(), left }, Identity::new());
        let found = probe(&mut Disk::new(&mut source, &mut Windows::new(), 0, size, 512), &mut identity);
        assert_eq!(found, !identity.fstype().is_empty(), "{left} reads");
    }
}
