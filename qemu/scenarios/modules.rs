//! Modules that can't be loaded: each is named, and the boot goes on to where it gets without them.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, demo_disk};
use crate::says::{DEVICES_END, PANIC, load_module, mounted, no_driver, no_such_module, not_found, other_modules};

#[test]
fn bad_modules_on_x86_64_6_12() {
    bad_modules(X86_64, "6.12");
}

#[test]
fn bad_modules_on_aarch64_7() {
    bad_modules(Aarch64, "7");
}

/// NVMe and ext4 are built in: nothing of the list is needed.
fn bad_modules(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let release = arch.kernel_release(kernel);
    let list = "# a comment\nnot_listed\n corrupt \n; another\ngone\nempty\npacked\n";
    let index = "kernel/corrupt.ko:\nkernel/gone.ko:\nkernel/empty.ko:\nkernel/packed.ko.xz:\n";
    let junk = [b'k'; 5000];
    let place = |name: &str| format!("/lib/modules/{release}/{name}");
    let image = Image::new(&scratch, arch, kernel)
        .add(&scratch.file("list", list.as_bytes(), 0o644), "/etc/modules-load.d/pintle.conf")
        .add(&scratch.file("index", index.as_bytes(), 0o644), &place("modules.dep"))
        .add(&scratch.file("corrupt", &junk, 0o644), &place("kernel/corrupt.ko"))
        .add(&scratch.file("empty", b"", 0o644), &place("kernel/empty.ko"))
        .add(&scratch.file("packed", &junk, 0o644), &place("kernel/packed.ko.xz"))
        .make();
    let disk = demo_disk(arch);
    let ended = Guest::new(arch).kernel(kernel).disk(format!("{disk},if=nvme,snapshot=on")).initramfs(&image).run();
    ended.is_done();
    assert_eq!(
        ended.pintle_but_waiting(),
        [
            no_such_module("not_listed"),
            load_module("corrupt", "ENOEXEC"),
            load_module("gone", "ENOENT"),
            load_module("empty", "EINVAL"),
            load_module("packed", "EINVAL"),
            mounted("/dev/nvme0n1", "read-only"),
        ]
    );
    assert!(ended.section("modules").is_empty());
}

#[test]
fn quick_modules_of_another_kernel() {
    let scratch = Scratch::new();
    let image = Image::new(&scratch, X86_64, "6.1").make();
    let disk = demo_disk(X86_64);
    let ended = Guest::new(X86_64).disk(format!("{disk},if=nvme,snapshot=on")).initramfs(&image).run();
    ended.is_done();
    let said = other_modules(&X86_64.kernel_release("6.1"), &X86_64.kernel_release("6.12"));
    assert_eq!(ended.pintle_but_waiting(), [said, mounted("/dev/nvme0n1", "read-only")]);
}

/// The same where the root needs one of them: the last line is not the only one that tells.
#[test]
fn modules_of_another_kernel_that_the_root_needs() {
    let scratch = Scratch::new();
    let image = Image::new(&scratch, Aarch64, "6.12").make();
    let disk = RootDisk::new(&scratch, Aarch64).make();
    let ended = Guest::new(Aarch64).kernel("6.1").disk(disk).initramfs(&image).append("root=/dev/vda rootwait=1").run();
    ended.has_failed();
    let said = other_modules(&Aarch64.kernel_release("6.12"), &Aarch64.kernel_release("6.1"));
    let [end, panic] = [DEVICES_END, PANIC].map(str::to_owned);
    let idle = no_driver("0000:00:01.0", "pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00");
    assert_eq!(ended.pintle(), [said, not_found("/dev/vda"), idle, end, panic]);
}

/// An image that has no list has nothing to load, and nothing to say of it.
#[test]
fn no_list_at_all() {
    let scratch = Scratch::new();
    let image = scratch.path("bare.cpio");
    let path = image.display().to_string();
    crate::harness::script("scripts/mkinitramfs", &["--arch", "x86_64", "--no-modules", "--output", &path]);
    let disk = demo_disk(X86_64);
    let guest = Guest::new(X86_64).kernel("6.1").disk(format!("{disk},if=nvme,snapshot=on")).initramfs(&image);
    let ended = guest.run();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/nvme0n1", "read-only")]);
}
