//! Roots on no block device: a directory of the host's, by 9p and by virtiofs.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, sbin};
use crate::says::mounted_as;
use crate::tree::Tree;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const TAG: &str = "shared_root";

#[test]
fn nine_p_on_x86_64() {
    nine_p(X86_64, "6.12-full");
}

#[test]
fn nine_p_on_aarch64() {
    nine_p(Aarch64, "6.1-full");
}

/// Debian's cloud kernels have no 9p.
fn nine_p(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let tree = Tree::new(&scratch, arch);
    let guest = Guest::new(arch).kernel(kernel).disk("none");
    let guest = ["virtio_pci", "9pnet_virtio", "9p"].into_iter().fold(guest, Guest::module);
    let shared = format!("local,id=root,path={},security_model=none,readonly=on", tree.root().display());
    let guest = guest.qemu("-fsdev", &shared).qemu("-device", &format!("virtio-9p-pci,fsdev=root,mount_tag={TAG}"));
    let words = format!("root={TAG} rootfstype=9p rootflags=trans=virtio,version=9p2000.L");
    check(&guest.append(&words).run(), "9p", "read-only");
}

#[track_caller]
fn check(ended: &Ended, fstype: &str, how: &str) {
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted_as(fstype, TAG, how)]);
    let root = ended.mount("/");
    assert_eq!((root.fstype, root.source), (fstype, TAG));
    assert_eq!(ended.section("argv"), ["[/sbin/init]"]);
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/sys"]);
}

#[test]
fn virtiofs_on_x86_64() {
    virtiofs(X86_64, "6.12");
}

#[test]
fn virtiofs_on_aarch64() {
    virtiofs(Aarch64, "7");
}

fn virtiofs(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let tree = Tree::new(&scratch, arch);
    let socket = scratch.path("virtiofsd");
    let _daemon = Daemon::start(&socket, tree.root());
    let guest = Guest::new(arch).kernel(kernel).disk("none").module("virtio_pci").module("virtiofs");
    let guest = guest.qemu("-object", "memory-backend-memfd,id=memory,size=512M,share=on");
    let guest = guest.qemu("-numa", "node,memdev=memory");
    let guest = guest.qemu("-chardev", &format!("socket,id=shared,path={}", socket.display()));
    let guest = guest.qemu("-device", &format!("vhost-user-fs-pci,chardev=shared,tag={TAG}"));
    check(&guest.append(&format!("root={TAG} rootfstype=virtiofs rw")).run(), "virtiofs", "read-write");
}

/// virtiofsd, Rust's where it is a package of its own, or QEMU's own of before version 8.
struct Daemon(Child);

impl Daemon {
    #[track_caller]
    fn start(socket: &Path, root: &Path) -> Daemon {
        let own = Path::new("/usr/lib/qemu/virtiofsd");
        let newer = Path::new("/usr/libexec/virtiofsd");
        let (socket_word, root) = (format!("--socket-path={}", socket.display()), root.display());
        let mut daemon = if newer.exists() {
            let mut daemon = sbin(&newer.display().to_string());
            daemon.arg(format!("--shared-dir={root}")).arg("--sandbox=none");
            daemon
        } else {
            let mut daemon = sbin(&own.display().to_string());
            daemon.arg("-o").arg(format!("source={root}")).arg("-o").arg("sandbox=chroot");
            daemon
        };
        let daemon =
            daemon.arg(socket_word).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn();
        let mut daemon = Daemon(daemon.expect("virtiofsd (package qemu-system-common or virtiofsd)"));
        let since = Instant::now();
        while !socket.exists() {
            assert!(daemon.0.try_wait().expect("its state").is_none(), "virtiofsd has ended");
            assert!(since.elapsed().as_secs() < 10, "virtiofsd has no socket");
            sleep(Duration::from_millis(50));
        }
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
