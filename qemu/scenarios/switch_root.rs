//! pintle as the switch_root(8) of somebody else's initramfs, whose /init is a script: held against busybox's.

use crate::ended::Ended;
use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, init};

const SHOW: &str = "
echo '== argv'
for arg in \"$0\" \"$@\"; do echo \"[$arg]\"; done
echo '== environment'
tr '\\0' '\\n' </proc/$$/environ | grep WORD
echo '== mountinfo'
cat /proc/self/mountinfo
echo '== rootfs'
[ -e /newroot ] && echo 'still there'
ls /run
echo '== fds'
for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done
";

/// Somebody else's /init.
fn script(switch_root: &str) -> String {
    format!(
        "#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /run /newroot
/bin/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tmpfs -o mode=0755 tmpfs /run
echo state >/run/state
release=$(uname -r)
while read -r module; do
    insmod \"/lib/modules/$release/$(grep -m1 \"/$(echo $module | tr _ ?)[.]ko\" /lib/modules/$release/modules.dep | cut -d: -f1)\" 2>/dev/null
done </etc/modules-load.d/pintle.conf
n=0; while [ ! -e /dev/nvme0n1 ] && [ $n -lt 50 ]; do sleep 0.1; n=$((n + 1)); done
mount -t ext4 -o ro /dev/nvme0n1 /newroot
export WORD=kept
exec {switch_root}
"
    )
}

fn boot(arch: Arch, kernel: &str, switch_root: &str) -> Ended {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, arch).program("/etc/other", &init(SHOW)).make();
    let image = Image::new(&scratch, arch, kernel).module("nvme").init(&script(switch_root));
    let image = image.add(&arch.init(), "/sbin/switch_root").add(&arch.init(), "/pintle");
    let image = image.add(&arch.busybox(), "/bin/busybox").make();
    Guest::new(arch).kernel(kernel).initramfs(&image).disk(format!("{disk},if=nvme")).run()
}

on_kernels! { as_busybox_does:
    as_busybox_does_on_x86_64_6_1: X86_64, "6.1";
    quick_as_busybox_does_on_x86_64_6_12: X86_64, "6.12";
    as_busybox_does_on_aarch64_7: Aarch64, "7";
}

fn as_busybox_does(arch: Arch, kernel: &str) {
    let ours = boot(arch, kernel, "/sbin/switch_root /newroot /etc/other one 'two words'");
    ours.is_done();
    assert_eq!(ours.pintle(), [""; 0]);
    // busybox's moves nothing: it is the script that has to.
    let moves = "/bin/busybox sh -c 'for point in proc sys dev run; do busybox mount --move /$point /newroot/$point; done; \
                 exec /bin/busybox switch_root /newroot /etc/other one \"two words\"'";
    let theirs = boot(arch, kernel, moves);
    theirs.is_done();
    for section in ["argv", "environment", "rootfs"] {
        assert_eq!(ours.section(section), theirs.section(section), "{section}");
    }
    let mounts = |ended: &Ended| {
        let seen = ended.mounts().into_iter();
        seen.map(|mount| [mount.point, mount.fstype, mount.options].map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(mounts(&ours), mounts(&theirs));
    assert_eq!(ours.section("argv"), ["[/etc/other]", "[one]", "[two words]"]);
    assert_eq!(ours.section("environment"), ["WORD=kept"]);
    assert_eq!(ours.section("rootfs"), ["state"]);
    assert_eq!(ours.section("fds"), ["/dev/console"; 3]);
}

/// The console that it is told, and what is mounted in the new root already.
#[test]
fn a_console_of_its_own() {
    let console = X86_64.serial();
    let command = format!(
        "/bin/busybox sh -c 'busybox mount -t tmpfs own /newroot/run && exec /sbin/switch_root -c {console} \
                           /newroot /etc/other'"
    );
    let ended = boot(X86_64, "6.12", &command);
    ended.is_done();
    assert_eq!(ended.section("fds"), [console; 3]);
    assert_eq!(ended.mount_points(), ["/", "/dev", "/proc", "/run", "/sys"]);
    assert_eq!(ended.mount("/run").source, "own");
}

/// What can't be switched to ends PID 1 before anything is given up; no word of the arguments selects the form.
#[test]
fn refused() {
    let rows = [
        ("/sbin/switch_root /newroot /etc/nosuch", "find init: /etc/nosuch: ENOENT: giving up"),
        ("/sbin/switch_root /run /etc/other", "find init: /etc/other: ENOENT: giving up"),
        ("/sbin/switch_root /bin /busybox", "switch_root: /bin: no mount point: giving up"),
        ("/sbin/switch_root /nosuch /etc/other", "chdir: /nosuch: ENOENT: giving up"),
    ];
    for (command, said) in rows {
        let ended = boot(X86_64, "6.12", command);
        ended.has_failed();
        assert_eq!(ended.pintle(), [said], "{command}");
    }
    let ended = boot(X86_64, "6.12", "/pintle switch_root /newroot /etc/other");
    assert_eq!(ended.section("argv").first(), Some(&"[/sbin/init]"), "a word selects nothing: pintle boots");
}
