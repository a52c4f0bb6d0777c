//! The root as an image in a file. Images of all kinds are tried one after the other in one guest: each has an init that
//! wants an interpreter of its own name, which isn't there; pintle reads that out of it, says so, and goes on to the next.

use crate::disks::overwrite;
use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{RootDisk, init};
use crate::says::{mounted, mounted_as};
use crate::tree::{Tree, run};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the image is on each disk.
const PATH: &str = "/boot/root.img";
const ON_OUTER: &str = "/run/pintle/outer/boot/root.img";

/// Kinds of images: their names, and by which tool and words they are made.
const KINDS: [(&str, &str, &[&str]); 7] = [
    ("gzip", "mksquashfs", &["-comp", "gzip"]),
    ("xz", "mksquashfs", &["-comp", "xz"]),
    ("zstd", "mksquashfs", &["-comp", "zstd"]),
    ("lzo", "mksquashfs", &["-comp", "lzo"]),
    ("lz4", "mksquashfs", &["-comp", "lz4"]),
    ("plain", "mkfs.erofs", &[]),
    ("lz4hc", "mkfs.erofs", &["-zlz4hc"]),
];

/// An image of `root`, made by `tool`.
fn image(scratch: &Scratch, root: &Path, tool: &str, words: &[&str]) -> PathBuf {
    let image = scratch.path("image");
    let (to, from) = (image.display().to_string(), root.display().to_string());
    match tool {
        "mksquashfs" => run(tool, &[&[&from, &to, "-quiet", "-no-progress", "-all-root"], words].concat()),
        _ => run(tool, &[words, &["--quiet", "--all-root", &to, &from]].concat()),
    }
    image
}

/// One whose init says which it is.
fn named(scratch: &Scratch, name: &str, tool: &str, words: &[&str]) -> PathBuf {
    let root = scratch.path(name);
    fs::create_dir_all(root.join("sbin")).expect("a directory");
    // Long enough to be compressed.
    let script = format!("#!/{name}\n{}", "# nothing but a comment\n".repeat(500));
    let init = scratch.file("init", script.as_bytes(), 0o755);
    fs::copy(init, root.join("sbin/init")).expect("an init");
    image(scratch, &root, tool, words)
}

/// The disk that an image is on.
fn outer<'s>(scratch: &'s Scratch, arch: Arch, label: &str) -> RootDisk<'s> {
    RootDisk::new(scratch, arch).label(label).no_init().omit("/bin/sh")
}

/// The demo's root as an image.
fn demo(scratch: &Scratch, arch: Arch, tool: &str, words: &[&str]) -> PathBuf {
    image(scratch, Tree::new(scratch, arch).root(), tool, words)
}

fn no_interpreter(name: &str) -> String {
    format!("find init: /sbin/init: its interpreter /{name} is missing: giving up")
}

fn took(roots: &str, root: &str) -> String {
    format!("pintle.root={roots}: it is {root}")
}

/// Boots the disks, each by its label, and the demo's root in the last.
fn boot(arch: Arch, kernel: &str, disks: &[(&str, String)]) -> (Ended, String) {
    let roots: Vec<_> = disks.iter().map(|(label, _)| format!("LABEL={label}")).collect();
    let roots = roots.join(",");
    let mut guest = Guest::new(arch).kernel(kernel).timeout(300);
    for (_, disk) in disks {
        guest = guest.disk(disk);
    }
    let guest = ["loop", "squashfs", "erofs", "overlay"].into_iter().fold(guest, Guest::module);
    (guest.append(&format!("pintle.root={roots} pintle.image={PATH} init=/sbin/init")).run(), roots)
}

#[test]
fn of_every_kind_on_x86_64_6_12() {
    of_every_kind(X86_64, "6.12", true);
}

/// EROFS takes a loop device too there.
#[test]
fn of_every_kind_on_aarch64_6_1() {
    of_every_kind(Aarch64, "6.1", false);
}

