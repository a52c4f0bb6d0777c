//! What a process is started with, beyond its arguments: pintle's init gets what the kernel gives the first one of a boot
//! without any initramfs. And what it may do: no mount of the initramfs is in its way.

use crate::ended::Ended;
use crate::guest::{Guest, on_kernels};
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{RootDisk, init};
use crate::says::mounted;

// All of them have NVMe and ext4 built in.
on_kernels! { as_the_first:
    as_the_first_on_x86_64_6_1: X86_64, "6.1";
    quick_as_the_first_on_x86_64_6_12: X86_64, "6.12";
    as_the_first_on_x86_64_7: X86_64, "7";
    as_the_first_on_aarch64_6_1: Aarch64, "6.1";
    as_the_first_on_aarch64_6_12: Aarch64, "6.12";
    as_the_first_on_aarch64_7: Aarch64, "7";
}

/// Signals, umask, credentials, limits, session, directories and descriptors of PID 1, which a shell is here on either
/// boot; without an initramfs /proc isn't there yet.
const SHOW: &str = "
[ -e /proc/self ] || mount -t proc proc /proc
echo 1 >/proc/sys/kernel/printk # not before, without an initramfs
echo '== status'
grep -E '^(Umask|Uid|Gid|FDSize|Groups|NStgid|NSpid|NSpgid|NSsid|SigQ|SigPnd|ShdPnd|SigBlk|SigIgn|SigCgt|Cap|NoNewPrivs|Seccomp|Cpus_allowed_list|THP)' /proc/1/status
echo '== limits'
cat /proc/1/limits
echo '== session'
cut -d' ' -f5-8,18,19,41 /proc/1/stat
cat /proc/1/oom_score_adj /proc/1/timerslack_ns /proc/1/coredump_filter /proc/1/cgroup
echo '== directories'
readlink /proc/1/cwd
readlink /proc/1/root
echo '== descriptors'
mount -t tmpfs tmpfs /mnt
(ls -l /proc/1/fd >/mnt/descriptors; true)
awk 'NF > 2 { print $9, $11 }' /mnt/descriptors
umount /mnt
# Whoever opens a file in a program of 64 bits has O_LARGEFILE, which the kernel itself does without.
grep flags /proc/1/fdinfo/[012] | sed 's/0400002$/02/; s/0100002$/02/'
echo '== namespaces'
for name in cgroup ipc net pid time user uts; do readlink /proc/1/ns/$name; done
echo '== user namespace'
unshare -U sh -c 'readlink /proc/self/ns/user | cut -c1-5'
echo '== own mounts'
unshare -m sh -c 'mount -t tmpfs tmpfs /mnt && mkdir /mnt/old && mount --bind / /mnt/old && umount /mnt/old && umount /mnt && echo works'
";

const SECTIONS: [&str; 6] = ["status", "limits", "session", "directories", "descriptors", "namespaces"];

fn as_the_first(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, arch).init(&init(SHOW)).make();
    let guest = || Guest::new(arch).kernel(kernel).disk(format!("{disk},if=nvme,snapshot=on"));
    let alone = guest().no_initramfs().run();
    let ended = guest().run();
    alone.is_done();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/nvme0n1", "read-only")]);
    for section in SECTIONS {
        assert_eq!(shown(&ended, section), shown(&alone, section), "{section}");
    }
    let descriptors = ended.section("descriptors");
    let mut numbers: Vec<_> = descriptors.iter().filter_map(|line| line.split(' ').next()).collect();
    numbers.retain(|number| number.len() < 3);
    // The shell has its script as 10.
    assert_eq!(numbers, ["0", "1", "10", "2"], "{descriptors:?}");
    assert_eq!(ended.line("user namespace"), "user:");
    assert_eq!(ended.line("own mounts"), "works");
}

/// What differs between any two boots: the number of queued signals that are allowed, by the memory that there is.
fn shown<'e>(ended: &'e Ended, section: &str) -> Vec<&'e str> {
    let mut lines = ended.section(section);
    assert!(lines.len() > 1, "{section}: {lines:?}");
    lines.retain(|line| !["SigQ", "Max processes", "Max pending signals"].iter().any(|start| line.starts_with(start)));
    lines
}
