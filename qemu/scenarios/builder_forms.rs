//! In which forms `mkinitramfs` packs, what it says of it, and what it takes besides modules. No guests.

use crate::builder::{content, files, image, mkinitramfs};
use crate::harness::{Aarch64, Arch, Scratch, X86_64, command, output};
use std::fs;
use std::process::Command;

#[test]
fn the_same_bytes_twice() {
    let rows: [(Arch, &[&str]); 3] = [
        (X86_64, &["--set", "virt", "--filesystem", "ext4", "--compress", "none"]),
        (Aarch64, &["--compress", "gzip"]),
        (Aarch64, &["--compress", "zstd", "--strip-signatures", "--module", "virtio_blk"]),
    ];
    for (arch, arguments) in rows {
        let scratch = Scratch::new();
        let make = || {
            let path = scratch.path("image");
            mkinitramfs(arch, "6.12", &[arguments, &["--output", &path.display().to_string()]].concat())
                .expect("an image");
            fs::read(path).expect("the image")
        };
        assert!(make() == make(), "{arguments:?}");
    }
}

/// A dry run says what there would be, with bytes and reasons, and writes nothing.
#[test]
fn a_dry_run() {
    let scratch = Scratch::new();
    let path = scratch.path("nothing");
    let output = path.join("image").display().to_string();
    let arguments = ["--dry-run", "--output", &output, "--filesystem", "ext4", "--module", "virtio_blk"];
    let said = mkinitramfs(X86_64, "6.12-full", &arguments).expect("a dry run");
    assert!(!path.exists());
    let release = X86_64.kernel_release("6.12-full");
    let rows: Vec<Vec<_>> = said.lines().map(|line| line.splitn(2, "  ").map(str::trim).collect()).collect();
    let found: Vec<_> = said
        .lines()
        .map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            assert!(words[0].parse::<u64>().is_ok(), "{line}");
            format!("{} {}", words[1].replace(&format!("lib/modules/{release}/"), ""), words[2..].join(" "))
        })
        .collect();
    assert_eq!(rows.len(), found.len());
    let expected = [
        "etc/modules-load.d/pintle.conf what is loaded in any case",
        "init for x86_64",
        "crc16.ko for ext4",
        "crc32c-intel.ko softdep of ext4",
        "crc32c_generic.ko softdep of ext4",
        "ext4.ko file system ext4",
        "jbd2.ko for ext4",
        "mbcache.ko for ext4",
        "modules.alias by depmod",
        "modules.dep by depmod",
        "modules.softdep by depmod",
        "virtio_blk.ko --module",
    ];
    assert_eq!(found, expected);
}

/// The list is that of the archive: the same names, modes, sizes and contents, where CONFIG_INITRAMFS_SOURCE looks for them.
#[test]
fn a_list_for_the_kernels_build() {
    let scratch = Scratch::new();
    let link = scratch.path("tree");
    fs::create_dir_all(link.join("sub")).expect("a directory");
    std::os::unix::fs::symlink("../else", link.join("sub/link")).expect("a link");
    let add = format!("{}:/added", link.display());
    let arguments = ["--module", "virtio_blk", "--add", &add];
    let archive = image(&scratch, X86_64, "6.12", &arguments);
    let list = scratch.path("list");
    let output = list.display().to_string();
    let arguments = [&arguments[..], &["--format", "list", "--output", &output]].concat();
    for _ in ["new", "in the place of the old one"] {
        mkinitramfs(X86_64, "6.12", &arguments).expect("a list");
        let text = fs::read_to_string(&list).expect("the list");
        // usr/gen_init_cpio.c: file NAME LOCATION MODE UID GID; dir NAME MODE UID GID; slink NAME TARGET MODE UID GID
        let line = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
            ["dir", name, "755", "0", "0"] => format!("drwxr-xr-x 0 {}", &name[1..]),
            ["file", name, location, mode, "0", "0"] => {
                let mode = if mode == "755" { "-rwxr-xr-x" } else { "-rw-r--r--" };
                format!("{mode} {} {}", fs::metadata(location).expect("what it names").len(), &name[1..])
            }
            ["slink", name, target, "777", "0", "0"] => {
                format!("lrwxrwxrwx {} {} -> {target}", target.len(), &name[1..])
            }
            _ => panic!("{line}"),
        };
        let mut found: Vec<_> = text.lines().map(line).collect();
        let mut expected = files(&archive);
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        let init =
            text.lines().find_map(|line| line.strip_prefix("file /init ")).and_then(|rest| rest.split(' ').next());
        assert!(fs::read(init.expect("/init")).expect("its file") == fs::read(X86_64.init()).expect("/init"));
    }
    // Of the old lists' files nothing is left.
    let kept = fs::read_dir(format!("{output}.files")).expect("their directory").count();
    assert_eq!(kept, 1);
}

/// Firmware is what the modules name, wherever the kernel would find it, and plain.
#[test]
fn firmware_and_microcode() {
    let scratch = Scratch::new();
    let release = X86_64.kernel_release("6.12-full");
    let firmware = scratch.path("firmware");
    let write = |path: &str, bytes: &[u8]| {
        let path = firmware.join(path);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    };
    write("ql2400_fw.bin", b"old");
    write(&format!("updates/{release}/ql2400_fw.bin"), b"new one");
    write("ql2500_fw.bin.plain", b"another's");
    write("unrelated.bin", b"unrelated");
    write("intel-ucode/06-01-02", b"intel 1");
    write("intel-ucode/06-01-03", b"intel 2");
    write("intel-ucode/06-4f-01.initramfs", b"by hand");
    write("amd-ucode/microcode_amd.bin", b"amd");
    write("amd-ucode/microcode_amd.bin.asc", b"signature");
    let compressed = scratch.file("fw", b"compressed", 0o644);
    output(Command::new("xz").args(["--check=crc32", "--keep"]).arg(&compressed)).expect("xz");
    fs::rename(format!("{}.xz", compressed.display()), firmware.join("ql2322_fw.bin.xz")).expect("a file");
    let path = firmware.display().to_string();
    let arguments = ["--module", "qla2xxx", &format!("--firmware={path}"), &format!("--microcode={path}")];
    let image = image(&scratch, X86_64, "6.12-full", &arguments);
    let early: Vec<_> = files(&image).into_iter().filter(|line| line.starts_with('-')).collect();
    assert_eq!(
        early,
        ["-rw-r--r-- 3 kernel/x86/microcode/AuthenticAMD.bin", "-rw-r--r-- 14 kernel/x86/microcode/GenuineIntel.bin"]
    );
    assert_eq!(content(&image, "kernel/x86/microcode/GenuineIntel.bin"), "intel 1intel 2");
    let whole = output(command("scripts/lsinitramfs").arg(&image)).expect("a list");
    let firmware: Vec<_> = whole.lines().filter(|line| line.contains("lib/firmware/")).collect();
    assert_eq!(
        firmware,
        [
            "-rw-r--r-- 0:0         10 lib/firmware/ql2322_fw.bin",
            "-rw-r--r-- 0:0          7 lib/firmware/ql2400_fw.bin"
        ]
    );
}
