//! Roots, and a /usr, that dm-verity verifies: devices as the real veritysetup makes them, and what is wrong with them.

use crate::disks::{Disk, overwrite};
use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, output, sbin};
use crate::images::{RootDisk, demo_disk, init, read_back};
use crate::says::{PANIC, mounted};
use std::fs;
use std::path::Path;

/// A device with data, the one with its hashes, and what it is called by.
struct Verity {
    data: String,
    hashes: String,
    hash: String,
}

impl Verity {
    /// With these options of veritysetup's.
    #[track_caller]
    fn new(scratch: &Scratch, data: &str, options: &[&str]) -> Self {
        Self::on(data, &scratch.path("hashes.img").display().to_string(), options)
    }

    #[track_caller]
    fn on(data: &str, hashes: &str, options: &[&str]) -> Self {
        let said = output(sbin("veritysetup").args(["format", data, hashes]).args(options)).expect("veritysetup");
        let hash = said.lines().find_map(|line| line.strip_prefix("Root hash:")).expect("a root hash").trim();
        Verity { data: data.to_owned(), hashes: hashes.to_owned(), hash: hash.to_owned() }
    }

    /// The words that name the two by these devices.
    fn words(&self, [data, hashes]: [&str; 2]) -> String {
        format!("roothash={} systemd.verity_root_data={data} systemd.verity_root_hash={hashes}", self.hash)
    }

    /// A guest with both as disks, in this order.
    fn guest(&self, arch: Arch, words: &str) -> Guest {
        let words = format!("panic=-1 {} {words}", self.words(["/dev/vda", "/dev/vdb"]));
        guest(arch)
            .disk(format!("{},snapshot=on", self.data))
            .disk(format!("{},snapshot=on", self.hashes))
            .cmdline(&words)
    }
}

fn guest(arch: Arch) -> Guest {
    ["virtio_pci", "virtio_blk", "dm_verity", "ext4"].into_iter().fold(Guest::new(arch), Guest::module)
}

/// A partition's UUID out of 32 digits.
fn uuid(digits: &str) -> String {
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..32]].join("-")
}

/// It was mounted from the mapping, in which nothing was replayed.
#[track_caller]
fn is_verified(ended: &Ended) {
    ended.is_done();
    assert_eq!(ended.pintle_but_waiting(), [mounted("/dev/dm-0", "read-only")]);
    let root = ended.mount("/");
    assert_eq!((root.source, root.options), ("/dev/dm-0", "ro,relatime"));
    assert!(root.super_options.contains("norecovery"), "{root:?}");
}

/// It has ended with this line, and no root was mounted, neither this nor another.
#[track_caller]
fn is_refused(ended: &Ended, line: &str) {
    ended.has_failed();
    assert_eq!(ended.pintle_but_devices(), [line, PANIC]);
}

