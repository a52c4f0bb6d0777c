//! GPT: both of its copies, sizes, and what isn't taken for one.

use super::{Image, SIZE};
use crate::crc::{CRC32, crc32};
use crate::disk::{Disk, Windows};
use crate::partition::{Partition, Table};

const DISK: [u8; 16] = *b"\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff";
const DISK_LINE: &str = "gpt 33221100-5544-7766-8899-aabbccddeeff";

/// A GPT, both of its copies.
#[derive(Clone, Copy)]
struct Gpt {
    sector: usize,
    entry_bytes: usize,
    count: usize,
    header_bytes: usize,
    first_usable: u64,
    last_usable: u64,
}

const GPT: Gpt =
    Gpt { sector: 512, entry_bytes: 128, count: 128, header_bytes: 92, first_usable: 40, last_usable: 200 };

impl Gpt {
    /// The sectors of the headers and of the entries; the first copy and the last.
    fn places(&self) -> [(usize, usize); 2] {
        let last = SIZE / self.sector - 1;
        [(1, 2), (last, last - (self.entry_bytes * self.count).div_ceil(self.sector).max(1))]
    }

    /// Entries by their index, with type, first and last sector and name.
    fn image(&self, entries: &[(usize, u8, u64, u64, &str)]) -> Image {
        let mut array = vec![0; self.entry_bytes * self.count];
        for (index, kind, first, last, name) in entries {
            let entry = &mut array[index * self.entry_bytes..][..self.entry_bytes];
            entry[15] = *kind;
            entry[16] = u8::try_from(*index).expect("small");
            entry[31] = 7;
            entry[32..40].copy_from_slice(&first.to_le_bytes());
            entry[40..48].copy_from_slice(&last.to_le_bytes());
            for (unit, place) in name.encode_utf16().zip((56..128).step_by(2)) {
                entry[place..place + 2].copy_from_slice(&unit.to_le_bytes());
            }
        }
        let mut image = Image::records(&[(0, &[(0, 0xee, 1, 2047)])]);
        for (header, entries) in self.places() {
            let mut bytes = vec![0; self.header_bytes.max(92)];
            let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
            put(0, b"EFI PART\0\0\x01\0");
            put(12, &u32::try_from(self.header_bytes).expect("small").to_le_bytes());
            put(24, &(header as u64).to_le_bytes());
            put(40, &self.first_usable.to_le_bytes());
            put(48, &self.last_usable.to_le_bytes());
            put(56, &DISK);
            put(72, &(entries as u64).to_le_bytes());
            put(80, &u32::try_from(self.count).expect("small").to_le_bytes());
            put(84, &u32::try_from(self.entry_bytes).expect("small").to_le_bytes());
            put(88, &(!crc32(CRC32, !0, &array)).to_le_bytes());
            let crc = !crc32(CRC32, !0, &bytes[..self.header_bytes]);
            bytes[16..20].copy_from_slice(&crc.to_le_bytes());
            // One that is larger than a sector doesn't fit the last one.
            bytes.truncate(SIZE - header * self.sector);
            image = image.put(entries * self.sector, &array).put(header * self.sector, bytes);
        }
        image
    }
}

const ENTRIES: &[(usize, u8, u64, u64, &str)] = &[
    (0, 1, 40, 49, "root  "),
    (1, 0, 50, 59, "no type"),
    (2, 2, 60, 60, "\u{e4}\u{1d11e}"),
    (3, 2, 61, 60, "ends before it starts"),
    (4, 2, 39, 60, "starts too early"),
    (5, 2, 150, 201, "ends too late"),
    (9, 2, 150, 200, "a name of 36 characters, all of them"),
];
const LINES: [&str; 4] = [
    DISK_LINE,
    "1 40 10 00000000-0000-0000-0000-000000000007 root",
    "3 60 1 00000002-0000-0000-0000-000000000007 \\xc3\\xa4\\xf0\\x9d\\x84\\x9e",
    "10 150 51 00000009-0000-0000-0000-000000000007 a name of 36 characters, all of them",
];

#[test]
fn gpt_of_all_sizes() {
    for gpt in [
        GPT,
        Gpt { entry_bytes: 256, ..GPT },
        Gpt { entry_bytes: 136, count: 10, ..GPT },
        Gpt { header_bytes: 512, ..GPT },
        Gpt { count: 10, ..GPT },
        Gpt { count: 512, ..GPT },
        Gpt { sector: 4096, ..GPT },
        Gpt { sector: 4096, header_bytes: 4096, count: 256, entry_bytes: 256, ..GPT },
    ] {
        let Gpt { sector, entry_bytes, count, .. } = gpt;
        assert_eq!(gpt.image(ENTRIES).table(sector as u64), LINES, "{sector} {entry_bytes} {count}");
        let found = gpt.image(ENTRIES).table(0);
        // In sectors of 512 then, though the entries are right.
        assert_eq!((&found[0][..], found.len()), (DISK_LINE, 4), "an image file: {sector} {entry_bytes} {count}");
        for other in [512, 4096] {
            if other != sector {
                assert!(gpt.image(ENTRIES).table(other as u64).is_empty(), "{sector} is not {other}");
            }
        }
    }
}

