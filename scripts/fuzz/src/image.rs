//! A device as an input: its size, its sector, and the few bytes of it that aren't zero.

use pintle::disk::{BUDGET, Disk, Source, Windows};
use std::cell::RefCell;

/// Runs closer than this are one.
const GAP: u64 = 8;

/// A device that is zeros but for some runs of bytes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Image {
    /// In bytes.
    pub size: u64,
    /// Which of [`SECTORS`] its sectors are.
    pub sector: u8,
    /// 0: all of it can be read. Else the number of one read in eight, and how much of it there is: see [`Image::there`].
    pub cut: u8,
    /// Sorted, none overlapping another.
    runs: Vec<(u64, Vec<u8>)>,
}

/// Sizes of a logical sector; 0 is that of an image file.
pub const SECTORS: [u64; 4] = [0, 512, 4096, 1024];

fn take_number(input: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = input.split_first()?;
        *input = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

fn push_number(output: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        output.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    output.push(number.to_le_bytes()[0]);
}

impl Image {
    /// A device of `size` zeros.
    pub fn new(size: u64) -> Image {
        Image { size, ..Image::default() }
    }

    /// Of any bytes: sector and cut, one byte each, the size, then place, length and bytes of each run. Numbers are LEB128.
    pub fn parse(input: &[u8]) -> Image {
        let mut image = Image::default();
        let [sector, cut, rest @ ..] = input else { return image };
        let mut input = rest;
        (image.sector, image.cut) = (sector % 4, *cut);
        image.size = take_number(&mut input).unwrap_or(0);
        while let (Some(at), Some(length)) = (take_number(&mut input), take_number(&mut input)) {
            let length = usize::try_from(length).unwrap_or(usize::MAX).min(input.len());
            let (bytes, rest) = input.split_at(length);
            image.put(at, bytes);
            input = rest;
        }
        image
    }

    /// What [`Image::parse`] makes the same of.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut output = vec![self.sector, self.cut];
        push_number(&mut output, self.size);
        for (at, bytes) in &self.runs {
            push_number(&mut output, *at);
            push_number(&mut output, bytes.len() as u64);
            output.extend(bytes);
        }
        output
    }

    /// What can be read at most in a read of this number: all, or a power of two, or half as much again.
    fn there(&self, number: usize) -> usize {
        let [size, half] = [self.cut / 16, self.cut / 8 % 2].map(usize::from);
        if self.cut == 0 || number % 8 != usize::from(self.cut % 8) {
            return usize::MAX;
        }
        (2 << size) + (half << size)
    }

    /// Where the runs are, and what they hold.
    pub fn runs(&self) -> &[(u64, Vec<u8>)] {
        &self.runs
    }

    /// Puts `bytes` at `at`, or nothing where they would end past all numbers.
    pub fn put(&mut self, at: u64, bytes: &[u8]) {
        let Some(end) = at.checked_add(bytes.len() as u64).filter(|_| !bytes.is_empty()) else { return };
        let near = |(place, run): &(u64, Vec<u8>)| {
            *place <= end.saturating_add(GAP) && (*place + run.len() as u64).saturating_add(GAP) >= at
        };
        let first = self.runs.partition_point(|(place, run)| (*place + run.len() as u64).saturating_add(GAP) < at);
        let count = self.runs[first..].iter().take_while(|run| near(run)).count();
        let old: Vec<_> = self.runs.drain(first..first + count).collect();
        let start = old.first().map_or(at, |(place, _)| at.min(*place));
        let stop = old.last().map_or(end, |(place, run)| end.max(place + run.len() as u64));
        let mut all = vec![0; usize::try_from(stop - start).expect("no more than the input")];
        for (place, run) in old.iter().map(|(place, run)| (*place, &run[..])).chain([(at, bytes)]) {
            let place = usize::try_from(place - start).expect("inside");
            all[place..place + run.len()].copy_from_slice(run);
        }
        self.runs.insert(first, (start, all));
    }

    /// Makes `length` bytes at `at` zeros, which takes no room.
    pub fn wipe(&mut self, at: u64, length: u64) {
        let end = at.saturating_add(length);
        for (place, run) in std::mem::take(&mut self.runs) {
            let split = |to: u64| usize::try_from(to.saturating_sub(place)).unwrap_or(usize::MAX).min(run.len());
            let (before, after) = (split(at), split(end));
            if before > 0 {
                self.runs.push((place, run[..before].to_vec()));
            }
            if after < run.len() && after >= before {
                self.runs.push((place + after as u64, run[after..].to_vec()));
            }
        }
    }

    /// Takes the runs from `from` on away, and returns them.
    pub fn split_off(&mut self, from: u64) -> Vec<(u64, Vec<u8>)> {
        self.runs.split_off(self.runs.partition_point(|(place, _)| *place < from))
    }

    /// Takes one run away.
    pub fn remove(&mut self, index: usize) -> (u64, Vec<u8>) {
        self.runs.remove(index)
    }

    /// Fills `buffer` with what stands at `at`.
    pub fn read(&self, at: u64, buffer: &mut [u8]) {
        buffer.fill(0);
        let end = at.saturating_add(buffer.len() as u64);
        let first = self.runs.partition_point(|(place, run)| place + run.len() as u64 <= at);
        for (place, run) in self.runs[first..].iter().take_while(|(place, _)| *place < end) {
            let skip = usize::try_from(at.saturating_sub(*place)).expect("inside");
            let to = usize::try_from(place.saturating_sub(at)).expect("inside");
            let length = (run.len() - skip).min(buffer.len() - to);
            buffer[to..to + length].copy_from_slice(&run[skip..skip + length]);
        }
    }

    /// `N` bytes at `at`.
    pub fn array<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.read(at, &mut bytes);
        bytes
    }

    /// `length` bytes at `at`.
    pub fn bytes(&self, at: u64, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.read(at, &mut bytes);
        bytes
    }
}

