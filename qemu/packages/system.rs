//! A directory that stands for a whole system: its tables, its devices in /sys, its kernels and their modules.

use crate::harness::{Aarch64, Scratch, X86_64, checkout, output, sbin};
use std::env::consts::ARCH;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The kernel that it runs.
pub(crate) const RUNS: &str = "6.1.0-1-test";
/// One that was just installed.
pub(crate) const NEW: &str = "6.12.9-test";

pub(crate) const UUID: &str = "70696e74-6c65-4000-8000-0000000000aa";

/// Made of one of [`System::with`]'s lines each.
pub(crate) struct System<'s> {
    root: PathBuf,
    scratch: &'s Scratch,
}

/// What an update came to.
pub(crate) struct Updated {
    pub(crate) status: Option<i32>,
    pub(crate) said: String,
}

impl<'s> System<'s> {
    /// ext4 on the first partition of a virtio disk, two kernels, an initramfs of somebody else's.
    pub(crate) fn new(scratch: &'s Scratch) -> System<'s> {
        let root = scratch.path("system");
        fs::create_dir(&root).expect("a directory for the system");
        let system = System { root, scratch };
        system.with(&format!(
            "file proc/sys/kernel/osrelease {RUNS}
             file proc/cmdline root=UUID={UUID} ro
             file etc/fstab UUID={UUID} / ext4 errors=remount-ro 0 1
             mount 254:1 / ext4 /dev/vda1 rw
             device pci0000:00/0000:00:04.0 modalias=pci:v1AF4d1001 driver=virtio_pci
             device pci0000:00/0000:00:04.0/virtio1 modalias=virtio:d2v1AF4 driver=virtio_blk
             block pci0000:00/0000:00:04.0/virtio1/block/vda 254:0
             partition pci0000:00/0000:00:04.0/virtio1/block/vda/vda1 254:1
             link dev/disk/by-uuid/{UUID} ../../vda1
             file boot/vmlinuz-{RUNS} kernel
             file boot/vmlinuz-{NEW} kernel
             file boot/initrd.img-{NEW} somebody else's"
        ));
        system.kernel(
            RUNS,
            &["virtio_pci pci:v1AF4*", "virtio_blk virtio:d2v*", "ext4 fs-ext4", "nvme pci:*c010802"],
            "",
        );
        system.kernel(
            NEW,
            &["virtio_pci pci:v1AF4*", "virtio_blk virtio:d2v*", "ext4 fs-ext4", "nvme pci:*c010802"],
            "",
        );
        system
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Lines, by their first word: `file PATH CONTENT`, appended as a line; `empty PATH`; `gone PATH`; `depmod VERSION`; `link PATH TARGET`; `mount NUMBER PLACE TYPE
    /// SOURCE OPTIONS`; `device PATH [modalias=A] [driver=MODULE]`, below /sys/devices; `block` and `partition PATH NUMBER`, a node in
    /// /dev too; `attribute PATH CONTENT`, below /sys/devices.
    pub(crate) fn with(&self, lines: &str) -> &Self {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (kind, rest) = line.split_once(' ').expect("a kind and more");
            let (path, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            match kind {
                "file" => self.append(path, rest),
                "empty" => self.write(path, ""),
                "gone" => std::fs::remove_file(self.path(path)).expect("a file to remove"),
                "depmod" => self.depmod(path),
                "link" => self.link(path, rest),
                "mount" => self.mount(path, rest),
                "device" => self.device(path, rest),
                "attribute" => self.write(&format!("sys/devices/{path}"), &format!("{rest}\n")),
                "block" | "partition" => self.block(kind, path, rest),
                _ => panic!("no such line: {line}"),
            }
        }
        self
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("its directory");
        fs::write(path, content).expect("a file of the system");
    }

    fn append(&self, path: &str, line: &str) {
        let old = fs::read_to_string(self.path(path)).unwrap_or_default();
        self.write(path, &format!("{old}{line}\n"));
    }

    fn link(&self, path: &str, target: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("its directory");
        let _ = fs::remove_file(&path);
        symlink(target, path).expect("a link of the system");
    }

    fn mount(&self, number: &str, rest: &str) {
        let words: Vec<_> = rest.split(' ').collect();
        let [place, fstype, source, options] = words[..] else { panic!("no mount: {rest}") };
        self.append(
            "proc/self/mountinfo",
            &format!("22 1 {number} / {place} rw,relatime shared:1 - {fstype} {source} {options}"),
        );
    }

    fn device(&self, path: &str, rest: &str) {
        for word in rest.split(' ').filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some(("modalias", alias)) => self.write(&format!("sys/devices/{path}/modalias"), alias),
                Some(("driver", module)) => {
                    self.write(&format!("sys/module/{module}/initstate"), "live");
                    let driver = format!("sys/bus/drivers/{module}");
                    let to_module = self.path(&format!("sys/module/{module}")).display().to_string();
                    self.link(&format!("{driver}/module"), &to_module);
                    self.link(&format!("sys/devices/{path}/driver"), &self.path(&driver).display().to_string());
                }
                _ => panic!("no such word: {word}"),
            }
        }
    }

