//! What `mkinitramfs` can't make: one line says why, and the image that was there stays as it was, with nothing beside it.

use crate::builder::mkinitramfs;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, checkout, output};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A tree like the kernel's but for what is done to it.
fn tree(scratch: &Scratch, arch: Arch, change: &dyn Fn(&Path)) -> String {
    let from = fs::canonicalize(arch.kernel("6.12").join("modules")).expect("a tree");
    let to = scratch.path("lib").join(arch.kernel_release("6.12"));
    fs::create_dir_all(&to).expect("a directory");
    for entry in fs::read_dir(&from).expect("a tree").flatten() {
        if entry.file_name() != "kernel" {
            fs::copy(entry.path(), to.join(entry.file_name())).expect("an index");
        }
    }
    for name in ["drivers/block/virtio_blk.ko.xz", "drivers/scsi/virtio_scsi.ko.xz"] {
        let file = to.join("kernel").join(name);
        fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
        fs::copy(from.join("kernel").join(name), file).expect("a module");
    }
    change(&to);
    to.display().to_string()
}

#[track_caller]
fn fails(scratch: &Scratch, arch: Arch, arguments: &[&str], why: &str) {
    let directory = scratch.path("output");
    fs::create_dir(&directory).expect("a directory");
    let image = directory.join("image");
    fs::write(&image, "the old one").expect("an image");
    let path = image.display().to_string();
    let said = mkinitramfs(arch, "6.12", &[&["--output", &path], arguments].concat()).expect_err(why);
    assert_eq!(said, format!("mkinitramfs: {why}\n"), "{arguments:?}");
    assert_eq!(fs::read_to_string(&image).expect("the image"), "the old one", "{why}");
    assert_eq!(fs::read_dir(&directory).expect("the directory").count(), 1, "{why}");
}

#[test]
fn what_is_named_wrongly() {
    let scratch = Scratch::new();
    let kernel = fs::canonicalize(X86_64.kernel("6.12").join("modules")).expect("a tree").display().to_string();
    let given = X86_64.kernel("6.12").join("modules").display().to_string();
    let foreign = fs::canonicalize(Aarch64.kernel("6.12").join("vmlinuz")).expect("a kernel").display().to_string();
    let text = scratch.file("text", b"text", 0o644).display().to_string();
    let blank = format!("{text}:/with a blank");
    let rows: &[(&[&str], String)] = &[
        (&["--module", "nosuch"], format!("no module nosuch in {kernel}: modprobe: FATAL: Module nosuch not found")),
        (&["--filesystem", "nosuch"], format!("no module for the file system nosuch in {kernel}")),
        (&["--set", "server"], "unknown set: server (storage, virt, board or all)".into()),
        (&["--set"], "--set needs a value (--help tells)".into()),
        (&["--nosuch", "1"], "unknown option: --nosuch (--help tells)".into()),
        (&["words"], "what is words? (--help tells)".into()),
        (&["--compress", "lz4"], "unknown compression: lz4 (zstd, xz, gzip or none)".into()),
        (&["--format", "tar"], "unknown format: tar (cpio or list)".into()),
        (&["--check"], "--check belongs to --host".into()),
        (&["--no-modules", "--set", "virt"], "--no-modules excludes what names modules".into()),
        (&["--cmdline", "quiet"], "--cmdline, --kernel-image and --efi-stub belong to --uki".into()),
        (&["--add", "/nosuch:/a"], "no such file or directory: /nosuch".into()),
        (&["--add", "/nosuch"], "--add wants SRC:DST, not /nosuch".into()),
        (&["--init", "/nosuch"], "no such file: /nosuch".into()),
        (&["--rescue", "/nosuch"], "no such file: /nosuch".into()),
        (&["--host-root", "/nosuch"], "no such directory: /nosuch".into()),
        (&["--firmware=/nosuch"], "no such directory of firmware: /nosuch".into()),
        (
            &["--microcode=/nosuch"],
            "no microcode in /nosuch/intel-ucode and /nosuch/amd-ucode (Debian: intel-microcode, amd64-microcode)"
                .into(),
        ),
        (&["--modules-dir", "/nosuch"], "no such directory of modules: /nosuch".into()),
        (
            &["--kernel-version", "5.10.0"],
            format!("{given} holds the modules of {}, not of 5.10.0", X86_64.kernel_release("6.12")),
        ),
        (&["--format", "list", "--add", &blank], "a list cannot have names with blanks in them: with a blank".into()),
        (&["--uki", "/nosuch/uki", "--kernel-image", &foreign], format!("{foreign} is no EFI program for x86_64")),
    ];
    for (arguments, why) in rows {
        fails(&scratch, X86_64, arguments, why);
    }
    fails(&scratch, Aarch64, &["--microcode=/"], "--microcode is for x86_64 alone");
    let init = X86_64.init().display().to_string();
    fails(&scratch, Aarch64, &["--init", &init], &format!("{init} is not for aarch64"));
    fails(&scratch, X86_64, &["--init", &text], &format!("{text} is too short for an ELF file"));
}

