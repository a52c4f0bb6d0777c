//! LVM's physical volumes and ZFS's devices, whose tools want block devices or are not Debian's: labels by hand.

use crate::image::{GIB, IT, Image, KIB, MIB, crc32};

/// The CRC of LVM's labels: CRC-32 without the last inversion, from LVM's own beginning.
fn lvm_crc(bytes: &[u8]) -> u32 {
    crc32(0xf597_a6cf, bytes)
}

/// A label sector, after lib/format_text/layout.h: its own sector, the CRC of the rest, a volume of 8 MiB.
fn pv(sector: u64, uuid: &[u8; 32]) -> Vec<u8> {
    let mut rest = 32_u32.to_le_bytes().to_vec();
    rest.extend(b"LVM2 001");
    rest.extend(uuid);
    // Its size; one area for data from 1 MiB on, one for metadata from 4 KiB on; the end of each list.
    for number in [8 * MIB, MIB, 0, 0, 0, 4096, MIB - 4096, 0, 0] {
        rest.extend(number.to_le_bytes());
    }
    rest.resize(512 - 20, 0);
    let mut label = b"LABELONE".to_vec();
    label.extend(sector.to_le_bytes());
    label.extend(lvm_crc(&rest).to_le_bytes());
    label.extend(rest);
    label
}

const PV: &[u8; 32] = b"abcdefGHIJKLmnop0123QRSTuvwxYZ89";

#[test]
fn lvm() {
    for sector in 0..5 {
        let image = Image::empty(8 * MIB).write(sector * 512, &pv(sector, PV));
        if sector < 4 { image.is("LVM2_member") } else { image.is_nothing() }
    }
    Image::empty(1440 * KIB).write(512, &pv(1, PV)).agrees("lvm: on a floppy");
    Image::empty(8 * MIB)
        .write(512, &pv(1, b"no UUID\n\xff\0 of LVM's, of any byte"))
        .agrees("lvm: a UUID of any bytes");
    Image::empty(8 * MIB).write(512, &pv(1, PV)).damaged(&[
        ("lvm: another sector", 512 + 8, &[2]),
        ("lvm: a wrong checksum", 512 + 16, &[0x55]),
        ("lvm: something under the checksum", 512 + 100, &[0x55]),
        ("lvm: another type", 512 + 24, b"LVM2 002"),
        ("lvm: not at the beginning of its sector", 512, b"LABELTWO"),
    ]);
}

/// What a file system left behind, or the other way round.
#[test]
fn lvm_and_others() {
    let ext4 = Image::made(8 * MIB, &["mke2fs", "-q", "-t", "ext4", "-L", "before", IT]);
    ext4.write(512, &pv(1, PV)).is("LVM2_member");
    let table = Image::empty(8 * MIB).fed("label: dos\nstart=1MiB, size=2MiB\n", &["sfdisk", "-q", IT]);
    table.write(512, &pv(1, PV)).agrees("lvm: beside a partition table");
}

/// One pair of an nvlist in XDR: its length, that in memory, a name, a type, and how many values.
fn pair(name: &str, kind: u32, value: &[u8]) -> Vec<u8> {
    let mut body = u32::try_from(name.len()).expect("short").to_be_bytes().to_vec();
    body.extend(name.as_bytes());
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(kind.to_be_bytes());
    body.extend(1_u32.to_be_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
    let length = u32::try_from(body.len() + 8).expect("short").to_be_bytes();
    [&length[..], &length, &body].concat()
}

fn number(name: &str, value: u64) -> Vec<u8> {
    pair(name, 8, &value.to_be_bytes())
}

fn string(name: &str, value: &str) -> Vec<u8> {
    pair(name, 9, &[&u32::try_from(value.len()).expect("short").to_be_bytes()[..], value.as_bytes()].concat())
}

/// One of the four labels of a device: the pool's name and number 16 KiB into it, and `blocks` uberblocks.
fn label(name: &str, blocks: u64, big: bool) -> Vec<u8> {
    let mut list = vec![1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    list.extend(number("version", 5000));
    list.extend(string("name", name));
    list.extend(number("state", 0));
    list.extend(number("txg", 4));
    list.extend(number("pool_guid", 0xfedc_ba98_7654_3210));
    list.extend(string("hostname", "not this one"));
    list.extend(number("top_guid", 77));
    list.extend(number("guid", 78));
    // A list within: what it has of the same names is not of the pool.
    let inner =
        [vec![0, 0, 0, 0, 0, 0, 0, 1], number("guid", 79), string("name", "inner"), number("ashift", 12), vec![0; 8]];
    list.extend(pair("vdev_tree", 19, &inner.concat()));
    list.extend([0; 8]);
    let mut label = vec![0; 256 << 10];
    label.splice((16 << 10)..(16 << 10) + list.len(), list);
    for block in 0..blocks {
        let words = [0x00ba_b10c_u64, 5000, block + 4, 0, 0x6000_0000];
        let bytes = words.iter().flat_map(|word| if big { word.to_be_bytes() } else { word.to_le_bytes() });
        let at = usize::try_from((128 + 4 + block) * KIB).expect("small");
        label.splice(at..at + 40, bytes);
    }
    label
}

#[test]
fn zfs() {
    const SIZE: u64 = 128 * MIB;
    let places = |size: u64| {
        let end = size & !(256 * KIB - 1);
        [0, 256 * KIB, end - 512 * KIB, end - 256 * KIB]
    };
    let device = |size, name: &str, blocks, big| {
        places(size).into_iter().fold(Image::empty(size), |image, at| image.write(at, &label(name, blocks, big)))
    };
    device(SIZE, "tank", 8, false).is("zfs_member");
    device(SIZE, "tank", 8, true).is("zfs_member");
    device(SIZE + 100 * KIB, "two words \u{e4}\u{1f333}", 8, false).is("zfs_member");
    // Four uberblocks in all of the labels.
    device(SIZE, "one each", 1, false).agrees("zfs: an uberblock in each label");
    device(2 * GIB, "large", 4, false).is("zfs_member");
    let alone = |at| Image::empty(SIZE).write(at, &label("alone", 3, false));
    alone(0).agrees("zfs: three uberblocks");
    alone(0).write(256 * KIB, &label("two", 1, false)).agrees("zfs: three and one");
    for place in places(SIZE) {
        Image::empty(SIZE).write(place, &label("alone", 4, false)).agrees("zfs: one label of four");
    }
    for size in [64 * MIB, 64 * MIB - 1] {
        device(size, "small", 8, false).agrees("zfs: at the least size");
    }
    device(SIZE, "damage", 8, false).damaged(&[
        ("zfs: a pair of no length", 16 * KIB + 12, &[0; 4]),
        ("zfs: a pair beyond the list", 16 * KIB + 12, &[0xff; 4]),
        ("zfs: a name beyond its pair", 16 * KIB + 20, &[0xff; 4]),
        ("zfs: no list", 16 * KIB, &[0; 4096]),
    ]);
}
