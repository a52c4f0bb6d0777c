//! In /init's place for `cargo test --test identity`: makes seeds of each image that is probed, as small as they can be
//! with the answers staying the same, then hands over to the real one.

use pintle::disk::{Disk, Source, Windows};
use pintle::identity::Identity;
use pintle::partition::{Partition, Table};
use pintle::probe;
use pintle_fuzz::fixup::fix;
use pintle_fuzz::image::Image;
use pintle_fuzz::{probers, tables};
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file, and what was read of it.
struct Recorded {
    file: fs::File,
    image: Image,
}

impl Source for Recorded {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> usize {
        let length = self.file.read_at(buffer, offset).unwrap_or(0);
        for (index, part) in buffer[..length].chunks(16).enumerate() {
            if part.iter().any(|byte| *byte != 0) {
                self.image.put(offset + index as u64 * 16, part);
            }
        }
        length
    }
}

fn recorded(path: &Path, body: &dyn Fn(&mut Disk<'_>)) -> Option<Image> {
    let file = fs::File::open(path).ok()?;
    let size = file.metadata().ok()?.len();
    let mut recorded = Recorded { file, image: Image::new(size) };
    body(&mut Disk::new(&mut recorded, &mut Box::new(Windows::new()), 0, size, 0));
    Some(recorded.image)
}

/// Zeros wherever `answer` stays what it is.
fn reduced<T: PartialEq>(mut image: Image, answer: &dyn Fn(&Image) -> T) -> Image {
    let wanted = answer(&image);
    let mut parts: Vec<(u64, u64)> = image.runs().iter().map(|(at, run)| (*at, run.len() as u64)).collect();
    while let Some((at, length)) = parts.pop() {
        let mut smaller = image.clone();
        smaller.wipe(at, length);
        fix(&mut smaller);
        if answer(&smaller) == wanted {
            image = smaller;
        } else if length > 16 {
            let half = (length / 2).next_multiple_of(16);
            parts.extend([(at, half), (at + half, length - half)]);
        }
    }
    image
}

fn save(folder: &Path, target: &str, image: &Image) {
    let bytes = image.to_bytes();
    assert_eq!(&Image::parse(&bytes), image);
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let folder = folder.join(target);
    fs::create_dir_all(&folder).expect("a folder for the seeds");
    fs::write(folder.join(format!("{:016x}", hasher.finish())), bytes).expect("a seed");
}

fn seeds_of(path: &Path, folder: &Path) -> Option<()> {
    for (place, (name, _, _)) in probers::PROBERS.iter().enumerate() {
        let image = recorded(path, &|disk| {
            probe::one(place, disk, &mut Identity::new());
        })?;
        let answer = |image: &Image| probers::one(place, image, image.view()).0;
        if answer(&image).is_some() {
            save(folder, name, &reduced(image, &answer));
        }
    }
    let image = recorded(path, &|disk| {
        let (mut table, mut partition) = (Table::new(), Partition::new());
        table.read(disk, &mut partition);
        while table.next(disk, &mut partition) {}
    })?;
    if let Some((kind, _, rows)) = tables::rows(&image)
        && !rows.is_empty()
    {
        save(folder, if kind == b"gpt" { "gpt" } else { "mbr" }, &reduced(image, &tables::rows));
    }
    Some(())
}

fn main() {
    let words: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let folder = std::env::var_os("PINTLE_SEEDS").expect("PINTLE_SEEDS: the folder for the seeds");
    for file in words.iter().skip(1) {
        seeds_of(file, Path::new(&folder));
    }
    let init = std::env::var_os("PINTLE_SEEDS_INIT").expect("PINTLE_SEEDS_INIT: the real /init");
    panic!("{}", Command::new(init).args(words).exec());
}
