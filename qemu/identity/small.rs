//! Small file systems: those that are made whole, EROFS, squashfs, cramfs and romfs; and minix.

use crate::image::{IT, Image, KIB, MIB, UUID, each, of_folder};

#[test]
fn erofs() {
    of_folder(&["mkfs.erofs", "--quiet", IT, "FROM"]).is("erofs");
    of_folder(&["mkfs.erofs", "--quiet", "-zlz4", IT, "FROM"]).is("erofs");
    of_folder(&["mkfs.erofs", "--quiet", "-zlz4hc,12", "-C65536", "-E", "force-inode-extended", IT, "FROM"])
        .is("erofs");
    of_folder(&["mkfs.erofs", "--quiet", "-E", "legacy-compress", "-zlz4", IT, "FROM"]).is("erofs");
    of_folder(&["mkfs.erofs", "--quiet", "-U", UUID, IT, "FROM"]).is("erofs");
    // This mkfs.erofs has no option for the label, which newer ones write here.
    let erofs = || of_folder(&["mkfs.erofs", "--quiet", "-E", "nosbcrc", IT, "FROM"]);
    erofs().damaged(&[
        ("erofs: a label", 1024 + 64, b"a label"),
        ("erofs: a label of 16 bytes", 1024 + 64, "16 bytes of \u{1f333}".as_bytes()),
        ("erofs: a label with an end", 1024 + 64, b" a label \0 x"),
        ("erofs: no magic", 1024, &[0; 4]),
        ("erofs: blocks of 2 to the 99th", 1024 + 12, &[99]),
        ("erofs: no UUID", 1024 + 48, &[0; 16]),
    ]);
    let checked = of_folder(&["mkfs.erofs", "--quiet", IT, "FROM"]);
    checked.damaged(&[("erofs: a UUID under the checksum", 1024 + 48, &[0x55; 4])]);
}

#[test]
fn squashfs() {
    let tool = ["mksquashfs", "FROM", IT, "-noappend", "-quiet", "-no-progress"];
    for compressor in ["gzip", "lzo", "lz4", "xz", "zstd", "lzma"] {
        of_folder(&[&tool[..], &["-comp", compressor]].concat()).is("squashfs");
    }
    // Less than 1 KiB: nothing to blkid.
    of_folder(&[&tool[..], &["-nopad", "-b", "4096"]].concat()).agrees("squashfs: less than 1 KiB");
    let squashfs = || of_folder(&tool);
    squashfs().damaged(&[
        ("squashfs: another magic", 0, b"hsqt"),
        ("squashfs: of the other byte order", 0, b"sqsh"),
        ("squashfs: of LZMA's time", 0, b"shsq"),
        ("squashfs: version 3", 28, &[3, 0]),
        ("squashfs: version 5", 28, &[5, 0]),
        ("squashfs: version 4.9", 30, &[9, 0]),
    ]);
    for size in [1024, 1025, 2048] {
        squashfs().cut(size).agrees(&format!("squashfs: cut to {size} bytes"));
    }
}

#[test]
fn cramfs() {
    of_folder(&["mkfs.cramfs", "FROM", IT]).is("cramfs");
    of_folder(&["mkfs.cramfs", "-n", "plain", "FROM", IT]).is("cramfs");
    of_folder(&["mkfs.cramfs", "-n", "sixteen bytes ok", "FROM", IT]).is("cramfs");
    of_folder(&["mkfs.cramfs", "-n", "two w\u{e4}rds", "-N", "big", "FROM", IT]).is("cramfs");
    // Room for a boot loader before it.
    of_folder(&["mkfs.cramfs", "-p", "FROM", IT]).agrees("cramfs: with padding");
    of_folder(&["mkfs.cramfs", "-n", "damage", "FROM", IT]).damaged(&[
        ("cramfs: a label under the checksum", 48, b"another"),
        ("cramfs: a size beyond the end", 4, &[0xff; 4]),
        ("cramfs: no size", 4, &[0; 4]),
        ("cramfs: version 1", 8, &[0; 4]),
    ]);
}

#[test]
fn romfs() {
    let long = "r".repeat(200);
    for label in ["plain", "two words", "sixteen bytes ok", "\u{e4}\u{1f333}", &long] {
        of_folder(&["genromfs", "-d", "FROM", "-f", IT, "-V", label]).is("romfs");
    }
    of_folder(&["genromfs", "-d", "FROM", "-f", IT]).is("romfs");
    let romfs = || of_folder(&["genromfs", "-d", "FROM", "-f", IT, "-V", "damage"]);
    romfs().damaged(&[
        ("romfs: another magic", 0, b"-rom2fs-"),
        ("romfs: a label under the checksum", 16, b"another"),
        ("romfs: a size beyond the end", 8, &[0xff; 4]),
        ("romfs: no size", 8, &[0; 4]),
    ]);
    Image::empty(64 * KIB).with(0, &romfs()).is("romfs");
}

#[test]
fn minix() {
    each(
        "minix",
        4 * MIB,
        &["mkfs.minix"],
        &[
            &["-1", "-n14", IT],
            &["-1", "-n30", IT],
            &["-2", "-n14", IT],
            &["-2", "-n30", IT],
            &["-3", IT],
            &["-3", "-i", "64", IT],
        ],
    );
    Image::made(256 * KIB, &["mkfs.minix", IT]).is("minix");
}

#[test]
fn minix_damaged() {
    let minix = |version| Image::made(4 * MIB, &["mkfs.minix", version, IT]);
    let rows: [(&str, u64, &[u8]); 10] = [
        ("minix: no magic", 1024 + 16, &[0x10]),
        ("minix: no inodes", 1024, &[0, 0]),
        ("minix: no blocks of the inodes' map", 1024 + 4, &[0, 0]),
        ("minix: no blocks of the zones' map", 1024 + 6, &[0, 0]),
        ("minix: a first zone beyond the end", 1024 + 8, &[0xff, 0xff]),
        ("minix: zones of more than one block", 1024 + 10, &[1]),
        ("minix: a state that there is not", 1024 + 18, &[0xff, 0xff]),
        ("minix: mounted", 1024 + 18, &[0, 0]),
        ("minix: of the other byte order", 1024 + 16, &[0x13, 0x7f]),
        ("minix: with the magic of ext", 1024 + 56, &[0x53, 0xef]),
    ];
    minix("-1").damaged(&rows);
    minix("-2").damaged(&rows);
    minix("-3").damaged(&[
        ("minix3: no magic", 1024 + 24, &[0, 0]),
        ("minix3: no inodes", 1024, &[0; 4]),
        ("minix3: no blocks of the inodes' map", 1024 + 6, &[0, 0]),
        ("minix3: no blocks of the zones' map", 1024 + 8, &[0, 0]),
        ("minix3: zones of more than one block", 1024 + 12, &[1]),
        ("minix3: no zones", 1024 + 20, &[0; 4]),
        ("minix3: blocks of no size", 1024 + 28, &[0, 0]),
    ]);
}
