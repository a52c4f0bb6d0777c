//! `root=initramfs`: the image itself is the system. The tools that start containers pivot, which no program can out of the
//! rootfs before Linux 7; after pintle they can.

use crate::ended::Ended;
use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64, script};
use crate::images::{Image, init};
use crate::says::{PANIC, find_init};
use std::path::{Path, PathBuf};

/// A system that starts a container with bubblewrap and one with runc, both Debian's, and says what came of it.
const SYSTEM: &str = "
# Without pintle nothing is mounted, and this shell finds its own commands by /proc.
[ -e /proc/self ] || {
    /bin/busybox mkdir -p /proc /sys /run
    /bin/busybox mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t tmpfs tmpfs /run
    mount -t devtmpfs devtmpfs /dev
}
mkdir -p /tmp
echo '== mountinfo'
cat /proc/self/mountinfo
echo '== ballast'
wc -c </ballast
echo '== bwrap'
bwrap --ro-bind / / --dev /dev --proc /proc --unshare-pid sh -c 'echo inside as $$' 2>&1
echo '== runc'
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/bundle/rootfs/bin /run/bundle/rootfs/proc
cp /bin/busybox /run/bundle/rootfs/bin/
cd /run/bundle
runc spec
sed -i 's/\"terminal\": true/\"terminal\": false/; s/\"sh\"/\"\\/bin\\/busybox\", \"echo\", \"inside\"/' config.json
runc --root /run/runc run --no-new-keyring test 2>&1
cd /
echo '== user namespace'
unshare -U sh -c 'readlink /proc/self/ns/user | cut -c1-5'
echo '== fds'
readlink /proc/1/fd/0
";

on_kernels! { start_with_pintle:
    containers_start_on_x86_64_6_1: X86_64, "6.1";
    containers_start_on_x86_64_6_12: X86_64, "6.12";
    containers_start_on_x86_64_7: X86_64, "7";
    containers_start_on_aarch64_6_12: Aarch64, "6.12";
}

/// The kernel is silenced behind the mounts.
fn system() -> String {
    let (mounts, body) = SYSTEM.split_at(SYSTEM.find("echo").expect("a section"));
    let shell = format!("#!/bin/busybox sh\n{mounts}");
    init(body).replace("#!/bin/sh\n", &shell)
}

fn image<'s>(scratch: &'s Scratch, arch: Arch, kernel: &str) -> Image<'s> {
    let containers = PathBuf::from(script("qemu/fetch", &["containers", "--arch", arch.name()]).trim());
    let program = scratch.file("system", system().as_bytes(), 0o755);
    let ballast = scratch.file("ballast", &[b'x'; 100_000], 0o644);
    let busybox = arch.busybox();
    let mut image = Image::new(scratch, arch, kernel).compress("none").add(&containers, "/");
    for name in ["busybox", "sh"] {
        image = image.add(&busybox, &format!("/bin/{name}"));
    }
    image.add(&program, "/sbin/init").add(&ballast, "/ballast")
}

fn boot(arch: Arch, kernel: &str, image: &Path) -> Ended {
    Guest::new(arch).kernel(kernel).initramfs(image).disk("none").append("root=initramfs").memory(1024).run()
}

fn start_with_pintle(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let ended = boot(arch, kernel, &image(&scratch, arch, kernel).make());
    ended.is_done();
    assert_eq!(ended.pintle(), [""; 0]);
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/sys"]);
    assert_eq!(ended.line("ballast"), "100000", "nothing was deleted");
    assert_eq!(ended.line("bwrap"), "inside as 2");
    assert_eq!(ended.line("runc"), "inside");
    assert_eq!(ended.line("user namespace"), "user:");
    assert_eq!(ended.line("fds"), "/dev/console");
}

/// The control: the same image, the same system as its /init.
#[test]
fn containers_fail_without_pintle_before_7() {
    let scratch = Scratch::new();
    let image = image(&scratch, X86_64, "6.12").init(&system()).make();
    let ended = boot(X86_64, "6.12", &image);
    ended.is_done();
    assert_eq!(ended.section("bwrap"), ["bwrap: pivot_root: Invalid argument"]);
    assert!(ended.section("runc").iter().any(|line| line.contains("pivot_root")), "{:?}", ended.section("runc"));
}

/// An image without an init of its own, and one whose init is pintle, end in the failure policy; neither goes round in
/// circles.
#[test]
fn an_image_that_is_no_system() {
    let scratch = Scratch::new();
    let none = Image::new(&scratch, X86_64, "6.12").make();
    let guest = || Guest::new(X86_64).disk("none");
    let ended = guest().initramfs(&none).append("root=initramfs init=/sbin/init").run();
    ended.has_failed();
    assert_eq!(ended.pintle(), [find_init("/sbin/init", "ENOENT"), PANIC.to_owned()]);
    let ended = guest().initramfs(&none).append("root=initramfs init=/init").run();
    ended.has_failed();
    assert_eq!(ended.pintle(), ["root=initramfs: /run/pintle: EEXIST: giving up".to_owned(), PANIC.to_owned()]);
}
