use super::super::options::{DEFAULTS, read};
use super::super::superblock::check;
use super::*;

/// 512 blocks of 4 KiB of data, by a tree of blocks of 1 KiB behind a superblock, of which so much is covered.
fn put(options: &str, more: u32, strict: bool, on_error: bool) -> String {
    let (mut tree, mut texts) = (Tree::new(), DEFAULTS);
    tree.clear();
    let options = format!("data-blocks=512,hash-block-size=1K,salt=5a17,{options}");
    assert_eq!(read(options.as_bytes(), &mut tree, &mut texts), Ok(()));
    check(&mut tree.numbers, texts[0], 32, 2 << 20, 2 << 20, 40 * 4096 + 17).expect("a tree");
    tree.words |= more;
    let devices = [Dev::new(8, 1), Dev::new(259, 2), Dev::new(8, 3)].map(|dev| (Fd(0), dev));
    let mut text = Text::new();
    text.push(b"of before");
    put_head(&tree, texts[0], b"ABab0099", &devices, &mut text);
    push_words(&tree, strict, on_error, devices[2].1, b"cryptsetup:root", &mut text);
    String::from_utf8(text.as_bytes().to_vec()).expect("ASCII")
}

/// As the kernel writes them, word by word.
#[test]
fn tables() {
    const HEAD: &str = "1 8:1 259:2 4096 1024 512 1 sha256 abab0099 5a17";
    let words = "use_fec_from_device 8:3 fec_blocks 551 fec_start 8 fec_roots";
    let name = "root_hash_sig_key_desc cryptsetup:root";
    assert_eq!(put("", 0, false, true), HEAD);
    assert_eq!(put("", 0, true, false), format!("{HEAD} 1 panic_on_corruption"));
    assert_eq!(put("panic-on-corruption", 0, true, true), format!("{HEAD} 2 panic_on_corruption panic_on_error"));
    assert_eq!(put("restart-on-corruption", 0, true, true), format!("{HEAD} 2 restart_on_corruption restart_on_error"));
    assert_eq!(put("ignore-corruption", 0, true, true), format!("{HEAD} 1 ignore_corruption"));
    // One of them is what it is.
    let both = "panic-on-corruption,restart-on-corruption";
    assert_eq!(put(both, 0, true, false), format!("{HEAD} 1 restart_on_corruption"));
    let flags = "check-at-most-once,ignore-zero-blocks,noauto,nofail,_netdev,x-initrd.attach";
    assert_eq!(put(flags, 0, false, false), format!("{HEAD} 2 ignore_zero_blocks check_at_most_once"));
    let all =
        format!("{HEAD} 14 panic_on_corruption panic_on_error ignore_zero_blocks check_at_most_once {words} 24 {name}");
    let more = "fec-offset=8K,fec-roots=24";
    assert_eq!(put(&format!("{flags},{more}"), FEC | KEY, true, true), all);
    assert_eq!(put(more, FEC, false, false), format!("{HEAD} 8 {words} 24"));
    assert_eq!(put("", KEY, false, false), format!("{HEAD} 2 {name}"));
    let plain = "0 8:1 259:2 4096 1024 512 1 sha256 abab0099 -";
    assert_eq!(put("salt=,format=0", 0, false, false), plain);
}
