//! What must hold of verity's superblock and options, whatever they are. The input: 512 bytes of a superblock; behind them the
//! sizes of the two devices and the offset, 8 bytes each; the length of the hash; the options.

use pintle::bytes::{Dev, Text};
use pintle::layer::verity::options::Options;
use pintle::layer::verity::superblock::{Devices, Superblock, Tree, parse};
use pintle::layer::verity::table::Table;

/// An input that is too short is none.
pub fn check(input: &[u8]) {
    let Some((sb, rest)) = input.split_first_chunk::<512>() else { return };
    let Some((numbers, rest)) = rest.split_first_chunk::<24>() else { return };
    let Some((digest, words)) = rest.split_first() else { return };
    let mut numbers = numbers.chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("8 bytes")));
    let [data, hashes, offset] = [(); 3].map(|()| numbers.next().expect("a number"));
    let digest = usize::from(*digest);
    let devices = Devices { bytes: [data, hashes], offset, on_device: true, digest };
    let mut options = Options::new();
    let known = options.read(words).is_ok();
    if let Some(tree) = parse(sb, &devices) {
        check_tree(sb, &tree, &devices);
        if known {
            check_table(&tree, &options, digest);
        }
    }
    // The same of what is made of words.
    let mut made = [0; 512];
    let devices = Devices { offset: options.offset(), on_device: false, ..devices };
    if known
        && options.put_superblock(&mut made).is_some()
        && let Some(tree) = parse(&made, &devices)
    {
        check_tree(&made, &tree, &devices);
        check_table(&tree, &options, digest);
    }
}

/// Nothing lies outside of its device.
fn check_tree(sb: &Superblock, tree: &Tree<'_>, devices: &Devices) {
    let [data_bytes, hash_bytes] = devices.bytes.map(u128::from);
    let [data_block, hash_block] = tree.bits.map(|bits| 1u128 << bits);
    assert!(sb.starts_with(b"verity\0\0\x01\0\0\0") && tree.format < 2);
    assert!([data_block, hash_block].iter().all(|block| (512..=512 << 10).contains(block)));
    assert!(tree.data_blocks > 0 && u128::from(tree.data_blocks) * data_block <= data_bytes);
    assert!(tree.salt.len() <= 256);
    assert!((1..32).contains(&tree.algorithm.len()));
    assert!(tree.algorithm.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'|'));
    // By division, level by level, where it is counted by shifts.
    let first = u128::from(tree.start) * hash_block;
    let sb_bytes = if devices.on_device { 512 } else { 0 };
    assert!(
        first >= u128::from(devices.offset) + sb_bytes && first - u128::from(devices.offset) < hash_block + sb_bytes
    );
    let mut per_block = 1;
    while per_block * 2 * devices.digest as u128 <= hash_block {
        per_block *= 2;
    }
    assert!(per_block > 1);
    let (mut level, mut blocks) = (u128::from(tree.data_blocks), 0);
    while level > 1 {
        level = level.div_ceil(per_block);
        blocks += level;
    }
    assert!(first + blocks * hash_block <= hash_bytes);
}

/// As many words as the table says, and none but those.
fn check_table(tree: &Tree<'_>, options: &Options<'_>, digest: usize) {
    let digest = vec![0xa5; digest.min(64)];
    let devs = [Dev::new(8, 1), Dev::new(8, 2)].map(|dev| dev.expect("a device"));
    let fec = if options.fec_device().is_empty() { None } else { Dev::new(8, 3) };
    let table = Table { tree, options, digest: &digest, devs, fec, covered: u64::MAX, key: b"cryptsetup:x" };
    let mut text = Text::new();
    for strict in [false, true] {
        table.put(strict, true, &mut text);
        if text.as_z_str().is_none() {
            continue;
        }
        let text = std::str::from_utf8(text.as_bytes()).expect("ASCII");
        let words: Vec<_> = text.split(' ').collect();
        assert!(words.iter().all(|word| !word.is_empty()) || digest.is_empty());
        assert_eq!(words[10].parse(), Ok(words.len() - 11), "{text}");
        assert_eq!(words[9] == "-", tree.salt.is_empty());
        let modes = words.iter().filter(|word| word.ends_with("_corruption")).count();
        assert_eq!(modes, usize::from(strict));
        assert!(!strict || !text.contains("ignore_corruption") || options.flags & 1 != 0);
    }
}
