//! Mutations of an image: bytes change where they stand, and nothing behind them moves.

use crate::fixup::fix;
use crate::image::{Image, last_reads};
use libfuzzer_sys::fuzzer_mutate;
use pintle::disk::HEAD_BYTES;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Sizes at which something changes, for one format or another.
const SIZES: [u64; 19] = [
    0,
    512,
    1024,
    4096,
    8192,
    10 * 4096,
    0x1_0000,
    HEAD_BYTES as u64,
    0x2_0000,
    256 << 10,
    1 << 20,
    1440 << 10,
    16 << 20,
    64 << 20,
    1 << 30,
    1 << 32,
    1 << 41,
    1 << 63,
    u64::MAX,
];

/// For `fuzz_mutator!`.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random(seed.into());
    let mut image = Image::parse(&data[..size]);
    for _ in 0..=random.below(4) {
        change(&mut image, &mut random);
    }
    // Some stay wrong: that is looked at too.
    if random.below(8) != 0 {
        fix(&mut image);
    }
    while image.to_bytes().len() > max_size && !image.runs().is_empty() {
        image.remove(random.below(image.runs().len()));
    }
    let bytes = image.to_bytes();
    let length = bytes.len().min(max_size);
    data[..length].copy_from_slice(&bytes[..length]);
    length
}

fn change(image: &mut Image, random: &mut Random) {
    let runs = image.runs().len();
    match random.below(24) {
        0 | 1 => resize(image, random),
        2 => image.sector = random.of(&[0, 1, 2, 3]),
        3 => image.cut = if random.below(4) == 0 { random.next().to_le_bytes()[0] } else { 0 },
        4 if runs > 1 => {
            image.remove(random.below(runs));
        }
        5 if runs > 0 => {
            // Elsewhere, or twice.
            let (at, bytes) = image.runs()[random.below(runs)].clone();
            if random.below(2) == 0 {
                image.wipe(at, bytes.len() as u64);
            }
            let step = random.of(&[1, 2, 4, 8, 16, 32, 512, 1024, 2048, 4096, 32768, 65536]) * (1 + random.next() % 8);
            let to = if random.below(2) == 0 { at.wrapping_add(step) } else { at.wrapping_sub(step) };
            image.put(to, &bytes);
        }
        6 | 7 => answer(image, random),
        8 if runs > 0 => {
            let (at, bytes) = &image.runs()[random.below(runs)];
            let (from, length) = (random.below(bytes.len()) as u64, random.of(&[1, 2, 4, 8, 16, 64]));
            image.wipe(at + from, length);
        }
        9..16 if runs > 0 => {
            // libFuzzer's own, with what it has seen compared: in place.
            let (at, bytes) = &image.runs()[random.below(runs)];
            let from = random.below(bytes.len());
            let window = random.of(&[2, 4, 8, 16, 64, 512]).min(bytes.len() - from);
            let (at, mut part) = (at + from as u64, bytes[from..from + window].to_vec());
            fuzzer_mutate(&mut part, window, window);
            image.put(at, &part);
        }
        _ => {
            // A number, in a run or close to it.
            let (at, length) = match runs {
                0 => (0, 2048),
                _ => {
                    let (at, bytes) = &image.runs()[random.below(runs)];
                    (at.saturating_sub(64), bytes.len() + 128)
                }
            };
            let at = at.saturating_add(random.below(length) as u64);
            let bytes = number(image.size, random);
            let width = random.of(&[1, 2, 4, 4, 8]);
            if random.below(3) == 0 {
                image.put(at, &bytes.to_be_bytes()[8 - width..]);
            } else {
                image.put(at, &bytes.to_le_bytes()[..width]);
            }
        }
    }
}

fn number(size: u64, random: &mut Random) -> u64 {
    let base = match random.below(8) {
        0 => 0,
        1 => 1 << random.below(64),
        2 => u64::MAX >> random.below(64),
        3 => size / random.of(&[1, 512, 1024, 2048, 4096]),
        4 => random.of(&SIZES),
        5 => random.next() >> random.below(64),
        _ => random.next() % 256,
    };
    base.wrapping_add(random.of(&[0, 0, 1, u64::MAX, 2]))
}

/// Another size; what is at the end mostly stays there.
fn resize(image: &mut Image, random: &mut Random) {
    let old = image.size;
    image.size = match random.below(4) {
        0 => random.of(&SIZES).wrapping_add(random.of(&[0, 1, u64::MAX, 512, 4096])),
        1 => old.wrapping_add(random.of(&[1, 512, 4096, 0x1_0000, 0x1000_0000])),
        2 => old.wrapping_sub(random.of(&[1, 512, 4096, 0x1_0000, 0x1000_0000])),
        _ => number(old, random),
    };
    if random.below(4) != 0 && old > 1 << 20 {
        for (at, bytes) in image.split_off(old - (1 << 19)) {
            image.put(image.size.wrapping_sub(old.wrapping_sub(at)), &bytes);
        }
    }
}

/// Puts something where the input that was executed last, which mostly is much like this one, was read in vain.
fn answer(image: &mut Image, random: &mut Random) {
    let places = last_reads();
    let places: Vec<_> = places.iter().filter(|(at, _)| *at >= HEAD_BYTES as u64).collect();
    if places.is_empty() {
        return;
    }
    let (at, length) = *random.of(&places);
    if random.below(2) == 0 || image.runs().is_empty() {
        image.put(at.saturating_add(random.below(length) as u64), &random.next().to_le_bytes());
    } else {
        let (_, bytes) = image.runs()[random.below(image.runs().len())].clone();
        let within = random.below(length) as u64 * random.of(&[0, 0, 1]);
        image.put(at.saturating_add(within), &bytes);
    }
}