/// How a device is shown: what must not change any answer.
#[derive(Clone, Copy)]
pub struct View {
    /// Where it starts in what it is a part of.
    pub start: u64,
    /// Its logical sector.
    pub sector: u64,
    /// The buffers hold what was read of another one.
    pub used: bool,
}

/// Reads an image, and holds every read to what may be read.
struct Watched<'i> {
    image: &'i Image,
    view: View,
    reads: Vec<(u64, usize)>,
    total: usize,
}

impl Source for Watched<'_> {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        let Watched { image, view, .. } = self;
        let at = offset.checked_sub(view.start).expect("a read before the device");
        let end = at.checked_add(buffer.len() as u64).expect("a read past all numbers");
        assert!(end <= image.size, "a read of {} bytes at {at} of {}", buffer.len(), image.size);
        let sector = view.sector.max(512);
        assert!(at % sector == 0 && (end % sector == 0 || end == image.size), "{at} to {end}: no whole sectors");
        assert!((buffer.as_ptr() as usize).is_multiple_of(512), "a buffer that O_DIRECT doesn't take");
        self.total += buffer.len();
        assert!(self.total <= BUDGET, "{} bytes were read", self.total);
        let length = image.there(self.reads.len()).min(buffer.len());
        image.read(at, &mut buffer[..length]);
        self.reads.push((at, buffer.len()));
        length
    }
}

struct Rubbish;

impl Source for Rubbish {
    fn read_at(&mut self, _: u64, buffer: &mut [u8]) -> usize {
        buffer.fill(0xa5);
        buffer.len()
    }
}

thread_local! {
    static WINDOWS: RefCell<Box<Windows>> = RefCell::new(Box::new(Windows::new()));
    static LAST: RefCell<Vec<(u64, usize)>> = const { RefCell::new(Vec::new()) };
}

/// What was read of the image that was looked at last: places and lengths.
pub fn last_reads() -> Vec<(u64, usize)> {
    LAST.take()
}

/// How much was read of an image.
pub struct Reads {
    total: usize,
}

impl Reads {
    /// Whether so little was read that no read can have been refused.
    pub fn are_few(&self) -> bool {
        self.total + (80 << 10) <= BUDGET
    }
}

impl Image {
    /// Has `body` work with the image as a disk.
    pub fn with<T>(&self, view: View, body: impl FnOnce(&mut Disk<'_>) -> T) -> (T, Reads) {
        WINDOWS.with_borrow_mut(|windows| {
            if view.used {
                let mut rubbish = Rubbish;
                let mut disk = Disk::new(&mut rubbish, windows, 0, 1 << 20, 4096);
                assert!(disk.bytes(0, 1).len() == 1 && disk.bytes((1 << 19) + 1, 4096).len() == 4096);
            } else {
                **windows = Windows::new();
            }
            let mut source = Watched { image: self, view, reads: Vec::new(), total: 0 };
            let answer = body(&mut Disk::new(&mut source, windows, view.start, self.size, view.sector));
            LAST.set(source.reads);
            (answer, Reads { total: source.total })
        })
    }

    /// The image as it says it is.
    pub fn view(&self) -> View {
        View { start: 0, sector: SECTORS[usize::from(self.sector)], used: false }
    }

    /// The same bytes, elsewhere and read into other buffers.
    pub fn elsewhere(&self) -> View {
        let start = if self.size < 1 << 62 { 0x12_3456_7000 } else { 0 };
        View { start, used: true, ..self.view() }
    }
}
