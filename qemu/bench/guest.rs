//! One boot, and what was measured of it.

use crate::Result;
use crate::hardware;
use crate::shell::{checkout, folder, output, read};
use crate::tools::Machine;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Job {
    /// The root is ext4 on NVMe, for which the kernel needs no module.
    A,
    /// The root is ext4 on virtio-blk, for which it needs one.
    B,
    /// As job A, but dm-verity verifies the root, whose hashes are behind it.
    Verity,
    /// As job A, but what is written goes to a tmpfs on top.
    Overlay,
    /// As job A on Debian's full kernel, whose NVMe and ext4 are modules.
    Modules,
    /// The same on a machine with 40 PCI devices more, and the root's behind them.
    Many,
}

impl Job {
    /// All of them.
    pub(crate) const ALL: [Job; 6] = [Job::A, Job::B, Job::Verity, Job::Overlay, Job::Modules, Job::Many];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Job::A => "A",
            Job::B => "B",
            Job::Verity => "C verity",
            Job::Overlay => "C overlay",
            Job::Modules => "D",
            Job::Many => "D 40",
        }
    }

    pub(crate) fn is_about(self) -> &'static str {
        match self {
            Job::A => "NVMe, ext4, no module",
            Job::B => "virtio-blk as a module, ext4",
            Job::Verity => "NVMe, dm-verity as modules, ext4",
            Job::Overlay => "NVMe, ext4, overlay as a module, and a tmpfs",
            Job::Modules => "NVMe, ext4, both as modules",
            Job::Many => "the same on a machine with 40 PCI devices more",
        }
    }

    /// Where qemu/peers has what it takes.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Job::A => "a",
            Job::B => "b",
            Job::Verity | Job::Overlay => "c",
            Job::Modules | Job::Many => "d",
        }
    }

    /// Whether a root is made of more than a file system on a device.
    pub(crate) fn is_layered(self) -> bool {
        matches!(self, Job::Verity | Job::Overlay)
    }

    /// Whether what it takes is in an image for all machines.
    pub(crate) fn is_of_hardware(self) -> bool {
        matches!(self, Job::Modules | Job::Many)
    }

    /// The modules that it takes.
    pub(crate) fn modules(self) -> &'static [&'static str] {
        match self {
            Job::A => &[],
            Job::B => &["virtio_blk"],
            Job::Verity => &["dm_verity"],
            Job::Overlay => &["overlay"],
            Job::Modules | Job::Many => &["nvme", "ext4"],
        }
    }

    /// The root's device, as the kernel calls it.
    pub(crate) fn root(self) -> &'static str {
        if self == Job::B { "/dev/vda" } else { "/dev/nvme0n1" }
    }

    /// QEMU's words for its devices: that a request is handled where the guest makes it, and not by another thread some time later.
    fn devices(self) -> Vec<String> {
        let mut words = if self == Job::Many { hardware::forty_devices() } else { Vec::new() };
        let root = match self {
            Job::B => "virtio-blk-pci,ioeventfd=off,drive=root",
            Job::Many => "nvme,serial=bench,ioeventfd=off,drive=root,addr=1e",
            _ => "nvme,serial=bench,ioeventfd=off,drive=root",
        };
        words.extend(["-device", root].map(String::from));
        words
    }
}

/// What to boot.
#[derive(Clone, Debug)]
pub(crate) struct Boot {
    /// None: the kernel mounts the root itself.
    pub(crate) image: Option<PathBuf>,
    /// On the command line.
    pub(crate) words: String,
}

/// The UUID that qemu/root-disk gives.
pub(crate) const UUID: &str = "70696e74-6c65-4000-8000-000000000001";
/// Self-tests of the kernel's would share the CPU with init, and the image be unpacked beside it.
const WORDS: &str = "quiet nokaslr cryptomgr.notests initramfs_async=0";
const MEMORY_MIB: &str = "1024";
pub(crate) const TIMEOUT_S: &str = "600";

/// QEMU's words for a disk with nothing on it, `emptyPLACE`, which some device has to have.
pub(crate) fn empty_disk(place: usize) -> [String; 2] {
    ["-blockdev".into(), format!("driver=null-co,node-name=empty{place},size=16777216,read-zeroes=on")]
}

/// What one boot cost. Times are the guest's own, of which a nanosecond is an instruction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// From the start of the kernel's clock to the first instruction of the real init.
    pub(crate) entry_ms: f64,
    /// Until the kernel ran the first program.
    pub(crate) run_ms: f64,
    pub(crate) unpacking_ms: f64,
    /// Instructions from `start_kernel()` on, until the real init's first.
    pub(crate) total: u64,
    /// Those since the first program was run.
    pub(crate) user: u64,
    pub(crate) kernel: u64,
    /// Those of the kernel in calls that load modules, and in those that wait.
    pub(crate) loading: u64,
    pub(crate) waiting: u64,
    pub(crate) calls: u64,
    pub(crate) faults: u64,
    pub(crate) execs: u64,
    /// Memory that is free when all is quiet.
    pub(crate) free_kib: u64,
}

/// A system call of a profile: instructions of user code before it, of the kernel in it, of page faults and interrupts around
/// it, and the number of page faults.
pub(crate) struct Call {
    pub(crate) name: String,
    pub(crate) user: u64,
    pub(crate) kernel: u64,
    pub(crate) fault: u64,
    pub(crate) faults: u64,
}

impl Machine {
    /// Boots once.
    pub(crate) fn boot(&self, job: Job, boot: &Boot) -> Result<Sample> {
        let disk = if job == Job::Verity { &self.verity.0 } else { &self.disk };
        self.boot_with(job, boot, disk, None)
    }