/// All of them are mounted, and unmounted again, their loop devices freed: it is always the first one.
fn of_every_kind(arch: Arch, kernel: &str, by_file: bool) {
    let scratch = Scratch::new();
    let mut disks = Vec::new();
    let mut expected = Vec::new();
    for (place, (name, tool, words)) in KINDS.into_iter().enumerate() {
        // The last has all of a root.
        let is_last = place + 1 == KINDS.len();
        let image = if is_last { demo(&scratch, arch, tool, words) } else { named(&scratch, name, tool, words) };
        disks.push((name, outer(&scratch, arch, name).add(&image, PATH).make()));
        let device = format!("/dev/vd{}", char::from(b'a' + u8::try_from(place).expect("few")));
        let fstype = if tool == "mksquashfs" { "squashfs" } else { "erofs" };
        let source = if fstype == "erofs" && by_file { ON_OUTER } else { "/dev/loop0" };
        expected.push((name, mounted(&device, "read-only"), mounted_as(fstype, source, "read-only")));
    }
    let (ended, roots) = boot(arch, kernel, &disks);
    ended.is_done();
    let mut lines = Vec::new();
    for (name, outer, inner) in expected {
        lines.extend([outer, took(&roots, name), inner]);
        if name != "lz4hc" {
            lines.push(no_interpreter(name));
        }
    }
    assert_eq!(ended.pintle_but_waiting(), lines);
    assert_eq!(ended.console().matches("unmounting filesystem").count(), KINDS.len() - 1, "those that were given up");
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/run/pintle/outer", "/sys"]);
    let (root, outer) = (ended.mount("/"), ended.mount("/run/pintle/outer"));
    assert_eq!((root.fstype, root.source), ("erofs", if by_file { ON_OUTER } else { "/dev/loop0" }));
    assert_eq!((outer.source, outer.options), ("/dev/vdg", "ro,relatime"));
}

/// What can't be one is a line that names it, and the next root.
#[test]
fn hostile_ones() {
    let scratch = Scratch::new();
    let arch = X86_64;
    let good = demo(&scratch, arch, "mksquashfs", &[]);
    let bytes = fs::read(&good).expect("the image");
    let truncated = scratch.file("truncated", &bytes[..bytes.len() / 2], 0o644);
    let empty = scratch.file("empty", b"", 0o644);
    let flipped = scratch.file("flipped", &bytes, 0o644);
    // Its magic.
    overwrite(&flipped.display().to_string(), 0, b"HSQS");
    let erofs = fs::read(demo(&scratch, arch, "mkfs.erofs", &[])).expect("the image");
    let flipped_erofs = scratch.file("flipped", &erofs, 0o644);
    // Its volume name, which the checksum covers.
    overwrite(&flipped_erofs.display().to_string(), 1024 + 64, b"x");
    let disks = [
        ("missing", outer(&scratch, arch, "missing").make()),
        ("out", outer(&scratch, arch, "out").link("/../../../dev/vda", PATH).make()),
        ("directory", outer(&scratch, arch, "directory").add(&empty, "/boot/root.img/file").make()),
        ("truncated", outer(&scratch, arch, "truncated").add(&truncated, PATH).make()),
        ("flipped", outer(&scratch, arch, "flipped").add(&flipped, PATH).make()),
        ("checksum", outer(&scratch, arch, "checksum").add(&flipped_erofs, PATH).make()),
        // A link inside the file system leads to it.
        ("good", outer(&scratch, arch, "good").link("/there/root.img", PATH).add(&good, "/there/root.img").make()),
    ];
    let (ended, roots) = boot(arch, "6.12", &disks);
    ended.is_done();
    let nothing = format!("image: {PATH}: no file system in it: giving up");
    let missing = format!("image: {PATH}: ENOENT: giving up");
    let truncated = crate::says::mount_root("/dev/loop0", "squashfs", "EIO");
    let why = [&missing, &missing, &nothing, &truncated, &nothing, &nothing];
    let said = ended.pintle_but_waiting();
    let mut lines = said.iter();
    for (place, (label, _)) in disks.iter().enumerate() {
        let device = format!("/dev/vd{}", char::from(b'a' + u8::try_from(place).expect("few")));
        assert_eq!(lines.next(), Some(&mounted(&device, "read-only")));
        assert_eq!(lines.next(), Some(&took(&roots, label)));
        match why.get(place) {
            // squashfs looks for its tables behind the end of the device: EINVAL or EIO by the version, and of the former
            // pintle has tried all.
            Some(why) if *label == "truncated" => {
                let line = lines.next().expect("a line");
                assert!(line == *why || *line == crate::says::no_type_fits("/dev/loop0"), "{line}");
            }
            Some(why) => assert_eq!(lines.next(), Some(*why)),
            None => assert_eq!(lines.next(), Some(&mounted_as("squashfs", "/dev/loop0", "read-only"))),
        }
    }
    assert_eq!(lines.next(), None);
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/run/pintle/outer", "/sys"]);
}

