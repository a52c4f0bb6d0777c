//! Roots, and a /usr, that dm-verity verifies: devices as the real veritysetup makes them, and mappings as libcryptsetup does.

use crate::disks::{Disk, overwrite};
use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, HOST, Scratch, X86_64};
use crate::images::{RootDisk, demo_disk, init, of_this_machine};
use crate::says::{PANIC, mounted};
use crate::verified::{Verity, guest, is_refused, is_verified, uuid};
use std::fs;

/// Found by the root hash alone, as the Discoverable Partitions Specification has it; `rw` makes no difference.
fn by_partitions(arch: Arch, kernel: &str) {
    let scratch = Scratch::new();
    let verity = Verity::new(&scratch, &demo_disk(arch), &[]);
    let [data, hashes] = [&verity.hash[..32], &verity.hash[32..]].map(|digits| format!("uuid={}", uuid(digits)));
    let disk = Disk::gpt(&scratch).part("", "").part(&hashes, &verity.hashes).part(&data, &verity.data).make();
    let words = format!("panic=-1 rw roothash={}", verity.hash);
    is_verified(&guest(arch).kernel(kernel).disk(disk).cmdline(&words).run());
}

#[test]
fn quick_partitions_on_x86_64() {
    by_partitions(X86_64, "6.12");
}

#[test]
fn partitions_on_aarch64() {
    by_partitions(Aarch64, "7");
}

/// Small blocks, a long hash, and a kernel that has no mode for what can't be read.
#[test]
fn blocks_of_1024_and_sha512_on_aarch64() {
    let scratch = Scratch::new();
    let options = ["--data-block-size=1024", "--hash-block-size=1024", "--hash=sha512"];
    let verity = Verity::new(&scratch, &demo_disk(Aarch64), &options);
    // There that hash is a module.
    let guest = verity.guest(Aarch64, "root=/dev/mapper/root").kernel("6.1").module("sha512_generic");
    is_verified(&guest.run());
}

/// The host's own veritysetup, which opens the same device once more in the guest: what pintle has asked the kernel for is
/// what libcryptsetup asks for.
struct Tools {
    arch: Arch,
    disk: String,
}

impl Tools {
    #[track_caller]
    fn new(scratch: &Scratch, open: &str) -> Self {
        let arch = HOST;
        let body = format!(
            "export LD_LIBRARY_PATH=/lib/{0}-linux-gnu:/usr/lib/{0}-linux-gnu\n{open}\n\
             echo '== tables'\ndmsetup table\necho '== uuids'\ndmsetup info -c --noheadings -o name,uuid\n\
             echo '== links'\nreadlink /dev/mapper/root",
            arch.name()
        );
        let mut disk = RootDisk::new(scratch, arch).init(&init(&body)).size(64);
        for (file, path) in of_this_machine(&["veritysetup", "dmsetup"]) {
            disk = disk.add(&file, &path);
        }
        Tools { arch, disk: disk.make() }
    }
}

/// A line of dmsetup's without the mapping's name, what differs between the devices, and the mode that this veritysetup doesn't
/// know.
#[track_caller]
fn table(ended: &Ended, name: &str) -> Vec<String> {
    let lines = ended.section("tables");
    let line = lines.iter().find_map(|line| line.strip_prefix(&format!("{name}: "))).expect("a table");
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    if let Some(at) = words.iter().position(|word| word.ends_with("_on_error")) {
        words.remove(at);
        let count = words.get_mut(13).expect("a number of options");
        *count = (count.parse::<u32>().expect("a number") - 1).to_string();
    }
    for word in &mut words {
        if let Some((major, minor)) = word.split_once(':') {
            // vda is vdc, vdb vdd.
            let minor: u32 = minor.parse().expect("a number");
            *word = format!("{major}:{}", minor % 32);
        }
    }
    words
}

/// The options that pintle is given, and those that veritysetup is.
#[track_caller]
fn as_libcryptsetup(format: &[&str], words: &str, open: &str, change: impl FnOnce(&Verity)) {
    let scratch = Scratch::new();
    // The hash isn't known before the disk is made, of which it is the hash: it comes by the command line.
    let open = format!(
        "hash=$(tr ' ' '\\n' </proc/cmdline | sed -n 's/^roothash=//p')\n\
         veritysetup open /dev/vdc other /dev/vdd $hash --panic-on-corruption {open} || echo '== no'"
    );
    let tools = Tools::new(&scratch, &open);
    let verity = Verity::new(&scratch, &tools.disk, format);
    change(&verity);
    let disks = [&verity.data, &verity.hashes, &verity.data, &verity.hashes];
    let guest = disks.into_iter().fold(guest(tools.arch), |guest, disk| guest.disk(format!("{disk},snapshot=on")));
    let words = format!("panic=-1 {} systemd.verity_root_options={words}", verity.words(["/dev/vda", "/dev/vdb"]));
    let ended = guest.cmdline(&words).run();
    ended.is_done();
    assert_eq!(table(&ended, "root"), table(&ended, "other"));
    assert!(ended.section("tables").iter().any(|line| line.contains(" panic_on_corruption panic_on_error")));
    let uuids = ended.section("uuids");
    let [root, other] = ["root", "other"].map(|name| {
        let line = uuids.iter().find_map(|line| line.strip_prefix(&format!("{name}:"))).expect("a UUID");
        line.strip_suffix(&format!("-{name}")).expect("its name").to_owned()
    });
    assert_eq!(root, other);
    assert_eq!(ended.section("links"), ["../dm-0"]);
}

