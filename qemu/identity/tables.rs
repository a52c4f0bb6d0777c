//! Partition tables, and what is in the partitions.

use crate::image::{IT, Image, KIB, MIB, UUID, crc32, put};

const SIZE: u64 = 16 * MIB;

fn sfdisk(script: &str) -> Image {
    Image::empty(SIZE).fed(script, &["sfdisk", "-q", IT])
}

/// A file system of 2 MiB.
fn content() -> Image {
    Image::made(2 * MIB, &["mke2fs", "-q", "-t", "ext2", "-L", "within", "-U", UUID, IT])
}

#[test]
fn gpt_of_sfdisk() {
    sfdisk("label: gpt\n").has_table("gpt");
    sfdisk("label: gpt\nlabel-id: 5E1F1E55-0123-4567-89AB-CDEF00000042\nstart=1MiB, size=2MiB, name=\"root\"\n")
        .with(MIB, &content())
        .has_table("gpt");
    // Out of order, with gaps among the numbers.
    let gaps = "label: gpt\n3: start=4MiB, size=2MiB, name=\"three\"\n128: start=8MiB, size=1MiB\n\
        1: start=6MiB, size=2MiB, type=swap\n";
    let swap = Image::made(2 * MIB, &["mkswap", "-L", "within too", IT]);
    sfdisk(gaps).with(4 * MIB, &content()).with(6 * MIB, &swap).has_table("gpt");
    // Its last partition ends where a superblock at the end of the disk would be.
    sfdisk("label: gpt\nstart=2048, size=+\n").has_table("gpt");
}

#[test]
fn gpt_of_sgdisk() {
    let longest = "x".repeat(36);
    let wide = "\u{1f333}".repeat(18);
    for name in
        ["plain", "two words", " around ", "w\u{e4}\u{20ac}\u{1f333}", "a\"b\\c'd$e`f", longest.as_str(), wide.as_str()]
    {
        let name = format!("1:{name}");
        Image::made(SIZE, &["sgdisk", "-n", "1:2048:+2M", "-c", &name, "-U", UUID, IT])
            .with(MIB, &content())
            .has_table("gpt");
    }
    for entries in ["4", "128", "132", "256", "1024"] {
        Image::made(SIZE, &["sgdisk", "-S", entries, "-n", "2:8192:+2M", "-c", "2:many", IT]).has_table("gpt");
    }
    // Sixteen partitions.
    let new: Vec<String> = (1..=16).map(|number| format!("{number}:{}:+100K", 2048 + number * 256)).collect();
    let words: Vec<&str> = new.iter().flat_map(|new| ["-n", new.as_str()]).collect();
    Image::made(SIZE, &[&["sgdisk", "-a", "1"], &words[..], &[IT]].concat()).has_table("gpt");
    Image::made(SIZE, &["sgdisk", "-n", "1:2048:+2M", "-n", "2:8192:+1M", "-h", "1:EE", IT])
        .agrees("gpt: a hybrid MBR");
    Image::made(SIZE, &["sgdisk", "-n", "1:2048:+2M", "-j", "64", IT]).has_table("gpt");
}

#[test]
fn gpt_of_parted() {
    let words = [
        "parted",
        "-s",
        IT,
        "mklabel",
        "gpt",
        "mkpart",
        "'the name'",
        "ext4",
        "1MiB",
        "3MiB",
        "mkpart",
        "b",
        "4MiB",
        "100%",
    ];
    Image::made(SIZE, &words).with(MIB, &content()).has_table("gpt");
}

