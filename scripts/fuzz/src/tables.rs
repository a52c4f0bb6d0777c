//! Partition tables.

use crate::image::{Image, View};
use pintle::identity::Identity;
use pintle::partition::{Kind, Partition, Table};
use pintle::probe::probe;

/// All that a table says of a partition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    number: u32,
    start: u64,
    size: u64,
    uuid: Vec<u8>,
    label: Vec<u8>,
    kind: [u8; 16],
    flags: u64,
    extended: bool,
}

/// 512 of GPT; of MBR four in each of the 256 records that are read, and in itself.
const MOST_ROWS: usize = 4 + 4 * 256;

/// `first`: what is on the disk is looked for first, with the same reads.
fn read(image: &Image, view: View, first: bool) -> Option<(&'static [u8], Vec<u8>, Vec<Row>)> {
    let (answer, _) = image.with(view, |disk| {
        if first {
            probe(disk, &mut Identity::new());
        }
        let (mut table, mut rows, mut partition) = (Table::new(), Vec::new(), Partition::new());
        table.read(disk, &mut partition);
        let uuid = partition.uuid.as_bytes().to_vec();
        if table.kind == Kind::Nothing {
            assert!(uuid.is_empty(), "the UUID of no table");
            return None;
        }
        while table.next(disk, &mut partition) {
            let Partition { number, start, size, uuid, label, kind, flags, extended } = &partition;
            rows.push(Row {
                number: *number,
                start: *start,
                size: *size,
                uuid: uuid.as_bytes().to_vec(),
                label: label.as_bytes().to_vec(),
                kind: *kind,
                flags: *flags,
                extended: *extended,
            });
            assert!(rows.len() <= MOST_ROWS, "partitions without an end");
        }
        Some((table.name(), uuid, rows))
    });
    answer
}

/// The table's kind, its UUID and its partitions.
pub fn rows(image: &Image) -> Option<(&'static [u8], Vec<u8>, Vec<Row>)> {
    read(image, image.view(), false)
}

/// What must hold of a partition table.
pub fn check(image: &Image) {
    let answer = rows(image);
    assert_eq!(read(image, image.elsewhere(), false), answer, "the same bytes, elsewhere");
    // The reads of both together stay within the budget: the table may come to nothing then, but to nothing else.
    if image.cut == 0
        && let Some((kind, uuid, rows)) = read(image, image.view(), true)
    {
        let (kind_alone, uuid_alone, rows_alone) = answer.as_ref().expect("the table that was found second");
        assert!(kind == *kind_alone && uuid == *uuid_alone && rows_alone.starts_with(&rows), "a different table");
    }
    let Some((kind, uuid, rows)) = answer else { return };
    assert!(rows.is_sorted_by(|one, next| one.number < next.number), "{rows:?}");
    for row in rows {
        assert!(row.size > 0 && row.start % 512 == 0 && row.size % 512 == 0 && row.number > 0, "{row:?}");
        if kind == b"gpt" {
            let end = row.start.checked_add(row.size).expect("an end");
            assert!(end <= image.size && row.kind != [0; 16] && row.number <= 512 && !row.extended, "{row:?}");
            assert!(matches!(row.uuid.len(), 0 | 36) && is_uuid(&row.uuid), "{row:?}");
        } else {
            // A disk without a signature has no UUID; the kernel makes one up for its partitions.
            let signature = if uuid.is_empty() { &b"00000000"[..] } else { &uuid };
            let expected = format!("{}-{:02x}", String::from_utf8_lossy(signature), row.number & 0xff);
            assert_eq!(String::from_utf8_lossy(&row.uuid), expected);
            assert!(row.label.is_empty() && row.kind == [0; 16] && row.flags == 0, "{row:?}");
            assert!(!row.extended || row.number <= 4, "{row:?}");
        }
    }
}

fn is_uuid(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}
