//! Root file systems of all kinds, each made by its own mkfs out of one directory.

use crate::harness::{Arch, Scratch, checkout, output, sbin};
use std::fs;
use std::path::{Path, PathBuf};

/// The UUID that they have, where they can have one of their own choice.
pub(crate) const UUID: &str = "70696e74-6c65-4000-8000-0000000000ff";
const LABEL: &str = "tree";

/// A directory with the demo's init and what it needs, fit for file systems that have neither links nor permissions.
pub(crate) struct Tree<'s> {
    scratch: &'s Scratch,
    root: PathBuf,
}

impl<'s> Tree<'s> {
    #[track_caller]
    pub(crate) fn new(scratch: &'s Scratch, arch: Arch) -> Self {
        let root = scratch.path("tree");
        for name in ["bin", "dev", "proc", "run", "sbin", "sys"] {
            fs::create_dir_all(root.join(name)).expect("a directory of the tree");
        }
        fs::copy(arch.busybox(), root.join("bin/busybox")).expect("busybox");
        let demo = fs::read_to_string(checkout().join("qemu/demo-init")).expect("qemu/demo-init");
        // Debian's busybox needs no links to find its own commands.
        let demo = demo.replace("#!/bin/sh", "#!/bin/busybox sh");
        let init = scratch.file("init", demo.as_bytes(), 0o755);
        fs::copy(init, root.join("sbin/init")).expect("the demo's init");
        Tree { scratch, root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Its image as a file system of this type.
    #[track_caller]
    pub(crate) fn make(&self, fstype: &str) -> String {
        let image = self.scratch.path(fstype).display().to_string();
        let root = self.root.display().to_string();
        let size = |mib: u64| {
            let file = fs::File::create(&image).expect("a file for the image");
            file.set_len(mib << 20).expect("room for it");
        };
        match fstype {
            "xfs" => {
                size(300);
                let proto = self.scratch.file("proto", self.proto().as_bytes(), 0o644).display().to_string();
                let uuid = format!("uuid={UUID}");
                run("mkfs.xfs", &["-q", "-p", &proto, "-L", LABEL, "-m", &uuid, &image]);
            }
            "btrfs" => {
                size(128);
                run("mkfs.btrfs", &["-q", "-L", LABEL, "-U", UUID, "--rootdir", &root, &image]);
            }
            "f2fs" => {
                size(64);
                run("mkfs.f2fs", &["-q", "-l", LABEL, "-U", UUID, &image]);
                run("sload.f2fs", &["-f", &root, &image]);
            }
            "erofs" => run("mkfs.erofs", &["--quiet", "-U", UUID, &image, &root]),
            "squashfs" => run("mksquashfs", &[&root, &image, "-quiet", "-no-progress", "-all-root"]),
            "vfat" => {
                size(32);
                run("mkfs.vfat", &["-n", "TREE", "-i", "70696E74", &image]);
                for name in ["bin", "dev", "proc", "run", "sbin", "sys"] {
                    run("mcopy", &["-s", "-i", &image, &format!("{root}/{name}"), "::"]);
                }
            }
            "iso9660" => {
                // With a partition table before it, its first partition the same file system once more.
                let date = "--modification-date=2026010203040500";
                let to = ["-partition_offset", "16", date, "-V", "TREE", "-o", &image, &root];
                run("xorriso", &[&["-report_about", "WARNING", "-as", "mkisofs", "-r"], &to[..]].concat());
            }
            _ => panic!("how is {fstype} made?"),
        }
        image
    }

    /// A prototype file of mkfs.xfs(8).
    fn proto(&self) -> String {
        let file = |path: &str| format!("---755 0 0 {}/{path}", self.root.display());
        let (busybox, init) = (file("bin/busybox"), file("sbin/init"));
        format!(
            "/none\n0 0\nd--755 0 0\nbin d--755 0 0\nbusybox {busybox}\n$\nsbin d--755 0 0\ninit {init}\n$\n\
             dev d--755 0 0\n$\nproc d--755 0 0\n$\nrun d--755 0 0\n$\nsys d--755 0 0\n$\n$\n"
        )
    }
}

#[track_caller]
pub(crate) fn run(program: &str, arguments: &[&str]) {
    output(sbin(program).args(arguments)).unwrap_or_else(|why| panic!("{why}"));
}
