//! Verity devices that are not what they were: bytes that were flipped, ends that were cut off, another version's hashes. Each is
//! a refused boot, or one that has met with nothing but what was meant.

use crate::disks::overwrite;
use crate::harness::{Aarch64, Scratch, X86_64, output, sbin};
use crate::images::{Image, RootDisk, blocks, demo_disk, init, read_back};
use crate::verified::{Verity, is_refused, is_stopped, is_verified};
use std::fs;

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

/// The end of the data, and of the hashes.
#[test]
fn truncated() {
    for hashes_too in [false, true] {
        let scratch = Scratch::new();
        let data = RootDisk::new(&scratch, X86_64).make();
        let verity = Verity::new(&scratch, &data, &[]);
        let cut = if hashes_too { &verity.hashes } else { &verity.data };
        let file = fs::OpenOptions::new().write(true).open(cut).expect("it");
        let size = file.metadata().expect("its size").len();
        // The superblock is there.
        file.set_len((size / 2).next_multiple_of(4096)).expect("to truncate");
        let ended = verity.guest(X86_64, "").run();
        let line = "verity: /dev/vda: no superblock with hashes of it that its device has room for: giving up";
        is_refused(&ended, line);
    }
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

/// A hash of another block than those of the init, in the same block of the tree.
#[test]
fn a_flipped_byte_of_the_tree() {
    let scratch = Scratch::new();
    let verity = Verity::new(&scratch, &demo_disk(X86_64), &[]);
    let [first, ..] = blocks(&verity.data, "/sbin/init")[..] else { panic!("an init without blocks") };
    let hash = LEAVES * 4096 + first * HASH_BYTES;
    flip(&verity.hashes, hash ^ HASH_BYTES);
    let ended = verity.guest(X86_64, "").run();
    is_stopped(&ended);
    assert!(ended.says(&format!("metadata block {} is corrupted", hash / 4096)));
}

/// Where the last level of a tree begins behind the superblock's block and one of the level before, as of up to 64 MiB.
const LEAVES: u64 = 2;
const HASH_BYTES: u64 = 32;

#[track_caller]
fn flip(file: &str, at: u64) {
    let place = usize::try_from(at).expect("a small file");
    let byte = fs::read(file).expect("the file").get(place).copied().expect("a byte");
    overwrite(file, at, &[byte ^ 0x41]);
}

/// Flipped bytes all over the data and the tree, which the image permits to be ignored, so that one guest can meet with all of
/// them: the kernel tells of each of these blocks, and of no other.
#[test]
fn each_block_is_held_against_its_hash() {
    const DATA: [u64; 5] = [4100, 5000, 6001, 7777, 8191];
    // Blocks of data whose hashes are in the flipped ones of the tree.
    const BELOW: [u64; 2] = [4500, 7500];
    let scratch = Scratch::new();
    let read: Vec<_> = DATA.iter().chain(&BELOW).chain(&[3000, 6000]).map(u64::to_string).collect();
    let body = format!(
        "for block in {}; do dd if=/dev/dm-0 of=/dev/null bs=4096 skip=$block count=1 2>/dev/null; done\n\
         echo '== mountinfo'\ncat /proc/self/mountinfo\n\
         echo '== corrupted'\ndmesg | sed -n 's/.*verity: .*: \\(.* block .*\\) is corrupted/\\1/p'",
        read.join(" ")
    );
    let disk = RootDisk::new(&scratch, X86_64).init(&init(&body)).make();
    let verity = Verity::new(&scratch, &disk, &[]);
    let mut expected = Vec::new();
    for block in DATA {
        flip(&verity.data, block * 4096 + block % 4096);
        expected.push(format!("data block {block}"));
    }
    for block in BELOW {
        let at = LEAVES * 4096 + block * HASH_BYTES;
        flip(&verity.hashes, at ^ HASH_BYTES);
        expected.push(format!("metadata block {}", at / 4096));
    }
    let settings = scratch.file("pintle.conf", b"permit = ignore-corruption\n", 0o644);
    let modules = ["virtio_pci", "virtio_blk", "dm_verity", "ext4"];
    let image = modules.iter().fold(Image::new(&scratch, X86_64, "6.12"), |image, name| image.module(name));
    let image = image.add(&settings, "/etc/pintle.conf").make();
    let words = "systemd.verity_root_options=ignore-corruption";
    let ended = verity.guest(X86_64, words).initramfs(&image).run();
    is_verified(&ended);
    let mut corrupted = ended.section("corrupted");
    corrupted.sort_unstable();
    corrupted.dedup();
    expected.sort_unstable();
    assert_eq!(corrupted, expected);

    // But not without that.
    let ended = verity.guest(X86_64, words).run();
    let refused =
        "command line: ignore-corruption: beside a root hash, refused unless /etc/pintle.conf permits it: giving up";
    is_refused(&ended, refused);
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
    let of_hashes =
        [0, 7, 8, 12, 16, 33, 40, 64, 69, 72, 77, 80, 84, 88, 119, 120, 343, 344, 511, 4096, 4100, 8192, 12288];
    let block = |path: &str, place: u64| blocks(&verity.data, path)[0] * 4096 + place;
    let of_data = [
        // In front of its superblock, the superblock, descriptors of groups.
        (0, false),
        (1024 + 56, false),
        (4096, false),
        (block("/", 4), false),
        (block("/sbin", 8), false),
        (block("/sbin/init", 2), false),
        (block("/bin/busybox", 4000), false),
        // Where nobody reads.
        (20 << 20, true),
        (31 << 20, true),
    ];
    let places = of_hashes.map(|at| (true, at, None)).into_iter();
    let places = places.chain(of_data.map(|(at, boots)| (false, at, Some(boots))));
    let (mut booted, mut refused) = (0, 0);
    for (in_hashes, at, boots) in places {
        let from = if in_hashes { &verity.hashes } else { &verity.data };
        let copy = scratch.path("copy.img").display().to_string();
        fs::copy(from, &copy).expect("a copy");
        flip(&copy, at);
        let mut damaged =
            Verity { data: verity.data.clone(), hashes: verity.hashes.clone(), hash: verity.hash.clone() };
        *(if in_hashes { &mut damaged.hashes } else { &mut damaged.data }) = copy.clone();
        let ended = damaged.guest(X86_64, "").run();
        let has_booted = ended.says("== done");
        if has_booted {
            is_verified(&ended);
            booted += 1;
        } else {
            ended.has_failed();
            let named = ["pintle: verity: ", "Kernel panic - not syncing: dm-verity device"];
            assert!(named.iter().any(|text| ended.says(text)), "{at}");
            refused += 1;
        }
        assert!(boots.is_none_or(|boots| boots == has_booted), "{at} of the data");
        fs::remove_file(copy).expect("the copy");
    }
    assert!(booted >= 7 && refused >= 19, "{booted} {refused}");
}
