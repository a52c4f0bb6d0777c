//! Debian stable, booted by pintle, that installs the packages and then a second kernel of Debian's: the kernel's own hooks make
//! pintle's image, which boots; where the root becomes one that pintle can't boot, they refuse, and what is there still boots.

use crate::guest::Guest;
use crate::harness::{Arch, Scratch, X86_64, checkout, output, sbin, script};
use crate::images::read_back;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const UUID: &str = "70696e74-6c65-4000-8000-0000000000d0";

/// What runs as init: no services, so that all of the time is dpkg's. Each section of what it does ends with its exit status.
const SESSION: &str = r#"#!/bin/bash
mount -o remount,rw /
exec </dev/null >/var/lib/shown 2>&1
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive
section() { echo "== $1"; shift; "$@"; printf '\n-- %s\n' $?; }
# What udev would do.
ln -s /proc/self/fd /dev/fd
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
section kernel uname -r
section times cat /run/pintle/times
. /usr/local/sbin/steps
section boot ls /boot
echo '== end'
# What is open for writing keeps it from being read-only, and so clean.
exec >/dev/null 2>&1
mount -o remount,ro / || echo '<3>session: the root stays writable' >/dev/kmsg
echo o >/proc/sysrq-trigger
sleep 60
"#;

/// The README's commands, where the packages are.
const INSTALL: &str = r#"
mount -o ro /dev/vdb /mnt
cd /mnt
dpkg -i target/xz-utils.deb
section install bash -euc "$(cat target/readme)"
section other bash -c 'ls -l /usr/sbin/update-initramfs; dpkg-query -W -f "\${db:Status-Abbrev}" initramfs-tools'
section kernel-package dpkg -i target/kernel.deb
# kernel-install's plugin, as it calls it: with an image in /boot that one is taken, without it there is one of its own.
export KERNEL_INSTALL_STAGING_AREA=/tmp
plugin() { /usr/lib/kernel/install.d/50-pintle.install add "$(uname -r)" /tmp/entry "/boot/vmlinuz-$(uname -r)"; }
section plugin-leaves bash -c "$(declare -f plugin); plugin; ls /tmp"
mv "/boot/initrd.img-$(uname -r)" /boot/moved
section plugin-makes plugin
section plugin-same cmp /tmp/initrd-pintle /boot/moved
mv /boot/moved "/boot/initrd.img-$(uname -r)"
"#;

/// By the new kernel. What is on the disk of the root wants to be unlocked first; a hook is asked as dpkg asks it.
const REFUSE: &str = r#"
first=$(basename /boot/vmlinuz-6.12*)
first=${first#vmlinuz-}
hook() { DEB_MAINT_PARAMS="configure ''" run-parts --exit-on-error --arg="$1" --arg="/boot/vmlinuz-$1" /etc/kernel/postinst.d; }
section before sha256sum /boot/initrd.img-*
section checks update-initramfs --check -k all
echo "root UUID=70696e74-6c65-4000-8000-0000000000d0 none luks" >/etc/crypttab
mkdir -p /dev/disk/by-uuid
ln -s ../../vda /dev/disk/by-uuid/70696e74-6c65-4000-8000-0000000000d0
section refuses update-initramfs -u
section hook hook "$(uname -r)"
section after sha256sum /boot/initrd.img-*
mount -o ro /dev/vdb /mnt
touch /boot/initrd.img-9.9 /boot/initrd.img-9.9.old
gone() { DEB_MAINT_PARAMS="'remove'" run-parts --exit-on-error --arg=9.9 --arg=/boot/vmlinuz-9.9 /etc/kernel/postrm.d; ls /boot | grep -c 9.9; }
section gone gone
# As apt does where the next one of the kind is to come.
section removed dpkg -r --force-depends pintle-initramfs
section refused dpkg -i /mnt/target/pintle-initramfs_*.deb
section purged dpkg -P --force-depends pintle-initramfs
section left bash -c 'ls -d /etc/kernel/*/pintle* /etc/default/pintle* /var/lib/pintle* 2>/dev/null; true'
section last sha256sum /boot/initrd.img-*
"#;

struct Debian<'s> {
    scratch: &'s Scratch,
    arch: Arch,
    disk: String,
    packages: String,
}

struct Shown(String);

impl Shown {
    /// The lines of a section, and the status that it ended with.
    #[track_caller]
    fn section(&self, name: &str) -> (Vec<&str>, i32) {
        let rest = self.0.split_once(&format!("== {name}\n")).unwrap_or_else(|| panic!("no {name}: {}", self.0)).1;
        let (said, rest) = rest.split_once("\n-- ").unwrap_or_else(|| panic!("no end of {name}: {}", self.0));
        let status = rest.lines().next().and_then(|status| status.parse().ok());
        (said.lines().collect(), status.unwrap_or_else(|| panic!("no status of {name}: {}", self.0)))
    }

