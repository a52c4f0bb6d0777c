//! Bounded reads of one device, or of an image file: what the probers and the partition tables see of it.
//!
//! Most superblocks lie within the first 68 KiB, which are read at once; the others are read sector by sector. No more
//! than [`BUDGET`] bytes of a device are ever read, whatever stands on it.

use crate::crc::crc32;

/// Bytes at the start of a device that are read at once: btrfs' superblock, at 64 KiB, is the last that is looked for
/// at a fixed place.
pub const HEAD_BYTES: usize = 68 * 1024;

/// What can be asked for at once behind those: the largest block that a checksum is taken of.
pub const MOST_BYTES: usize = 4096;

/// Bytes that are read of one device at most.
pub const BUDGET: usize = 256 * 1024;

/// The largest sector that what is read is aligned to.
pub const MOST_SECTOR_BYTES: u64 = 4096;

/// What is asked for need not start, nor end, with a sector.
const WINDOW_BYTES: usize = MOST_BYTES + 2 * 4096;

/// Where the bytes come from.
pub trait Source {
    /// Reads from `offset` on, as much as there is and `buffer` holds; returns the number of bytes, 0 for an error.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize;
}

/// The buffers of one [`Disk`], aligned for O_DIRECT.
#[repr(C, align(4096))]
pub struct Windows {
    head: [u8; HEAD_BYTES],
    window: [u8; WINDOW_BYTES],
    /// Zeros, for a sector that can't be read.
    no_sector: [u8; 512],
    /// How much of the end of the head isn't wanted of the next [`Disk`], a multiple of 4096.
    pub spared: usize,
}

impl Default for Windows {
    fn default() -> Self {
        Self::new()
    }
}

impl Windows {
    /// Empty ones.
    pub const fn new() -> Self {
        Windows { head: [0; HEAD_BYTES], window: [0; WINDOW_BYTES], no_sector: [0; 512], spared: 0 }
    }
}

/// Bytes that were asked for at once: where they start, how many there should be, and are.
#[derive(Clone, Copy)]
struct Span {
    start: u64,
    wanted: usize,
    filled: usize,
}

/// A device, or a part of one, that can be asked for bytes and numbers. Nothing is there past its end, past the budget,
/// and where reading fails.
pub struct Disk<'d> {
    source: &'d mut dyn Source,
    /// As much of it as could be read.
    head: &'d [u8],
    /// And as was wanted.
    head_bytes: usize,
    no_sector: &'d [u8; 512],
    window: &'d mut [u8; WINDOW_BYTES],
    start: u64,
    /// Its size in bytes.
    pub size: u64,
    /// Bytes of a logical sector, a power of two from 512 on.
    pub sector: u64,
    /// They are that for want of a better knowledge, as of an image file.
    pub sector_is_guessed: bool,
    /// Where the structure starts that is being read: all offsets are from there.
    pub base: u64,
    /// Numbers are big-endian.
    pub big: bool,
    /// A number wasn't there, and 0 was the answer: whoever reads many looks here once, at the end.
    pub failed: bool,
    budget: usize,
    span: Span,
}

impl<'d> Disk<'d> {
    /// `size` bytes of `source` from `start` on, with logical sectors of `sector` bytes; 0 where nobody knows. Its head is
    /// read.
    #[inline(never)]
    pub fn new(source: &'d mut dyn Source, windows: &'d mut Windows, start: u64, size: u64, sector: u64) -> Self {
        let Windows { head, window, no_sector, spared } = windows;
        let head_bytes = HEAD_BYTES.saturating_sub(core::mem::take(spared));
        let wanted = usize::try_from(size).unwrap_or(usize::MAX).min(head_bytes);
        let filled = head.get_mut(..wanted).map_or(0, |head| source.read_at(start, head));
        let head = head.get(..filled.min(HEAD_BYTES)).unwrap_or_default();
        let (base, big, failed, budget) = (0, false, false, BUDGET - HEAD_BYTES);
        let (sector, sector_is_guessed) = (sector.max(512), sector == 0);
        let span = Span { start: 0, wanted: 0, filled: 0 };
        #[rustfmt::skip]
        let disk = Disk {
            source, head, head_bytes, no_sector, window, start, size, sector, sector_is_guessed, base, big, failed, budget, span,
        };
        disk
    }