#[test]
fn what_is_wrong_with_a_tree() {
    let scratch = Scratch::new();
    let module = "kernel/drivers/block/virtio_blk.ko.xz";
    type Change<'c> = &'c dyn Fn(&Path);
    let rows: [(&str, Change<'_>, &str); 4] = [
        (
            "no index",
            &|tree| fs::remove_file(tree.join("modules.dep")).expect("an index"),
            "TREE has no modules.dep: run depmod",
        ),
        (
            "no module",
            &|tree| fs::remove_file(tree.join(module)).expect("a module"),
            "cannot read TREE/kernel/drivers/block/virtio_blk.ko.xz, which modules.dep names",
        ),
        (
            "a damaged module",
            &|tree| {
                let mut bytes = fs::read(tree.join(module)).expect("a module");
                bytes.truncate(bytes.len() / 2);
                fs::write(tree.join(module), bytes).expect("a module");
            },
            "cannot decompress a module: xz: TMP/virtio_blk.ko.xz: Unexpected end of input",
        ),
        (
            "what is no module",
            &|tree| {
                fs::write(tree.join("junk"), [b'k'; 100]).expect("a file");
                output(Command::new("xz").args(["--check=crc32"]).arg(tree.join("junk"))).expect("xz");
                fs::rename(tree.join("junk.xz"), tree.join(module)).expect("a module");
            },
            "TMP/virtio_blk.ko is not for x86_64",
        ),
    ];
    for (name, change, why) in rows {
        let tree = tree(&scratch, X86_64, change);
        let directory = scratch.path("output");
        fs::create_dir(&directory).expect("a directory");
        let image = directory.join("image").display().to_string();
        fs::write(&image, "the old one").expect("an image");
        let arguments = ["--modules-dir", &tree, "--module", "virtio_blk", "--output", &image];
        let said = mkinitramfs(X86_64, "6.12", &arguments).expect_err(name);
        let temporary =
            said.split_whitespace().find_map(|word| word.split_once("/virtio_blk.ko").map(|(before, _)| before));
        let said = if why.contains("TMP") { said.replace(temporary.expect("a path"), "TMP") } else { said };
        assert_eq!(said, format!("mkinitramfs: {}\n", why.replace("TREE", &tree)), "{name}");
        assert_eq!(fs::read_to_string(&image).expect("the image"), "the old one", "{name}");
        assert_eq!(fs::read_dir(&directory).expect("the directory").count(), 1, "{name}");
    }
    let other = fs::canonicalize(Aarch64.kernel("6.12").join("modules")).expect("a tree").display().to_string();
    let said =
        mkinitramfs(X86_64, "6.12", &["--modules-dir", &other, "--module", "virtio_blk", "--output", "/nosuch/image"])
            .expect_err("modules");
    assert!(
        said.starts_with("mkinitramfs: ")
            && said.ends_with("/virtio_blk.ko is not for x86_64\n")
            && said.lines().count() == 1,
        "{said}"
    );
}

/// A file system that is full: the old image stays. In a user namespace, on a tmpfs.
#[test]
fn no_room() {
    let scratch = Scratch::new();
    let at = scratch.path("small");
    fs::create_dir(&at).expect("a directory");
    let script = checkout().join("scripts/mkinitramfs");
    let modules = X86_64.kernel("6.12").join("modules");
    X86_64.init();
    let text = format!(
        "mount -t tmpfs -o size=64k none {at}
        echo 'the old one' >{at}/image
        {script} --arch x86_64 --modules-dir {modules} --module virtio_blk --output {at}/image 2>&1
        echo \"status $?\"
        cat {at}/image
        ls {at}",
        at = at.display(),
        script = script.display(),
        modules = modules.display()
    );
    let mut unshare = Command::new("unshare");
    unshare.args(["--user", "--map-root-user", "--mount", "sh", "-c", &text]).env("PINTLE_SETUP_DONE", "1");
    let said = output(&mut unshare).unwrap_or_else(|why| panic!("{why}"));
    let image = at.join("image");
    let why = format!("mkinitramfs: cannot write {}: cat: write error: No space left on device", image.display());
    assert_eq!(said, format!("{why}\nstatus 1\nthe old one\nimage\n"));
}

/// Nothing is written where it can't be, and nothing is left beside a directory.
#[test]
fn nowhere_to_write() {
    let scratch = Scratch::new();
    let directory = scratch.path("directory");
    fs::create_dir(&directory).expect("a directory");
    let path = directory.display().to_string();
    let said = mkinitramfs(X86_64, "6.12", &["--no-modules", "--output", &path]).expect_err("a directory");
    assert_eq!(said, format!("mkinitramfs: cannot write {path}: it is a directory\n"));
    let below = "/proc/nosuch/image".to_owned();
    let said = mkinitramfs(X86_64, "6.12", &["--no-modules", "--output", &below]).expect_err("no directory");
    assert!(said.starts_with("mkinitramfs: cannot make the directory of /proc/nosuch/image: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
