//! `lsinitramfs`: the names are those that Debian's own shows, of an image of each compression that the kernel knows, alone and with
//! others before and behind it.

use crate::harness::{Arch, Scratch, X86_64, checkout, command, output, script};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Of the machine that the tests run on: Debian's is a program.
fn tools() -> PathBuf {
    let arch = if cfg!(target_arch = "x86_64") { "x86_64" } else { "aarch64" };
    script("qemu/fetch", &["tools", "--arch", arch]).trim().into()
}

#[track_caller]
fn ours(image: &Path, names: bool) -> String {
    let mut list = command("scripts/lsinitramfs");
    output(list.args(names.then_some("--names")).arg(image)).unwrap_or_else(|why| panic!("{why}"))
}

/// Without the `.` that an archive of Debian's has for its root.
#[track_caller]
fn debians(image: &Path) -> Vec<String> {
    let bin = tools().join("usr/bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let mut list = Command::new(bin.join("lsinitramfs"));
    let text = output(list.env("PATH", path).arg(image)).unwrap_or_else(|why| panic!("{why}"));
    text.lines().filter(|&name| name != ".").map(str::to_owned).collect()
}

fn image(scratch: &Scratch, arch: Arch, add: &str) -> PathBuf {
    arch.init();
    let path = scratch.path("image");
    let output = path.display().to_string();
    let add = format!("{}:/{add}", checkout().join("README.md").display());
    let arguments = ["--arch", arch.name(), "--no-modules", "--compress", "none", "--add", &add, "--output", &output];
    script("scripts/mkinitramfs", &arguments);
    path
}

fn compressed(image: &Path, how: &[&str]) -> Vec<u8> {
    let [program, options @ ..] = how else { return fs::read(image).expect("an image") };
    let output = Command::new(program)
        .args(options)
        .stdin(File::open(image).expect("an image"))
        .stderr(Stdio::inherit())
        .output();
    output.expect(program).stdout
}

const WAYS: [&[&str]; 7] = [
    &[],
    &["gzip", "-n9"],
    &["bzip2"],
    &["xz", "--check=crc32"],
    &["xz", "--format=lzma"],
    &["lz4", "-l"],
    &["zstd", "-q", "-19"],
];

#[test]
fn as_debians_own_lists_them() {
    let scratch = Scratch::new();
    let first = image(&scratch, X86_64, "one/README");
    let second = image(&scratch, X86_64, "two/README");
    let expected = |adds: &[&str]| -> Vec<String> {
        adds.iter().flat_map(|add| ["init".to_owned(), (*add).to_owned(), format!("{add}/README")]).collect()
    };
    for how in WAYS {
        let early = fs::read(&first).expect("an image");
        let late = compressed(&second, how);
        let rows: [(&str, Vec<u8>, &[&str]); 4] = [
            ("alone", late.clone(), &["two"]),
            ("behind another", [&early[..], &late].concat(), &["one", "two"]),
            ("with zeros before and behind", [&early[..], &[0; 512], &late, &[0; 64]].concat(), &["one", "two"]),
            (
                "before another",
                [&late[..], &[0; 8], &[0; 4][..(4 - late.len() % 4) % 4], &early].concat(),
                &["two", "one"],
            ),
        ];
        for (name, bytes, adds) in rows {
            let image = scratch.file("image", &bytes, 0o644);
            let listed: Vec<_> = ours(&image, true).lines().map(str::to_owned).collect();
            assert_eq!(listed, expected(adds), "{how:?} {name}");
            // Debian's doesn't recognise lzma; it takes what is behind the compressed part for a part of it, or not at all; nor does it know zeros at the end.
            if ["alone", "behind another"].contains(&name) && !how.contains(&"--format=lzma") {
                assert_eq!(listed, debians(&image), "{how:?} {name}");
            }
        }
    }
}

/// One with microcode's place before the compressed part, as initramfs-tools makes it.
#[test]
fn debians_own_image() {
    let arch = if cfg!(target_arch = "x86_64") { "x86_64" } else { "aarch64" };
    let image = PathBuf::from(script("qemu/fetch", &["debian", "--arch", arch]).trim()).join("initrd");
    let names: Vec<_> = ours(&image, true).lines().filter(|&name| name != ".").map(str::to_owned).collect();
    assert!(names.iter().any(|name| name == "scripts/local"), "{names:?}");
    assert_eq!(names, debians(&image));
}

/// A line for each archive, with where it is and how large, then its files with mode, owner, size and name.
#[test]
fn with_places_and_sizes() {
    let scratch = Scratch::new();
    let first = fs::read(image(&scratch, X86_64, "one/README")).expect("an image");
    let second = compressed(&image(&scratch, X86_64, "two/README"), &["zstd", "-q", "-19"]);
    let image = scratch.file("image", &[&first[..], &second].concat(), 0o644);
    let init = fs::metadata(X86_64.init()).expect("/init").len();
    let readme = fs::metadata(checkout().join("README.md")).expect("the README").len();
    let archive = |add: &str| {
        format!(
            "-rwxr-xr-x 0:0 {init:10} init\ndrwxr-xr-x 0:0          0 {add}\n-rw-r--r-- 0:0 {readme:10} {add}/README\n"
        )
    };
    // Where the trailer ends, without the zeros behind it.
    let bytes = first.iter().rposition(|&byte| byte != 0).expect("a trailer") + 1;
    let bytes = (bytes + 1).next_multiple_of(4);
    let expected = format!(
        "# at byte 0, not compressed: {bytes} bytes, 3 files\n{}# at byte {}, zstd, {} bytes: {bytes} bytes, 3 files\n{}",
        archive("one"),
        first.len(),
        second.len(),
        archive("two")
    );
    assert_eq!(ours(&image, false), expected);
}

#[test]
fn what_is_no_initramfs() {
    let scratch = Scratch::new();
    let whole = fs::read(image(&scratch, X86_64, "one/README")).expect("an image");
    let zstd = compressed(&image(&scratch, X86_64, "one/README"), &["zstd", "-q"]);
    let rows: [(&str, &[u8], &str); 5] = [
        ("nothing", b"", "IMAGE is empty"),
        ("zeros", &[0; 100], "IMAGE is empty"),
        ("text", b"text text text", "IMAGE is no initramfs: what begins there is none of the kernel's forms"),
        ("half of one", &whole[..1000], "the archive at 0 is damaged: cpio: premature end of file"),
        (
            "half of a compressed one",
            &zstd[..1000],
            "the part at byte 0, zstd, is damaged: /*stdin*\\ : Read error (39) : premature end ",
        ),
    ];
    for (name, bytes, why) in rows {
        let image = scratch.file("image", bytes, 0o644);
        let output = command("scripts/lsinitramfs").arg(&image).output().expect("a run");
        assert_eq!(output.status.code(), Some(1), "{name}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(said, format!("lsinitramfs: {}\n", why.replace("IMAGE", &image.display().to_string())), "{name}");
    }
}