#[test]
fn gpt_damaged() {
    let gpt = || {
        Image::made(SIZE, &["sgdisk", "-n", "1:2048:+2M", "-c", "1:name", "-n", "2:8192:+1M", IT]).with(MIB, &content())
    };
    let backup = SIZE - 512;
    gpt().damaged(&[
        ("gpt: the primary header gone", 512, &[0; 512]),
        ("gpt: the primary header's checksum", 512 + 16, &[0x55; 4]),
        ("gpt: another GUID under the checksum", 512 + 56, &[0x55; 4]),
        ("gpt: the primary header in another place", 512 + 24, &[2]),
        ("gpt: the primary entries damaged", 1024 + 56, &[0x55; 4]),
        ("gpt: the backup gone", backup, &[0; 512]),
        ("gpt: the backup's checksum", backup + 16, &[0x55; 4]),
        ("gpt: the backup's entries damaged", backup - 128 * 128 + 56, &[0x55; 4]),
        ("gpt: no protective MBR", 446, &[0; 64]),
        ("gpt: no 55 AA", 510, &[0, 0]),
        ("gpt: another type in the MBR", 446 + 4, &[0x83]),
        ("gpt: the MBR's partition too short", 446 + 12, &[1, 0, 0, 0]),
        ("gpt: the MBR's partition elsewhere", 446 + 8, &[9, 0, 0, 0]),
        (
            "gpt: the protective partition as the third",
            446,
            &[[0; 32].as_slice(), &[0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0x7f, 0, 0], &[0; 16]]
                .concat(),
        ),
    ]);
    gpt().write(512, &[0; 512]).write(backup, &[0; 512]).agrees("gpt: neither header");
    gpt().write(1024 + 56, &[0x55; 4]).write(backup - 128 * 128 + 56, &[0x55; 4]).agrees("gpt: neither's entries");
    gpt().cut(SIZE - 4096).agrees("gpt: cut at its end");
    gpt().cut(SIZE - 4096).write(512, &[0; 512]).agrees("gpt: cut at its end, without its beginning");
    // The disk has grown: the backup is not at its end.
    gpt().cut(SIZE + MIB).agrees("gpt: on a disk that has grown");
    gpt().cut(SIZE + MIB).write(512, &[0; 512]).agrees("gpt: on a disk that has grown, without its beginning");
}

/// As on a disk with sectors of 4 KiB, which a file is none of: its sectors are of 512 bytes.
#[test]
fn gpt_of_large_sectors() {
    let small = Image::made(SIZE, &["sgdisk", "-n", "1:2048:+2M", "-c", "1:large", IT]);
    let crc = |bytes: &[u8]| !crc32(0xffff_ffff, bytes);
    let mut entries = small.read::<{ 128 * 128 }>(1024);
    put(&mut entries, 32, &[256_u64.to_le_bytes(), 767_u64.to_le_bytes()].concat());
    let mut header = small.read::<92>(512);
    // The backup's sector, the first and the last for partitions, the checksum of the entries.
    put(&mut header, 32, &[4095_u64.to_le_bytes(), 6_u64.to_le_bytes(), 4090_u64.to_le_bytes()].concat());
    put(&mut header, 88, &crc(&entries).to_le_bytes());
    put(&mut header, 16, &[0; 4]);
    let checksum = crc(&header);
    put(&mut header, 16, &checksum.to_le_bytes());
    let mbr = small.read::<512>(0);
    let large = Image::empty(SIZE).write(0, &mbr).write(4096, &header).write(8192, &entries);
    // partx takes it for one if told so.
    large.run(&["partx", "-S", "4096", "-s", IT]).agrees("gpt: of sectors of 4 KiB");
}

#[test]
fn dos_of_sfdisk() {
    sfdisk("label: dos\n").has_table("dos");
    sfdisk("label: dos\nlabel-id: 0x0000abcd\nstart=1MiB, size=2MiB\nstart=4MiB, size=1MiB, type=ef\n")
        .with(MIB, &content())
        .has_table("dos");
    sfdisk("label: dos\nlabel-id: 0x00000000\nstart=1MiB, size=2MiB\n").agrees("dos: no number of the disk's");
    sfdisk("label: dos\n4: start=1MiB, size=2MiB, type=82, bootable\n").has_table("dos");
    let logical = "label: dos\nlabel-id: 0x12345678\nstart=1MiB, size=2MiB\n2: start=3MiB, size=12MiB, type=5\n\
        5: start=4MiB, size=2MiB\n6: start=7MiB, size=3MiB\n7: start=11MiB, size=1MiB, type=82\n";
    sfdisk(logical).with(4 * MIB, &content()).with(7 * MIB, &content()).has_table("dos");
    sfdisk(&logical.replace("type=5", "type=f")).has_table("dos");
    sfdisk(&logical.replace("type=5", "type=85")).has_table("dos");
}

