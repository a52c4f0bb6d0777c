//! The image's own programs: /rescue, where nothing could be booted and somebody asked for it, and /shutdown, for which the
//! image stays.

use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, init};
use crate::says::{PANIC, mounted};

const RESCUE: &str = "#!/bin/busybox sh
echo '== rescue'
echo \"$0 as $$, $(readlink /proc/self/fd/0), session $(cut -d' ' -f6 /proc/self/stat)\"
[ -e /dev/vda ] && echo 'there is a disk'
";

#[test]
fn a_rescue_on_x86_64_6_12() {
    rescue(X86_64, "6.12");
}

#[test]
fn a_rescue_on_aarch64_7() {
    rescue(Aarch64, "7");
}

fn rescue(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let program = scratch.file("rescue", RESCUE.as_bytes(), 0o755);
    let image = Image::new(&scratch, arch, kernel).rescue(&program).add(&arch.busybox(), "/bin/busybox").make();
    let disk = crate::images::demo_disk(arch);
    let guest = |words: &str| {
        let words = format!("root=LABEL=nosuch rootwait=3 {words}");
        Guest::new(arch).kernel(kernel).initramfs(&image).disk(format!("{disk},snapshot=on")).append(&words).run()
    };
    let ended = guest("pintle.rescue");
    ended.has_failed();
    let lines = ended.section("rescue");
    let (first, second) = (lines.first().expect("a line"), lines.get(1));
    assert!(first.starts_with("/rescue as ") && first.contains(", /dev/console, session "), "{first}");
    // Not PID 1, which goes on to the failure policy; the first of a session of its own.
    let words: Vec<_> = first.split([' ', ',']).collect();
    assert!(words.get(2) != Some(&"1") && words.get(2) == words.last(), "{first}");
    assert_eq!(second, Some(&"there is a disk"));
    assert_eq!(ended.pintle().last().map(String::as_str), Some(PANIC));
    // Nobody asked.
    let ended = guest("");
    ended.has_failed();
    assert!(!ended.has_line("== rescue"));
}

#[test]
fn asked_for_without_one() {
    let disk = crate::images::demo_disk(X86_64);
    let words = "root=LABEL=nosuch rootwait=3 pintle.rescue pintle.fail=poweroff";
    let ended = Guest::new(X86_64).disk(format!("{disk},snapshot=on")).append(words).run();
    assert!(ended.pintle().contains(&"rescue: /rescue: ENOENT: giving up".to_owned()));
}

on_kernels! { shutdown:
    goes_back_on_x86_64_6_1: X86_64, "6.1";
    goes_back_on_x86_64_6_12: X86_64, "6.12";
    goes_back_on_aarch64_7: Aarch64, "7";
}

/// What systemd-shutdown(8) does with it: pivot into it, unmount the real root, and execute /shutdown. Here by hand.
const GO_BACK: &str = "
echo '== kept'
ls -1 /run/initramfs
echo '== mountinfo'
cat /proc/self/mountinfo
cd /run/initramfs
mkdir -p oldroot proc
mount --bind /proc proc
pivot_root . oldroot
exec chroot . /bin/busybox sh /shutdown
";

const SHUTDOWN: &str = "#!/bin/busybox sh
echo '== shutdown'
for point in run sys dev proc; do umount -l /oldroot/$point; done
umount /oldroot && echo 'the real root is free'
echo '== done'
poweroff -f
";

fn shutdown(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let program = scratch.file("shutdown", SHUTDOWN.as_bytes(), 0o755);
    let image = Image::new(&scratch, arch, kernel).add(&program, "/shutdown").add(&arch.busybox(), "/bin/busybox");
    let body = format!("{GO_BACK}\n");
    let disk = RootDisk::new(&scratch, arch).init(&init(&body)).make();
    let ended = Guest::new(arch).kernel(kernel).initramfs(&image.make()).disk(disk).run();
    ended.is_done();
    assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-only")]);
    let kept = ended.section("kept");
    assert!(kept.contains(&"init") && kept.contains(&"shutdown"), "{kept:?}");
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/run/initramfs", "/sys"]);
    assert!(ended.has_line("the real root is free"));
}
