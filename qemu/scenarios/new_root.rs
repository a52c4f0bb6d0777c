//! New roots that lack what pintle moves into them, or mean harm by it.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::RootDisk;
use crate::says::{mounted, move_api};

struct Row<'a> {
    disk: fn(RootDisk) -> RootDisk,
    /// What is not moved there, and the errno.
    missing: &'a [(&'a str, &'a str)],
    mounts: &'a [&'a str],
}

fn check(arch: Arch, kernel: &str, row: &Row) {
    let scratch = Scratch::new();
    let disk = (row.disk)(RootDisk::new(&scratch, arch)).make();
    let ended = Guest::new(arch).kernel(kernel).disk(disk).run();
    ended.is_done();
    assert_said(&ended, "read-only", row.missing);
    assert_eq!(ended.mount_points(), row.mounts);
    assert_eq!(ended.section("argv"), ["[/sbin/init]"]);
}

/// The order of the warnings, which are sorted here, is pintle's own affair.
#[track_caller]
fn assert_said(ended: &Ended, how: &str, missing: &[(&str, &str)]) {
    let mut said = ended.pintle();
    if let Some((_mounted, warnings)) = said.split_first_mut() {
        warnings.sort();
    }
    let warnings = missing.iter().map(|(path, errno)| move_api(path, errno));
    let expected: Vec<_> = std::iter::once(mounted("/dev/vda", how)).chain(warnings).collect();
    assert_eq!(said, expected);
}

macro_rules! rows {
    ($($(#[$about:meta])* $name:ident: $arch:ident, $kernel:literal, $row:expr;)*) => {
        $($(#[$about])* #[test] fn $name() { check($arch, $kernel, &$row); })*
    };
}
rows! {
    without_run: Aarch64, "6.12", Row {
        disk: |disk| disk.omit("/run"),
        missing: &[("/run", "ENOENT")],
        mounts: &["/", "/dev", "/proc", "/sys"],
    };
    without_run_on_7: X86_64, "7", Row {
        disk: |disk| disk.omit("/run"),
        missing: &[("/run", "ENOENT")],
        mounts: &["/", "/dev", "/proc", "/sys"],
    };
    /// The demo's init mounts the /proc that it isn't handed.
    run_and_sys_are_no_directories: X86_64, "6.12", Row {
        disk: |disk| disk.omit("/run").program("/run", "a file").omit("/sys").link("/etc", "/sys"),
        missing: &[("/run", "ENOTDIR"), ("/sys", "ELOOP")],
        mounts: &["/", "/dev", "/proc"],
    };
    /// A link in the place of /dev leads nowhere: neither to the directory it names nor into the initramfs.
    quick_dev_is_a_link_to_etc: X86_64, "6.12", Row {
        disk: |disk| disk.omit("/dev").link("/etc", "/dev"),
        missing: &[("/dev", "ELOOP")],
        mounts: &["/", "/proc", "/run", "/sys"],
    };
    dev_is_a_link_to_etc_on_7: Aarch64, "7", Row {
        disk: |disk| disk.omit("/dev").link("../../etc", "/dev"),
        missing: &[("/dev", "ELOOP")],
        mounts: &["/", "/proc", "/run", "/sys"],
    };
}

/// A root disk that has nothing but a kernel's own mount points missing: init is started, and has a console.
#[test]
fn without_any_of_them() {
    let scratch = Scratch::new();
    let body = "#!/bin/sh\necho '== fds'\nmkdir /proc && mount -t proc proc /proc && readlink /proc/1/fd/0 && readlink /proc/1/fd/2\n\
                awk '{ print $5 }' /proc/1/mountinfo\necho '== done'\nsync\npoweroff -f\n";
    let disk = ["/dev", "/proc", "/sys", "/run"].into_iter().fold(RootDisk::new(&scratch, X86_64), RootDisk::omit);
    let ended = Guest::new(X86_64).disk(disk.init(body).make()).append("rw").run();
    ended.is_done();
    assert_said(&ended, "read-write", &["/dev", "/proc", "/run", "/sys"].map(|path| (path, "ENOENT")));
    // The console of a devtmpfs that is mounted nowhere any more.
    assert_eq!(ended.section("fds"), ["/console", "/console", "/", "/proc"]);
}
