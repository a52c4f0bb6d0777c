//! ext2, ext3, ext4 and their journals.

use crate::image::{GIB, IT, Image, KIB, MIB, UUID, each};

const MKE2FS: [&str; 2] = ["mke2fs", "-q"];

#[test]
fn ext2() {
    each(
        "ext2",
        8 * MIB,
        &MKE2FS,
        &[
            &["-t", "ext2", IT],
            &["-t", "ext2", "-b", "1024", "-L", "plain", IT],
            &["-t", "ext2", "-b", "2048", "-U", UUID, IT],
            &["-t", "ext2", "-b", "4096", "-U", "clear", IT],
            &["-t", "ext2", "-r", "0", IT],
            &["-t", "ext2", "-O", "^large_file,^sparse_super,^dir_index,^resize_inode,^filetype,^ext_attr", IT],
            // Without a journal that is what it is, whatever it was meant to be.
            &["-t", "ext3", "-O", "^has_journal", IT],
        ],
    );
}

#[test]
fn ext3() {
    each(
        "ext3",
        16 * MIB,
        &MKE2FS,
        &[
            &["-t", "ext3", "-U", UUID, "-L", "third", IT],
            &["-t", "ext3", "-b", "1024", IT],
            &["-t", "ext3", "-b", "4096", "-O", "meta_bg,^resize_inode", IT],
            &["-t", "ext2", "-j", "-J", "size=4", IT],
        ],
    );
}

#[test]
fn ext4() {
    each(
        "ext4",
        16 * MIB,
        &MKE2FS,
        &[
            &["-t", "ext4", "-U", UUID, "-L", "root", IT],
            &["-t", "ext4", "-b", "1024", "-O", "^metadata_csum", IT],
            &["-t", "ext4", "-b", "2048", "-O", "metadata_csum", IT],
            &["-t", "ext4", "-b", "4096", "-O", "64bit,metadata_csum", IT],
            &["-t", "ext4", "-O", "^64bit,^metadata_csum,uninit_bg", IT],
            &["-t", "ext4", "-O", "^has_journal", IT],
            &["-t", "ext4", "-O", "metadata_csum,metadata_csum_seed", "-U", UUID, IT],
            &["-t", "ext4", "-O", "encrypt,verity,casefold,inline_data,mmp,quota,project", IT],
            &["-t", "ext4", "-O", "bigalloc", IT],
            &["-t", "ext2", "-O", "extent", IT],
        ],
    );
}

#[test]
fn labels() {
    each(
        "ext4",
        4 * MIB,
        &["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-L"],
        &[
            &["two words", IT],
            &[" spaces around ", IT],
            &["sixteen bytes ok", IT],
            &["Wurzel \u{1f333} \u{e4}\u{f6}", IT],
            &["a\"b\\c'd$e`f", IT],
            &["<&>%#=;", IT],
        ],
    );
    // What no tool writes: white space alone, control bytes, bytes that are no UTF-8, one that is cut off.
    let labels: [&[u8; 16]; 8] = [
        b"     \t\n         ",
        b"line\nfeed\ttab\x01\x7f ",
        b"\xff\xfelatin \xe9       ",
        b"fifteen bytes \xc3\x83",
        b"fifteen bytes..\xc3",
        b"end\0after an end",
        b"\n\x0b\x0c\raround\r\n\x0b\t  ",
        b"KEY=\nTYPE=\"xfs\" ",
    ];
    for label in labels {
        Image::made(4 * MIB, &["mke2fs", "-q", "-t", "ext2", IT]).write(1024 + 120, label).is("ext2");
    }
}

/// mke2fs wants a block device to make a file system that uses one, so that is not among the rows.
#[test]
fn external_journal() {
    each(
        "jbd",
        16 * MIB,
        &["mke2fs", "-q", "-O", "journal_dev"],
        &[
            &["-b", "1024", IT],
            &["-b", "4096", IT],
            &["-b", "4096", "-U", UUID, "-L", "journal", IT],
            &["-b", "4096", "-O", "metadata_csum", IT],
        ],
    );
}

#[test]
fn sizes() {
    Image::made(64 * KIB, &["mke2fs", "-q", "-b", "1024", "-N", "16", IT]).is("ext2");
    Image::made(1440 * KIB, &["mke2fs", "-q", IT]).is("ext2");
    Image::made(16 * GIB, &["mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1", "-J", "size=4", IT]).is("ext4");
    // One that was cut off.
    let cut = |size| Image::made(8 * MIB, &["mke2fs", "-q", "-t", "ext4", "-L", "cut", IT]).cut(size);
    cut(4 * MIB).is("ext4");
    for size in [4 * KIB, 2 * KIB, KIB + 512, KIB + 511, KIB + 256, KIB] {
        cut(size).agrees(&format!("ext: cut to {size} bytes"));
    }
}

#[test]
fn damage() {
    Image::made(8 * MIB, &["mke2fs", "-q", "-t", "ext2", "-L", "damage", IT]).damaged(&[
        ("ext: no magic", 1024 + 56, &[0, 0]),
        ("ext: every incompatible feature", 1024 + 96, &[0xff; 4]),
        ("ext: an unknown incompatible feature", 1024 + 96, &[2, 0, 0, 0x80]),
        ("ext: an unknown read-only feature", 1024 + 104, &[0, 0, 0, 0x80]),
        ("ext: a journal's device that has a journal", 1024 + 92, &[4, 0, 0, 0, 8]),
        ("ext: recovery without a journal", 1024 + 96, &[6, 0, 0, 0]),
        ("ext: a file system for tests", 1024 + 352, &[4, 0, 0, 0]),
        ("ext: a block size that there cannot be", 1024 + 24, &[200, 0, 0, 0]),
        ("ext: no blocks", 1024 + 4, &[0; 4]),
        ("ext: no UUID", 1024 + 104, &[0; 16]),
    ]);
    Image::made(8 * MIB, &["mke2fs", "-q", "-t", "ext4", "-O", "metadata_csum", "-L", "damage", IT]).damaged(&[
        ("ext: a wrong checksum of the superblock", 2044, &[0x55; 4]),
        ("ext: a label under the checksum", 1024 + 120, b"another"),
        ("ext: another algorithm of the checksum", 1024 + 0x175, &[9]),
    ]);
}
