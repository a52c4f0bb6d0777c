//! FAT: three widths, and two places for one label.

use crate::image::{IT, Image, KIB, MIB, each};

const FAT: [&str; 3] = ["mkfs.fat", "-i", "1234ABCD"];

#[test]
fn widths() {
    each("vfat", 4 * MIB, &FAT, &[&["-F", "12", IT], &["-F", "12", "-n", "PLAIN", IT], &["-F", "12", "-f", "1", IT]]);
    each(
        "vfat",
        16 * MIB,
        &FAT,
        &[&["-F", "16", IT], &["-F", "16", "-n", "TWO WORDS", IT], &["-F", "16", "-n", "ELEVENBYTES", IT]],
    );
    each(
        "vfat",
        64 * MIB,
        &FAT,
        &[&["-F", "32", IT], &["-F", "32", "-n", "PLAIN", IT], &["-F", "32", "-s", "1", "-n", "lower case", IT]],
    );
}

#[test]
fn sectors() {
    for sector in ["1024", "2048", "4096"] {
        let tool = ["mkfs.fat", "-i", "00000001", "-S", sector];
        each("vfat", 300 * MIB, &tool, &[&["-F", "32", "-s", "1", "-n", "SECTORS", IT]]);
        each("vfat", 64 * MIB, &tool, &[&["-F", "16", "-n", "SECTORS", IT]]);
        each("vfat", 2 * MIB, &tool, &[&["-F", "12", "-n", "SECTORS", IT]]);
    }
}

#[test]
fn floppies() {
    each("vfat", 1440 * KIB, &FAT, &[&[IT], &["-n", "FLOPPY", IT], &["-a", "-n", "FLOPPY", IT]]);
    each("vfat", 64 * KIB, &FAT, &[&[IT]]);
    // With a partition table of one partition, the whole of it, in the boot sector: no table to blkid.
    Image::made(16 * MIB, &["mkfs.fat", "--mbr=y", "-n", "WITH MBR", IT]).is("vfat");
}

/// Where the root directory of a fresh FAT12 or FAT16 is, and where the boot sector's label.
fn places(image: &Image) -> (u64, u64) {
    let [low, high] = image.read(11);
    let sector = u64::from(u16::from_le_bytes([low, high]));
    let reserved = u64::from(u16::from_le_bytes(image.read(14)));
    let [fats] = image.read(16);
    let small = u16::from_le_bytes(image.read(22));
    let length = if small == 0 { u64::from(u32::from_le_bytes(image.read(36))) } else { u64::from(small) };
    let boot = if small == 0 { 71 } else { 43 };
    ((reserved + u64::from(fats) * length) * sector, boot)
}

/// The label of the root directory is the label. What the boot sector says instead is nothing to it.
#[test]
fn two_labels() {
    for (width, size) in [("12", 4 * MIB), ("16", 16 * MIB), ("32", 64 * MIB)] {
        let fresh = |label| Image::made(size, &["mkfs.fat", "-F", width, "-n", label, IT]);
        let (root, boot) = places(&fresh("BOTH"));
        fresh("BOTH").is("vfat");
        fresh("BOTH").write(root, &[0; 32]).is("vfat"); // in the boot sector alone
        fresh("BOTH").write(boot, b"NO NAME    ").is("vfat"); // in the root directory alone
        fresh("BOTH").write(boot, b"ANOTHER    ").is("vfat");
        // A deleted one, one after a long name and a file, one that is a directory's, one with a cluster.
        fresh("BOTH").write(root, &[0xe5]).is("vfat");
        let [entry] = [fresh("BOTH").read::<32>(root)];
        let named = |name: &[u8; 11], attributes: u8| {
            let mut other = entry;
            other.iter_mut().zip(name).for_each(|(byte, letter)| *byte = *letter);
            other.iter_mut().skip(11).take(1).for_each(|byte| *byte = attributes);
            other
        };
        let after = [named(b"A FILE     ", 0x20), named(b"LONG       ", 0x0f), named(b"THE LABEL  ", 0x08)].concat();
        fresh("BOTH").write(root, &after).is("vfat");
        fresh("BOTH").write(root, &named(b"A FOLDER   ", 0x18)).is("vfat");
        fresh("BOTH").write(root, &named(b"ARCHIVED   ", 0x28)).is("vfat");
        fresh("BOTH").write(root + 26, &[7, 0]).is("vfat");
        // What follows the end of the directory is not of it.
        fresh("BOTH").write(root, &[[0; 32], named(b"AFTER      ", 0x08)].concat()).is("vfat");
        // 0x05 stands for 0xe5; letters of a code page; blanks; quotes.
        for name in [
            b"\x05LABEL     ",
            b"\x8e\x99 OEM     ",
            b"           ",
            b"  BLANKS   ",
            b"A\"B\\C'D    ",
            b"lower case ",
            b"NO NAME    ",
        ] {
            fresh("BOTH").write(root, name).is("vfat");
        }
    }
}

