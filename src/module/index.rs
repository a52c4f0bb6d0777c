//! `modules.dep`, as depmod(8) writes it: a line for each module, `PATH: PATH…`, with all that it needs behind the colon, what
//! is needed first standing last. Paths are relative to `lib/modules/VERSION`.
//!
//! It is read once, into a table by the modules' names, so that what is looked for costs the same however many there are.

use crate::bytes::{basename, folded, same_name, take_part, take_until, until};

/// Places in the table: twice as many as any kernel has modules.
const MOST: usize = 8192;
/// Bytes of the file for which there is a place; a line, `PATH.ko:`, has more.
const BYTES_A_PLACE: usize = 8;

/// What a place holds: where the line starts, plus 1, and what was done for it.
const AT: u32 = (1 << 30) - 1;

/// What was done for a module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was loaded, or that was tried.
    Loaded = 31,
    /// What it needs was seen to.
    Seen = 30,
}

/// The table.
pub struct Index<'t> {
    text: Option<&'t [u8]>,
    /// One less than the places that are used, a power of two.
    mask: u32,
    places: [u32; MOST],
}

impl Default for Index<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'t> Index<'t> {
    /// Of nothing.
    pub const fn new() -> Self {
        Index { text: None, mask: 0, places: [0; MOST] }
    }

    /// Of `text`.
    pub fn read(&mut self, text: &'t [u8]) {
        self.text = Some(text);
        let wanted = text.len() / BYTES_A_PLACE;
        while (self.mask as usize) < wanted.min(MOST - 1) {
            self.mask = self.mask << 1 | 1;
        }
        let mut rest = text;
        loop {
            let at = text.len() - rest.len();
            let Some(mut line) = take_part(&mut rest, b'\n') else { break };
            if let Some(path) = take_until(&mut line, b':')
                && let Some(place) = self.place(name_of(path))
                && let Some(slot @ 0) = self.places.get_mut(place as usize)
            {
                // What is beyond can't be said.
                *slot = u32::try_from(at + 1).ok().filter(|at| *at <= AT).unwrap_or(0);
            }
        }
    }

    /// Whether it was never read.
    pub fn is_empty(&self) -> bool {
        self.text.is_none()
    }

    /// The module called `name`: by the part of its file's name before the first `.`, with `-` and `_` as one
    /// (`modname_normalize()` in kmod).
    pub fn find(&self, name: &[u8]) -> Option<u16> {
        let place = self.place(name)?;
        self.line(place).is_some().then_some(place)
    }

    /// Where it stands, or would; `None` where the table is full.
    #[inline(never)]
    fn place(&self, name: &[u8]) -> Option<u16> {
        let mut hash = 0u32;
        for byte in name {
            hash = hash.wrapping_mul(33) ^ u32::from(folded(*byte));
        }
        for _ in 0..=self.mask {
            let place = hash & self.mask;
            let place = place.try_into().ok()?;
            match self.line(place) {
                Some(line) if !same_name(name_of(until(line, b':')), name) => {}
                _ => return Some(place),
            }
            hash = hash.wrapping_add(1);
        }
        None
    }

    /// The line of the module in that place: its path, a colon, those that it needs.
    #[inline(never)]
    pub fn line(&self, place: u16) -> Option<&'t [u8]> {
        let at = self.places.get(usize::from(place))? & AT;
        let line = self.text?.get((at as usize).checked_sub(1)?..)?;
        Some(until(line, b'\n'))
    }

    /// Marks it; whether it wasn't.
    #[inline(never)]
    pub fn mark(&mut self, place: u16, mark: Mark) -> bool {
        let Some(slot) = self.places.get_mut(usize::from(place)) else { return false };
        let before = *slot;
        *slot |= 1 << mark as u32;
        before != *slot
    }
}

/// What the module in the file `path` is called.
#[inline(never)]
pub fn name_of(path: &[u8]) -> &[u8] {
    until(basename(path), b'.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::split_once;

    fn index(text: &str) -> Box<Index<'_>> {
        let mut index = Box::new(Index::new());
        index.read(text.as_bytes());
        index
    }

    #[test]
    fn paths_by_name() {
        let index = index(
            "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/fs/mbcache.ko\nkernel/fs/mbcache.ko:\n\
kernel/lib/crc-itu-t.ko.xz:\nbroken line\nkernel/fs/jbd2/jbd2.ko:\nelsewhere/jbd2.ko:",
        );
        let rows = [
            ("ext4", Some(("kernel/fs/ext4/ext4.ko", " kernel/fs/jbd2/jbd2.ko kernel/fs/mbcache.ko"))),
            ("mbcache", Some(("kernel/fs/mbcache.ko", ""))),
            ("crc_itu_t", Some(("kernel/lib/crc-itu-t.ko.xz", ""))),
            ("crc-itu-t", Some(("kernel/lib/crc-itu-t.ko.xz", ""))),
            ("jbd2", Some(("kernel/fs/jbd2/jbd2.ko", ""))),
            ("ext", None),
            ("ext4.ko", None),
            ("broken line", None),
            ("", None),
        ];
        for (name, expected) in rows {
            let line = index.find(name.as_bytes()).and_then(|place| split_once(index.line(place)?, b':'));
            assert_eq!(line, expected.map(|(path, needs)| (path.as_bytes(), needs.as_bytes())), "{name}");
        }
    }

    #[test]
    fn few_and_many() {
        assert_eq!(index("").find(b"a"), None);
        for count in [1, 2, 7, 8, 100, 4_230, 8_192, 9_000] {
            let text: String = (0..count).map(|number| format!("kernel/m{number}.ko:\n")).collect();
            let index = index(&text);
            let found = (0..count).filter(|number| index.find(format!("m{number}").as_bytes()).is_some()).count();
            assert_eq!(found, count.min(MOST));
            assert_eq!(index.find(b"n"), None);
        }
    }

    #[test]
    fn marks() {
        let mut index = index("a.ko:\nb.ko:\n");
        let a = index.find(b"a").expect("a");
        assert!(index.mark(a, Mark::Loaded) && !index.mark(a, Mark::Loaded) && index.mark(a, Mark::Seen));
        assert_eq!(index.find(b"a"), Some(a));
        assert!(!index.mark(u16::MAX, Mark::Seen));
    }
}
