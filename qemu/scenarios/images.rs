//! What guests are made of: root disks, partitioned disks, initramfs images.

use crate::harness::{Arch, Scratch, X86_64, output, sbin, script};
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

/// An init that runs `body`, tells that it came to its end and powers off. Kernel messages stay out of its lines.
pub(crate) fn init(body: &str) -> String {
    format!("#!/bin/sh\necho 1 >/proc/sys/kernel/printk\n{body}\necho '== done'\nsync\npoweroff -f\n")
}

/// A root disk as `qemu/root-disk` makes it: busybox, the usual directories, and the demo's /sbin/init unless told
/// otherwise.
pub(crate) struct RootDisk<'s> {
    scratch: &'s Scratch,
    arguments: Vec<String>,
}

impl<'s> RootDisk<'s> {
    pub(crate) fn new(scratch: &'s Scratch, arch: Arch) -> RootDisk<'s> {
        arch.init();
        RootDisk { scratch, arguments: Vec::new() }.option("--arch", arch.name())
    }

    fn option(mut self, name: &str, value: impl Into<String>) -> Self {
        self.arguments.extend([name.to_owned(), value.into()]);
        self
    }

    /// Another /sbin/init.
    pub(crate) fn init(self, text: &str) -> Self {
        let file = self.scratch.file("init", text.as_bytes(), 0o755);
        self.option("--init", file.display().to_string())
    }

    pub(crate) fn no_init(self) -> Self {
        self.option("--init", "none")
    }

    /// A file that may be executed.
    pub(crate) fn program(self, path: &str, text: &str) -> Self {
        self.bytes(path, text.as_bytes())
    }

    /// The same of any content.
    pub(crate) fn bytes(self, path: &str, content: &[u8]) -> Self {
        let file = self.scratch.file("program", content, 0o755);
        self.add(&file, path)
    }

    pub(crate) fn add(self, file: &Path, path: &str) -> Self {
        self.option("--add", format!("{}:{path}", file.display()))
    }

    pub(crate) fn link(self, target: &str, path: &str) -> Self {
        self.option("--link", format!("{target}:{path}"))
    }

    pub(crate) fn mode(self, mode: &str, path: &str) -> Self {
        self.option("--mode", format!("{mode}:{path}"))
    }

    pub(crate) fn label(self, label: &str) -> Self {
        self.option("--label", label)
    }

    /// Of so many MiB.
    pub(crate) fn size(self, mib: u32) -> Self {
        self.option("--size", mib.to_string())
    }

    /// Without one of the usual directories.
    pub(crate) fn omit(self, path: &str) -> Self {
        self.option("--omit", path)
    }

    #[track_caller]
    pub(crate) fn make(self) -> String {
        let path = self.scratch.path("root.img").display().to_string();
        script("qemu/root-disk", &self.option("--output", &path).arguments);
        path
    }
}

/// An initramfs as `scripts/mkinitramfs` makes it, with the modules of one of Debian's kernels.
pub(crate) struct Image<'s> {
    scratch: &'s Scratch,
    arguments: Vec<String>,
}