    /// Goes to the structure at `base`, whose numbers are little-endian, and forgets what failed before.
    pub fn seek(&mut self, base: u64) {
        (self.base, self.big, self.failed) = (base, false, false);
    }

    /// `length` bytes at `at`, [`MOST_BYTES`] at most where they aren't all in the head. Where they can't be had they are
    /// empty, and that is a failure. (`at` may be negative, wrapped.)
    #[inline(never)]
    pub fn bytes(&mut self, at: u64, length: usize) -> &[u8] {
        let at = self.base.wrapping_add(at);
        let end = at.saturating_add(length as u64);
        let (mut start, mut there) = (0, self.head);
        if end > self.head_bytes as u64 {
            let filled = self.fill(at, end).unwrap_or(0);
            (start, there) = (self.span.start, self.window.get(..filled.min(WINDOW_BYTES)).unwrap_or_default());
        }
        let within = usize::try_from(at.wrapping_sub(start)).unwrap_or(usize::MAX);
        let Some(bytes) = there.get(within..).and_then(|rest| rest.get(..length)) else {
            self.failed = true;
            return &[];
        };
        bytes
    }

    /// Reads what is from `at` to `end` into the window, unless it's there; returns how much of the window is filled.
    fn fill(&mut self, at: u64, end: u64) -> Option<usize> {
        if end > self.size {
            return None;
        }
        let span = &mut self.span;
        if at < span.start || end > span.start + span.wanted as u64 {
            let mask = self.sector - 1;
            let start = at & !mask;
            let last = ((end - 1) | mask).min(self.size - 1);
            let wanted = usize::try_from(last.wrapping_sub(start).wrapping_add(1)).ok()?.min(WINDOW_BYTES);
            let buffer = self.window.get_mut(..wanted)?;
            self.budget = self.budget.checked_sub(wanted)?;
            *span = Span { start, wanted, filled: self.source.read_at(self.start.checked_add(start)?, buffer) };
        }
        Some(span.filled)
    }

