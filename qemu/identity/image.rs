//! Image files: made by the system's tools, changed by hand, held to the oracle.

use crate::compare::{Found, differences, expect, init};
use crate::harness::{Scratch, output, sbin};
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

pub(crate) const KIB: u64 = 1 << 10;
pub(crate) const MIB: u64 = 1 << 20;
pub(crate) const GIB: u64 = 1 << 30;

/// Stands for the image's path among the words of a command.
pub(crate) const IT: &str = "@";

/// A UUID that no tool makes by itself.
pub(crate) const UUID: &str = "5e1f1e55-0123-4567-89ab-cdef00000042";

/// One sparse file. It remembers how it came about, for the message of a failed test.
pub(crate) struct Image {
    scratch: Scratch,
    path: PathBuf,
    story: String,
}

impl Image {
    #[track_caller]
    pub(crate) fn empty(size: u64) -> Image {
        init();
        let scratch = Scratch::new();
        let path = scratch.path("image");
        fs::File::create(&path).and_then(|file| file.set_len(size)).expect("a sparse file in target/tmp");
        Image { scratch, path, story: format!("{size} bytes") }
    }

    /// What a tool makes of an empty file of `size`.
    #[track_caller]
    pub(crate) fn made(size: u64, command: &[&str]) -> Image {
        Image::empty(size).run(command)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A file beside it.
    pub(crate) fn beside(&self, name: &str, content: &[u8]) -> PathBuf {
        self.scratch.file(name, content, 0o644)
    }

    #[track_caller]
    pub(crate) fn run(self, command: &[&str]) -> Image {
        self.fed("", command)
    }

    /// Runs a tool on it, with an input.
    #[track_caller]
    pub(crate) fn fed(mut self, input: &str, command: &[&str]) -> Image {
        let it = self.path.to_str().expect("UTF-8").to_owned();
        let (tool, words) = command.split_first().expect("a tool");
        let input = fs::File::open(self.beside("input", input.as_bytes())).expect("the tool's input");
        let mut tool = sbin(tool);
        // Some take their labels in the locale's encoding.
        tool.env("LC_ALL", "C.UTF-8");
        for word in words {
            tool.arg(word.replace(IT, &it));
        }
        output(tool.stdin(Stdio::from(input))).unwrap_or_else(|why| panic!("{why}"));
        self.story += &format!("; {}", command.join(" "));
        self
    }

    #[track_caller]
    pub(crate) fn write(mut self, at: u64, bytes: &[u8]) -> Image {
        let file = fs::OpenOptions::new().write(true).open(&self.path).expect("the image");
        file.write_all_at(bytes, at).expect("bytes of the image");
        self.story += &format!("; {} bytes written at {at}", bytes.len());
        self
    }

    /// Another image, within this one.
    #[track_caller]
    pub(crate) fn with(self, at: u64, other: &Image) -> Image {
        let bytes = fs::read(&other.path).expect("the other image");
        let mut all = self;
        // Holes stay holes.
        for (index, part) in bytes.chunks(64 << 10).enumerate() {
            if part.iter().any(|&byte| byte != 0) {
                all = all.write(at + (index as u64 * 64 * KIB), part);
            }
        }
        all.story = format!("with {} at {at}", other.story);
        all
    }

    #[track_caller]
    pub(crate) fn read<const N: usize>(&self, at: u64) -> [u8; N] {
        let mut bytes = [0; N];
        let file = fs::File::open(&self.path).expect("the image");
        file.read_exact_at(&mut bytes, at).expect("bytes of the image");
        bytes
    }

    #[track_caller]
    pub(crate) fn cut(self, size: u64) -> Image {
        fs::OpenOptions::new().write(true).open(&self.path).and_then(|file| file.set_len(size)).expect("the image");
        self
    }

    /// The oracle finds a `kind` in it, and pintle the same with the same names.
    #[track_caller]
    pub(crate) fn is(&self, kind: &str) {
        self.holds(&Found { kind: Some(kind), table: None });
    }

    #[track_caller]
    pub(crate) fn has_table(&self, table: &str) {
        self.holds(&Found { kind: None, table: Some(table) });
    }

    #[track_caller]
    pub(crate) fn is_with_table(&self, kind: &str, table: &str) {
        self.holds(&Found { kind: Some(kind), table: Some(table) });
    }

    #[track_caller]
    pub(crate) fn is_nothing(&self) {
        self.holds(&Found { kind: None, table: None });
    }

    /// Whatever the oracle makes of it, pintle makes too. `name` is one for `DEVIATIONS`.
    #[track_caller]
    pub(crate) fn agrees(&self, name: &str) {
        let differences = differences(&self.path, name, &expect(&self.path));
        assert!(differences.is_empty(), "{name}: {}\n{}", self.story, differences.join("\n"));
    }

    /// The same for each row: its bytes written where it says, and taken back for the next one.
    #[track_caller]
    pub(crate) fn damaged(&self, rows: &[(&str, u64, &[u8])]) {
        let file = fs::OpenOptions::new().read(true).write(true).open(&self.path).expect("the image");
        let mut found = Vec::new();
        for (name, at, bytes) in rows {
            let mut before = bytes.to_vec();
            file.read_exact_at(&mut before, *at).expect("bytes of the image");
            file.write_all_at(bytes, *at).expect("bytes of the image");
            let differences = differences(&self.path, name, &expect(&self.path));
            found.extend(differences.iter().map(|difference| format!("{name}: {difference}")));
            file.write_all_at(&before, *at).expect("bytes of the image");
        }
        assert!(found.is_empty(), "{}\n{}", self.story, found.join("\n"));
    }

    /// A row that found nothing where it should have would compare nothing: the oracle's answer is checked first.
    #[track_caller]
    fn holds(&self, found: &Found) {
        let expected = expect(&self.path);
        found.check(&expected, &self.story);
        let differences = differences(&self.path, "", &expected);
        assert!(differences.is_empty(), "{}\n{}", self.story, differences.join("\n"));
    }
}

/// One image for each row: the words that all have, then the row's own.
#[track_caller]
pub(crate) fn each(kind: &str, size: u64, tool: &[&str], rows: &[&[&str]]) {
    for row in rows {
        Image::made(size, &[tool, row].concat()).is(kind);
    }
}

/// An image that a tool makes of a folder with a few files, whatever size it then has. `FROM` stands for the folder.
#[track_caller]
pub(crate) fn of_folder(command: &[&str]) -> Image {
    let image = Image::empty(0);
    let folder = image.scratch.path("folder");
    fs::create_dir(&folder).expect("a folder in target/tmp");
    let text = "the same words, which compress well\n".repeat(1000);
    fs::write(folder.join("a file with a name that is longer than eight and three"), text).expect("a file");
    let folder = folder.to_str().expect("UTF-8").to_owned();
    let words: Vec<String> = command.iter().map(|word| word.replace("FROM", &folder)).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    image.run(&words)
}

/// `bytes` into a block at `at`.
pub(crate) fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    block.iter_mut().skip(at).zip(bytes).for_each(|(byte, new)| *byte = *new);
}

/// CRC-32 from `start` on, without the last inversion.
pub(crate) fn crc32(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 0 { crc >> 1 } else { (crc >> 1) ^ 0xedb8_8320 })
    })
}
