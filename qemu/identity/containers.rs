//! What is no file system: LUKS, dm-verity's hashes, bcache, swap, and what a hibernation leaves in swap.

use crate::image::{IT, Image, KIB, MIB, UUID, each};

const LUKS: [&str; 7] = ["cryptsetup", "luksFormat", "-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"];

fn luks(options: &[&str]) -> Image {
    Image::empty(20 * MIB).fed("a passphrase", &[&LUKS, options, &[IT, "-"]].concat())
}

#[test]
fn luks1() {
    luks(&["--type", "luks1"]).is("crypto_LUKS");
    luks(&["--type", "luks1", "--uuid", UUID]).is("crypto_LUKS");
    luks(&["--type", "luks1"]).damaged(&[
        ("luks1: version 3", 6, &[0, 3]),
        ("luks1: version 0", 6, &[0, 0]),
        ("luks1: a UUID that is none", 168, b"A UUID in capitals\n\xff\0"),
        ("luks1: no UUID", 168, &[0; 40]),
        ("luks1: no magic", 0, b"LUKS\xba\xbf"),
    ]);
}

#[test]
fn luks2() {
    luks(&["--type", "luks2"]).is("crypto_LUKS");
    luks(&["--type", "luks2", "--label", "plain", "--subsystem", "the system", "--uuid", UUID]).is("crypto_LUKS");
    let long = "l".repeat(47);
    luks(&["--type", "luks2", "--label", &long, "--sector-size", "4096"]).is("crypto_LUKS");
    luks(&["--type", "luks2", "--label", "two w\u{e4}rds \u{1f333}"]).is("crypto_LUKS");
    // The second header stands in for the first, wherever the size of its area puts it.
    let second = || luks(&["--type", "luks2", "--label", "second"]).write(0, &[0; 4096]);
    second().is("crypto_LUKS");
    second().write(16384, &[0; 6]).is_nothing();
    second().damaged(&[
        ("luks2: a second header with an offset not its own", 16384 + 256, &[1]),
        ("luks2: a second header of version 1", 16384 + 6, &[0, 1]),
    ]);
    for size in ["32k", "64k", "128k", "256k", "512k", "1m", "2m", "4m"] {
        let words = ["--type", "luks2", "--luks2-metadata-size", size, "--label", size];
        luks(&words).write(0, &[0; 4096]).agrees("luks2: the second header alone");
    }
    luks(&["--type", "luks2", "--label", "sum"]).damaged(&[
        ("luks2: a wrong checksum", 448, &[0x55; 32]),
        ("luks2: version 3", 6, &[0, 3]),
        ("luks2: a header with an offset", 256, &[0, 0, 0, 0, 0, 0, 0x10]),
        ("luks2: a label with white space", 24, b" x \0y"),
    ]);
}

#[test]
fn verity() {
    let verity = |options: &[&str]| {
        let data = Image::empty(4 * MIB);
        let data = data.path().to_str().expect("UTF-8");
        Image::made(MIB, &[&["veritysetup", "format", data, IT], options].concat())
    };
    verity(&[]).is("DM_verity_hash");
    verity(&["--uuid", UUID, "--hash", "sha512", "--data-block-size", "1024"]).is("DM_verity_hash");
    verity(&["--salt", "-", "--format", "0"]).is("DM_verity_hash");
    verity(&[]).damaged(&[
        ("verity: version 2", 8, &[2]),
        ("verity: no magic", 6, &[1]),
        ("verity: no hash", 32, &[0; 32]),
    ]);
    verity(&["--hash-offset", "4096"]).is_nothing();
}

#[test]
fn bcache() {
    Image::made(8 * MIB, &["make-bcache", "-B", IT]).is("bcache");
    Image::made(8 * MIB, &["make-bcache", "-B", "-o", "64", IT]).is("bcache");
    let cache = Image::made(128 * MIB, &["make-bcache", "-C", IT]);
    cache.is("bcache");
    Image::made(8 * MIB, &["make-bcache", "-B", IT]).damaged(&[
        ("bcache: a sector that it is not in", 4096 + 8, &[9]),
        ("bcache: a label under the checksum", 4096 + 72, b"a label"),
        ("bcache: no magic", 4096 + 24, &[0]),
    ]);
    Image::made(8 * MIB, &["make-bcache", "-B", IT]).cut(8 * KIB).agrees("bcache: cut to 8 KiB");
}

#[test]
fn swap() {
    let tool = ["mkswap"];
    each(
        "swap",
        4 * MIB,
        &tool,
        &[
            &[IT],
            &["-L", "plain", "-U", UUID, IT],
            &["-L", "two words", IT],
            &["-L", "sixteen bytes ok", IT],
            &["-L", "\u{e4}\u{1f333}", IT],
        ],
    );
    for page in ["4096", "8192", "16384", "32768", "65536"] {
        each("swap", 4 * MIB, &tool, &[&["-p", page, "-L", page, IT]]);
    }
    Image::made(40 * KIB, &["mkswap", "-L", "smallest", IT]).is("swap");
    Image::made(40 * KIB, &["mkswap", "-L", "too small", IT]).cut(40 * KIB - 1).is_nothing();
}

#[test]
fn swap_of_a_hibernation() {
    for (page, end) in [("4096", 4096), ("65536", 65536)] {
        for signature in [b"S1SUSPEND\0", b"S2SUSPEND\0", b"ULSUSPEND\0", b"LINHIB0001", b"S3SUSPEND\0"] {
            let image = Image::made(4 * MIB, &["mkswap", "-p", page, "-L", "asleep", "-U", UUID, IT]);
            let image = image.write(end - 10, signature);
            if signature == b"S3SUSPEND\0" { image.is_nothing() } else { image.is("swsuspend") }
        }
    }
    // TuxOnIce has its own at the beginning, and leaves the swap's.
    let swap = || Image::made(4 * MIB, &["mkswap", "-L", "frozen", "-U", UUID, IT]);
    swap().write(0, &[0xed, 0xc3, 0x02, 0xe9, 0x98, 0x56, 0xe5, 0x0c]).is("swsuspend");
}

#[test]
fn swap_damaged() {
    Image::made(4 * MIB, &["mkswap", "-L", "odd", "-U", UUID, IT]).damaged(&[
        ("swap: version 0, without names", 4086, b"SWAP-SPACE"),
        ("swap: version 2", 1024, &[2]),
        ("swap: of the other byte order", 1024, &[0, 0, 0, 1]),
        ("swap: no pages", 1024 + 4, &[0; 4]),
        ("swap: no UUID", 1024 + 12, &[0; 16]),
        ("swap: something in the padding, and no names", 1024 + 44 + 32 * 4, &[1]),
        ("swap: something in the next word", 1024 + 44 + 33 * 4, &[1]),
        ("swap: something before that", 1024 + 44 + 31 * 4, &[1]),
        ("swap: no label", 1024 + 28, b"\0after"),
        ("swap: white space around the label", 1024 + 28, b" \t around \n"),
        ("swap: two signatures", 8182, b"SWAPSPACE2"),
        ("swap: two kinds of signatures", 8182, b"S1SUSPEND"),
        ("swap: a boot sector before it", 510, &[0x55, 0xaa]),
    ]);
}