    /// The sector at the base, which must lie in the head; zeros where it couldn't be read.
    #[inline(never)]
    pub fn head_sector(&self) -> &'d [u8; 512] {
        let place = usize::try_from(self.base / 512).unwrap_or(usize::MAX);
        self.head.as_chunks().0.get(place).unwrap_or(self.no_sector)
    }

    /// The first 512 bytes: fields at fixed places are read from them with the least code, by [`le32`] and the like. Zeros
    /// where they can't be had.
    #[inline(never)]
    pub fn sector(&mut self) -> &[u8; 512] {
        let no_sector = self.no_sector;
        let [sector] = self.bytes(0, 512).as_chunks().0 else { return no_sector };
        sector
    }

    /// 16 bytes at `at`; zeros where they can't be had.
    #[inline(never)]
    pub fn array(&mut self, at: u64) -> &[u8; 16] {
        let zeros = self.no_sector.first_chunk().unwrap_or(&[0; 16]);
        let [array] = self.bytes(at, 16).as_chunks().0 else { return zeros };
        array
    }

    /// Whether `magic` stands at `at`. That it can't be read is no failure.
    #[inline(never)]
    pub fn magic(&mut self, at: u64, magic: &[u8]) -> bool {
        let failed = self.failed;
        let found = self.bytes(at, magic.len()) == magic;
        self.failed = failed;
        found
    }

    /// The number of `length` bytes, 8 at most.
    #[inline(never)]
    pub fn number(&mut self, at: u64, length: usize) -> u64 {
        let mut number = 0u64;
        for byte in self.bytes(at, length).iter().rev() {
            number = number << 8 | u64::from(*byte);
        }
        if self.big { number.swap_bytes() >> ((64 - 8 * length) & 63) } else { number }
    }

    /// A number of 16 bits.
    #[inline(never)]
    #[allow(clippy::cast_possible_truncation, reason = "two bytes")]
    pub fn u16(&mut self, at: u64) -> u32 {
        self.number(at, 2) as u32
    }

    /// A number of 32 bits.
    #[inline(never)]
    #[allow(clippy::cast_possible_truncation, reason = "four bytes")]
    pub fn u32(&mut self, at: u64) -> u32 {
        self.number(at, 4) as u32
    }

    /// A number of 64 bits.
    #[inline(never)]
    pub fn u64(&mut self, at: u64) -> u64 {
        self.number(at, 8)
    }

    /// Takes the byte order in which the number at the base is `magic`; false if it is in neither.
    #[inline(never)]
    pub fn order(&mut self, magic: u32) -> bool {
        let found = self.u32(0);
        self.big = found == magic.swap_bytes();
        self.big || found == magic
    }

    /// The CRC-32 with `polynomial` (reflected) of `length` bytes at `at`, started with `seed` and not inverted, the 4
    /// bytes at `hole` from there taken for zeros.
    pub fn crc32(&mut self, polynomial: u32, seed: u32, at: u64, length: usize, hole: usize) -> Option<u32> {
        let (mut crc, mut place) = (seed, 0);
        while place < length {
            // Up to the hole, or through it.
            let count = hole.wrapping_sub(place).min(length - place).min(512);
            let bytes = if count == 0 { &[0; 4] } else { self.bytes(at.wrapping_add(place as u64), count) };
            if bytes.is_empty() {
                return None;
            }
            crc = crc32(polynomial, crc, bytes);
            place += bytes.len();
        }
        Some(crc)
    }

    /// Whether the CRC-32 that stands `hole` bytes from `at` (before it, where `hole` is negative, wrapped) is that of the
    /// `length` bytes at `at`, or its inverse: the formats differ in that.
    #[inline(never)]
    pub fn checksum(&mut self, polynomial: u32, seed: u32, at: u64, length: usize, hole: usize) -> bool {
        let stored = self.u32(at.wrapping_add(hole as u64));
        let crc = self.crc32(polynomial, seed, at, length, hole);
        crc.is_some_and(|crc| matches!(crc ^ stored, 0 | u32::MAX))
    }
}

/// The little-endian number of 16 bits at `at`, which must be a constant.
#[inline(always)]
pub fn le16<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |number| u16::from_le_bytes(*number).into())
}

/// The same of 32 bits.
#[inline(always)]
pub fn le32<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |number| u32::from_le_bytes(*number))
}

/// The same of 64 bits; `at` may also be a byte.
#[inline(always)]
pub fn le64<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |number| u64::from_le_bytes(*number))
}

