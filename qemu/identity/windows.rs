//! exFAT and NTFS.

use crate::image::{IT, Image, MIB, each};

/// Its boot sector ends like an MBR, and is taken for one too, unlike those of FAT and NTFS.
#[test]
fn exfat() {
    for row in [
        &[IT][..],
        &["-L", "plain", IT],
        &["-L", "two words", IT],
        &["-L", "eleven char", IT],
        &["-L", "\u{e4}\u{20ac} \u{1f333}", IT],
        &["-L", "lower", "-c", "64K", IT],
        &["-L", "big", "-c", "4K", IT],
    ] {
        let image = Image::made(64 * MIB, &[&["mkfs.exfat"], row].concat());
        image.agrees("exfat: as mkfs.exfat makes it");
        // Without what makes it look like an MBR.
        image.write(510, &[0, 0]).agrees("exfat: without the boot sector's signature");
    }
    Image::made(4 * MIB, &["mkfs.exfat", "-L", "small", IT]).agrees("exfat: as mkfs.exfat makes it");
}

/// Where the root directory is, as the boot sector has it.
fn exfat_root(image: &Image) -> u64 {
    let number = |at| u64::from(u32::from_le_bytes(image.read(at)));
    let [sector, cluster] = image.read(108);
    (number(88) << sector) + ((number(96) - 2) << (sector + cluster))
}

#[test]
fn exfat_damaged() {
    let exfat = Image::made(64 * MIB, &["mkfs.exfat", "-L", "damage", IT]);
    let root = exfat_root(&exfat);
    exfat.damaged(&[
        ("exfat: no name", 3, b"EXFAT\0  "),
        ("exfat: another serial number and a wrong checksum", 100, &[1, 2, 3, 4]),
        ("exfat: no label", root, &[0x03]),
        ("exfat: a label of no letters", root + 1, &[0]),
        ("exfat: a label of 11 letters", root + 1, &[11]),
        ("exfat: a label of 200 letters", root + 1, &[200]),
        ("exfat: half a surrogate pair", root + 1, &[2, 0x00, 0xd8, 0x41, 0x00]),
        ("exfat: white space around the label", root + 1, &[3, 0x20, 0, 0x41, 0, 0x20, 0]),
        ("exfat: deleted entries alone", root, &[0x05; 64]),
        ("exfat: the end of the directory at once", root, &[0]),
        ("exfat: a root far outside", 96, &[0xff, 0xff, 0xff, 0x7f]),
        ("exfat: a root before the first cluster", 96, &[1, 0, 0, 0]),
        ("exfat: sectors of 2 to the 40th", 108, &[40]),
        ("exfat: clusters of 2 to the 40th", 109, &[40]),
        ("exfat: 9 FATs", 110, &[9]),
        ("exfat: no 55 AA", 510, &[0, 0]),
        ("exfat: something where FAT has its words", 11, &[1; 53]),
        ("exfat: revision 2", 104, &[0, 2]),
        ("exfat: another jump", 0, &[0xeb, 0x3c, 0x90]),
    ]);
}

#[test]
fn ntfs() {
    let long = "n".repeat(127);
    let wide = "\u{1f333}".repeat(32);
    let tool = ["mkntfs", "-q", "-F", "-f"];
    each(
        "ntfs",
        8 * MIB,
        &tool,
        &[
            &[IT],
            &["-L", "plain", IT],
            &["-L", "two words ", IT],
            &["-L", "\u{e4}\u{20ac} \u{1f333}", IT],
            &["-L", &long, IT],
            &["-L", &wide, IT],
            &["-L", "cluster", "-c", "512", IT],
            &["-L", "cluster", "-c", "65536", IT],
            &["-U", "-L", "uuid", IT],
        ],
    );
    each("ntfs", 64 * MIB, &tool, &[&["-s", "4096", "-L", "sectors", IT], &["-s", "2048", "-c", "4096", IT]]);
}

#[test]
fn ntfs_damaged() {
    let ntfs = || Image::made(8 * MIB, &["mkntfs", "-q", "-F", "-f", "-L", "damage", IT]);
    let mft = u64::from_le_bytes(ntfs().read(48)) * 4096;
    let volume = mft + 3 * 1024; // the record $Volume
    assert_eq!(&ntfs().read::<4>(volume), b"FILE");
    ntfs().damaged(&[
        ("ntfs: no name", 3, b"MTFS    "),
        ("ntfs: 3 sectors to a cluster", 13, &[3]),
        ("ntfs: sectors of 256 bytes", 11, &[0, 1]),
        ("ntfs: $Volume has another magic", volume, b"BAAD"),
        ("ntfs: the MFT has another magic", mft, b"BAAD"),
        ("ntfs: an MFT far outside", 48, &[0xff; 8]),
        ("ntfs: no 55 AA", 510, &[0, 0]),
        ("ntfs: attributes from nowhere", volume + 20, &[0xff, 0xff]),
        ("ntfs: an attribute of no length", volume + 56 + 4, &[0; 4]),
        ("ntfs: records of no length", 64, &[0]),
        ("ntfs: records of 2 to the 40th", 64, &[0xd8]),
        ("ntfs: reserved fields in use", 14, &[1, 1]),
        ("ntfs: FATs", 16, &[2]),
        ("ntfs: another serial number", 72, &[0xa1, 0xb2, 3, 4, 5, 6, 7, 8]),
        ("ntfs: no serial number", 72, &[0; 8]),
    ]);
    for size in [4 * MIB, 16 * 1024, 2048] {
        ntfs().cut(size).agrees(&format!("ntfs: cut to {size} bytes"));
    }
}
