//! Members of md arrays, whose tool wants block devices: superblocks by hand, after the kernel's md_p.h.

use crate::image::{IT, Image, KIB, MIB, UUID, put};

const MAGIC: u32 = 0xa92b_4efc;

fn word(block: &mut [u8], at: usize, value: u32) {
    put(block, at, &value.to_le_bytes());
}

/// The sum of its 32-bit words, the carries added.
fn sum(block: &[u8]) -> u32 {
    let words = block.as_chunks::<4>().0.iter();
    let all: u64 = words.map(|word| u64::from(u32::from_le_bytes(*word))).sum();
    u32::try_from((all & 0xffff_ffff) + (all >> 32)).expect("a block has few words")
}

/// A superblock of version 0.90 for a member of `size` KiB. `minor`: 90, or 0 in the oldest ones.
fn old(size: u32, minor: u32) -> [u8; 4096] {
    let mut block = [0; 4096];
    // Magic, version 0.90.0, UUID, time, RAID1, size in KiB, two disks, md0, the rest of the UUID.
    let words =
        [MAGIC, 0, minor, 0, 0, 0x1122_3344, 0x6000_0000, 1, size, 2, 2, 0, 0, 0x5566_7788, 0x99aa_bbcc, 0xddee_ff00];
    words.into_iter().enumerate().for_each(|(index, value)| word(&mut block, index * 4, value));
    // This disk: number 0, in place 0, active and in sync.
    word(&mut block, 4096 - 128 + 16, 6);
    let checksum = sum(&block);
    word(&mut block, 38 * 4, checksum);
    block
}

/// Version 1.x of a superblock in this sector.
fn new(sector: u64, name: &[u8]) -> [u8; 4096] {
    let mut block = [0; 4096];
    word(&mut block, 0, MAGIC);
    word(&mut block, 4, 1);
    put(&mut block, 16, &[0x5e, 0x1f, 0x1e, 0x55, 1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0, 0, 0, 0x42]);
    put(&mut block, 32, name);
    word(&mut block, 64, 0x6000_0000);
    word(&mut block, 72, 1);
    put(&mut block, 80, &4096_u64.to_le_bytes());
    word(&mut block, 92, 2);
    put(&mut block, 136, &4096_u64.to_le_bytes());
    put(&mut block, 144, &sector.to_le_bytes());
    put(&mut block, 168, &[7; 16]);
    word(&mut block, 220, 2);
    put(&mut block, 256, &[0, 0, 1, 0]);
    let checksum = sum(block.get(..260).expect("a part of it"));
    word(&mut block, 216, checksum);
    block
}

const SIZE: u64 = 8 * MIB;
const KIND: &str = "linux_raid_member";

#[test]
fn version_0_90() {
    let member = |size: u64, minor| {
        let place = (size & !0xffff) - 0x1_0000;
        Image::empty(size).write(place, &old(u32::try_from(place / KIB).expect("a small one"), minor))
    };
    member(SIZE, 90).is(KIND);
    member(SIZE, 0).agrees("md 0.90: of before the longer UUID");
    member(SIZE + 5000, 90).is(KIND);
    member(2 * MIB, 90).is(KIND);
    member(1440 * KIB, 90).agrees("md 0.90: on a floppy");
    // Of the other byte order, as the kernel there writes it.
    let place = SIZE - 0x1_0000;
    let mut swapped = old(4096, 90);
    swapped.as_chunks_mut::<4>().0.iter_mut().for_each(|word| word.reverse());
    Image::empty(SIZE).write(place, &swapped).is(KIND);
    member(SIZE, 90).damaged(&[
        ("md 0.90: no magic", place, &[0]),
        ("md 0.90: a size beyond its own", place + 32, &[0, 0, 1, 0]),
        ("md 0.90: no size", place + 32, &[0; 4]),
        ("md 0.90: version 2", place + 4, &[2]),
        ("md 0.90: a wrong checksum", place + 38 * 4, &[0x55; 4]),
    ]);
}

#[test]
fn version_1() {
    let at_the_end = (SIZE & !0xfff) - 0x2000;
    for (minor, place) in [("1.0", at_the_end), ("1.1", 0), ("1.2", 4096)] {
        let member = |name: &[u8]| Image::empty(SIZE).write(place, &new(place / 512, name));
        member(b"host:0").is(KIND);
        member(b"any").is(KIND);
        member(b"").is(KIND);
        member(b"thirty-two bytes, as many as fit").is(KIND);
        member("two w\u{e4}rds \u{1f333} ".as_bytes()).is(KIND);
        member(b"host:damage").damaged(&[
            ("md 1: no magic", place, &[0]),
            ("md 1: version 2", place + 4, &[2]),
            ("md 1: a sector that it is not in", place + 144, &[0x55]),
            ("md 1: a wrong checksum", place + 216, &[0x55; 4]),
            ("md 1: no UUID", place + 16, &[0; 16]),
            ("md 1: more disks than a superblock has room for", place + 220, &[0xff; 4]),
        ]);
        let small = Image::empty(1440 * KIB);
        let place = if minor == "1.0" { 1440 * KIB - 0x2000 } else { place };
        small.write(place, &new(place / 512, b"floppy")).agrees("md 1: on a floppy");
    }
    // The end of what has no whole number of 4 KiB.
    Image::empty(SIZE + 3000).write(at_the_end, &new(at_the_end / 512, b"odd")).is(KIND);
}

/// A mirror whose superblock is at the end shows the file system that is on it at its beginning, which it is not.
#[test]
fn a_mirror_is_not_what_is_on_it() {
    let place = SIZE - 0x2000;
    let ext4 = || Image::made(SIZE, &["mke2fs", "-q", "-t", "ext4", "-L", "root", "-U", UUID, IT, "7m"]);
    ext4().write(place, &new(place / 512, b"host:root")).is(KIND);
    ext4().write(SIZE - 0x1_0000, &old(7 * 1024, 90)).is(KIND);
    // And its partition table likewise.
    let table = || Image::empty(SIZE).fed("label: dos\nstart=1MiB, size=2MiB\n", &["sfdisk", "-q", IT]);
    table().write(place, &new(place / 512, b"host:disk")).agrees("md: a mirror of a partitioned disk");
    let gpt = || Image::empty(SIZE).fed("label: gpt\nstart=1MiB, size=2MiB\n", &["sfdisk", "-q", IT]);
    gpt().write(place, &new(place / 512, b"host:disk")).agrees("md: over the backup of a GPT");
}

/// At the end of a partition that ends where the disk does, it is of the partition alone.
#[test]
fn at_the_end_of_the_last_partition() {
    let table = || Image::empty(SIZE).fed("label: dos\nstart=2048, size=14336\n", &["sfdisk", "-q", IT]);
    let place = SIZE - 0x2000;
    table().write(place, &new((place - MIB) / 512, b"host:part")).agrees("md: at the end of the last partition");
    table().write(SIZE - 0x1_0000, &old(7 * 1024 - 64, 90)).agrees("md: at the end of the last partition");
}