impl<'s> Image<'s> {
    #[track_caller]
    pub(crate) fn new(scratch: &'s Scratch, arch: Arch, kernel: &str) -> Image<'s> {
        arch.init();
        let modules = arch.kernel(kernel).join("modules").display().to_string();
        Image { scratch, arguments: Vec::new() }.option("--arch", arch.name()).option("--modules-dir", modules)
    }

    fn option(mut self, name: &str, value: impl Into<String>) -> Self {
        self.arguments.extend([name.to_owned(), value.into()]);
        self
    }

    /// One that is loaded. Without any: those for ext4 on virtio-blk.
    pub(crate) fn module(self, name: &str) -> Self {
        self.option("--module", name)
    }

    /// None at all.
    pub(crate) fn no_modules(mut self) -> Self {
        self.arguments.push("--no-modules".to_owned());
        self
    }

    /// Modules without their signatures.
    pub(crate) fn strip_signatures(mut self) -> Self {
        self.arguments.push("--strip-signatures".to_owned());
        self
    }

    pub(crate) fn compress(self, how: &str) -> Self {
        self.option("--compress", how)
    }

    pub(crate) fn add(self, file: &Path, path: &str) -> Self {
        self.option("--add", format!("{}:{path}", file.display()))
    }

    /// The program for `pintle.rescue`.
    pub(crate) fn rescue(self, program: &Path) -> Self {
        self.option("--rescue", program.display().to_string())
    }

    /// This machine's checker of a file system.
    pub(crate) fn fsck(self, fstype: &str) -> Self {
        self.option("--fsck", fstype)
    }

    /// Another /init than pintle.
    pub(crate) fn init(self, text: &str) -> Self {
        let file = self.scratch.file("init", text.as_bytes(), 0o755);
        self.option("--init", file.display().to_string())
    }

    /// A shell script as /init, which execs pintle in the end.
    #[track_caller]
    pub(crate) fn script(self, arch: Arch, body: &str) -> Self {
        let script = format!("#!/bin/busybox sh\n{body}\nexec /pintle\n");
        self.init(&script).add(&arch.init(), "/pintle").add(&arch.busybox(), "/bin/busybox")
    }

    #[track_caller]
    pub(crate) fn make(self) -> PathBuf {
        let path = self.scratch.path("initramfs.cpio");
        script("scripts/mkinitramfs", &self.option("--output", path.display().to_string()).arguments);
        path
    }
}

/// Programs of this machine's and the libraries that they need: the files, and the paths that they are looked for at.
#[track_caller]
pub(crate) fn of_this_machine(programs: &[&str]) -> Vec<(PathBuf, String)> {
    let mut paths = Vec::new();
    let mut files = Vec::new();
    for name in programs {
        let path = output(sbin("sh").args(["-c", &format!("command -v {name}")])).expect("a tool");
        let needed = output(sbin("ldd").arg(path.trim())).expect("ldd");
        paths.extend(needed.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned));
        files.push((fs::canonicalize(path.trim()).expect("it"), format!("/sbin/{name}")));
    }
    paths.sort();
    paths.dedup();
    files.extend(paths.into_iter().map(|path| (fs::canonicalize(&path).expect("a library"), path)));
    files
}

/// A file that no compression makes smaller.
pub(crate) fn noise(scratch: &Scratch, kib: u64) -> PathBuf {
    let mut noise = Vec::new();
    let random = fs::File::open("/dev/urandom").expect("/dev/urandom");
    random.take(kib << 10).read_to_end(&mut noise).expect("random bytes");
    scratch.file("noise", &noise, 0o644)
}

/// A disk with a GPT of two partitions, the second of them a copy of `root`, with this name and UUID.
#[track_caller]
pub(crate) fn partitioned(scratch: &Scratch, root: &str, name: &str, uuid: &str) -> String {
    const MIB: u64 = 1 << 20;
    let root = fs::read(root).expect("the root file system");
    let disk = scratch.path("disk.img");
    let mut file = fs::File::create(&disk).expect("a file for the disk");
    file.set_len(MIB * 4 + root.len() as u64).expect("room for it");
    let table = format!(
        "label: gpt\n\
         start=1MiB, size=1MiB, name=\"other\"\n\
         start=2MiB, size={}MiB, name=\"{name}\", uuid={uuid}\n",
        root.len() as u64 / MIB
    );
    let table = scratch.file("table", table.as_bytes(), 0o644);
    let table = fs::File::open(table).expect("the table");
    output(sbin("sfdisk").arg("--quiet").arg(&disk).stdin(Stdio::from(table))).unwrap_or_else(|why| panic!("{why}"));
    file.seek(SeekFrom::Start(2 * MIB)).and_then(|_| file.write_all(&root)).expect("the root in its partition");
    disk.display().to_string()
}

/// The content of a file of an ext4 image, as a guest left it.
#[track_caller]
pub(crate) fn read_back(disk: &str, path: &str) -> String {
    output(sbin("debugfs").args(["-R", &format!("cat {path}"), disk])).unwrap_or_else(|why| panic!("{why}"))
}

/// The blocks, of 4096 bytes, that a file of an ext4 image has.
#[track_caller]
pub(crate) fn blocks(disk: &str, path: &str) -> Vec<u64> {
    let said = output(sbin("debugfs").args(["-R", &format!("blocks {path}"), disk])).expect("debugfs");
    let blocks: Vec<_> = said.split_whitespace().map(|block| block.parse().expect("a block")).collect();
    assert!(!blocks.is_empty(), "{path} has no blocks");
    blocks
}

/// The demo's root disk, which many guests may have at once with `,snapshot=on`. One of the checkout's, made once.
#[track_caller]
pub(crate) fn demo_disk(arch: Arch) -> String {
    static MADE: [OnceLock<String>; 2] = [const { OnceLock::new() }; 2];
    let [x86_64, aarch64] = &MADE;
    let made = if arch == X86_64 { x86_64 } else { aarch64 };
    made.get_or_init(|| {
        arch.init();
        let path = format!("{}/scenarios.demo.{}.img", env!("CARGO_TARGET_TMPDIR"), arch.name());
        script("qemu/root-disk", &["--arch", arch.name(), "--output", &path]);
        path
    })
    .clone()
}
