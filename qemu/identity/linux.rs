//! The larger file systems of Linux: XFS, F2FS, JFS, NILFS2, btrfs.

use crate::image::{IT, Image, MIB, UUID, each};

const XFS: [&str; 3] = ["mkfs.xfs", "-q", "-f"];

#[test]
fn xfs_v5() {
    each(
        "xfs",
        300 * MIB,
        &XFS,
        &[
            &[IT],
            &["-m", &format!("uuid={UUID}"), "-L", "twelve bytes", IT],
            &["-s", "size=4096", "-L", "two words", IT],
            &["-b", "size=1024", IT],
            &["-b", "size=2048", "-L", "\u{e4}\u{f6} \u{1f333}", IT],
            &["-b", "size=65536", "-L", "a\"b\\c", IT],
            &["-m", "reflink=0,rmapbt=1,bigtime=1,inobtcount=1", "-L", "/mnt/x", IT],
        ],
    );
}

#[test]
fn xfs_v4() {
    each(
        "xfs",
        300 * MIB,
        &XFS,
        &[
            &["-m", "crc=0", "-L", "four", IT],
            &["-m", "crc=0", "-b", "size=512", IT],
            &["-m", "crc=0", "-s", "size=4096", "-n", "ftype=0", IT],
        ],
    );
}

#[test]
fn xfs_damaged() {
    let xfs = Image::made(300 * MIB, &["mkfs.xfs", "-q", "-f", "-L", "damage", IT]);
    xfs.damaged(&[
        ("xfs: no magic", 0, b"XFSC"),
        ("xfs: a block size that its logarithm is not of", 4, &[0, 0, 0, 1]),
        ("xfs: a sector size of 768", 102, &[3, 0]),
        ("xfs: a logarithm of the block size", 120, &[99]),
        ("xfs: a logarithm of the inode size", 122, &[0]),
        ("xfs: no blocks in a group", 84, &[0; 4]),
        ("xfs: no groups", 88, &[0; 4]),
        ("xfs: no blocks", 8, &[0; 8]),
        ("xfs: a label with white space and a control byte", 108, b" \tlabel\x01\n  \t"),
        ("xfs: a wrong checksum", 224, &[0x55; 4]),
        ("xfs: a version that there is not", 100, &[0, 9]),
    ]);
    xfs.cut(64 * 1024).agrees("xfs: cut to 64 KiB");
}

#[test]
fn f2fs() {
    let long = "\u{1f333}".repeat(127);
    let longer = "l".repeat(254);
    each(
        "f2fs",
        64 * MIB,
        &["mkfs.f2fs", "-q", "-f"],
        &[
            &[IT],
            &["-l", "plain", IT],
            &["-l", "two words", "-O", "extra_attr,inode_checksum,sb_checksum", IT],
            &["-l", "Wurzel \u{e4}\u{20ac}\u{1f333}", "-U", UUID, IT],
            &["-l", &long, IT],
            &["-l", &longer, IT],
            &["-l", " \"quoted\\ ", "-O", "encrypt", IT],
            &["-l", "sectors", "-w", "4096", IT],
        ],
    );
}

#[test]
fn f2fs_damaged() {
    let f2fs = |features| Image::made(64 * MIB, &["mkfs.f2fs", "-q", "-f", "-l", "damage", "-O", features, IT]);
    f2fs("extra_attr,sb_checksum").damaged(&[
        ("f2fs: something under the checksum", 1024 + 124 + 40, &[1]),
        ("f2fs: a checksum beyond the superblock", 1024 + 32, &[0xff; 4]),
        ("f2fs: no checksum", 1024 + 32, &[0; 4]),
    ]);
    f2fs("encrypt").damaged(&[
        ("f2fs: something after the label", 1024 + 124 + 40, &[1]),
        ("f2fs: the second copy alone", 1024, &[0; 64]),
        ("f2fs: a version that there is not", 1024 + 4, &[0, 0]),
        ("f2fs: half a surrogate pair", 1024 + 124, &[0x61, 0, 0x00, 0xd8, 0x62, 0]),
        ("f2fs: the other half of one", 1024 + 124, &[0x61, 0, 0x00, 0xdc, 0x62, 0]),
        ("f2fs: control characters", 1024 + 124, &[0x0a, 0, 0x61, 0, 0x07, 0, 0x80, 0, 0x20, 0]),
    ]);
}

