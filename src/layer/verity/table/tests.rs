use super::*;

const TREE: Tree<'_> =
    Tree { format: 1, algorithm: b"sha256", salt: &[0x5a, 0x17], bits: [12, 10], data_blocks: 512, start: 1 };

fn put(tree: &Tree<'_>, options: &str, table: impl FnOnce(&mut Table<'_>), strict: bool, on_error: bool) -> String {
    let mut read = Options::new();
    assert_eq!(read.read(options.as_bytes()), Ok(()));
    let devs = [Dev::new(8, 1), Dev::new(259, 2)].map(|dev| dev.expect("a device"));
    let mut made = Table { tree, options: &read, digest: &[0xab; 4], devs, fec: None, covered: 0, key: b"" };
    table(&mut made);
    let mut text = Text::new();
    text.push(b"of before");
    made.put(strict, on_error, &mut text);
    String::from_utf8(text.as_bytes().to_vec()).expect("ASCII")
}

/// As the kernel writes them, word by word.
#[test]
fn tables() {
    const HEAD: &str = "1 8:1 259:2 4096 1024 512 1 sha256 abababab 5a17";
    let fec = |table: &mut Table<'_>| (table.fec, table.covered) = (Dev::new(8, 3), 40 * 4096 + 17);
    let key = |table: &mut Table<'_>| table.key = b"cryptsetup:root";
    let words = "use_fec_from_device 8:3 fec_blocks 551 fec_start 8 fec_roots";
    let name = "root_hash_sig_key_desc cryptsetup:root";
    assert_eq!(put(&TREE, "", |_| {}, false, true), HEAD);
    assert_eq!(put(&TREE, "", |_| {}, true, false), format!("{HEAD} 1 panic_on_corruption"));
    assert_eq!(
        put(&TREE, "panic-on-corruption", |_| {}, true, true),
        format!("{HEAD} 2 panic_on_corruption panic_on_error")
    );
    assert_eq!(
        put(&TREE, "restart-on-corruption", |_| {}, true, true),
        format!("{HEAD} 2 restart_on_corruption restart_on_error")
    );
    assert_eq!(put(&TREE, "ignore-corruption", |_| {}, true, true), format!("{HEAD} 1 ignore_corruption"));
    // One of them is what it is.
    let both = "panic-on-corruption,restart-on-corruption";
    assert_eq!(put(&TREE, both, |_| {}, true, false), format!("{HEAD} 1 restart_on_corruption"));
    let flags = "check-at-most-once,ignore-zero-blocks";
    assert_eq!(put(&TREE, flags, |_| {}, false, false), format!("{HEAD} 2 ignore_zero_blocks check_at_most_once"));
    let all =
        format!("{HEAD} 14 panic_on_corruption panic_on_error ignore_zero_blocks check_at_most_once {words} 24 {name}");
    let more = "fec-offset=8K,fec-roots=24";
    assert_eq!(put(&TREE, &format!("{flags},{more}"), |table| (fec(table), key(table)).0, true, true), all);
    assert_eq!(put(&TREE, more, fec, false, false), format!("{HEAD} 8 {words} 24"));
    assert_eq!(put(&TREE, "", key, false, false), format!("{HEAD} 2 {name}"));
    let plain = Tree { salt: b"", format: 0, ..TREE };
    assert_eq!(put(&plain, "", |_| {}, false, false), "0 8:1 259:2 4096 1024 512 1 sha256 abababab -");
}