/// The root directory of a FAT32 is a chain of clusters, and its label may be in any of them.
#[test]
fn a_root_of_more_clusters() {
    let fresh = || Image::made(64 * MIB, &["mkfs.fat", "-F", "32", "-s", "1", "-n", "FAR AWAY", IT]);
    let (root, _) = places(&fresh());
    let label: [u8; 32] = fresh().read(root);
    let mut file = label;
    file.iter_mut().zip(b"A FILE     \x20").for_each(|(byte, letter)| *byte = *letter);
    let reserved = u64::from(u16::from_le_bytes(fresh().read(14)));
    let fat = |cluster: u32| reserved * 512 + u64::from(cluster) * 4;
    let full = file.repeat(16);
    // Clusters 2, 9 and 5.
    let chained = || {
        fresh()
            .write(root, &full)
            .write(root + 7 * 512, &full)
            .write(root + 3 * 512, &[file, label].concat())
            .write(fat(2), &9_u32.to_le_bytes())
            .write(fat(9), &5_u32.to_le_bytes())
            .write(fat(5), &0x0fff_ffff_u32.to_le_bytes())
    };
    chained().is("vfat");
    // A chain that ends too early, one that ends nowhere, one that goes round.
    chained().write(fat(9), &0x0fff_ffff_u32.to_le_bytes()).is("vfat");
    chained().write(fat(9), &0x00ff_fff0_u32.to_le_bytes()).is("vfat");
    chained().write(fat(9), &2_u32.to_le_bytes()).is("vfat");
    chained().write(fat(9), &0_u32.to_le_bytes()).is("vfat");
    // The upper four bits are not of the number.
    chained().write(fat(9), &0xf000_0005_u32.to_le_bytes()).is("vfat");
}

#[test]
fn damage() {
    let fat = |width| Image::made(64 * MIB, &["mkfs.fat", "-F", width, "-i", "89ABCDEF", "-n", "DAMAGE", IT]);
    let common: [(&str, u64, &[u8]); 13] = [
        ("fat: sectors of 256 bytes", 11, &[0, 1]),
        ("fat: sectors of 768 bytes", 11, &[0, 3]),
        ("fat: sectors of 8192 bytes", 11, &[0, 32]),
        ("fat: 3 sectors to a cluster", 13, &[3]),
        ("fat: no sectors to a cluster", 13, &[0]),
        ("fat: no reserved sectors", 14, &[0, 0]),
        ("fat: no FATs", 16, &[0]),
        ("fat: a medium that there is not", 21, &[0xf1]),
        ("fat: the medium of a floppy", 21, &[0xf0]),
        ("fat: no sectors", 32, &[0; 4]),
        ("fat: another jump", 0, &[0xe9]),
        ("fat: no jump", 0, &[0, 0, 0]),
        ("fat: no 55 AA", 510, &[0, 0]),
    ];
    for width in ["16", "32"] {
        fat(width).damaged(&common);
        fat(width).write(0, &[0, 0, 0]).damaged(&common);
    }
    let own: [(&str, u64, &[u8]); 5] = [
        ("fat16: no words", 54, b"        "),
        ("fat16: the words of another", 54, b"NTFS    "),
        ("fat16: a serial number and no label", 38, &[0x28]),
        ("fat16: neither", 38, &[0]),
        ("fat16: a root directory of no length", 17, &[0, 0]),
    ];
    fat("16").damaged(&own);
    fat("16").write(0, &[0, 0, 0]).damaged(&own);
    fat("16").write(54, b"        ").damaged(&common);
    fat("16").write(54, b"        ").write(510, &[0, 0]).agrees("fat16: neither words nor 55 AA");
    fat("32").damaged(&[
        ("fat32: neither serial number nor label", 66, &[0]),
        ("fat32: no words", 82, b"        "),
        ("fat32: FSInfo without its first word", 512, b"????"),
        ("fat32: FSInfo without its second word", 512 + 484, b"????"),
        ("fat32: an empty FSInfo", 512, &[0; 512]),
        ("fat32: FSInfo elsewhere", 48, &[9, 0]),
        ("fat32: FSInfo beyond the end", 48, &[0xff, 0xff]),
        ("fat32: no root directory", 44, &[0; 4]),
        ("fat32: a root directory before the first cluster", 44, &[1, 0, 0, 0]),
        ("fat32: a root directory beyond the end", 44, &[0xff, 0xff, 0xff, 0x0f]),
    ]);
    for size in [32 * MIB, 64 * KIB, 4 * KIB, 1025] {
        fat("16").cut(size).agrees(&format!("fat16: cut to {size} bytes"));
        fat("32").cut(size).agrees(&format!("fat32: cut to {size} bytes"));
    }
}