    /// What it said, the status being this one.
    #[track_caller]
    fn said(&self, name: &str, status: i32) -> String {
        let (lines, ended) = self.section(name);
        assert_eq!(ended, status, "{name}: {}", self.0);
        lines.join("\n")
    }
}

/// The commands of the README's section on Debian.
fn readme() -> String {
    let readme = fs::read_to_string(checkout().join("README.md")).expect("README.md");
    let (_, section) = readme.split_once("\n## On Debian\n").expect("its section on Debian");
    let (_, block) = section.split_once("```\n").expect("a block of commands");
    block
        .split_once("```")
        .expect("its end")
        .0
        .lines()
        .filter(|line| !line.starts_with("scripts/"))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn run(command: &mut Command) -> String {
    output(command).unwrap_or_else(|why| panic!("{why}"))
}

impl Debian<'_> {
    fn debugfs(&self, commands: &str) {
        let file = self.scratch.file("commands", commands.as_bytes(), 0o644);
        run(sbin("debugfs").arg("-w").arg("-f").arg(file).arg(&self.disk));
    }

    fn write(&self, path: &str, content: &[u8]) {
        let file = self.scratch.file("file", content, 0o755);
        self.debugfs(&format!("rm {path}\nwrite {} {path}\nset_inode_field {path} mode 0100755\n", file.display()));
    }

    /// A file out of its disk.
    fn take(&self, path: &str) -> PathBuf {
        let file = self.scratch.path("taken");
        run(sbin("debugfs").args(["-R", &format!("dump {path} {}", file.display()), &self.disk]));
        file
    }

    /// Boots it, and has it take these steps.
    fn boot(&self, guest: Guest, steps: &str) -> Shown {
        self.debugfs("rm /var/lib/shown\n");
        self.write("/usr/local/sbin/steps", steps.as_bytes());
        let guest = guest.disk(&self.disk).disk(format!("{},snapshot=on", self.packages));
        let guest = guest.memory(1024).timeout(900).qemu("-device", "virtio-rng-pci");
        let ended = guest.append(&format!("root=UUID={UUID} ro init=/usr/local/sbin/session")).run();
        ended.has_powered_off();
        assert!(!ended.says("the root stays writable"), "debugfs would undo what its journal holds");
        let shown = Shown(read_back(&self.disk, "/var/lib/shown"));
        assert!(shown.0.ends_with("== end\n"), "{}", shown.0);
        assert!(shown.said("times", 0).contains("pintle: times: "), "booted by pintle");
        shown
    }

    /// By a kernel and an image that are on its own disk.
    fn boot_own(&self, version: &str, steps: &str) -> Shown {
        let (kernel, image) =
            (self.take(&format!("/boot/vmlinuz-{version}")), self.take(&format!("/boot/initrd.img-{version}")));
        let shown = self.boot(Guest::new(self.arch).kernel(&kernel.display().to_string()).initramfs(&image), steps);
        assert_eq!(shown.said("kernel", 0), version);
        shown
    }
}

/// Debian's package of a kernel, with its scripts, without compression and without most of what an emulated machine hasn't: unpacking and
/// depmod are slow there.
fn kernel_package(scratch: &Scratch, arch: Arch, to: &Path) -> String {
    let package = script("qemu/fetch", &["package", "--arch", arch.name(), "linux-image-6.1-cloud"]);
    let tree = scratch.path("kernel");
    run(Command::new("dpkg-deb").arg("-R").arg(package.trim()).arg(&tree));
    let version = fs::read_dir(tree.join("lib/modules")).expect("modules").next().expect("a kernel").expect("its name");
    let modules = version.path().join("kernel");
    for path in [
        "net",
        "sound",
        "drivers/net",
        "drivers/gpu",
        "drivers/infiniband",
        "drivers/media",
        "drivers/hid",
        "drivers/input",
    ] {
        let _ = fs::remove_dir_all(modules.join(path));
    }
    run(Command::new("dpkg-deb").args(["--root-owner-group", "-Znone", "-b"]).arg(&tree).arg(to));
    version.file_name().to_string_lossy().into_owned()
}

