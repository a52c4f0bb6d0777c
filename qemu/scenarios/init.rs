//! Which init is executed, and what is said of those that can't be.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, checkout};
use crate::images::RootDisk;
use crate::says::{NO_INIT, PANIC, execve, execve_next, find_init, find_next_init, mounted};
use std::fs;

/// The demo's init, for disks that have no /bin/sh.
fn demo() -> String {
    let demo = fs::read_to_string(checkout().join("qemu/demo-init")).expect("qemu/demo-init");
    demo.replace("#!/bin/sh", "#!/bin/ash")
}

/// A boot of a disk with these inits.
struct Row<'a> {
    /// What the disk has besides busybox, and neither /sbin/init nor /bin/sh.
    disk: fn(RootDisk) -> RootDisk,
    words: &'a str,
    /// What pintle says after the mount.
    said: &'a [String],
    /// The path of the init that runs, if one does.
    runs: Option<&'a str>,
}

#[track_caller]
fn check(arch: Arch, kernel: &str, row: &Row) {
    let scratch = Scratch::new();
    let disk = (row.disk)(RootDisk::new(&scratch, arch).no_init().omit("/bin/sh")).make();
    let ended = Guest::new(arch).kernel(kernel).disk(disk).append(row.words).run();
    let said = [&[mounted("/dev/vda", "read-only")], row.said].concat();
    assert_eq!(ended.pintle_but_devices(), said);
    match row.runs {
        Some(init) => {
            ended.is_done();
            assert_eq!(ended.line("argv"), format!("[{init}]"));
        }
        None => {
            ended.has_failed();
            assert!(ended.says("Kernel panic - not syncing: Attempted to kill init!"));
        }
    }
}

macro_rules! rows {
    ($($(#[$about:meta])* $name:ident: $arch:ident, $kernel:literal, $row:expr;)*) => {
        $($(#[$about])* #[test] fn $name() { check($arch, $kernel, &$row); })*
    };
}
rows! {
    another_by_init: Aarch64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", &demo()).program("/opt/my/init", &demo()),
        words: "init=/opt/my/init",
        said: &[],
        runs: Some("/opt/my/init"),
    };
    etc_init_is_next: X86_64, "6.12", Row {
        disk: |disk| disk.program("/etc/init", &demo()).program("/bin/init", &demo()).program("/bin/sh", &demo()),
        words: "",
        said: &[],
        runs: Some("/etc/init"),
    };
    bin_init_is_next: X86_64, "6.12", Row {
        disk: |disk| disk.program("/bin/init", &demo()).program("/bin/sh", &demo()),
        words: "",
        said: &[],
        runs: Some("/bin/init"),
    };
    bin_sh_is_last: X86_64, "6.12", Row {
        disk: |disk| disk.program("/bin/sh", &demo()),
        words: "",
        said: &[],
        runs: Some("/bin/sh"),
    };
    quick_none_at_all: X86_64, "6.12", Row { disk: |disk| disk, words: "", said: &[NO_INIT.to_owned(), PANIC.to_owned()], runs: None };
    /// What init= names is not replaced by anything.
    one_that_is_not_there: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", &demo()),
        words: "init=/nosuch",
        said: &[find_init("/nosuch", "ENOENT"), PANIC.to_owned()],
        runs: None,
    };
    one_not_executable: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", &demo()).program("/bin/other", &demo()).mode("644", "/bin/other"),
        words: "init=/bin/other",
        said: &[find_init("/bin/other", "EACCES"), PANIC.to_owned()],
        runs: None,
    };
    a_directory: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", &demo()),
        words: "init=/etc",
        said: &[find_init("/etc", "EACCES"), PANIC.to_owned()],
        runs: None,
    };
    not_executable_gives_way: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", &demo()).mode("644", "/sbin/init").program("/etc/init", &demo()),
        words: "",
        said: &[find_next_init("/sbin/init", "EACCES")],
        runs: Some("/etc/init"),
    };
    /// Only execve itself can tell that this kernel doesn't execute it, with the handover behind it.
    not_a_program_gives_way: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", "not a program\n").program("/etc/init", &demo()),
        words: "",
        said: &[execve_next("/sbin/init", "ENOEXEC")],
        runs: Some("/etc/init"),
    };
    /// Only execve itself finds out that the interpreter, or a program's dynamic linker, is missing.
    without_its_interpreter: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", "#!/lib/ld-nosuch.so\n").program("/etc/init", &demo()),
        words: "",
        said: &[execve_next("/sbin/init", "ENOENT")],
        runs: Some("/etc/init"),
    };
    not_a_program_gives_way_on_7: Aarch64, "7", Row {
        disk: |disk| disk.program("/sbin/init", "not a program\n").program("/etc/init", &demo()),
        words: "",
        said: &[execve_next("/sbin/init", "ENOEXEC")],
        runs: Some("/etc/init"),
    };
    not_a_program_by_init: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", &demo()).program("/bin/other", "not a program\n"),
        words: "init=/bin/other",
        said: &[execve("/bin/other", "ENOEXEC"), PANIC.to_owned()],
        runs: None,
    };
    /// A distribution's /sbin/init is often one. It means what it means inside the new root.
    an_absolute_link: X86_64, "6.1", Row {
        disk: |disk| disk.program("/usr/lib/real-init", &demo()).link("/usr/lib/real-init", "/sbin/init"),
        words: "",
        said: &[],
        runs: Some("/sbin/init"),
    };
    /// More ..s than there are directories: as after a chroot, it ends at the new root's own root.
    a_link_that_climbs: X86_64, "6.12", Row {
        disk: |disk| disk.program("/lib/real-init", &demo()).link("../../../../../lib/real-init", "/sbin/init"),
        words: "",
        said: &[],
        runs: Some("/sbin/init"),
    };
    /// /init is there in the initramfs, where the link must not lead.
    a_link_into_the_initramfs: X86_64, "6.12", Row {
        disk: |disk| disk.link("../../../init", "/sbin/init"),
        words: "init=/sbin/init",
        said: &[find_init("/sbin/init", "ENOENT"), PANIC.to_owned()],
        runs: None,
    };
    an_absolute_link_into_the_initramfs: Aarch64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", &demo()).link("/init", "/bin/other"),
        words: "init=/bin/other",
        said: &[find_init("/bin/other", "ENOENT"), PANIC.to_owned()],
        runs: None,
    };
    a_link_to_itself: X86_64, "6.12", Row {
        disk: |disk| disk.link("init", "/sbin/init").program("/bin/init", &demo()),
        words: "",
        said: &[find_next_init("/sbin/init", "ELOOP")],
        runs: Some("/bin/init"),
    };
}