const SHOW: &str = "
echo '== mountinfo'; cat /proc/self/mountinfo
echo '== loop'; cd /sys/block/loop0; cat queue/logical_block_size loop/dio loop/autoclear ro
cat loop/backing_file
echo '== boots'; echo boot >>/boots; wc -l </boots
echo '== there'; ls /run/pintle/upper/upper
";

/// On a disk with sectors of 4096 bytes, with a top on another disk that outlives the boot: squashfs by direct I/O in such
/// blocks; an ext4 with smaller ones as far as that goes.
#[test]
fn quick_on_large_sectors_with_a_top_that_stays() {
    let scratch = Scratch::new();
    let arch = X86_64;
    let keep = RootDisk::new(&scratch, arch).label("keep:it").no_init().add(&scratch.file("x", b"", 0o644), "/top/x");
    let keep = keep.make();
    for (boots, tool) in [(1, "mksquashfs"), (2, "mke2fs")] {
        let tree = Tree::new(&scratch, arch);
        let text = init(SHOW).replace("#!/bin/sh", "#!/bin/busybox sh");
        fs::write(tree.root().join("sbin/init"), text).expect("an init");
        let image = if tool == "mksquashfs" {
            image(&scratch, tree.root(), tool, &[])
        } else {
            let image = scratch.path("ext4");
            let (to, from) = (image.display().to_string(), tree.root().display().to_string());
            run(tool, &["-q", "-t", "ext4", "-b", "1024", "-d", &from, &to, "8M"]);
            image
        };
        let outer = outer(&scratch, arch, "outer").add(&image, PATH).make();
        let guest = Guest::new(arch).disk(format!("{outer},sector=4096")).disk(&keep);
        let guest = ["loop", "squashfs", "overlay"].into_iter().fold(guest, Guest::module);
        let ended =
            guest.append(&format!("root=LABEL=outer pintle.image={PATH} pintle.overlay=LABEL=keep:it:/top")).run();
        ended.is_done();
        let fstype = if tool == "mksquashfs" { "squashfs" } else { "ext4" };
        let said = [
            mounted("/dev/vda", "read-only"),
            mounted_as(fstype, "/dev/loop0", "read-only"),
            mounted("/dev/vdb", "read-write"),
            mounted_as("overlay", "overlay", "read-write"),
        ];
        assert_eq!(ended.pintle_but_waiting(), said);
        let (sector, direct) = if boots == 1 { ("4096", "1") } else { ("512", "0") };
        assert_eq!(ended.section("loop"), [sector, direct, "1", "1", ON_OUTER]);
        assert_eq!(ended.line("boots"), boots.to_string());
        assert!(ended.section("there").contains(&"boots"));
        let upper = ended.mount("/run/pintle/upper");
        assert_eq!((upper.root, upper.source, upper.options), ("/top", "/dev/vdb", "rw,relatime"));
        let places =
            ["/", "/dev", "/proc", "/run", "/run/pintle/lower", "/run/pintle/outer", "/run/pintle/upper", "/sys"];
        assert_eq!(ended.mount_points(), places);
    }
    run("e2fsck", &["-fn", &keep]);
}

/// Without their modules each layer says what it lacks.
#[test]
fn without_modules() {
    let scratch = Scratch::new();
    let image = demo(&scratch, X86_64, "mksquashfs", &[]);
    let disk = outer(&scratch, X86_64, "outer").add(&image, PATH).make();
    let boot = |modules: &[&str]| {
        let guest = modules.iter().copied().fold(Guest::new(X86_64).disk(&disk), Guest::module);
        let ended = guest.append(&format!("pintle.image={PATH} pintle.overlay=tmpfs")).run();
        ended.has_failed();
        let said = ended.pintle();
        said.into_iter().rev().nth(1).unwrap_or_default()
    };
    assert_eq!(boot(&[]), "image: /dev/loop-control (module loop): ENOENT: giving up");
    assert_eq!(boot(&["loop", "squashfs"]), "writable top: overlay: ENODEV: giving up");
}
