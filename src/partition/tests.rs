//! Tables put together byte by byte, and the partitions that are read from them.

use super::{Kind, Partition, Table};
use crate::bytes::Text;
use crate::disk::{Disk, Source, Windows};

mod gpt;

/// Of every image, in bytes.
const SIZE: usize = 1 << 20;

struct Image(Vec<u8>);

impl Source for Image {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        let rest = self.0.get(usize::try_from(offset).expect("small")..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        buffer[..length].copy_from_slice(&rest[..length]);
        length
    }
}

impl Image {
    fn new() -> Self {
        Image(vec![0; SIZE])
    }

    fn put(mut self, at: usize, bytes: impl AsRef<[u8]>) -> Self {
        self.0[at..at + bytes.as_ref().len()].copy_from_slice(bytes.as_ref());
        self
    }

    /// Boot records: their sectors, and of each entry its slot, type, start and size.
    fn records(records: &[(usize, &[(usize, u8, u32, u32)])]) -> Self {
        let mut image = Image::new().put(440, b"\xef\xbe\xad\x0e");
        for (sector, entries) in records {
            image = image.put(sector * 512 + 510, b"\x55\xaa");
            for (slot, kind, start, size) in *entries {
                let at = sector * 512 + 446 + slot * 16;
                let numbers = [start.to_le_bytes(), size.to_le_bytes()].concat();
                image = image.put(at + 4, [*kind]).put(at + 8, numbers);
            }
        }
        image
    }

    /// `PTTYPE PTUUID`, then `NUMBER START SIZE UUID LABEL` of each partition, in sectors; a `+` before one that is
    /// extended. Nothing without a table.
    fn table(&mut self, sector: u64) -> Vec<String> {
        let (mut windows, mut partition) = (Windows::new(), Partition::new());
        let disk = &mut Disk::new(self, &mut windows, 0, SIZE as u64, sector);
        let sector = sector.max(512);
        let mut table = Table::new();
        table.read(disk, &mut partition);
        if table.kind == Kind::Nothing {
            assert!(!table.next(disk, &mut partition));
            return Vec::new();
        }
        let text = |text: &Text| text.as_bytes().escape_ascii().to_string();
        let mut lines = vec![format!("{} {}", table.name().escape_ascii(), text(&partition.uuid))];
        while table.next(disk, &mut partition) {
            let Partition { number, start, size, .. } = partition;
            let mark = if partition.extended { "+" } else { "" };
            assert_eq!((start % sector, size % sector), (0, 0));
            let (start, size) = (start / sector, size / sector);
            lines.push(format!("{mark}{number} {start} {size} {} {}", text(&partition.uuid), text(&partition.label)));
            assert!(lines.len() < 1000, "a loop");
        }
        lines
    }
}

#[test]
fn mbr() {
    let primary: &[_] = &[(0, 0x83, 1, 10), (1, 0, 20, 10), (2, 0x82, 40, 0), (3, 7, 50, u32::MAX)];
    let all = ["dos 0eadbeef", "1 1 10 0eadbeef-01 ", "2 20 10 0eadbeef-02 ", "4 50 4294967295 0eadbeef-04 "];
    let image = || Image::records(&[(0, primary)]);
    assert_eq!(image().table(512), all);
    assert_eq!(image().table(4096), all);
    assert_eq!(image().table(0), all);
    assert_eq!(image().put(446, b"\x80").table(512), all, "active");
    assert_eq!(image().put(440, [0; 4]).table(512)[..2], ["dos ", "1 1 10 00000000-01 "]);
    assert!(image().put(446, b"\x01").table(512).is_empty());
    assert!(image().put(446 + 48, b"\x7f").table(512).is_empty());
    assert!(image().put(510, b"\xaa\x55").table(512).is_empty());
    assert_eq!(Image::records(&[(0, &[])]).table(512), ["dos 0eadbeef"]);
}

/// `TYPE` of a link, and of a partition.
const LINK: u8 = 5;
const DATA: u8 = 0x83;