#[test]
fn jfs() {
    each(
        "jfs",
        32 * MIB,
        &["mkfs.jfs", "-q"],
        &[
            &[IT],
            &["-L", "plain", IT],
            &["-L", "two words", IT],
            &["-L", "sixteen bytes ok", IT],
            &["-O", IT],
            &["-L", "\u{e4}\u{1f333}", IT],
        ],
    );
    Image::made(32 * MIB, &["mkfs.jfs", "-q", "-L", "damage", IT]).damaged(&[
        ("jfs: no magic", 32768, b"JFS2"),
        ("jfs: no block size", 32768 + 24, &[0; 4]),
        ("jfs: a logarithm of the block size", 32768 + 28, &[3]),
        ("jfs: no size of the physical blocks", 32768 + 16, &[0; 4]),
    ]);
}

#[test]
fn nilfs2() {
    let long = "n".repeat(80);
    each(
        "nilfs2",
        512 * MIB,
        &["mkfs.nilfs2", "-q", "-f"],
        &[
            &[IT],
            &["-b", "1024", "-L", "plain", IT],
            &["-b", "2048", "-L", "two words", IT],
            &["-L", &long, IT],
            &["-L", "\u{e4}\u{1f333}", IT],
        ],
    );
}

/// The superblock's second copy, at the end, stands in for the first one; both are checked.
#[test]
fn nilfs2_damaged() {
    let nilfs = || Image::made(512 * MIB, &["mkfs.nilfs2", "-q", "-f", "-L", "damage", IT]);
    nilfs().damaged(&[
        ("nilfs2: the first copy gone", 1024, &[0; 512]),
        ("nilfs2: a label under the first checksum", 1024 + 152, b"changed"),
        ("nilfs2: more bytes than a superblock has", 1024 + 14, &[0xff, 0xff]),
        ("nilfs2: the second copy gone", 512 * MIB - 4096, &[0; 512]),
    ]);
    nilfs().write(1024, &[0; 512]).write(512 * MIB - 4096, &[0; 512]).is_nothing();
    nilfs().write(512 * MIB - 4096 + 44, &[9]).agrees("nilfs2: the second copy is newer and broken");
    nilfs().cut(64 * MIB).agrees("nilfs2: cut to 64 MiB");
}

const BTRFS: [&str; 3] = ["mkfs.btrfs", "-q", "-f"];

#[test]
fn btrfs_checksums() {
    each(
        "btrfs",
        128 * MIB,
        &BTRFS,
        &[
            &["--csum", "crc32c", IT],
            &["--csum", "xxhash", "-L", "xx", IT],
            &["--csum", "sha256", "-U", UUID, IT],
            &["--csum", "blake2", "-L", "two words", IT],
        ],
    );
}

#[test]
fn btrfs_labels_and_sizes() {
    let long = "b".repeat(255);
    each(
        "btrfs",
        128 * MIB,
        &BTRFS,
        &[
            &["-L", &long, IT],
            &["-L", "\u{e4}\u{20ac}\u{1f333} \"\\ ", IT],
            &["--nodesize", "4096", "--mixed", IT],
            &["--nodesize", "65536", "-O", "^no-holes", "-R", "^free-space-tree", IT],
        ],
    );
}

#[test]
fn btrfs_members() {
    let other = Image::empty(128 * MIB);
    let second = other.path().to_str().expect("UTF-8");
    let words = [&BTRFS[..], &["-L", "both", "-d", "raid1", "-m", "raid1", IT, second]].concat();
    let first = Image::made(128 * MIB, &words);
    first.is("btrfs");
    other.is("btrfs");
}

#[test]
fn btrfs_damaged() {
    let btrfs = |csum| Image::made(128 * MIB, &["mkfs.btrfs", "-q", "-f", "-L", "damage", "--csum", csum, IT]);
    for csum in ["crc32c", "sha256"] {
        btrfs(csum).damaged(&[
            ("btrfs: no magic", 65536 + 64, b"_BHRfS_N"),
            ("btrfs: a label under the checksum", 65536 + 299, b"changed"),
            ("btrfs: a wrong checksum", 65536, &[0x55; 4]),
            ("btrfs: an unknown kind of checksum", 65536 + 196, &[99, 0]),
            ("btrfs: a copy alone", 65536, &[0; 4096]),
        ]);
    }
    for size in [65536 + 8192, 65536 + 4096, 65536 + 4095, 65536 + 1024] {
        btrfs("crc32c").cut(size).agrees(&format!("btrfs: cut to {size} bytes"));
    }
}
