//! A root device that comes while pintle waits for it.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, partitioned};
use crate::says::{mounted, waiting};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// How it is plugged in: what must be there before, and what it is.
struct Kind {
    before: &'static str,
    device: &'static str,
    modules: &'static [&'static str],
}

const VIRTIO: Kind = Kind {
    before: "pcie-root-port,id=late_port,bus=pcie.0,chassis=1",
    device: r#""driver":"virtio-blk-pci","bus":"late_port""#,
    modules: &["virtio_pci", "virtio_blk"],
};
const SCSI: Kind = Kind {
    before: "virtio-scsi-pci,id=scsi",
    device: r#""driver":"scsi-hd","bus":"scsi.0""#,
    modules: &["virtio_pci", "virtio_scsi", "sd_mod"],
};

#[test]
fn quick_virtio_on_x86_64() {
    plug(X86_64, "6.12", &VIRTIO, "root=/dev/vda", "/dev/vda");
}

#[test]
fn virtio_on_aarch64() {
    plug(Aarch64, "6.12", &VIRTIO, "root=/dev/vda", "/dev/vda");
}

/// Its partitions come after the disk.
#[test]
fn scsi_by_partition_label_on_x86_64() {
    plug(X86_64, "6.1", &SCSI, "\"root=PARTLABEL=late root\"", "/dev/sda2");
}

#[test]
fn scsi_by_number_on_aarch64() {
    plug(Aarch64, "7", &SCSI, "root=8:2", "/dev/sda2");
}

fn plug(arch: Arch, kernel: &str, kind: &Kind, root: &str, device: &str) {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, arch).make();
    let disk = if device.ends_with('2') { partitioned(&scratch, &disk, "late root", UUID) } else { disk };
    let image = kind.modules.iter().fold(Image::new(&scratch, arch, kernel), |image, name| image.module(name)).make();
    let socket = scratch.path("qmp");
    let guest = Guest::new(arch).kernel(kernel).disk("none").initramfs(&image).append(&format!("{root} rootwait"));
    let guest = guest.qemu("-device", kind.before);
    let mut guest = guest.qemu("-qmp", &format!("unix:{},server=on,wait=off", socket.display())).start();

    let word = root.trim_matches('"').trim_start_matches("root=");
    guest.wait_for(&format!("pintle: {}", waiting(word, 1, "ever")), 60);
    let mut monitor = Monitor::connect(&socket);
    let file = format!(r#"{{"driver":"file","filename":"{disk}"}}"#);
    monitor.execute(&format!(r#""blockdev-add","arguments":{{"driver":"raw","node-name":"late","file":{file}}}"#));
    monitor.execute(&format!(r#""device_add","arguments":{{"id":"late","drive":"late",{}}}"#, kind.device));

    let ended = guest.end();
    ended.is_done();
    // PCIe hot-plug takes 5 s by itself: on a slow machine the next notice, 10 s later, comes in between.
    let said = ended.pintle();
    let (first, last) = (waiting(word, 1, "ever"), mounted(device, "read-only"));
    assert_eq!((said.first(), said.last()), (Some(&first), Some(&last)));
    let notices = said.iter().filter(|line| line.starts_with(&format!("find root: {word}: not there after ")));
    assert_eq!(notices.count(), said.len() - 1, "{said:?}");
    assert_eq!(ended.mount("/").source, device);
    assert_eq!(ended.section("argv"), ["[/sbin/init]"]);
    // It is told of the device: it doesn't find it when it happens to look.
    let name = device.trim_start_matches("/dev/").trim_end_matches('2');
    let delay = ended.time_of("pintle: mounted") - ended.time_of(&format!("[{name}] "));
    assert!((0.0..1.0).contains(&delay), "{device} was mounted {delay} s after it came");
}

const UUID: &str = "0f2a4c6e-0001-4000-8000-00000000abcd";

/// QEMU's monitor (docs/interop/qmp-spec.txt): a line a message.
struct Monitor(BufReader<UnixStream>);

impl Monitor {
    fn connect(socket: &Path) -> Monitor {
        let stream = UnixStream::connect(socket).expect("QEMU's monitor");
        let mut monitor = Monitor(BufReader::new(stream));
        assert!(monitor.read().contains("\"QMP\""), "no greeting");
        monitor.execute("\"qmp_capabilities\"");
        monitor
    }

    #[track_caller]
    fn execute(&mut self, command: &str) {
        writeln!(self.0.get_mut(), "{{\"execute\":{command}}}").expect("to write to QEMU's monitor");
        // Events may come between.
        let answer = std::iter::repeat_with(|| self.read()).find(|line| !line.contains("\"event\""));
        assert!(answer.as_ref().is_some_and(|line| line.contains("\"return\"")), "{command}: {answer:?}");
    }

    fn read(&mut self) -> String {
        let mut line = String::new();
        let length = self.0.read_line(&mut line).expect("to read from QEMU's monitor");
        assert!(length > 0, "QEMU has closed its monitor");
        line
    }
}
