use super::*;

/// `struct dm_ioctl` and `struct dm_target_spec`, field by field, by offsets that were counted once more.
#[test]
fn layout() {
    let mut page = [0xff; 4096];
    fill(&mut page, b"root", b"CRYPT-VERITY-1-root", DM_READONLY_FLAG);
    add_table(&mut page, b"verity", 0x0102_0304_0506, b"1 8:0 8:16");
    let mut expected = vec![0; 4096];
    let pieces: [(usize, &[u8]); 8] = [
        (0, &[4]),
        (16, &[0x38, 1]),
        (20, &[1]),
        (28, &[1]),
        (48, b"root"),
        (176, b"CRYPT-VERITY-1-root"),
        (320, &[6, 5, 4, 3, 2, 1]),
        (336, b"verity"),
    ];
    for (at, piece) in pieces {
        expected[at..at + piece.len()].copy_from_slice(piece);
    }
    expected[352..362].copy_from_slice(b"1 8:0 8:16");
    assert_eq!(page.to_vec(), expected);
    let requests =
        [DM_DEV_CREATE, DM_DEV_REMOVE, DM_DEV_SUSPEND, DM_TABLE_LOAD, DM_TABLE_STATUS, DM_GET_TARGET_VERSION];
    assert_eq!(requests, [3, 4, 6, 9, 12, 17].map(|number| 0xc138_fd00 | number));
}

#[test]
fn answers() {
    let texts: [&[u8]; 4] = [b"usr", b"CRYPT-VERITY-1-usr", b"verity", b"1 8:0 8:16 x"];
    let mut page = [0; 4096];
    fill(&mut page, texts[0], texts[1], 0x31);
    add_table(&mut page, texts[2], 4096, texts[3]);
    assert!(is(&page, texts, 4096));
    assert!(!is(&page, texts, 4097));
    // Each byte of what is told, but for those that stand for nothing of it.
    let told = [20..24, 28..29, 48..52, 176..195, 312..328, 336..343, 352..365];
    for at in 0..400 {
        let mut other = page;
        other[at] ^= 0x21;
        let same = is(&other, texts, 4096);
        assert_eq!(same, !told.iter().any(|range| range.contains(&at)), "{at}");
    }
    for (place, text) in
        [(0, &b"us"[..]), (1, b"CRYPT-VERITY-1-us"), (2, b"verit"), (3, b"1 8:0 8:16"), (3, b"1 8:0 8:16 xy")]
    {
        let mut others = texts;
        others[place] = text;
        assert!(!is(&page, others, 4096));
    }
    // Longer than there is room for.
    let long = vec![b'x'; 5000];
    add_table(&mut page, b"verity", 4096, &long);
    assert!(!is(&page, [texts[0], texts[1], texts[2], &long], 4096));
}

#[test]
fn numbers() {
    let rows =
        [(0xfd_00u32, (253, 0)), (0x00ab_cd12, (0xbcd, 0x12 | 0xa << 8)), (0xfff0_fdff, (253, 0xf_ffff & 0xfffff))];
    for (number, (major, minor)) in rows {
        let mut page = [0; 4096];
        page[40..44].copy_from_slice(&number.to_le_bytes());
        let expected = Dev::new(major, (number & 0xff) | (number >> 12) & 0xfff00).expect("a device");
        assert_eq!(dev(&page), Some(expected), "{number:#x} {minor}");
    }
    assert_eq!(dev(&[0; 4096]), None);
}
