use super::*;

/// The sizes of the devices of data and hashes, the bytes before the superblock or the hashes, whether there is one, and the
/// bytes of a hash.
#[derive(Clone, Copy)]
pub(crate) struct Devices {
    pub(crate) bytes: [u64; 2],
    pub(crate) offset: u64,
    pub(crate) on_device: bool,
    pub(crate) digest: usize,
}

/// What was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    pub(crate) format: u64,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) salt: Vec<u8>,
    pub(crate) blocks: [u64; 2],
    pub(crate) data_blocks: u64,
    pub(crate) start: u64,
}

/// What `tree` is found to be.
pub(crate) fn found(mut tree: Tree, algorithm: &[u8], devices: &Devices) -> Option<Found> {
    let [data_bytes, hash_bytes] = devices.bytes;
    check(&mut tree.numbers, algorithm, devices.digest, data_bytes, hash_bytes, 0)?;
    let [format, data_block, hash_block, data_blocks, start, ..] = tree.numbers;
    let (algorithm, salt) = (algorithm.to_vec(), tree.salt().to_vec());
    Some(Found { format, algorithm, salt, blocks: [data_block, hash_block], data_blocks, start })
}

fn parse(sb: &Superblock, devices: &Devices) -> Option<Found> {
    let mut tree = Tree::new();
    tree.clear();
    (tree.numbers[4], tree.numbers[5]) = (devices.offset, devices.on_device.into());
    read(sb, &mut tree);
    found(tree, algorithm(sb), devices)
}

/// One of 512 blocks of 4 KiB, with a salt of two bytes.
pub(crate) fn superblock() -> Superblock {
    let mut sb = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| sb[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"verity\0\0\x01\0\0\0\x01");
    put(16, &[0xf0, 0, 0, 0, 0, 0, 0x40, 0, 0x80]);
    put(32, b"sha256");
    put(64, &4096u32.to_le_bytes());
    put(68, &4096u32.to_le_bytes());
    put(72, &512u64.to_le_bytes());
    put(80, &[2]);
    put(88, &[0x5a, 0x17]);
    sb
}

/// Of 2 MiB each.
const DEVICES: Devices = Devices { bytes: [2 << 20; 2], offset: 0, on_device: true, digest: 32 };

fn with(at: usize, bytes: &[u8]) -> Superblock {
    let mut sb = superblock();
    sb[at..at + bytes.len()].copy_from_slice(bytes);
    sb
}

#[test]
fn a_good_one() {
    let sb = superblock();
    let tree = Found {
        format: 1,
        algorithm: b"sha256".to_vec(),
        salt: vec![0x5a, 0x17],
        blocks: [4096, 4096],
        data_blocks: 512,
        start: 1,
    };
    assert_eq!(parse(&sb, &DEVICES), Some(tree.clone()));
    let offset = Devices { offset: 8192 + 512, ..DEVICES };
    assert_eq!(parse(&sb, &offset), Some(Found { start: 3, ..tree.clone() }));
    // Without one, what stands there instead.
    let none = Devices { on_device: false, offset: 8192, ..DEVICES };
    assert_eq!(parse(&sb, &none), Some(Found { start: 2, ..tree.clone() }));
    let all = with(72, &[0; 8]);
    assert_eq!(parse(&all, &none), Some(Found { start: 2, ..tree }));
    assert_eq!(parse(&all, &DEVICES), None);
}

#[test]
fn bounds() {
    let rows: [(&str, Superblock, Devices, bool); 20] = [
        ("data", with(72, &512u64.to_le_bytes()), DEVICES, true),
        ("more of it than there is", with(72, &513u64.to_le_bytes()), DEVICES, false),
        ("none", with(72, &[0; 8]), DEVICES, false),
        ("too much to count", with(72, &u64::MAX.to_le_bytes()), DEVICES, false),
        // 512 blocks have 4 blocks of hashes, and these one; the superblock has one.
        ("hashes", superblock(), Devices { bytes: [2 << 20, 6 << 12], ..DEVICES }, true),
        ("they are cut off", superblock(), Devices { bytes: [2 << 20, (6 << 12) - 1], ..DEVICES }, false),
        ("larger ones", superblock(), Devices { bytes: [2 << 20, 6 << 12], digest: 64, ..DEVICES }, false),
        ("of no length", superblock(), Devices { digest: 0, ..DEVICES }, false),
        ("one to a block", with(68, &512u32.to_le_bytes()), Devices { digest: 257, ..DEVICES }, false),
        ("two to a block", with(68, &512u32.to_le_bytes()), Devices { digest: 256, ..DEVICES }, true),
        ("blocks too small", with(64, &256u32.to_le_bytes()), DEVICES, false),
        ("too large", with(68, &(1u32 << 20).to_le_bytes()), DEVICES, false),
        ("no power of two", with(64, &4097u32.to_le_bytes()), DEVICES, false),
        ("format", with(12, &[2]), DEVICES, false),
        ("Chrome OS's", with(12, &[0]), DEVICES, true),
        ("salt", with(80, &[0, 1]), DEVICES, true),
        ("too long", with(80, &[1, 1]), DEVICES, false),
        ("a hash of two words", with(32, b"sha 256"), DEVICES, false),
        ("of none", with(32, &[0]), DEVICES, false),
        ("without an end", with(32, &[b'a'; 32]), DEVICES, false),
    ];
    for (what, sb, devices, good) in rows {
        assert_eq!(parse(&sb, &devices).is_some(), good, "{what}");
    }
    for offset in [1, 511, 513, (2 << 20) - 512, 2 << 20, u64::MAX - 511, u64::MAX] {
        assert_eq!(parse(&superblock(), &Devices { offset, ..DEVICES }), None, "{offset}");
        assert_eq!(parse(&superblock(), &Devices { offset, on_device: false, ..DEVICES }), None, "{offset}");
    }
    assert_eq!(parse(&superblock(), &Devices { offset: 512, on_device: false, ..DEVICES }), None, "not a block's");
}

/// Any one byte, made anything else: it says the same, or something else where it may, or nothing.
#[test]
fn every_byte() {
    let good = superblock();
    let tree = parse(&good, &DEVICES).expect("a good one");
    let mut counts = [0; 3];
    for at in 0..512 {
        for flip in 1..=255u8 {
            let mut sb = good;
            sb[at] ^= flip;
            let Some(found) = parse(&sb, &DEVICES) else {
                counts[0] += 1;
                continue;
            };
            let other = found != tree;
            counts[1 + usize::from(other)] += 1;
            // What the kernel finds out, since the hashes don't match then: these are no secrets, and any may be meant.
            let may_be_other = [12..16, 32..64, 64..80, 80..82, 88..90].iter().any(|part| part.contains(&at));
            assert!(!other || may_be_other, "{at} {flip:#x}: {found:?}");
            let is_ignored = (16..32).contains(&at) || (82..88).contains(&at) || at >= 90 || (39..64).contains(&at);
            assert!(other || is_ignored, "{at} {flip:#x}");
            assert!(found.data_blocks * found.blocks[0] <= 2 << 20 && found.salt.len() <= 256);
        }
    }
    assert!(counts.iter().all(|count| *count > 500), "{counts:?}");
}