#[test]
fn dos_of_parted() {
    let words = [
        "parted", "-s", IT, "mklabel", "msdos", "mkpart", "primary", "1MiB", "3MiB", "mkpart", "extended", "3MiB",
        "100%",
    ];
    let logical = [
        "mkpart", "logical", "4MiB", "6MiB", "mkpart", "logical", "7MiB", "9MiB", "mkpart", "logical", "10MiB", "11MiB",
    ];
    Image::made(SIZE, &[&words[..], &logical].concat()).with(7 * MIB, &content()).has_table("dos");
}

#[test]
fn dos_damaged() {
    let logical = "label: dos\nlabel-id: 0x12345678\nstart=1MiB, size=2MiB\n2: start=3MiB, size=12MiB, type=5\n\
        5: start=4MiB, size=2MiB\n6: start=7MiB, size=3MiB\n7: start=11MiB, size=1MiB, type=82\n";
    let first = 3 * MIB;
    sfdisk(logical).damaged(&[
        ("dos: no 55 AA", 510, &[0, 0]),
        ("dos: a flag that there is not", 446, &[1]),
        ("dos: a flag in the fourth", 446 + 48, &[0x7f]),
        ("dos: no number of the disk's", 440, &[0; 4]),
        ("dos: a partition beyond the end", 446 + 12, &[0, 0, 0xff, 0]),
        ("dos: partitions that overlap", 446 + 8, &[0, 24, 0, 0]),
        ("dos: of GPT's type, alone", 446 + 4, &[0xee]),
        ("dos: two extended ones", 446 + 4, &[5]),
        ("dos: the first EBR without 55 AA", first + 510, &[0, 0]),
        ("dos: the first EBR goes to itself", first + 446 + 16 + 8, &[0; 4]),
        ("dos: the first EBR goes beyond the end", first + 446 + 16 + 8, &[0xff; 4]),
        ("dos: the first EBR has no data", first + 446, &[0; 16]),
        ("dos: the first EBR has a flag that there is not", first + 446, &[0x33]),
        ("dos: the extended one in sector 0", 446 + 16 + 8, &[0; 4]),
        ("dos: LILO's signature", 6, b"LILO"),
        ("dos: a boot sector's jump", 0, &[0xeb, 0x3c, 0x90]),
        ("dos: AIX's magic", 0, &[0xc9, 0xc2, 0xd4, 0xc1]),
    ]);
}

/// A table within a partition is not the disk's.
#[test]
fn a_table_in_a_partition() {
    let inner = Image::empty(2 * MIB).fed("label: dos\nstart=512, size=512\n", &["sfdisk", "-q", IT]);
    sfdisk("label: gpt\nstart=1MiB, size=2MiB\n").with(MIB, &inner).has_table("gpt");
    sfdisk("label: dos\nstart=1MiB, size=2MiB\n").with(MIB, &inner).has_table("dos");
    let fat = Image::made(2 * MIB, &["mkfs.fat", "-n", "EFI", IT]);
    sfdisk("label: gpt\nstart=1MiB, size=2MiB, type=uefi\n").with(MIB, &fat).has_table("gpt");
    let ntfs = Image::made(2 * MIB, &["mkntfs", "-q", "-F", "-f", "-L", "data", IT]);
    sfdisk("label: dos\nstart=1MiB, size=2MiB, type=7\n").with(MIB, &ntfs).has_table("dos");
}

#[test]
fn nothing() {
    for size in [0, 1, 511, 512, KIB, 4 * KIB, 1440 * KIB, 64 * MIB] {
        Image::empty(size).is_nothing();
    }
    // Bytes of a generator's, the same ones every time.
    let mut state = 0x5e1f_1e55_0123_4567_u64;
    for size in [512, 4 * KIB, 300 * KIB, 2 * MIB] {
        let bytes: Vec<u8> = (0..size)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            })
            .collect();
        Image::empty(size).write(0, &bytes).is_nothing();
    }
    Image::empty(MIB).write(0, &[0xff; 65536]).is_nothing();
    // 0x55 0xaa alone is no table, nor is it a file system.
    Image::empty(MIB).write(510, &[0x55, 0xaa]).agrees("dos: 55 AA alone");
}