#[test]
fn quick_as_libcryptsetup_does_it() {
    as_libcryptsetup(
        &["--salt=00ff17"],
        "ignore-zero-blocks,check-at-most-once",
        "--ignore-zero-blocks --check-at-most-once",
        |_| {},
    );
}

/// All that a superblock would say.
#[test]
fn without_a_superblock_as_libcryptsetup_does_it() {
    let format =
        ["--no-superblock", "--salt=0123456789abcdef", "--hash=sha512", "--hash-offset=8192", "--data-block-size=1024"];
    let words = "superblock=no,salt=0123456789ABCDEF,hash=sha512,hash-offset=8K,data-block-size=1024";
    as_libcryptsetup(&format, words, &format.join(" "), |_| {});
}

/// Errors are corrected.
#[test]
fn fec_repairs() {
    let scratch = Scratch::new();
    let data = RootDisk::new(&scratch, X86_64).make();
    let fec = scratch.path("fec.img").display().to_string();
    let verity = Verity::new(&scratch, &data, &[&format!("--fec-device={fec}"), "--fec-roots=4"]);
    for block in [0, 1, 300] {
        overwrite(&verity.data, block * 4096 + 100, b"corrupted");
    }
    let words = "systemd.verity_root_options=fec-device=/dev/vdc,fec-roots=4,restart-on-corruption";
    let ended = verity.guest(X86_64, words).disk(format!("{fec},snapshot=on")).run();
    is_verified(&ended);
    assert!(ended.says("FEC"), "nothing was repaired");
}

/// Hashes behind the data, on the same partition.
#[test]
fn on_one_device() {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, X86_64).make();
    let size = fs::metadata(&disk).expect("the disk").len();
    let blocks = format!("--data-blocks={}", size / 4096);
    let verity = Verity::on(&disk, &disk, &[&blocks, &format!("--hash-offset={size}")]);
    let words = format!(
        "panic=-1 {} systemd.verity_root_options=hash-offset={size}",
        verity.words(["LABEL=pintle-root", "/dev/vda"])
    );
    is_verified(&guest(X86_64).disk(format!("{disk},snapshot=on")).cmdline(&words).run());
}

/// /usr alone: the root is on ext4 as any, and its init is a link into /usr.
#[test]
fn usr() {
    let scratch = Scratch::new();
    let usr = RootDisk::new(&scratch, X86_64).label("usr").make();
    let verity = Verity::new(&scratch, &usr, &[]);
    let root = RootDisk::new(&scratch, X86_64).make();
    let [data, hashes] = [&verity.hash[..32], &verity.hash[32..]].map(|digits| format!("uuid={}", uuid(digits)));
    let disk = Disk::gpt(&scratch).part(&data, &verity.data).part(&hashes, &verity.hashes).make();
    let words = format!("panic=-1 root=/dev/vda usrhash={}", verity.hash);
    let ended = guest(X86_64).disk(&root).disk(disk).cmdline(&words).run();
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/vda", "read-only"), mounted("/dev/dm-0", "read-only")]);
    let usr = ended.mount("/usr");
    assert_eq!((usr.source, usr.super_options), ("/dev/dm-0", "ro,norecovery"));
}

/// A signature that no key of the kernel's has made.
#[test]
fn a_signature_of_nobodys() {
    let scratch = Scratch::new();
    let verity = Verity::new(&scratch, &demo_disk(X86_64), &[]);
    let ended =
        verity.guest(X86_64, "systemd.verity_root_options=root-hash-signature=base64:MIIBAgYJKoZIhvcNAQcC").run();
    ended.has_failed();
    let said = ended.pintle_but_devices();
    assert!(said[0].starts_with("verity: root: load: E") && said[0].ends_with(": giving up"), "{said:?}");
    assert_eq!(said[1..], [PANIC]);
}

/// The image has no modules for it.
#[test]
fn no_modules() {
    let scratch = Scratch::new();
    let verity = Verity::new(&scratch, &demo_disk(X86_64), &[]);
    let words = format!("panic=-1 {}", verity.words(["/dev/vda", "/dev/vdb"]));
    let disks = [&verity.data, &verity.hashes].map(|disk| format!("{disk},snapshot=on"));
    let ended = disks.into_iter().fold(Guest::new(X86_64), Guest::disk).cmdline(&words).run();
    is_refused(&ended, "verity: root: module dm-mod: ENOENT: giving up");
}