/// Binary logarithm of a power of two; 99 for other numbers.
#[inline(never)]
pub fn log2(number: u32) -> u32 {
    if number.is_power_of_two() { number.trailing_zeros() } else { 99 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crc::CRC32C;

    const HEAD: u64 = HEAD_BYTES as u64;
    const SIZE: u64 = 16 << 20;

    /// The byte at every offset is known; those from `there` on cannot be read.
    struct Pattern {
        there: u64,
        read: usize,
        reads: usize,
    }

    fn pattern(at: u64) -> u8 {
        (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).to_le_bytes()[0]
    }

    fn patterns<const N: usize>(at: u64) -> [u8; N] {
        std::array::from_fn(|place| pattern(at + place as u64))
    }

    impl Source for Pattern {
        fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
            let length = usize::try_from(self.there.saturating_sub(offset)).unwrap_or(usize::MAX).min(buffer.len());
            for (byte, at) in buffer[..length].iter_mut().zip(offset..) {
                *byte = pattern(at);
            }
            self.read += buffer.len();
            self.reads += 1;
            length
        }
    }

    /// Runs `body` with a disk of `size` bytes from `start` on, `there` of which can be read.
    fn with(start: u64, size: u64, there: u64, body: impl FnOnce(&mut Disk<'_>)) -> Pattern {
        let mut source = Pattern { there: start.saturating_add(there), read: 0, reads: 0 };
        body(&mut Disk::new(&mut source, &mut Windows::new(), start, size, 512));
        assert!(source.read <= BUDGET, "{} bytes were read", source.read);
        source
    }

    #[test]
    fn numbers_anywhere() {
        for start in [0, 512, 1 << 40] {
            with(start, SIZE, SIZE, |disk| {
                for at in [2, 3, 511, 1023, HEAD - 9, HEAD - 8, HEAD - 5, HEAD - 1, HEAD, HEAD + 509, 1 << 20, SIZE - 8]
                {
                    let there = start + at;
                    for base in [0, at - 1, at] {
                        disk.seek(base);
                        let at = at - base;
                        assert_eq!(disk.number(at, 1), pattern(there).into(), "{at}");
                        assert_eq!(disk.u16(at), u16::from_le_bytes(patterns(there)).into(), "{at}");
                        assert_eq!(disk.u32(at), u32::from_le_bytes(patterns(there)), "{at}");
                        assert_eq!(disk.u64(at), u64::from_le_bytes(patterns(there)), "{at}");
                        disk.big = true;
                        assert_eq!(disk.u16(at), u16::from_be_bytes(patterns(there)).into(), "{at}");
                        assert_eq!(disk.u32(at), u32::from_be_bytes(patterns(there)), "{at}");
                        assert_eq!(disk.u64(at), u64::from_be_bytes(patterns(there)), "{at}");
                        assert_eq!(array(disk, at), Some(patterns::<7>(there)), "{at}");
                        assert!(disk.magic(at, &patterns::<8>(there)), "{at}");
                        assert!(!disk.magic(at, &patterns::<8>(there + 1)), "{at}");
                        assert!(!disk.failed, "{at}");
                    }
                }
            });
        }
    }

    /// What can be read; `None` where that is a failure.
    fn bytes(disk: &mut Disk<'_>, at: u64, length: usize) -> Option<Vec<u8>> {
        disk.failed = false;
        let bytes = disk.bytes(at, length).to_vec();
        (!disk.failed).then_some(bytes)
    }

    fn array<const N: usize>(disk: &mut Disk<'_>, at: u64) -> Option<[u8; N]> {
        bytes(disk, at, N)?.try_into().ok()
    }

    #[test]
    fn the_order_of_the_magic() {
        with(0, SIZE, SIZE, |disk| {
            let little = u32::from_le_bytes(patterns(9));
            for (magic, found, big) in
                [(little, true, false), (little.swap_bytes(), true, true), (little.rotate_left(8), false, false)]
            {
                disk.seek(9);
                assert_eq!((disk.order(magic), disk.big), (found, big), "{magic:x}");
            }
            disk.seek(SIZE - 3);
            assert!(!disk.order(1) && disk.failed);
        });
    }

    #[test]
    fn nothing_past_the_end() {
        for size in [0, 1, 511, 513, HEAD - 1, HEAD, HEAD + 1, HEAD + 4095, SIZE, SIZE + 1] {
            with(0, size, u64::MAX, |disk| {
                for length in [0, 1, 8, 513, MOST_BYTES] {
                    for at in [0, size.saturating_sub(length as u64), size, size + 1, u64::MAX - 1] {
                        let there = at <= size && length as u64 <= size - at;
                        assert_eq!(
                            bytes(disk, at, length).map(|bytes| bytes.len()),
                            there.then_some(length),
                            "{size} {at}"
                        );
                    }
                }
            });
        }
        // The last sector of all would end past what a number holds.
        with(0, u64::MAX, u64::MAX, |disk| assert_eq!(array(disk, u64::MAX - 4), Some(patterns::<4>(u64::MAX - 4))));
        with(1 << 63, u64::MAX, u64::MAX, |disk| assert_eq!(bytes(disk, 1 << 63, 4), None));
    }

    #[test]
    fn no_more_than_a_window_holds() {
        with(0, SIZE, SIZE, |disk| {
            assert!(bytes(disk, 1 << 20, MOST_BYTES).is_some());
            assert!(bytes(disk, (1 << 20) + 511, MOST_BYTES).is_some());
            assert_eq!(bytes(disk, 1 << 20, MOST_BYTES + 2 * 4096 + 1), None);
            assert_eq!(bytes(disk, 1 << 20, usize::MAX), None);
        });
    }

    #[test]
    fn what_was_read_is_not_read_again() {
        let source = with(0, SIZE, SIZE, |disk| {
            for at in [0, 4096, HEAD - 8, 1 << 20, (1 << 20) + 504, 65536, 1 << 20] {
                assert!(bytes(disk, at, 8).is_some());
            }
        });
        assert_eq!((source.reads, source.read), (2, HEAD_BYTES + 512));
    }

    #[test]
    fn the_budget() {
        let source = with(0, SIZE, SIZE, |disk| {
            let windows = (BUDGET - HEAD_BYTES) / 512;
            assert!(bytes(disk, 0, 1).is_some());
            for window in 0..windows as u64 {
                assert!(bytes(disk, (1 << 20) + window * 1024, 1).is_some(), "{window}");
            }
            for at in [1 << 20, 2 << 20, SIZE - 1] {
                assert_eq!(bytes(disk, at, 1), None, "{at}");
            }
            // What is there stays there.
            let last = (1 << 20) + (windows as u64 - 1) * 1024;
            assert_eq!(disk.number(last, 1), pattern(last).into());
            assert_eq!(disk.number(HEAD - 1, 1), pattern(HEAD - 1).into());
        });
        assert_eq!(source.read, BUDGET);
    }

    #[test]
    fn short_reads() {
        for there in [0, 1, 1000, HEAD - 1, HEAD, HEAD + 1, HEAD + 600] {
            with(512, SIZE, there, |disk| {
                for at in [0, 999, HEAD - 1, HEAD, HEAD + 512, HEAD + 599, HEAD + 600, SIZE - 1] {
                    assert_eq!(array(disk, at), (at < there).then(|| [pattern(512 + at)]), "{there} {at}");
                }
                assert_eq!(bytes(disk, there.saturating_sub(7), 8), None, "{there}");
                // Also what starts in the head and ends behind it.
                assert_eq!(bytes(disk, HEAD - 4, 8).is_some(), there > HEAD + 4, "{there}");
            });
        }
    }

    #[test]
    fn checksums_with_a_hole() {
        for at in [0, 1, HEAD - 700, 1 << 20, (1 << 20) + 3] {
            for length in [0, 4, 511, 512, 513, 5000] {
                for hole in [0, 3, 508, 510, 1000, length - length.min(4), length] {
                    let mut bytes: Vec<u8> = (at..at + length as u64).map(pattern).collect();
                    if hole + 4 <= length {
                        bytes[hole..hole + 4].fill(0);
                    } else if hole < length {
                        continue;
                    }
                    with(0, SIZE, SIZE, |disk| {
                        let crc = disk.crc32(CRC32C, 5, at, length, hole);
                        assert_eq!(crc, Some(crc32(CRC32C, 5, &bytes)), "{at} {length} {hole}");
                    });
                }
            }
        }
        with(0, SIZE, SIZE, |disk| assert_eq!(disk.crc32(CRC32C, 0, SIZE - 512, 1000, 1000), None));
        with(0, SIZE, SIZE, |disk| assert_eq!(disk.crc32(CRC32C, 0, 1 << 20, 1 << 20, 0), None, "the budget"));
    }
}
