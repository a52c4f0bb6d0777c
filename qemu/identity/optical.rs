//! ISO 9660 and UDF.

use crate::image::{IT, Image, MIB, each, of_folder};

const ISO: [&str; 3] = ["genisoimage", "-quiet", "-o"];

fn iso(options: &[&str]) -> Image {
    of_folder(&[&ISO[..], &[IT], options, &["FROM"]].concat())
}

#[test]
fn iso9660() {
    let long = "V".repeat(32);
    iso(&[]).is("iso9660");
    iso(&["-V", "PLAIN"]).is("iso9660");
    iso(&["-V", "two words"]).is("iso9660");
    iso(&["-V", &long, "-R"]).is("iso9660");
    iso(&["-V", "", "-r"]).is("iso9660");
    iso(&["-V", "plain", "-U", "-D", "-l"]).is("iso9660");
}

/// The label of Joliet is Unicode, but may be shorter than the plain one, which it then is the beginning of.
#[test]
fn joliet() {
    iso(&["-J", "-V", "SHORT"]).is("iso9660");
    iso(&["-J", "-V", "exactly sixteen!"]).is("iso9660");
    iso(&["-J", "-V", "longer than the sixteen of it"]).is("iso9660");
    iso(&["-J", "-joliet-long", "-input-charset", "utf-8", "-V", "\u{e4}\u{f6}\u{fc} und"]).is("iso9660");
    let joliet = || iso(&["-J", "-V", "the label"]);
    let second = (16 + 1) * 2048;
    assert_eq!(&joliet().read::<5>(second + 1), b"CD001");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    joliet().damaged(&[
        ("iso9660: another label in Joliet", second + 40, &utf16("another \u{1f333}  ")),
        ("iso9660: blanks in Joliet", second + 40, &utf16("                ")),
        ("iso9660: half a surrogate pair", second + 40, &[0xd8, 0x00, 0x00, 0x41]),
        ("iso9660: the label with more than Joliet has", second + 40, &utf16("the labe        ")),
        ("iso9660: no escape of Joliet's", second + 88, b"%/X"),
        ("iso9660: the end before Joliet", second, &[255]),
        ("iso9660: a broken second descriptor", second + 1, b"CD002"),
        ("iso9660: no magic", 16 * 2048 + 1, b"CD002"),
        ("iso9660: no primary descriptor", 16 * 2048, &[0]),
        ("iso9660: version 2", 16 * 2048 + 6, &[2]),
        ("iso9660: not ASCII", 16 * 2048 + 40, b"\xe4\xf6 \x01 "),
    ]);
}

#[test]
fn dates_are_uuids() {
    let dates = |created: &[u8; 17], modified: &[u8; 17]| {
        iso(&["-V", "DATES"]).write(16 * 2048 + 813, created).write(16 * 2048 + 830, modified)
    };
    let (none, no_digits, zeros) = (b"0000000000000000\0", b"                \0", &[0; 17]);
    let (first, second) = (b"2001020304050607\0", b"2011121314151617\x04");
    dates(first, second).is("iso9660");
    dates(first, none).is("iso9660");
    dates(none, second).is("iso9660");
    dates(none, none).is("iso9660");
    dates(first, zeros).is("iso9660");
    dates(zeros, zeros).is("iso9660");
    dates(no_digits, zeros).is("iso9660");
    dates(first, b"2011-1213:415!16\0").is("iso9660");
}

#[test]
fn hybrid() {
    // mkisofs' options as xorriso has them.
    let xorriso = |options: &[&str]| {
        let words = [&["xorriso", "-as", "mkisofs", "-quiet", "-o", IT], options, &["FROM"]].concat();
        of_folder(&words)
    };
    xorriso(&["-V", "XORRISO", "-J"]).is("iso9660");
    let boot = "b".repeat(512);
    let image = Image::empty(0);
    let boot = image.beside("mbr", boot.as_bytes());
    let boot = boot.to_str().expect("UTF-8");
    xorriso(&["-V", "HYBRID", "-G", boot]).is("iso9660");
    xorriso(&["-V", "HYBRID", "-G", boot, "--protective-msdos-label"]).is_with_table("iso9660", "dos");
    xorriso(&["-V", "OFFSET", "-G", boot, "-partition_offset", "16"]).is_with_table("iso9660", "dos");
    let appended = Image::made(2 * MIB, &["mkfs.fat", "-n", "EFI", IT]);
    let efi = appended.path().to_str().expect("UTF-8");
    xorriso(&["-V", "APPENDED", "-append_partition", "2", "0xef", efi]).is_with_table("iso9660", "dos");
    xorriso(&["-V", "GPT", "-append_partition", "2", "0xef", efi, "-appended_part_as_gpt"])
        .is_with_table("iso9660", "gpt");
}

#[test]
fn udf_bridge() {
    iso(&["-udf", "-V", "BRIDGE"]).is("udf");
    iso(&["-udf", "-J", "-V", "longer than the sixteen of it"]).is("udf");
}

#[test]
fn udf_revisions() {
    // What mkudffs offers for each medium.
    let offered: [(&str, &[&str]); 5] = [
        ("hd", &["1.01", "1.02", "1.50", "2.00", "2.01"]),
        ("dvdram", &["1.02", "2.01"]),
        ("cdrw", &["1.50", "2.00", "2.01"]),
        ("cdr", &["1.50", "2.01", "2.50"]),
        ("bdr", &["2.50", "2.60"]),
    ];
    for (medium, revisions) in offered {
        for revision in revisions {
            let (medium, revision) = (format!("--media-type={medium}"), format!("--udfrev={revision}"));
            Image::made(16 * MIB, &["mkudffs", &medium, &revision, "-l", "revision", IT]).is("udf");
        }
    }
}

#[test]
fn udf_labels() {
    let tool = ["mkudffs"];
    let wide = "\u{20ac}".repeat(63);
    let long = "u".repeat(126);
    each(
        "udf",
        8 * MIB,
        &tool,
        &[
            &["-b", "512", "-l", "plain", IT],
            &["-b", "2048", "-l", "two words", IT],
            &["-b", "4096", "-l", "\u{e4} latin", IT],
            &["-b", "512", "-l", &long, IT],
            &["-b", "1024", "-l", &wide, IT],
            &["-b", "2048", "--lvid", "logical", "--vid", "volume", "--vsid", "set", "--fsid", "files", IT],
            &["-b", "2048", "-u", "0123456789abcdef", "-l", "uuid", IT],
        ],
    );
    Image::made(8 * MIB, &["mkudffs", "-b", "512", "--bootarea=mbr", "-l", "boot", IT]).is_with_table("udf", "dos");
    // Volume set identifiers as others write them: upper-case, of Unicode, short, no digits.
    let sets = [
        "0123456789ABCDEFxyz",
        "01234567",
        "01234567 and so on",
        "0123456 and so on",
        "an identifier",
        "\u{20ac}uro 0123456789",
        "0123456789abcde\u{20ac}",
        "01234567\u{e4}\u{f6}\u{fc}\u{df}\u{e4}\u{f6}\u{fc}\u{df}",
        "deadbeef rest of it all",
        "7 digits",
    ];
    for set in sets {
        let set = format!("--fullvsid={set}");
        Image::made(8 * MIB, &["mkudffs", "-b", "2048", &set, "-l", "set", IT]).is("udf");
    }
    Image::made(8 * MIB, &["mkudffs", "-b", "2048", "--vsid", "", "-l", "no set", IT]).is("udf");
}