fn check(arch: Arch) {
    let scratch = Scratch::new();
    let fetched = PathBuf::from(script("qemu/fetch", &["debian", "--arch", arch.name()]).trim());
    let checkout = scratch.path("checkout");
    let packages = checkout.join("target");
    fs::create_dir_all(&packages).expect("a directory for the packages");
    arch.init();
    script("scripts/package", &["deb", "--arch", arch.name(), "--output", &packages.display().to_string()]);
    let second = kernel_package(&scratch, arch, &packages.join("kernel.deb"));
    let xz = script("qemu/fetch", &["package", "--arch", arch.name(), "xz-utils"]);
    fs::copy(xz.trim(), packages.join("xz-utils.deb")).expect("xz-utils");
    fs::write(packages.join("readme"), readme()).expect("the README's commands");
    let image = scratch.path("packages.img");
    run(sbin("mke2fs").args(["-q", "-t", "ext4", "-d"]).arg(&checkout).arg(&image).arg("200M"));

    let disk = scratch.path("debian.img");
    run(Command::new("cp").arg("--sparse=always").arg(fetched.join("disk.img")).arg(&disk));
    let debian =
        Debian { scratch: &scratch, arch, disk: disk.display().to_string(), packages: image.display().to_string() };
    // As Debian has it: its kernel, and the image by initramfs-tools.
    let modules = fs::canonicalize(fetched.join("modules")).expect("its modules");
    let first = modules.file_name().expect("its version").to_string_lossy().into_owned();
    let [vmlinuz, initrd] = ["vmlinuz", "initrd"].map(|name| fetched.join(name).display().to_string());
    debian.debugfs(&format!("write {vmlinuz} /boot/vmlinuz-{first}\nwrite {initrd} /boot/initrd.img-{first}\n"));
    debian.write("/usr/local/sbin/session", SESSION.as_bytes());

    let shown = debian.boot(Guest::new(arch).kernel(&vmlinuz).modules(&modules), INSTALL);
    let said = shown.said("install", 0);
    assert!(said.contains(&format!("/boot/initrd.img-{first}: ")), "{said}");
    assert!(said.contains(&format!("/boot/pintle.img-{first}: ")), "beside it, when asked: {said}");
    assert!(said.contains(&format!("pintle can boot this system by kernel {first}")), "{said}");
    let said = shown.said("other", 0);
    assert!(said.contains("../lib/pintle-initramfs/update"), "{said}");
    assert!(said.ends_with("rc "), "initramfs-tools has made room: {said}");
    let old = fs::read(debian.take(&format!("/boot/initrd.img-{first}.old"))).expect("the old one");
    assert!(old == fs::read(&initrd).expect("initrd"), "Debian's own image is kept");
    let said = shown.said("kernel-package", 0);
    assert!(said.contains("/etc/kernel/postinst.d/pintle-initramfs:\n"), "{said}");
    assert_eq!(shown.said("plugin-leaves", 0), "");
    shown.said("plugin-makes", 0);
    shown.said("plugin-same", 0);
    let (names, _) = shown.section("boot");
    assert!(
        names.contains(&&*format!("initrd.img-{second}")) && !names.iter().any(|name| name.ends_with(".new")),
        "{names:?}"
    );
    let image = debian.take(&format!("/boot/initrd.img-{second}"));
    let size = fs::metadata(&image).expect("the image").len();
    assert!(size < 1 << 20, "{size} bytes: a disk's driver, a file system, no more");

    let shown = debian.boot_own(&second, REFUSE);
    assert_eq!(shown.said("checks", 0).lines().count(), 2, "{}", shown.0);
    let reason = format!("pintle can't boot this system: /etc/crypttab: root is on UUID={UUID}, on which the root is");
    for (name, version) in [("refuses", &first), ("hook", &second)] {
        let said = shown.said(name, 1);
        assert!(said.contains(&reason), "{name}: {said}");
        assert!(said.contains(&format!("/boot/initrd.img-{version} stays as it is")), "{name}: {said}");
    }
    let before = shown.said("before", 0);
    assert_eq!(before.lines().count(), 3, "{before}");
    assert_eq!(shown.said("after", 0), before);
    assert_eq!(shown.said("gone", 1), "0", "the images of a kernel that is removed");
    // Removed, it leaves the images; it doesn't come back to a system that it can't boot; purged, nothing else is left of it.
    shown.said("removed", 0);
    let said = shown.said("refused", 1);
    assert!(said.contains(&format!("pintle-initramfs: {reason}")), "{said}");
    shown.said("purged", 0);
    assert_eq!(shown.said("left", 0), "");
    assert_eq!(shown.said("last", 0), before);

    let shown = debian.boot_own(&second, "");
    assert_eq!(shown.said("boot", 0).lines().filter(|name| name.starts_with("initrd.img-")).count(), 3, "{}", shown.0);
}

/// On one architecture: it takes three minutes of a processor, most of them dpkg's and depmod's.
#[test]
fn packages_on_x86_64() {
    check(X86_64);
}
