//! Machines with disks that have real tables and superblocks, and all that a boot on each comes to.

use crate::kernel::fake::{Block, Fake, file};
use images::{Entry, gpt};

mod discovery;
mod duplicates;
mod hanging;
pub(crate) mod images;
mod late;
mod mounts;
mod names;
mod reads;

/// UUIDs: the root's, the root's partition's, the ESP's, others.
const A: u128 = 0x0f2a4c6e_0001_4000_8000_00000000abcd;
const PART_A: u128 = 0xa0000000_0000_4000_8000_0000000000aa;
const ESP_UUID: u128 = 0xe0000000_0000_4000_8000_0000000000ee;
const B: u128 = 0x0b2a4c6e_0002_4000_8000_00000000abcd;
const PART_B: u128 = 0xb0000000_0000_4000_8000_0000000000bb;

const GOOD: &str = "<6>mounted /dev/sda2 (ext4) read-only";
const PANIC: &str = "<3>giving up: PID 1 ends, the kernel panics, panic= decides";
const END: &str = "<3>there is no other block device";

/// A machine with these devices, where file systems of the usual types can be mounted.
fn machine(cmdline: &str, blocks: &[Block]) -> Fake {
    let mut fake = blocks.iter().fold(Fake::bare(cmdline), Fake::with_block);
    let root = fake.mountable["ext4"].clone();
    for fstype in ["xfs", "btrfs", "9p", "virtiofs", "tmpfs"] {
        fake.mountable.insert(fstype, root.clone());
    }
    fake
}

/// What is said in a boot, whole, and whether it came to the exec of an init.
fn boot(fake: &mut Fake) -> Vec<String> {
    let end = fake.boot();
    // Which of several roots it was has a test of its own.
    let lines = fake.log.iter().filter(|line| !line.starts_with("<6>pintle: pintle.root="));
    let log: Vec<_> = lines.map(|line| line.replacen("pintle: ", "", 1)).collect();
    let mounted = log.iter().any(|line| line.starts_with("<6>mounted "));
    assert_eq!(format!("{end:?}"), if mounted { "Some(Exec(\"/sbin/init\"))" } else { "Some(Exit(1))" }, "{log:#?}");
    log
}

/// The same without the list of devices, and the notices but for the first.
fn short(fake: &mut Fake) -> Vec<String> {
    let mut notices = 0;
    let mut log = boot(fake);
    log.retain(|line| {
        let notice = line.contains(": not there after ");
        notices += usize::from(notice);
        !line.starts_with("<3>there is ") && line != PANIC && !(notice && notices > 1)
    });
    log
}

/// Devices that were opened, in order.
fn opened(fake: &Fake) -> Vec<&str> {
    let nodes = fake.calls.iter().filter_map(|call| call.strip_prefix("open /dev/"));
    nodes.filter(|name| !matches!(*name, "kmsg" | "console" | "btrfs-control")).collect()
}

/// Disk `letter`, with a partition of each content; the uevent of each says what is given.
fn disk(names: [&'static str; 4], minor: u32, table: Vec<u8>, partitions: Vec<(&'static str, Vec<u8>)>) -> Vec<Block> {
    let disk = Block::disk(names[0], (8, minor), table);
    let mut all = vec![disk.clone()];
    for ((name, number), (uevent, bytes)) in names[1..].iter().zip(1..).zip(partitions) {
        all.push(disk.partition(name, minor + number, uevent, bytes));
    }
    all
}

const SDA: [&str; 4] = ["sda", "sda1", "sda2", "sda3"];
const SDB: [&str; 4] = ["sdb", "sdb1", "sdb2", "sdb3"];
const SDC: [&str; 4] = ["sdc", "sdc1", "sdc2", "sdc3"];

/// A GPT disk with an ESP and this partition, in which this stands.
fn system(names: [&'static str; 4], minor: u32, esp: u128, root: Entry, content: Vec<u8>) -> Vec<Block> {
    let table = gpt(&[images::entry(images::ESP, esp, "EFI"), root]);
    disk(names, minor, table, vec![("PARTN=1\nPARTNAME=EFI\n", vec![]), ("PARTN=2\nPARTNAME=root\n", content)])
}

/// The usual one: /dev/sda2 is ext4 with the UUID [`A`], in the partition [`PART_A`], which is called `root`.
fn sda() -> Vec<Block> {
    system(SDA, 0, ESP_UUID, images::entry(images::ROOT, PART_A, "root"), images::ext4(A, "top"))
}

/// Its like, whose partition has another UUID.
fn sdb() -> Vec<Block> {
    system(SDB, 16, PART_B ^ 1, images::entry(images::ROOT, PART_B, "root"), images::ext4(A, "top"))
}

/// Lets the firmware tell that it booted from the disk with this partition.
fn booted_from(fake: Fake, partition: u128) -> Fake {
    let text = images::uuid(partition).to_uppercase() + "\0";
    let value: Vec<u8> = [6u16, 0].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let name = "/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
    fake.with("sysfs", "/firmware/efi/efivars", crate::kernel::fake::dir()).with("efivarfs", name, file(0o644, value))
}