    fn block(&self, kind: &str, path: &str, number: &str) {
        let directory = format!("sys/devices/{path}");
        self.write(&format!("{directory}/dev"), number);
        if kind == "partition" {
            self.write(&format!("{directory}/partition"), "1");
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        let target = self.path(&directory).display().to_string();
        self.link(&format!("sys/dev/block/{number}"), &target);
        self.link(&format!("sys/class/block/{name}"), &target);
        self.write(&format!("dev/{name}"), "");
    }

    /// A tree of modules, `NAME ALIAS` each, as depmod leaves it, and what is built in.
    pub(crate) fn kernel(&self, version: &str, modules: &[&str], builtin: &str) {
        let tree = format!("lib/modules/{version}");
        let _ = fs::remove_dir_all(self.path(&tree));
        for module in modules {
            let (name, alias) = module.split_once(' ').expect("a name and an alias");
            let object = self.scratch.path("module");
            let mut ld = Command::new("ld");
            // Any relocatable file will do, if it has the section that depmod reads.
            let text = self.scratch.file("modinfo", format!("alias={alias}\0name={name}\0").as_bytes(), 0o644);
            ld.args(["-r", "-b", "binary"]).arg("-o").arg(&object).arg(self.scratch.file("empty", b"", 0o644));
            output(&mut ld).unwrap_or_else(|why| panic!("{why}"));
            let mut objcopy = Command::new("objcopy");
            objcopy.arg(format!("--add-section=.modinfo={}", text.display())).arg(&object);
            output(&mut objcopy).unwrap_or_else(|why| panic!("{why}"));
            let file = self.path(&format!("{tree}/kernel/{name}.ko"));
            fs::create_dir_all(file.parent().expect("a parent")).expect("its directory");
            fs::copy(object, file).expect("a module");
        }
        fs::create_dir_all(self.path(&tree)).expect("a tree of modules");
        let lines: String = builtin.split_whitespace().map(|name| format!("kernel/{name}.ko\n")).collect();
        self.write(&format!("{tree}/modules.builtin"), &lines);
        self.write(&format!("{tree}/modules.order"), "");
        self.depmod(version);
    }

    fn depmod(&self, version: &str) {
        output(sbin("depmod").arg("-b").arg(&self.root).arg(version)).unwrap_or_else(|why| panic!("{why}"));
    }

    /// What pintle would say of a command line, and its exit status.
    pub(crate) fn pintle(&self, said: &str, status: i32) {
        let script = format!("#!/bin/sh\necho '{said}'\nexit {status}\n");
        let path = self.path("pintle");
        self.write("pintle", &script);
        let mut chmod = Command::new("chmod");
        output(chmod.arg("755").arg(path)).unwrap_or_else(|why| panic!("{why}"));
    }

    /// `update-initramfs` with these arguments, for this system; it makes images by the checkout's builder.
    pub(crate) fn update(&self, arguments: &[&str]) -> Updated {
        let init = if ARCH == "aarch64" { Aarch64 } else { X86_64 }.init();
        let builder = format!(
            "#!/bin/sh\nexec {} --init {} \"$@\"\n",
            checkout().join("scripts/mkinitramfs").display(),
            init.display()
        );
        self.update_by(&builder, arguments)
    }

    /// The same, by another builder.
    pub(crate) fn update_by(&self, builder: &str, arguments: &[&str]) -> Updated {
        // It is the real one that looks at the system.
        let real = checkout().join("scripts/mkinitramfs").display().to_string();
        let builder =
            builder.replacen('\n', &format!("\ncase \" $* \" in *' --check '*) exec {real} \"$@\" ;; esac\n"), 1);
        let builder = self.scratch.file("builder", builder.as_bytes(), 0o755);
        let mut update = Command::new(checkout().join("scripts/packaging/initramfs/update"));
        update
            .env("SYSTEM", &self.root)
            .env("LIBRARY", checkout().join("scripts"))
            .env("BUILDER", builder)
            .env("PINTLE", self.path("pintle"));
        update.env("PINTLE_SETUP_DONE", "1").env_remove("DPKG_MAINTSCRIPT_PACKAGE");
        let output = update.args(arguments).output().expect("update-initramfs to run");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Updated { status: output.status.code(), said: said.replace(&self.root.display().to_string(), "") }
    }

    /// What is in /boot, but for the kernels.
    pub(crate) fn images(&self) -> Vec<String> {
        let names = fs::read_dir(self.path("boot")).expect("/boot").map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.retain(|name| !name.starts_with("vmlinuz"));
        names.sort();
        names
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
    }
}

/// The names of the files in an image that isn't compressed.
pub(crate) fn listed(image: &Path) -> Vec<String> {
    let mut cpio = Command::new("cpio");
    let file = fs::File::open(image).expect("an image");
    let names = output(cpio.args(["-it", "--quiet"]).stdin(file)).unwrap_or_else(|why| panic!("{why}"));
    names.lines().map(str::to_owned).collect()
}
