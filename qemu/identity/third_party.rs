//! The images that other projects test themselves with, many of them broken on purpose.

use crate::compare::{differences, expect, init};
use crate::harness::script;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

fn images(source: &str) -> Vec<PathBuf> {
    static FETCHED: OnceLock<PathBuf> = OnceLock::new();
    init();
    let all = FETCHED.get_or_init(|| script::<&str>("qemu/fetch", &["images"]).trim().into());
    let folder = fs::read_dir(all.join(source)).expect("what qemu/fetch unpacked");
    let mut images: Vec<PathBuf> = folder.map(|entry| entry.expect("an image").path()).collect();
    images.sort();
    images
}

/// Of all the images of `source`, those whose number is this one in each four, for the test threads to share.
#[track_caller]
fn agree(source: &str, quarters: &[usize], at_least: usize) {
    let images = images(source);
    assert!(images.len() >= at_least, "{} images of {source}", images.len());
    let mut recognised = 0;
    let mut found = Vec::new();
    for (_, image) in images.iter().enumerate().filter(|(index, _)| quarters.contains(&(index % 4))) {
        let expected = expect(image);
        recognised += usize::from(expected.lines.values().any(|line| !line.is_empty()));
        let name = image.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        found.extend(differences(image, name, &expected));
    }
    assert!(recognised > 0, "blkid recognises none of the images of {source}");
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

#[test]
fn e2fsprogs_1() {
    agree("e2fsprogs", &[0, 1], 240);
}

#[test]
fn e2fsprogs_2() {
    agree("e2fsprogs", &[2, 3], 240);
}

#[test]
fn btrfs_progs() {
    agree("btrfs-progs", &[0, 1, 2, 3], 130);
}

#[test]
fn util_linux() {
    agree("util-linux", &[0, 1, 2, 3], 120);
}

#[test]
fn gptman() {
    agree("gptman", &[0, 1, 2, 3], 2);
}

#[test]
fn mbrman() {
    agree("mbrman", &[0, 1, 2, 3], 2);
}
