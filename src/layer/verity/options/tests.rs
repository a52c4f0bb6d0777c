use super::super::superblock::tests::{Devices, Found, found};
use super::*;

fn said(text: &str) -> Result<(Tree, Texts<'_>), &[u8]> {
    let (mut tree, mut texts) = (Tree::new(), DEFAULTS);
    tree.clear();
    read(text.as_bytes(), &mut tree, &mut texts).map(|()| (tree, texts))
}

#[test]
fn numbers() {
    let rows = [
        ("0", Some(0)),
        ("4096", Some(4096)),
        ("4K", Some(4096)),
        ("3M", Some(3 << 20)),
        ("2G", Some(2 << 30)),
        ("1T", Some(1 << 40)),
        ("18446744073709551615", Some(u64::MAX)),
        ("18446744073709551616", None),
        ("16777216T", None),
        ("", None),
        ("K", None),
        ("4k", None),
        ("4KB", None),
        ("4K4", None),
        ("0x10", None),
        ("-1", None),
        (" 1", None),
    ];
    for (text, expected) in rows {
        assert_eq!(number(text.as_bytes()), expected, "{text}");
    }
}

#[test]
fn digits_and_base64() {
    let rows: [(&str, Option<&[u8]>); 9] = [
        ("", Some(&[])),
        ("-", Some(&[])),
        ("00fF", Some(&[0, 0xff])),
        ("12-34", Some(&[0x12, 0x34])),
        ("1", None),
        ("123", None),
        ("0g", None),
        ("1234567890", None),
        ("é0", None),
    ];
    for (text, expected) in rows {
        let mut bytes = [0xa5; 4];
        let length = digits(text.as_bytes(), &mut bytes);
        let length = length.map(|length| usize::try_from(length).expect("few"));
        assert_eq!(length.map(|length| &bytes[..length]), expected, "{text}");
    }
    let rows: [(&str, Option<&[u8]>); 8] = [
        ("", Some(b"")),
        ("Zg==", Some(b"f")),
        ("Zm8=", Some(b"fo")),
        ("Zm9v", Some(b"foo")),
        ("Zm9vYg", Some(b"foob")),
        ("+/8=", Some(b"\xfb\xff")),
        ("Zm9v Yg", None),
        ("Zm9vYmFy", None),
    ];
    for (text, expected) in rows {
        let mut bytes = [0; 5];
        let length = base64(text.as_bytes(), &mut bytes);
        assert_eq!(length.map(|length| &bytes[..length]), expected, "{text}");
    }
}

#[test]
fn what_they_say() {
    let (tree, texts) = said(
        "restart-on-corruption,,ignore-zero-blocks,hash-offset=8K,fec-device=LABEL=a=b,fec-offset=1M,fec-roots=24,\
root-hash-signature=base64:Zg==,noauto,_netdev,x-initrd.attach,nofail",
    )
    .expect("options");
    assert_eq!((tree.words & 0xfff, tree.offset(), tree.fec_offset()), (0b10_0010, 8192, 1 << 20));
    assert_eq!(tree.numbers[7], 24);
    assert_eq!(texts, [&b"sha256"[..], b"LABEL=a=b", b"base64:Zg=="]);
    assert!(tree.is_on_device());
    for (text, on_device) in
        [("superblock=no", false), ("superblock=0", false), ("superblock=on", true), ("superblock=maybe", false)]
    {
        assert_eq!(said(text).map(|(tree, _)| tree.is_on_device()), Ok(on_device), "{text}");
    }
    // Each of them has its word of the table.
    let words = [
        ("ignore-corruption", 0),
        ("restart-on-corruption", 1),
        ("panic-on-corruption", 2),
        ("ignore-zero-blocks", 5),
        ("check-at-most-once", 6),
    ];
    for (text, place) in words {
        assert_eq!(said(text).map(|(tree, _)| tree.words), Ok(1 << place), "{text}");
    }
    let refused = [
        "tpm2-measure-pcr=yes",
        "panic_on_coruption",
        "format",
        "format=",
        "data-blocks=x",
        "hash-offset=4096,nosuch",
        "ignore-corruption=yes",
        "salt",
        "=5",
        // Words of the table, and none of these options.
        "restart-on-error",
        "panic-on-error",
        "use-fec-from-device",
        "use-fec-from-device=/dev/sdc",
        "fec-blocks=1",
        "fec-start=1",
        "root-hash-sig-key-desc=x",
        // What can't be had of these.
        "salt=0",
        "salt=xy",
        "uuid=f0000000-0000-4000-8000-00000000000100",
        "uuid=x",
    ];
    for text in refused {
        let last = text.rsplit(',').next().expect("one");
        assert_eq!(said(text).err(), Some(last.as_bytes()), "{text}");
    }
    let long = format!("salt={}", "00".repeat(257));
    assert_eq!(said(&long).err(), Some(long.as_bytes()));
}

/// What a superblock would say.
#[test]
fn superblocks() {
    const DEVICES: Devices = Devices { bytes: [1 << 20, 1 << 20], offset: 0, on_device: false, digest: 32 };
    let made = |text: &str| {
        let text = format!("superblock=no,{text}");
        let (tree, [algorithm, ..]) = said(&text).expect("options");
        found(tree, algorithm, &DEVICES).map(|found| (found, tree.uuid().to_vec()))
    };
    let plain = Found {
        format: 1,
        algorithm: b"sha256".to_vec(),
        salt: vec![],
        blocks: [4096, 4096],
        data_blocks: 256,
        start: 0,
    };
    assert_eq!(made(""), Some((plain.clone(), vec![])), "all of the device");
    assert_eq!(made("salt=00,salt=-,uuid=-"), Some((plain, vec![])));
    let text = "format=0,data-block-size=1K,hash-block-size=512,data-blocks=100,salt=00ff,hash=sha512,\
uuid=f0000000-0000-4000-8000-000000000001";
    let other = Found {
        format: 0,
        algorithm: b"sha512".to_vec(),
        salt: vec![0, 0xff],
        blocks: [1024, 512],
        data_blocks: 100,
        start: 0,
    };
    assert_eq!(made(text), Some((other, vec![0xf0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1])));
    // What isn't taken for one.
    for text in [
        "hash=",
        "hash=sha 256",
        "hash=hmac(sha256)",
        "hash=sha256|",
        "hash=a2345678901234567890123456789012",
        "format=2",
        "format=4294967297",
        "data-block-size=3K",
        "data-block-size=4294971392",
        "data-blocks=1025",
    ] {
        assert_eq!(made(text), None, "{text}");
    }
}
