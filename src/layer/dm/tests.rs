use super::*;

impl Page {
    /// As the kernel sees it, by places that were counted once more.
    pub(crate) fn to_bytes(&self) -> [u8; 4096] {
        let numbers = [
            self.data_size,
            self.data_start,
            self.target_count,
            self.open_count,
            self.flags,
            self.event_nr,
            self.padding,
        ];
        let mut bytes = [0; 4096];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &self.version.map(u32::to_le_bytes).concat());
        put(12, &numbers.map(u32::to_le_bytes).concat());
        put(40, &self.dev.to_le_bytes());
        put(48, &self.name);
        put(176, &self.uuid);
        put(305, &self.data);
        put(312, &self.sector_start.to_le_bytes());
        put(320, &self.length.to_le_bytes());
        put(328, &[self.status, self.next].map(u32::to_le_bytes).concat());
        put(336, &self.target_type);
        put(352, &self.parameters);
        bytes
    }

    /// As the kernel has written it.
    pub(crate) fn set_bytes(&mut self, bytes: &[u8; 4096]) {
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4"));
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8"));
        self.version = [0, 4, 8].map(word);
        (self.data_size, self.data_start, self.target_count, self.open_count) =
            (word(12), word(16), word(20), word(24));
        (self.flags, self.event_nr, self.padding, self.dev) = (word(28), word(32), word(36), long(40));
        (self.sector_start, self.length, self.status, self.next) = (long(312), long(320), word(328), word(332));
        self.name.copy_from_slice(&bytes[48..176]);
        self.uuid.copy_from_slice(&bytes[176..305]);
        self.data.copy_from_slice(&bytes[305..312]);
        self.target_type.copy_from_slice(&bytes[336..352]);
        self.parameters.copy_from_slice(&bytes[352..]);
    }
}

fn page(bytes: &[u8; 4096]) -> Page {
    let mut page = EMPTY;
    page.set_bytes(bytes);
    page
}

fn is(page: &Page, [name, uuid, target, parameters]: [&[u8]; 4], sectors: u64) -> bool {
    page.is(name, uuid, target, sectors, parameters)
}

/// `struct dm_ioctl` and `struct dm_target_spec`, field by field, by offsets that were counted once more.
#[test]
fn layout() {
    let mut page = page(&[0xff; 4096]);
    page.fill(b"root", DM_READONLY_FLAG.into());
    put(&mut page.uuid, 0, b"CRYPT-VERITY-1-root");
    page.add_table(b"verity", 0x0102_0304_0506, b"1 8:0 8:16");
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
    assert_eq!(page.to_bytes().to_vec(), expected);
    let requests =
        [DM_DEV_CREATE, DM_DEV_REMOVE, DM_DEV_SUSPEND, DM_TABLE_LOAD, DM_TABLE_STATUS, DM_GET_TARGET_VERSION];
    assert_eq!(requests.map(request), [0xc138_fd03, 0xc138_fd04, 0xc138_fd06, 0xc138_fd09, 0xc138_fd0c, 0xc138_fd11]);
}

#[test]
fn answers() {
    let texts: [&[u8]; 4] = [b"usr", b"CRYPT-VERITY-1-usr", b"verity", b"1 8:0 8:16 x"];
    let mut answer = EMPTY;
    answer.fill(texts[0], 0x31);
    put(&mut answer.uuid, 0, texts[1]);
    answer.add_table(texts[2], 4096, texts[3]);
    assert!(is(&answer, texts, 4096));
    assert!(!is(&answer, texts, 4097));
    // Each byte of what is told, but for those that stand for nothing of it.
    let told = [20..24, 28..29, 48..52, 176..195, 312..328, 336..343, 352..365];
    for at in 0..400 {
        let mut other = answer.to_bytes();
        other[at] ^= 0x21;
        let same = is(&page(&other), texts, 4096);
        assert_eq!(same, !told.iter().any(|range| range.contains(&at)), "{at}");
    }
    for (place, text) in
        [(0, &b"us"[..]), (1, b"CRYPT-VERITY-1-us"), (2, b"verit"), (3, b"1 8:0 8:16"), (3, b"1 8:0 8:16 xy")]
    {
        let mut others = texts;
        others[place] = text;
        assert!(!is(&answer, others, 4096));
    }
    // Longer than there is room for.
    let long = vec![b'x'; 5000];
    answer.add_table(b"verity", 4096, &long);
    assert!(!is(&answer, [texts[0], texts[1], texts[2], &long], 4096));
}

#[test]
fn numbers() {
    let rows =
        [(0xfd_00u32, (253, 0)), (0x00ab_cd12, (0xbcd, 0x12 | 0xa << 8)), (0xfff0_fdff, (253, 0xf_ffff & 0xfffff))];
    for (number, (major, minor)) in rows {
        let mut bytes = [0; 4096];
        bytes[40..44].copy_from_slice(&number.to_le_bytes());
        let expected = Dev::new(major, (number & 0xff) | (number >> 12) & 0xfff00).expect("a device");
        assert_eq!(page(&bytes).dev(), Some(expected), "{number:#x} {minor}");
    }
    assert_eq!(EMPTY.dev(), None);
}
