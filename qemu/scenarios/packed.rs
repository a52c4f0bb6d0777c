//! Images as mkinitramfs packs them: whatever the compression, and with modules that have lost their signature.

use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64};
use crate::images::{Image, RootDisk, demo_disk, init, noise};
use crate::says::mounted;
use std::fs;
use std::path::Path;

fn starts_with(image: &Path, magic: &[u8]) -> bool {
    fs::read(image).expect("an image").starts_with(magic)
}

const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const CPIO: &[u8] = b"070701";

#[test]
fn compressed() {
    let forms: [(&str, &[u8], Arch, &str); 4] = [
        ("zstd", ZSTD, X86_64, "6.1"),
        ("zstd", ZSTD, Aarch64, "7"),
        ("xz", &[0xfd, b'7', b'z', b'X', b'Z', 0], X86_64, "6.12"),
        ("gzip", &[0x1f, 0x8b], Aarch64, "6.12"),
    ];
    for (how, magic, arch, kernel) in forms {
        let scratch = Scratch::new();
        let image = Image::new(&scratch, arch, kernel).compress(how).make();
        assert!(starts_with(&image, magic), "{how}");
        let ended = Guest::new(arch).kernel(kernel).disk(demo_disk(arch)).initramfs(&image).run();
        ended.is_done();
        assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vda", "read-only")], "{how}");
    }
}

/// Not told how, it packs what is small without compression, which the kernel unpacks faster, and the rest with zstd.
#[test]
fn compressed_by_size() {
    let scratch = Scratch::new();
    let small = Image::new(&scratch, X86_64, "6.12").no_modules().make();
    assert!(starts_with(&small, CPIO));
    let large = Image::new(&scratch, X86_64, "6.12").no_modules().add(&noise(&scratch, 1 << 10), "/large").make();
    assert!(starts_with(&large, ZSTD));
}

/// A module without its signature is loaded, and the kernel says what it thinks of that.
#[test]
fn without_signatures() {
    /// `TAINT_UNSIGNED_MODULE` (Documentation/admin-guide/tainted-kernels.rst).
    const UNSIGNED: u64 = 1 << 13;
    for strip in [false, true] {
        let scratch = Scratch::new();
        let disk =
            RootDisk::new(&scratch, X86_64).init(&init("echo '== tainted'\ncat /proc/sys/kernel/tainted")).make();
        let mut image = Image::new(&scratch, X86_64, "6.12").module("virtio_blk");
        if strip {
            image = image.strip_signatures();
        }
        let ended = Guest::new(X86_64).disk(disk).initramfs(&image.make()).run();
        ended.is_done();
        assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vda", "read-only")]);
        let tainted: u64 = ended.line("tainted").parse().expect("a number");
        assert_eq!(tainted & UNSIGNED != 0, strip, "{tainted}");
    }
}
