//! Which modules are loaded for a device, and in which order, against kmod: for aliases drawn from the kernels' own lists of them
//! `modprobe --show-depends` says the same.
//!
//!     cargo test --test kmod

#[path = "scenarios/harness.rs"]
#[allow(dead_code, reason = "the scenarios use the rest")]
mod harness;

#[path = "kmod/modprobe.rs"]
mod modprobe;

use harness::{Aarch64, Arch, Scratch, X86_64};
use modprobe::Tree;

/// A generator of numbers, always the same ones: xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("a small number")
    }

    fn of<'t, T>(&mut self, list: &'t [T]) -> &'t T {
        list.get(self.below(list.len())).expect("one of them")
    }
}

/// A text that the pattern stands for, mostly.
fn example(pattern: &str, random: &mut Random) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        rest = rest.get(first.len_utf8()..).unwrap_or_default();
        match first {
            '*' => {
                (0..random.below(9)).for_each(|_| text.push(char::from(*random.of(b"0123456789ABCDEFabcdefv_-,.:"))))
            }
            '?' => text.push(char::from(*random.of(b"0123456789abc"))),
            '[' if rest.contains(']') => {
                let (class, behind) = rest.split_once(']').unwrap_or_default();
                rest = behind;
                // One of its ends, or what may be none of it.
                text.push(char::from(*random.of(&[class.as_bytes(), b"5"].concat())));
            }
            _ => text.push(first),
        }
    }
    text
}

/// So many of one kernel's; with PINTLE_FULL=1 more of them.
fn drawn(arch: Arch, seed: u64) {
    let count = if std::env::var_os("PINTLE_FULL").is_some() { 10_000 } else { 1_000 };
    let scratch = Scratch::new();
    let tree = Tree::new(&scratch, arch, "6.12-full");
    let mut random = Random(seed);
    let patterns = tree.patterns();
    let aliases: Vec<_> = (0..count)
        .map(|_| {
            let pattern: &String = random.of(&patterns);
            example(pattern, &mut random)
        })
        .collect();
    let loads = tree.check(&aliases);
    // Most of them are what they were made for.
    assert!(loads > count / 2, "{loads} of {count} aliases load anything");
}

#[test]
fn x86_64() {
    drawn(X86_64, 0x7069_6e74_6c65);
}

#[test]
fn aarch64() {
    drawn(Aarch64, 0x6b6d_6f64);
}

/// What the kernel asks for, names of modules, and what there is none of.
#[test]
fn by_name() {
    let scratch = Scratch::new();
    for arch in [X86_64, Aarch64] {
        let tree = Tree::new(&scratch, arch, "6.12-full");
        let names = "fs-ext4 fs-btrfs fs-xfs fs-f2fs fs-vfat fs-erofs fs-overlay fs-cifs fs-nfs4 crypto-crc32c crypto-sha256 \
            dm-verity virtio_blk ext4 btrfs nvme ahci usb-storage uas xhci-pci sdhci_pci mmc_block ufshcd-core r8169 vfio lrw \
            scsi:t-0x00 scsi:t-0x05 nosuch pci:v0d0 *";
        tree.check(&names.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    }
}