    /// The same with another disk, and with QEMU's words for the devices, where they are others than the job's.
    pub(crate) fn boot_with(&self, job: Job, boot: &Boot, disk: &Path, devices: Option<&[String]>) -> Result<Sample> {
        let (console, counted) = self.run(job, boot, disk, devices, "")?;
        sample(&console, &counted)
    }

    /// The calls that pintle makes, in their order, and what each function of the kernel takes, the most first.
    pub(crate) fn profile(&self, job: Job, boot: &Boot) -> Result<(Vec<Call>, Vec<(u64, String)>)> {
        let (_, counted) = self.run(job, boot, &self.disk, None, ",profile=on")?;
        let lines = |key: &'static str| counted.lines().filter_map(move |line| line.strip_prefix(key));
        let call = |line: &str| {
            let mut words = line.split(' ').skip(1);
            let name = words.next()?.to_owned();
            let mut number = || words.next()?.parse().ok();
            Some(Call { name, user: number()?, kernel: number()?, fault: number()?, faults: number()? })
        };
        let function = |line: &str| {
            let (instructions, name) = line.split_once(' ')?;
            Some((instructions.parse().ok()?, name.to_owned()))
        };
        Ok((lines("call ").filter_map(call).collect(), lines("function ").filter_map(function).collect()))
    }

    /// Runs a guest to its end; returns its console, and what the plugin wrote.
    fn run(
        &self,
        job: Job,
        boot: &Boot,
        disk: &Path,
        devices: Option<&[String]>,
        more: &str,
    ) -> Result<(String, String)> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = folder().join(format!("counted.{}.{number}", std::process::id()));
        let console = output(&mut self.command(job, boot, disk, devices, &path, more));
        let counted = read(&path);
        let _ = std::fs::remove_file(&path);
        Ok((console?, String::from_utf8_lossy(&counted?).into_owned()))
    }

    /// The command that boots; `counted` is where the plugin writes, `more` are arguments of it.
    fn command(
        &self,
        job: Job,
        boot: &Boot,
        disk: &Path,
        devices: Option<&[String]>,
        counted: &Path,
        more: &str,
    ) -> Command {
        // No guest outlives whoever waits for it.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "TERM"]).arg(checkout().join("qemu/boot")).env("PINTLE_SETUP_DONE", "1");
        command.args(["--arch", self.arch, "--kernel", &self.kernel, "--icount", "--disk", "none"]);
        command.args(["--memory", MEMORY_MIB, "--timeout", TIMEOUT_S]);
        match &boot.image {
            None => command.args(["--initramfs", "none"]),
            Some(image) => command.arg("--initramfs").arg(image),
        };
        command.arg("--append").arg(format!("{WORDS} {}", boot.words));
        let drive = format!("if=none,id=root,file={},format=raw,snapshot=on,aio={}", disk.display(), self.aio);
        let plugin = format!(
            "{},out={},symbols={},entry={}{more}",
            self.plugin.display(),
            counted.display(),
            self.symbols.display(),
            self.entry
        );
        let mut arguments = ["-drive", &drive, "-plugin", &plugin, "-seed", "1"].map(String::from).to_vec();
        match devices {
            Some(devices) => arguments.extend_from_slice(devices),
            None => arguments.extend(job.devices()),
        }
        for argument in arguments {
            command.arg(format!("--qemu-arg={argument}"));
        }
        command
    }
}

/// Out of what the real init printed, and the plugin wrote.
fn sample(console: &str, counted: &str) -> Result<Sample> {
    let said = |key: &str| {
        let line = console.lines().find_map(|line| line.trim_end().strip_prefix(key));
        line.and_then(|number| number.trim().parse::<u64>().ok()).ok_or_else(|| format!("no line `{}`", key.trim_end()))
    };
    let number = |key: &str| {
        let line = counted.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
        line.and_then(|number| number.parse().ok()).ok_or_else(|| format!("{key} was not counted"))
    };
    let run_ms = logged(console, "Run /").ok_or("the kernel's log has no line `Run /`")?;
    // An image of less than a page leaves nothing to be freed, and no line.
    let unpacked = logged(console, "Freeing initrd memory").or_else(|| logged_behind(console, UNPACK));
    let unpacking_ms = match logged(console, UNPACK) {
        Some(from) => unpacked.ok_or("the image was not unpacked")? - from,
        None => 0.0,
    };
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    Ok(Sample {
        entry_ms: said("bench: entry ")? as f64 / 1e6,
        run_ms,
        unpacking_ms,
        total: number("total")?,
        user: number("user")?,
        kernel: number("kernel")?,
        loading: number("loading")?,
        waiting: number("waiting")?,
        calls: number("calls")?,
        faults: number("faults")?,
        execs: number("execs")?,
        free_kib: said("bench: free ")?,
    })
}

/// What the kernel says when it begins to unpack the image.
const UNPACK: &str = "Trying to unpack rootfs image";

/// When the line was logged that follows the one that has `text` in it.
fn logged_behind(console: &str, text: &str) -> Option<f64> {
    let (_, rest) = console.split_once(text)?;
    logged(rest.split_once('\n')?.1, "[")
}

/// When a line was logged that has `text` in it, in milliseconds.
fn logged(console: &str, text: &str) -> Option<f64> {
    let line = console.lines().find(|line| line.contains(text))?;
    let (_, rest) = line.split_once('[')?;
    let seconds: f64 = rest.split(']').next()?.trim().parse().ok()?;
    Some(seconds * 1e3)
}