#[test]
fn gpt_that_is_none() {
    for (row, gpt) in [
        Gpt { header_bytes: 91, ..GPT },
        Gpt { header_bytes: 513, ..GPT },
        Gpt { entry_bytes: 127, count: 10, ..GPT },
        Gpt { count: 0, ..GPT },
        Gpt { count: 1025, ..GPT },
        Gpt { first_usable: 201, ..GPT },
        Gpt { last_usable: 2048, ..GPT },
    ]
    .iter()
    .enumerate()
    {
        assert!(gpt.image(if gpt.count <= 10 { &[] } else { ENTRIES }).table(512).is_empty(), "{row}");
    }
    // A product that wraps to something small.
    let image = GPT.image(ENTRIES).put(512 + 80, b"\0\0\0\x02").put(SIZE - 512 + 80, b"\0\0\0\x02");
    assert!(fixed(image, &[512, SIZE - 512]).table(512).is_empty());
    // Without, and with another MBR.
    assert!(GPT.image(ENTRIES).put(510, b"\0").table(512).is_empty());
    assert_eq!(GPT.image(ENTRIES).put(450, b"\x83").table(512), ["dos 0eadbeef", "1 1 2047 0eadbeef-01 "]);
    assert_eq!(GPT.image(ENTRIES).put(450, b"\x83").put(450 + 48, b"\xee").table(512), LINES, "in the last slot");
}

/// With the checksums of the headers at `headers` put right.
fn fixed(mut image: Image, headers: &[usize]) -> Image {
    for header in headers {
        let mut bytes = image.0[*header..header + 92].to_vec();
        bytes[16..20].fill(0);
        image = image.put(header + 16, (!crc32(CRC32, !0, &bytes)).to_le_bytes());
    }
    image
}

#[test]
fn gpt_by_its_second_copy() {
    for gpt in [GPT, Gpt { entry_bytes: 256, ..GPT }, Gpt { sector: 4096, ..GPT }] {
        let [(header, entries), (header_2, entries_2)] = gpt.places().map(|(h, e)| (h * gpt.sector, e * gpt.sector));
        // Signature, checksum, place, reserved bytes under the checksum; an entry.
        for damage in [0, 16, 24, 91, entries - header, entries - header + gpt.entry_bytes * gpt.count - 1] {
            let image = || gpt.image(ENTRIES).put(header + damage, b"x");
            assert_eq!(image().table(gpt.sector as u64), LINES, "{damage}");
            for damage_2 in [header_2, header_2 + 16, header_2 + 24, header_2 + 91, entries_2, entries_2 + 5000] {
                assert!(image().put(damage_2, b"x").table(gpt.sector as u64).is_empty(), "{damage} {damage_2}");
            }
        }
        // The first one is enough.
        assert_eq!(gpt.image(ENTRIES).put(header_2, b"x").put(entries_2, b"x").table(gpt.sector as u64), LINES);
    }
    // What a checksum covers ends with the header, and with the entries.
    let small = Gpt { count: 10, ..GPT };
    assert_eq!(small.image(ENTRIES).put(512 + 92, b"x").put(1024 + 1280, b"x").table(512), LINES);
    // One copy at the other's place is none.
    let image = GPT.image(ENTRIES).put(512 + 24, 2u64.to_le_bytes()).put(SIZE - 512, [0; 512]);
    assert!(fixed(image, &[512]).table(512).is_empty());
}

#[test]
fn gpt_with_nothing_in_it() {
    assert_eq!(GPT.image(&[]).table(512), [DISK_LINE]);
    let mut image = GPT.image(&[(127, 1, 40, 40, "")]);
    assert_eq!(image.table(512), [DISK_LINE, "128 40 1 0000007f-0000-0000-0000-000000000007 "]);
}

#[test]
fn gpt_type_and_flags() {
    let mut array = GPT.image(&[(0, 9, 40, 40, "")]).0[1024..1024 + 16384].to_vec();
    array[48..56].copy_from_slice(&(1u64 << 60 | 1).to_le_bytes());
    let image = GPT.image(&[]).put(1024, &array).put(512 + 88, (!crc32(CRC32, !0, &array)).to_le_bytes());
    let (mut image, mut windows, mut partition) = (fixed(image, &[512]), Windows::new(), Partition::new());
    let disk = &mut Disk::new(&mut image, &mut windows, 0, SIZE as u64, 512);
    let mut table = Table::new();
    table.read(disk, &mut partition);
    assert!(table.next(disk, &mut partition));
    assert_eq!((partition.flags, partition.kind), (1 << 60 | 1, *b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09"));
    assert!(!table.next(disk, &mut partition));
}
