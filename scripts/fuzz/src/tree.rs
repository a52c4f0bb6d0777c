//! What must hold of verity's superblock and options, whatever they are. The input: 512 bytes of a superblock; behind them the
//! sizes of the two devices and the offset, 8 bytes each; the length of the hash; the options.

use pintle::bytes::{Dev, Text};
use pintle::kernel::Fd;
use pintle::layer::verity::options::{DEFAULTS, read};
use pintle::layer::verity::superblock::{self, Tree};
use pintle::layer::verity::table;

/// An input that is too short is none.
pub fn check(input: &[u8]) {
    let Some((sb, rest)) = input.split_first_chunk::<512>() else { return };
    let Some((numbers, rest)) = rest.split_first_chunk::<24>() else { return };
    let Some((digest, words)) = rest.split_first() else { return };
    let mut numbers = numbers.chunks(8).map(|bytes| u64::from_le_bytes(bytes.try_into().expect("8 bytes")));
    let [data, hashes, offset] = [(); 3].map(|()| numbers.next().expect("a number"));
    let digest = usize::from(*digest);
    let (mut tree, mut texts) = (Tree::new(), DEFAULTS);
    tree.clear();
    (tree.numbers[4], tree.numbers[5]) = (offset, 1);
    superblock::read(sb, &mut tree);
    let algorithm = superblock::algorithm(sb);
    assert!(algorithm.is_empty() || sb.starts_with(b"verity\0\0\x01\0\0\0"));
    check_tree(tree, algorithm, digest, [data, hashes]);
    // The same of what is made of words.
    tree.clear();
    if read(words, &mut tree, &mut texts).is_ok() {
        tree.numbers[5] = 0;
        check_tree(tree, texts[0], digest, [data, hashes]);
    }
}

/// Nothing lies outside of its device.
fn check_tree(mut tree: Tree, algorithm: &[u8], digest: usize, [data_bytes, hash_bytes]: [u64; 2]) {
    let (offset, on_device) = (u128::from(tree.offset()), tree.is_on_device());
    if superblock::check(&mut tree.numbers, algorithm, digest, data_bytes, hash_bytes, u64::MAX).is_none() {
        return;
    }
    let [format, data_block, hash_block, data_blocks, start, ..] = tree.numbers.map(u128::from);
    assert!(format < 2);
    assert!([data_block, hash_block].iter().all(|block| (512..=512 << 10).contains(block)));
    assert!(data_blocks > 0 && data_blocks * data_block <= data_bytes.into());
    assert_eq!(u128::from(tree.data_bytes()), data_blocks * data_block);
    assert_eq!(tree.salt().len() as u64, tree.numbers[superblock::SALT_BYTES]);
    assert!((1..32).contains(&algorithm.len()));
    assert!(algorithm.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)));
    // By division, level by level, where it is counted by shifts.
    let first = start * hash_block;
    let sb_bytes = if on_device { 512 } else { 0 };
    assert!(first >= offset + sb_bytes && first - offset < hash_block + sb_bytes);
    let mut per_block = 1;
    while per_block * 2 * digest as u128 <= hash_block {
        per_block *= 2;
    }
    assert!(per_block > 1);
    let (mut level, mut blocks) = (data_blocks, 0);
    while level > 1 {
        level = level.div_ceil(per_block);
        blocks += level;
    }
    assert!(first + blocks * hash_block <= hash_bytes.into());
    let words = tree.words;
    for more in [0, table::FEC, table::KEY, table::FEC | table::KEY] {
        tree.words = words | more;
        check_table(&tree, algorithm);
    }
}

/// As many words as the table says, and none but those.
fn check_table(tree: &Tree, algorithm: &[u8]) {
    let devices = [1, 2, 3].map(|minor| (Fd(0), Dev::new(8, minor)));
    let mut text = Text::new();
    for strict in [false, true] {
        table::put_head(tree, algorithm, &[b'A'; 64], &devices, &mut text);
        table::push_words(tree, strict, true, devices[2].1, b"cryptsetup:x", &mut text);
        if text.as_z_str().is_none() {
            continue;
        }
        let text = std::str::from_utf8(text.as_bytes()).expect("ASCII");
        let words: Vec<_> = text.split(' ').collect();
        assert!(words.iter().all(|word| !word.is_empty()));
        let count = words.get(10).map_or(Ok(0), |count| count.parse());
        assert_eq!(count, Ok(words.len().saturating_sub(11)), "{text}");
        assert_eq!(words[9] == "-", tree.salt().is_empty());
        let modes = words.iter().filter(|word| word.ends_with("_corruption")).count();
        assert_eq!(modes, usize::from(strict));
        assert!(!strict || !text.contains("ignore_corruption") || tree.words & 1 != 0);
    }
}