#[test]
fn mbr_with_logical_partitions() {
    let mbr: (usize, &[_]) = (0, &[(0, DATA, 1, 10), (1, 0x0f, 100, 500)]);
    let head = ["dos 0eadbeef", "1 1 10 0eadbeef-01 ", "+2 100 500 0eadbeef-02 "];
    let five = "5 102 20 0eadbeef-05 ";
    // What follows the MBR's partitions.
    let rows: &[(&str, &[(usize, &[(usize, u8, u32, u32)])], &[&str])] = &[
        ("no boot record", &[], &[]),
        ("one", &[(100, &[(0, DATA, 2, 20)])], &[five]),
        (
            "three, the second empty",
            &[
                (100, &[(0, DATA, 2, 20), (1, LINK, 50, 50)]),
                (150, &[(0, DATA, 2, 0), (1, LINK, 100, 50)]),
                (200, &[(0, DATA, 2, 30)]),
            ],
            &[five, "6 202 30 0eadbeef-06 "],
        ),
        (
            "two in one record, the link first",
            &[(100, &[(0, 0x85, 50, 50), (1, DATA, 2, 20), (2, DATA, 22, 20)]), (150, &[(0, DATA, 2, 30)])],
            &[five, "6 122 20 0eadbeef-06 ", "7 152 30 0eadbeef-07 "],
        ),
        (
            "the first link of two",
            &[
                (100, &[(0, DATA, 2, 20), (1, LINK, 50, 50), (2, LINK, 80, 50)]),
                (150, &[(0, DATA, 2, 30)]),
                (180, &[(0, DATA, 2, 31)]),
            ],
            &[five, "6 152 30 0eadbeef-06 "],
        ),
        ("a link to itself", &[(100, &[(0, DATA, 2, 20), (1, LINK, 0, 50)])], &[five]),
        ("an empty link", &[(100, &[(0, DATA, 2, 20), (1, LINK, 50, 0)]), (150, &[(0, DATA, 2, 30)])], &[five]),
        ("a link to nothing", &[(100, &[(0, DATA, 2, 20), (1, LINK, 50, 50)])], &[five]),
        (
            "rubbish in slots 3 and 4: past the link's size, before and behind the chain",
            &[(100, &[(0, DATA, 2, 20), (2, DATA, 490, 11), (3, 0x42, u32::MAX, 7)])],
            &[five],
        ),
        (
            "what is none in slots 3 and 4",
            &[(100, &[(0, DATA, 2, 20), (2, DATA, 490, 10), (3, DATA, 30, 1)])],
            &[five, "6 590 10 0eadbeef-06 ", "7 130 1 0eadbeef-07 "],
        ),
        (
            "the second record's slot 3 against the size that its link gave",
            &[(100, &[(1, LINK, 50, 50)]), (150, &[(0, DATA, 2, 60), (2, DATA, 40, 11), (3, DATA, 40, 10)])],
            &["5 152 60 0eadbeef-05 ", "6 190 10 0eadbeef-06 "],
        ),
    ];
    for (name, records, expected) in rows {
        let mut all = vec![mbr];
        all.extend_from_slice(records);
        let found = Image::records(&all).table(512);
        let mut wanted = head.to_vec();
        wanted.extend_from_slice(expected);
        // The record that a loop comes back to may be read again before the loop is seen.
        let found = if *name == "a link to itself" { &found[..wanted.len()] } else { &found };
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn mbr_with_two_chains() {
    let records: [(usize, &[_]); 4] = [
        (0, &[(0, LINK, 100, 100), (2, 0x85, 300, 100), (3, LINK, 0, 7)]),
        (100, &[(0, DATA, 2, 20), (1, LINK, 50, 50)]),
        (150, &[(0, DATA, 2, 30)]),
        (300, &[(0, DATA, 2, 40)]),
    ];
    assert_eq!(
        Image::records(&records).table(512)[4..],
        ["5 102 20 0eadbeef-05 ", "6 152 30 0eadbeef-06 ", "7 302 40 0eadbeef-07 "]
    );
    assert_eq!(Image::records(&records[..1]).table(512).len(), 4);
}

#[test]
fn mbr_chains_end() {
    // Loops of any length, with a tail before them or without.
    for (links, back) in [(1, 0), (2, 0), (2, 1), (3, 1), (5, 0), (9, 7), (40, 3)] {
        let entries: Vec<[(usize, u8, u32, u32); 2]> = (0..links)
            .map(|link| [(0, DATA, 1, 1), (1, LINK, if link + 1 == links { back } else { link + 1 } * 2, 2)])
            .collect();
        let mut records: Vec<(usize, &[_])> = vec![(0, &[(0, LINK, 100, 500)])];
        for (link, entries) in entries.iter().enumerate() {
            records.push((100 + link * 2, entries));
        }
        let found = Image::records(&records).table(512).len() - 2;
        let links = links as usize;
        assert!((links..=links * 4).contains(&found), "{links} {back}: {found}");
    }
    // And what has no end: 256 of 300.
    let entries: Vec<_> = (0..300).map(|link| [(0, DATA, 1, 1), (1, LINK, (link + 1) * 2, 2)]).collect();
    let mut records: Vec<(usize, &[_])> = vec![(0, &[(0, LINK, 100, 1500)])];
    for (link, entries) in entries.iter().enumerate() {
        records.push((100 + link * 2, entries));
    }
    let found = Image::records(&records).table(512);
    assert_eq!((found.len(), &found.last().expect("many")[..]), (2 + 256, "260 611 1 0eadbeef-04 "));
}
