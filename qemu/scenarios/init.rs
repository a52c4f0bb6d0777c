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

/// An ELF file for `machine` with one program header, which names its interpreter, or with none.
fn dynamic(machine: u64, interpreter: &str) -> Vec<u8> {
    let count = u64::from(!interpreter.is_empty());
    // e_ident; e_type, e_machine, e_version; e_entry, e_phoff, e_shoff; e_flags, e_ehsize, e_phentsize; e_phnum …
    let header = [0x0001_0102_464c_457f, 0, 2 | machine << 16 | 1 << 32, 0, 64, 0, 64 << 32 | 56 << 48, count];
    // PT_INTERP, p_offset, addresses, p_filesz and p_memsz, p_align
    let length = interpreter.len() as u64 + 1;
    let entry = [3, 120, 0, 0, length, length, 1];
    let mut bytes: Vec<u8> = header.into_iter().chain(entry).flat_map(u64::to_le_bytes).collect();
    bytes.extend(interpreter.bytes().chain([0]));
    bytes
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
    not_a_program_gives_way: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", "not a program\n").program("/etc/init", &demo()),
        words: "",
        said: &[find_next_init("/sbin/init", "ENOEXEC")],
        runs: Some("/etc/init"),
    };
    /// The second is a shell's own, which is there.
    without_its_interpreter: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", "#!/lib/ld-nosuch.so\n").program("/etc/init", &demo()),
        words: "",
        said: &[find_next_init("/sbin/init", "its interpreter /lib/ld-nosuch.so is missing")],
        runs: Some("/etc/init"),
    };
    without_its_dynamic_linker: X86_64, "6.12", Row {
        disk: |disk| disk.bytes("/sbin/init", &dynamic(62, "/lib64/nosuch.so.2")),
        words: "init=/sbin/init",
        said: &[find_init("/sbin/init", "its interpreter /lib64/nosuch.so.2 is missing"), PANIC.to_owned()],
        runs: None,
    };
    without_its_dynamic_linker_on_7: Aarch64, "7", Row {
        disk: |disk| disk.bytes("/sbin/init", &dynamic(183, "/lib/nosuch.so.1")).program("/etc/init", &demo()),
        words: "",
        said: &[find_next_init("/sbin/init", "its interpreter /lib/nosuch.so.1 is missing")],
        runs: Some("/etc/init"),
    };
    /// The other architecture's busybox is a good program there.
    made_for_aarch64: X86_64, "6.12", Row {
        disk: |disk| disk.add(&Aarch64.busybox(), "/sbin/init").program("/etc/init", &demo()),
        words: "",
        said: &[find_next_init("/sbin/init", "made for another architecture")],
        runs: Some("/etc/init"),
    };
    made_for_x86_64: Aarch64, "6.12", Row {
        disk: |disk| disk.add(&X86_64.busybox(), "/sbin/init"),
        words: "init=/sbin/init",
        said: &[find_init("/sbin/init", "made for another architecture"), PANIC.to_owned()],
        runs: None,
    };
    not_a_program_by_init: X86_64, "6.12", Row {
        disk: |disk| disk.program("/sbin/init", &demo()).program("/bin/other", "not a program\n"),
        words: "init=/bin/other",
        said: &[find_init("/bin/other", "ENOEXEC"), PANIC.to_owned()],
        runs: None,
    };
    /// It looks well up to the point of no return, and the kernel refuses it: its segments are none.
    refused_by_the_kernel: X86_64, "6.12", Row {
        disk: |disk| disk.bytes("/sbin/init", &dynamic(62, "")).program("/etc/init", &demo()),
        words: "",
        said: &[execve_next("/sbin/init", "ENOEXEC")],
        runs: Some("/etc/init"),
    };
    refused_by_the_kernel_on_7: X86_64, "7", Row {
        disk: |disk| disk.bytes("/sbin/init", &dynamic(62, "")),
        words: "init=/sbin/init",
        said: &[execve("/sbin/init", "ENOEXEC"), PANIC.to_owned()],
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
