//! Job D: what an image for all machines costs, on Debian's full kernel, which has nearly all drivers as modules: pintle's sets beside
//! an image that lists the two modules needed, and beside those of the others; and what it costs to look for them.

use crate::contender::{self, Contender};
use crate::guest::{Job, Sample, UUID, empty_disk};
use crate::options::Options;
use crate::report::millions;
use crate::shell::{folder, output, script};
use crate::tools::Machine;
use crate::{Result, Table};
use std::fmt::Write;
use std::path::PathBuf;

/// The first of these is held against the second; the larger machine has no others, which are there what they are on the small one.
const LISTED: &str = "pintle listed";
const STORAGE: &str = "pintle storage";
/// pintle's images: name, set, form and mkinitramfs's word for it.
const IMAGES: [(&str, Option<&str>, &str, &str); 6] = [
    (LISTED, None, contender::PLAIN, "--compress=none"),
    (STORAGE, Some("storage"), contender::PLAIN, "--compress=none"),
    (STORAGE, Some("storage"), "zstd", "--compress=zstd"),
    ("pintle virt", Some("virt"), "zstd", "--compress=zstd"),
    ("pintle board", Some("board"), "zstd", "--compress=zstd"),
    ("pintle all", Some("all"), "zstd", "--compress=zstd"),
];
/// Those that `qemu/peers` makes for job D.
const PEERS: [&str; 3] = ["initramfs-tools-list", "initramfs-tools-most", "dracut-systemd"];
/// What is on the larger machine, each with the number of it: 40 functions of PCI, an eight to a slot. Disks have nothing on them.
const DEVICES: [(&str, usize); 8] = [
    ("nvme,serial=@,drive=empty@", 12),
    ("e1000e,romfile=", 8),
    ("virtio-net-pci,romfile=", 6),
    ("virtio-rng-pci", 6),
    ("qemu-xhci", 4),
    ("ahci", 2),
    ("megasas", 1),
    ("virtio-scsi-pci", 1),
];

/// QEMU's words for them.
pub(crate) fn forty_devices() -> Vec<String> {
    const FIRST_SLOT: usize = 0x10;
    const IN_A_SLOT: usize = 8;
    let mut words = Vec::new();
    let kinds = DEVICES.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count));
    for (place, kind) in kinds.enumerate() {
        if kind.contains("drive=") {
            words.extend(empty_disk(place));
        }
        let (slot, function) = (FIRST_SLOT + place / IN_A_SLOT, place % IN_A_SLOT);
        let multifunction = if function == 0 { ",multifunction=on" } else { "" };
        words.push("-device".into());
        words.push(format!("{},addr={slot:x}.{function}{multifunction}", kind.replace('@', &place.to_string())));
    }
    words
}

/// All that were asked for.
pub(crate) fn contenders(options: &Options, machine: &Machine, job: Job) -> Result<Vec<Contender>> {
    let mut rows = Vec::new();
    if options.wants("pintle") {
        let bytes = contender::init_bytes(machine)?;
        let packed = |set: Option<&str>, how: &str| -> Result<PathBuf> {
            let Some(set) = set else { return contender::packed(machine, Job::Modules, "listed", None, how) };
            let image = folder().join(format!("set-{set}.{}.{}{how}", machine.arch, machine.kernel));
            let mut command = script("scripts/mkinitramfs");
            command.args(["--arch", machine.arch, how, "--set", set, "--modules-dir"]).arg(&machine.modules);
            output(command.arg("--output").arg(&image)).map(|_| image)
        };
        for (name, set, form, how) in IMAGES {
            if job != Job::Many || form == contender::PLAIN {
                let image = packed(set, how)?;
                rows.push(Contender::of([name, "", form], &image, bytes, format!("root=UUID={UUID}"))?);
            }
        }
    }
    let peers: Vec<_> = PEERS.into_iter().filter(|name| job != Job::Many && options.wants(name)).collect();
    if !peers.is_empty() {
        let made = contender::others(machine, job, &peers)?;
        rows.extend(made.into_iter().filter(|row| row.form != contender::PLAIN));
    }
    Ok(rows)
}

/// What it takes to find out which modules the devices want, beside an image that lists them.
pub(crate) fn table(text: &mut String, tables: &[Table]) {
    let own = |sample: &Sample| {
        let kernel = sample.kernel.saturating_sub(sample.loading + sample.waiting);
        [millions(sample.user), millions(kernel), millions(sample.loading), sample.entry_ms - sample.run_ms]
    };
    let mut lines = String::new();
    for table in tables.iter().filter(|table| table.job.is_of_hardware()) {
        let first = |name| table.samples(name, contender::PLAIN).first().map(own);
        let Some((listed, found)) = first(LISTED).zip(first(STORAGE)) else { continue };
        let [user, kernel, loading, run] = std::array::from_fn(|place| match (found.get(place), listed.get(place)) {
            (Some(found), Some(listed)) => found - listed,
            _ => f64::NAN,
        });
        let (arch, about) = (table.arch, table.job.is_about());
        let all = found.last().copied().unwrap_or(f64::NAN);
        let alone = user + kernel;
        let _ = writeln!(
            lines,
            "| {arch}: {about} | {all:.1} | {run:.1} | {loading:.1} | {user:.2} | {kernel:.2} | {alone:.2} |"
        );
    }
    if !lines.is_empty() {
        let _ = write!(
            text,
            "\n**Coldplug**: `--set storage`, and what it has more than the image that lists the modules\n\n\
             | | Run → init, ms | more, ms | of it loading modules, M | user, M | kernel, M | coldplug alone, M |\n\
             |---|--:|--:|--:|--:|--:|--:|\n{lines}\n{ABOUT}"
        );
    }
}

const ABOUT: &str = "\
*Coldplug alone* is what the same boot takes more than with an image that lists its two modules, without the calls that load modules and
those that wait: reading what is on the buses, one pass over modules.alias, the order. A million instructions is a millisecond. The
modules that it loads besides are those of other controllers on that machine that could carry the root: q35 has AHCI of its own. The 40
devices are functions of PCI: 12 NVMe disks with nothing on them, 14 network cards of two kinds, 6 sources of random numbers, 4 USB
hosts, 2 AHCI, a MegaRAID and a virtio SCSI controller; the root is on a 13th NVMe disk, behind all others.
";
