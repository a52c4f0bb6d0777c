//! A device that doesn't answer: suspended device-mapper, as a dying disk, sleeps for ever in the kernel. The others are
//! looked at all the same.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, output};
use crate::images::Image;
use crate::says::{DEVICES_END, PANIC, mounted, not_found, stuck};
use std::process::Command;

/// What makes one, 32 MiB large, and suspends it.
const SUSPEND: &str = r#"
#include <fcntl.h>
#include <linux/dm-ioctl.h>
#include <string.h>
#include <sys/ioctl.h>

static struct { struct dm_ioctl head; struct dm_target_spec target; char parameters[8]; } message;

static int call(int control, unsigned long request, unsigned flags) {
    memset(&message, 0, sizeof message);
    message.head.version[0] = DM_VERSION_MAJOR;
    message.head.data_size = sizeof message;
    message.head.data_start = sizeof message.head;
    message.head.target_count = request == DM_TABLE_LOAD;
    message.head.flags = flags;
    strcpy(message.head.name, "stuck");
    message.target.length = 65536;
    strcpy(message.target.target_type, "error");
    return ioctl(control, request, &message);
}

int main(void) {
    int control = open("/dev/mapper/control", O_RDWR);
    return call(control, DM_DEV_CREATE, 0) || call(control, DM_TABLE_LOAD, 0) || call(control, DM_DEV_SUSPEND, 0)
        || call(control, DM_DEV_SUSPEND, DM_SUSPEND_FLAG);
}
"#;

/// An /init that makes it before it becomes pintle.
const INIT: &str = "#!/bin/busybox sh
busybox mkdir -p /dev
busybox mount -t devtmpfs dev /dev
busybox insmod $(busybox find /lib/modules -name dm-mod.ko)
/suspend || echo no suspended device
busybox umount /dev
exec /pintle
";

/// Of the machine that the tests run on: the C compiler makes programs for it alone.
fn arch() -> Arch {
    if cfg!(target_arch = "x86_64") { X86_64 } else { Aarch64 }
}

fn boot(words: &str) -> Ended {
    let scratch = Scratch::new();
    let source = scratch.file("suspend", SUSPEND.as_bytes(), 0o644);
    let suspend = scratch.path("suspend");
    let mut compiler = Command::new("cc");
    compiler.args(["-static", "-Os", "-s", "-x", "c"]).arg(&source).arg("-o").arg(&suspend);
    output(&mut compiler).unwrap_or_else(|why| panic!("{why}"));
    let modules = ["virtio_pci", "virtio_blk", "dm_mod"];
    let image = modules.iter().fold(Image::new(&scratch, arch(), "6.12"), |image, name| image.module(name));
    let image = image.init(INIT).add(&arch().init(), "/pintle").add(&arch().busybox(), "/bin/busybox");
    let image = image.add(&suspend, "/suspend").make();
    let ended = Guest::new(arch()).initramfs(&image).append(words).run();
    assert!(!ended.says("no suspended device"));
    ended
}

#[test]
fn the_root_is_found_beside_it() {
    let ended = boot("root=LABEL=pintle-root");
    ended.is_done();
    let mut said = ended.pintle_but_waiting();
    // It may be found before or after it.
    said.sort();
    assert_eq!(said, [stuck("dm-0"), mounted("/dev/vda", "read-only")]);
    let took = ended.time_of("pintle: mounted") - ended.time_of("Run /init as init process");
    assert!(took < 3.0, "it took {took} s");
}

/// Nobody waits for it when the devices are listed either.
#[test]
fn the_others_are_listed() {
    let ended = boot("root=LABEL=nope rootwait=2");
    ended.has_failed();
    let said = ended.pintle_but_devices();
    assert_eq!(said.first(), Some(&stuck("dm-0")));
    assert!(said.contains(&not_found("LABEL=nope")), "{said:?}");
    assert_eq!(said.last().map(String::as_str), Some(PANIC));
    let devices = ended.devices();
    assert!(devices.iter().any(|line| line.contains(" DEVNAME=vda ")), "{devices:?}");
    assert_eq!(devices.last().map(String::as_str), Some(DEVICES_END));
}
