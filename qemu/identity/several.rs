//! Two things in one image: where blkid does not choose, pintle recognises nothing. And several files in one command.

use crate::compare::probe;
use crate::image::{IT, Image, MIB, UUID, of_folder};
use std::path::Path;

const SIZE: u64 = 128 * MIB;

fn ext4() -> Image {
    Image::made(SIZE, &["mke2fs", "-q", "-t", "ext4", "-L", "root", "-U", UUID, IT])
}

#[test]
fn two_file_systems() {
    // btrfs has its superblock at 64 KiB, XFS at the very beginning, where ext4 has nothing.
    let btrfs = Image::made(SIZE, &["mkfs.btrfs", "-q", "-f", "-L", "other", IT]);
    ext4().write(65536, &btrfs.read::<4096>(65536)).agrees("ambivalent: ext4 and btrfs");
    let xfs = Image::made(300 * MIB, &["mkfs.xfs", "-q", "-f", IT]);
    ext4().write(0, &xfs.read::<512>(0)).agrees("ambivalent: xfs and ext4");
    let fat = Image::made(SIZE, &["mkfs.fat", "-F", "16", "-n", "FAT", IT]);
    ext4().write(0, &fat.read::<512>(0)).agrees("ambivalent: vfat and ext4");
    let squashfs = of_folder(&["mksquashfs", "FROM", IT, "-noappend", "-quiet", "-no-progress"]);
    ext4().write(0, &squashfs.read::<512>(0)).agrees("ambivalent: squashfs and ext4");
    // On a floppy the first one found is it.
    let small = || Image::made(MIB, &["mke2fs", "-q", "-t", "ext2", "-L", "small", IT]);
    small().write(0, &squashfs.read::<512>(0)).agrees("ambivalent: squashfs and ext2 on a floppy");
    small().write(0, &fat.read::<512>(0)).agrees("ambivalent: vfat and ext2 on a floppy");
}

/// Swap, ISO 9660, UDF and minix are let be where something else is too, and the order of libblkid's list decides.
#[test]
fn tolerated() {
    let swap = Image::made(SIZE, &["mkswap", "-L", "swap", IT]);
    ext4().write(4086, &swap.read::<10>(4086)).agrees("ambivalent: ext4 and a swap's signature");
    swap.write(0x8001, b"CD001").agrees("ambivalent: swap and half of ISO 9660");
    let iso = || of_folder(&["genisoimage", "-quiet", "-V", "DISC", "-o", IT, "FROM"]);
    let large = || Image::empty(SIZE).with(0, &iso());
    large().is("iso9660");
    let fat = Image::made(SIZE, &["mkfs.fat", "-F", "16", "-n", "FAT", IT]);
    large().write(0, &fat.read::<512>(0)).agrees("ambivalent: vfat and iso9660");
    let ext4 = ext4();
    large().write(1024, &ext4.read::<1024>(1024)).agrees("ambivalent: ext4 and iso9660");
    let squashfs = of_folder(&["mksquashfs", "FROM", IT, "-noappend", "-quiet", "-no-progress"]);
    large().write(0, &squashfs.read::<512>(0)).agrees("ambivalent: squashfs and iso9660");
}

/// RAID and encryption hide what is under them.
#[test]
fn containers_win() {
    let words = [
        "cryptsetup",
        "luksFormat",
        "-q",
        "--type",
        "luks2",
        "--pbkdf",
        "pbkdf2",
        "--pbkdf-force-iterations",
        "1000",
        IT,
        "-",
    ];
    let luks = Image::empty(20 * MIB).fed("a passphrase", &words);
    ext4().write(0, &luks.read::<512>(0)).agrees("ambivalent: LUKS2 and ext4");
    let verity = Image::made(MIB, &["veritysetup", "format", ext4().path().to_str().expect("UTF-8"), IT]);
    ext4().write(0, &verity.read::<512>(0)).agrees("ambivalent: dm-verity and ext4");
    let bcache = Image::made(8 * MIB, &["make-bcache", "-B", IT]);
    ext4().write(4096, &bcache.read::<4096>(4096)).agrees("ambivalent: bcache and ext4");
}

/// A partition table beside a file system: both are told.
#[test]
fn with_a_table() {
    let table = || Image::empty(SIZE).fed("label: dos\nstart=2048, size=4096\n", &["sfdisk", "-q", IT]);
    let ext4 = ext4();
    table().write(1024, &ext4.read::<1024>(1024)).agrees("table: dos and ext4");
    let swap = Image::made(SIZE, &["mkswap", "-L", "swap", IT]);
    table()
        .with(4096 - 10, &Image::empty(10))
        .write(1024, &swap.read::<512>(1024))
        .write(4086, b"SWAPSPACE2")
        .agrees("table: dos and swap");
    let gpt = Image::empty(SIZE).fed("label: gpt\nstart=2048, size=4096\n", &["sfdisk", "-q", IT]);
    let btrfs = Image::made(SIZE, &["mkfs.btrfs", "-q", "-f", IT]);
    gpt.write(65536, &btrfs.read::<4096>(65536)).agrees("table: gpt and btrfs");
    let luks = Image::made(SIZE, &["mkfs.fat", "-F", "16", IT]);
    table().write(0, &luks.read::<440>(0)).agrees("table: dos with the boot sector of a FAT");
}

#[test]
fn several_files() {
    let ext2 = Image::made(4 * MIB, &["mke2fs", "-q", "-t", "ext2", "-L", "first", IT]);
    let swap = Image::made(4 * MIB, &["mkswap", "-L", "second", IT]);
    let zeros = Image::empty(4 * MIB);
    let alone: Vec<_> = [&ext2, &swap].iter().map(|image| probe(&[image.path()]).stdout).collect();
    let both = probe(&[zeros.path(), ext2.path(), zeros.path(), swap.path(), zeros.path()]);
    assert_eq!(both.status.code(), Some(0), "{both:?}");
    assert_eq!(both.stdout, alone.concat());
    let none = probe(&[zeros.path(), zeros.path()]);
    assert_eq!((none.status.code(), none.stdout.as_slice()), (Some(2), &b""[..]), "{none:?}");
}

/// They are not an empty image's like, but nothing was recognised in them.
#[test]
fn no_files() {
    for files in [&["/nonexistent"][..], &["/"]] {
        let files: Vec<&Path> = files.iter().map(Path::new).collect();
        let said = probe(&files);
        assert_eq!((said.status.code(), said.stdout.as_slice()), (Some(2), &b""[..]), "{said:?}");
    }
}