/// The kernel itself has stopped everything: it has met with a block that doesn't match.
#[track_caller]
fn is_stopped(ended: &Ended) {
    ended.has_failed();
    assert!(ended.says("device-mapper: verity:") && ended.says("is corrupted"), "no line that names the layer");
    assert!(ended.says("Kernel panic - not syncing: dm-verity device"), "no panic of verity's");
}

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
        let arch = if cfg!(target_arch = "x86_64") { X86_64 } else { Aarch64 };
        let body = format!(
            "export LD_LIBRARY_PATH=/lib/{0}-linux-gnu:/usr/lib/{0}-linux-gnu\n{open}\n\
             echo '== tables'\ndmsetup table\necho '== uuids'\ndmsetup info -c --noheadings -o name,uuid\n\
             echo '== links'\nreadlink /dev/mapper/root",
            arch.name()
        );
        let mut disk = RootDisk::new(scratch, arch).init(&init(&body)).size(64);
        let mut files = Vec::new();
        for name in ["veritysetup", "dmsetup"] {
            let path = output(sbin("sh").args(["-c", &format!("command -v {name}")])).expect("a tool");
            let libraries = output(sbin("ldd").arg(path.trim())).expect("ldd");
            files.extend(libraries.split_whitespace().filter(|word| word.starts_with('/')).map(str::to_owned));
            disk = disk.add(&fs::canonicalize(path.trim()).expect("it"), &format!("/sbin/{name}"));
        }
        files.sort();
        files.dedup();
        for file in files {
            disk = disk.add(&fs::canonicalize(&file).expect("a library"), &file);
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

/// Data for hashes, and hashes for data.
#[test]
fn quick_swapped() {
    let scratch = Scratch::new();
    let Verity { data, hashes, hash } = Verity::new(&scratch, &demo_disk(Aarch64), &[]);
    let verity = Verity { data: hashes, hashes: data, hash };
    let ended = verity.guest(Aarch64, "").run();
    is_refused(&ended, "verity: /dev/vda: no superblock with hashes of it that its device has room for: giving up");
}

/// Those of the version before.
#[test]
fn stale_hashes() {
    let scratch = Scratch::new();
    let stale = Verity::new(&scratch, &demo_disk(X86_64), &[]);
    let verity = Verity::new(&scratch, &demo_disk(X86_64), &[]);
    assert_ne!(stale.hash, verity.hash, "another salt");
    let ended = Verity { hashes: stale.hashes, ..verity }.guest(X86_64, "").run();
    is_refused(&ended, "verity: root: the data do not match the root hash: giving up");
}

/// What is cut off, and what isn't there.
#[test]
fn truncated() {
    let scratch = Scratch::new();
    let data = RootDisk::new(&scratch, X86_64).make();
    let verity = Verity::new(&scratch, &data, &[]);
    let file = fs::OpenOptions::new().write(true).open(&verity.data).expect("the data");
    file.set_len(16 << 20).expect("to truncate");
    let ended = verity.guest(X86_64, "").run();
    is_refused(&ended, "verity: /dev/vda: no superblock with hashes of it that its device has room for: giving up");
}

/// A byte of the init, on a device that has another root beside it.
#[test]
fn a_flipped_byte_of_the_data() {
    let scratch = Scratch::new();
    let marker = "A line that is nowhere else on the disk";
    let data = RootDisk::new(&scratch, X86_64).init(&init(&format!("echo '{marker}'"))).make();
    let verity = Verity::new(&scratch, &data, &[]);
    let bytes = fs::read(&data).expect("the data");
    let at = bytes.windows(marker.len()).position(|window| window == marker.as_bytes()).expect("the init's line");
    overwrite(&data, at as u64, b"B");
    let other = demo_disk(X86_64);
    let ended = verity.guest(X86_64, "").disk(format!("{other},snapshot=on")).run();
    is_stopped(&ended);
    assert_eq!(read_back(&data, "/sbin/init").matches("B line that").count(), 1);
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

/// Each byte of a superblock, made another one: pintle reads it as veritysetup does, or not at all.
#[test]
fn superblocks_as_veritysetup_reads_them() {
    use pintle::layer::verity::superblock::{Superblock, Tree, algorithm, check, read};
    let scratch = Scratch::new();
    let data = scratch.file("data", &vec![7; 1 << 20], 0o644).display().to_string();
    let verity = Verity::new(&scratch, &data, &["--salt=00ff17"]);
    let good = fs::read(&verity.hashes).expect("hashes");
    let path = scratch.path("flipped.img").display().to_string();
    let (mut agreed, mut refused, mut stricter) = (0, 0, Vec::new());
    for at in 0..512 {
        let mut bytes = good.clone();
        *bytes.get_mut(at).expect("a byte") ^= 0x10;
        fs::write(&path, &bytes).expect("a copy");
        let sb: &Superblock = bytes.first_chunk().expect("a superblock");
        let mut tree = Tree::new();
        tree.clear();
        read(sb, &mut tree);
        let length = good.len() as u64;
        let ours = check(&mut tree.numbers, algorithm(sb), 32, 1 << 20, length, length);
        let dump = output(sbin("veritysetup").args(["dump", &path]));
        let Ok(dump) = dump else {
            // What it has no hash function for, the kernel has none for either.
            assert!(ours.is_none() || (32..64).contains(&at), "{at}: {:?}", tree.numbers);
            refused += 1;
            continue;
        };
        if ours.is_none() {
            stricter.push(at);
            continue;
        }
        let value = |name: &str| {
            dump.lines().find_map(|line| line.strip_prefix(name)).expect(name).trim().replace(" [bytes]", "")
        };
        let salt: String = tree.salt().iter().map(|byte| format!("{byte:02x}")).collect();
        let [format, data_block, hash_block, data_blocks, ..] = tree.numbers.map(|number| number.to_string());
        let said = [
            ("Hash type:", format),
            ("Data blocks:", data_blocks),
            ("Data block size:", data_block),
            ("Hash block size:", hash_block),
            ("Hash algorithm:", String::from_utf8_lossy(algorithm(sb)).into_owned()),
            ("Salt:", salt),
        ];
        for (name, ours) in said {
            assert_eq!(value(name), ours, "{at}: {name}");
        }
        agreed += 1;
    }
    // More data, or larger blocks, than there is room for.
    assert!(stricter.iter().all(|at| (64..80).contains(at)), "{stricter:?}");
    assert!(agreed > 350 && refused > 20, "{agreed} {refused}");
}

/// Bytes of the superblock, of the tree and of the data, here and there: what boots is what was meant, and what doesn't has said
/// why.
#[test]
#[ignore = "long"]
fn full_flipped_bytes() {
    let scratch = Scratch::new();
    let verity = Verity::new(&scratch, &demo_disk(X86_64), &[]);
    let copy = |from: &str| {
        let path = scratch.path("copy.img");
        fs::copy(from, &path).expect("a copy");
        path.display().to_string()
    };
    let (mut booted, mut refused) = (0, 0);
    let places =
        [0, 7, 8, 12, 16, 33, 40, 64, 69, 72, 77, 80, 84, 88, 119, 120, 343, 344, 511, 4096, 4100, 8192, 12288];
    for at in places {
        let hashes = copy(&verity.hashes);
        let byte = fs::read(&hashes).expect("a copy")[at] ^ 0x41;
        overwrite(&hashes, at as u64, &[byte]);
        let ended = Verity { data: verity.data.clone(), hashes: hashes.clone(), hash: verity.hash.clone() }
            .guest(X86_64, "")
            .run();
        if ended.says("== done") {
            is_verified(&ended);
            booted += 1;
        } else {
            ended.has_failed();
            assert!(
                ended.says("pintle: verity: root: ") || ended.says("Kernel panic - not syncing: dm-verity device"),
                "{at}"
            );
            refused += 1;
        }
        fs::remove_file(Path::new(&hashes)).expect("the copy");
    }
    assert!(booted >= 5 && refused >= 12, "{booted} {refused}");
}
