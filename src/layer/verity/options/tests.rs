use super::super::superblock::{Devices, Tree, parse};
use super::*;

fn read(text: &str) -> Result<Options<'_>, &[u8]> {
    let mut options = Options::new();
    options.read(text.as_bytes()).map(|()| options)
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
    let options = read(
        "restart-on-corruption,,ignore-zero-blocks,hash-offset=8K,fec-device=LABEL=a=b,fec-offset=1M,fec-roots=24,\
root-hash-signature=base64:Zg==,noauto,_netdev,x-initrd.attach,nofail",
    )
    .expect("options");
    assert_eq!((options.flags & 0x1f, options.offset(), options.fec()), (0b1010, 8192, [1 << 20, 24]));
    assert_eq!((options.fec_device(), options.signature()), (&b"LABEL=a=b"[..], &b"base64:Zg=="[..]));
    assert_eq!(options.on_device(), Some(true));
    for (text, on_device) in [
        ("superblock=no", Some(false)),
        ("superblock=0", Some(false)),
        ("superblock=on", Some(true)),
        ("superblock=maybe", None),
    ] {
        assert_eq!(read(text).ok().and_then(|options| options.on_device()), on_device, "{text}");
    }
    let refused = [
        "tpm2-measure-pcr=yes",
        "panic_on_coruption",
        "format",
        "format=",
        "format=4294967297",
        "data-block-size=4294971392",
        "data-blocks=x",
        "hash-offset=4096,nosuch",
        "ignore-corruption=yes",
        "salt",
    ];
    for text in refused {
        let last = text.rsplit(',').next().expect("one");
        assert_eq!(read(text).err(), Some(last.as_bytes()), "{text}");
    }
}

/// One that is made of them, and read again.
#[test]
fn superblocks() {
    const DEVICES: Devices = Devices { bytes: [1 << 20, 1 << 20], offset: 0, on_device: false, digest: 32 };
    let made = |text: &str| {
        let mut sb = [0; 512];
        let options = read(text).expect("options");
        let has_uuid = options.put_superblock(&mut sb)?;
        Some((sb, has_uuid))
    };
    let (sb, has_uuid) = made("superblock=no").expect("one");
    let plain = Tree { format: 1, algorithm: b"sha256", salt: b"", bits: [12, 12], data_blocks: 256, start: 0 };
    assert_eq!((parse(&sb, &DEVICES), has_uuid), (Some(plain), false), "all of the device");
    let text = "format=0,data-block-size=1K,hash-block-size=512,data-blocks=100,salt=00ff,hash=sha512,\
uuid=f0000000-0000-4000-8000-000000000001";
    let (sb, has_uuid) = made(text).expect("one");
    let other = Tree { format: 0, algorithm: b"sha512", salt: &[0, 0xff], bits: [10, 9], data_blocks: 100, start: 0 };
    assert_eq!((parse(&sb, &DEVICES), has_uuid), (Some(other), true));
    assert_eq!(sb[UUID..ALGORITHM], [0xf0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1]);
    // What can't be one is none, or isn't taken for one.
    let long = format!("salt={}", "00".repeat(257));
    for text in ["salt=0", "salt=xy", &long, "uuid=f0000000-0000-4000-8000-00000000000100", "uuid=x"] {
        assert!(made(text).is_none(), "{text}");
    }
    for text in [
        "hash=",
        "hash=sha 256",
        "hash=a2345678901234567890123456789012",
        "format=2",
        "data-block-size=3K",
        "data-blocks=1025",
    ] {
        let (sb, _) = made(text).expect("bytes");
        assert_eq!(parse(&sb, &DEVICES), None, "{text}");
    }
}
