//! Who is measured: no initramfs at all, what can't be done with less, pintle, and what people use today.

use crate::Result;
use crate::guest::{Boot, Job, Sample, UUID};
use crate::hardware;
use crate::image;
use crate::options::Options;
use crate::shell::{folder, output, read, say, script};
use crate::tools::{Machine, compiled};
use std::path::{Path, PathBuf};
use std::process::Command;

/// One row.
pub(crate) struct Contender {
    pub(crate) name: String,
    /// Its package's, where it is one.
    pub(crate) version: String,
    pub(crate) form: String,
    /// Of the image, packed and unpacked, and of its init.
    pub(crate) bytes: Option<[u64; 3]>,
    boot: Option<Boot>,
    pub(crate) outcome: Outcome,
}

pub(crate) enum Outcome {
    Measured(Vec<Sample>),
    /// Why it can't be had, or didn't boot.
    Failed(String),
}

/// Packed as Debian's tools do by themselves, and with nothing compressed.
pub(crate) const DEFAULT: &str = "Debian's";
pub(crate) const PLAIN: &str = "plain";
/// The boot that all others are held against: the kernel mounts the root itself.
pub(crate) const FLOOR: &str = "no initramfs";

impl Contender {
    /// One of which nothing is measured yet, by its name, version and form. There is nothing to boot of one that was measured
    /// before, and of one that can't be had there is the reason.
    pub(crate) fn new(
        [name, version, form]: [&str; 3],
        bytes: Option<[u64; 3]>,
        boot: std::result::Result<Option<Boot>, &str>,
    ) -> Contender {
        let [name, version, form] = [name, version, form].map(String::from);
        let (boot, outcome) = match boot {
            Ok(boot) => (boot, Outcome::Measured(Vec::new())),
            Err(why) => (None, Outcome::Failed(why.trim().into())),
        };
        Contender { name, version, form, bytes, boot, outcome }
    }

    /// One with an image; `programs` are the bytes of its init.
    pub(crate) fn of(names: [&str; 3], image: &Path, programs: u64, words: String) -> Result<Contender> {
        let (packed, unpacked) = image::sizes(image)?;
        let boot = Boot { image: Some(image.to_owned()), words };
        Ok(Contender::new(names, Some([packed, unpacked, programs]), Ok(Some(boot))))
    }

    /// What to boot, if anything.
    pub(crate) fn boot(&self) -> Option<&Boot> {
        self.boot.as_ref()
    }

    /// One more boot of it. That one fails is worth a row of its own, and no figures.
    pub(crate) fn add(&mut self, sample: Result<Sample>) {
        match (&mut self.outcome, sample) {
            (Outcome::Measured(samples), Ok(sample)) => samples.push(sample),
            (Outcome::Measured(_), Err(why)) => {
                say(&format!("{} ({}): {why}", self.name, self.form));
                self.outcome = Outcome::Failed(why);
            }
            (Outcome::Failed(_), _) => {}
        }
    }
}

/// All of `job` that were asked for.
pub(crate) fn all(options: &Options, machine: &Machine, job: Job) -> Result<Vec<Contender>> {
    if job.is_of_hardware() {
        return hardware::contenders(options, machine, job);
    }
    let mut rows = Vec::new();
    if job == Job::A {
        let boot = Boot { image: None, words: format!("root={}", job.root()) };
        rows.push(Contender::new([FLOOR, "", "-"], None, Ok(Some(boot))));
    }
    let mut forms = vec![(PLAIN, "--compress=none")];
    if !options.check {
        forms.push(("zstd", "--compress=zstd"));
        if job != Job::A {
            forms.push(("no signatures", "--strip-signatures"));
        }
    }
    if options.wants("limit") && !job.is_layered() {
        let init = limit(machine, job)?;
        for (form, how) in &forms {
            let image = packed(machine, job, "limit", Some(&init), how)?;
            rows.push(Contender::of(["limit", "", form], &image, size(&init)?, String::new())?);
        }
    }
    if options.wants("pintle") {
        let bytes = init_bytes(machine)?;
        for (form, how) in &forms {
            let image = packed(machine, job, "pintle", None, how)?;
            rows.push(Contender::of(["pintle", "", form], &image, bytes, words(machine, job, false))?);
        }
    }
    let peers: &[&str] = if job.is_layered() { &LAYERED } else { &PEERS };
    let peers: Vec<_> = peers.iter().copied().filter(|name| options.wants(name)).collect();
    if !peers.is_empty() {
        rows.extend(others(machine, job, &peers)?);
    }
    Ok(rows)
}

/// What the command line says of the root: to pintle, or to dracut.
fn words(machine: &Machine, job: Job, dracut: bool) -> String {
    match (job, dracut) {
        (Job::Verity, false) => machine.verity.1.clone(),
        (Job::Verity, true) => format!("root=/dev/mapper/root {}", machine.verity.1),
        (Job::Overlay, false) => format!("root=UUID={UUID} pintle.overlay=tmpfs"),
        (Job::Overlay, true) => format!("root=UUID={UUID} rd.live.overlay.overlayfs=1"),
        _ => format!("root=UUID={UUID}"),
    }
}

/// Those that `qemu/peers` makes for job C.
const LAYERED: [&str; 1] = ["dracut-layers"];
/// Those that `qemu/peers` makes.
const PEERS: [&str; 8] = [
    "tiny-initramfs",
    "kinit",
    "klibc-sh",
    "busybox",
    "initramfs-tools-list",
    "initramfs-tools-most",
    "dracut-hostonly",
    "dracut-systemd",
];

pub(crate) fn others(machine: &Machine, job: Job, peers: &[&str]) -> Result<Vec<Contender>> {
    say(&format!("images of the others, for {} {}", machine.arch, machine.release));
    let mut command = script("qemu/peers");
    command.args(["--arch", machine.arch, "--kernel", &machine.kernel, "--only", &peers.join(",")]);
    let made =
        command.stderr(std::process::Stdio::inherit()).output().map_err(|error| format!("qemu/peers: {error}"))?;
    let made = PathBuf::from(String::from_utf8_lossy(&made.stdout).trim()).join(job.folder());
    let text = |path: PathBuf| read(&path).map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
    let mut rows = Vec::new();
    for name in peers {
        let home = made.join(name);
        let version = text(home.join("version")).unwrap_or_default();
        let why = text(home.join("failed"));
        for (form, folder) in [(DEFAULT, "debian"), (PLAIN, "plain")] {
            let at = home.join(folder);
            let image = at.join("initramfs");
            if !image.exists() {
                if let Ok(why) = text(at.join("failed")).or_else(|_| why.clone()) {
                    rows.push(Contender::new([name, &version, form], None, Err(&why)));
                }
                continue;
            }
            let mut words = text(at.join("words"))?.replace("@UUID@", UUID);
            if job.is_layered() {
                words = format!("{words} {}", self::words(machine, job, true));
            }
            let programs = text(at.join("programs"))?.parse().map_err(|error| format!("{name}: programs: {error}"))?;
            rows.push(Contender::of([name, &version, form], &image, programs, words)?);
        }
        if !rows.iter().any(|row| row.name == *name) {
            rows.push(Contender::new([name, &version, "-"], None, Err("qemu/peers made nothing of it")));
        }
    }
    Ok(rows)
}

/// Bytes of pintle's own /init, which is built where it has to be.
pub(crate) fn init_bytes(machine: &Machine) -> Result<u64> {
    let built = output(script("scripts/build").arg(machine.arch))?;
    size(Path::new(built.rsplit(' ').next().unwrap_or_default()))
}

/// Bytes of a file.
fn size(path: &Path) -> Result<u64> {
    std::fs::metadata(path).map(|file| file.len()).map_err(|error| format!("{}: {error}", path.display()))
}

/// pintle's image, not compressed.
pub(crate) fn pintle(machine: &Machine, job: Job) -> Result<PathBuf> {
    output(script("scripts/build").arg(machine.arch))?;
    packed(machine, job, "pintle", None, "--compress=none")
}

/// The hard-coded init of `job`.
fn limit(machine: &Machine, job: Job) -> Result<PathBuf> {
    let root = format!("-DROOT=\"{}\"", job.root());
    if job == Job::A {
        return compiled(machine.arch, "limit", &[&root]);
    }
    // The modules are those that an image of pintle's has.
    let image = packed(machine, job, "pintle", None, "--compress=none")?;
    let file = std::fs::File::open(&image).map_err(|error| format!("{}: {error}", image.display()))?;
    let names = output(Command::new("cpio").args(["--quiet", "-t"]).stdin(file))?;
    let modules: String =
        names.lines().filter(|name| name.ends_with(".ko")).map(|name| format!("/{name}\\0")).collect();
    if modules.is_empty() {
        return Err(format!("{}: no module in it", image.display()));
    }
    compiled(machine.arch, "limit", &[&root, &format!("-DMODULES=\"{modules}\"")])
}

/// An image by scripts/mkinitramfs, with what `job` needs.
pub(crate) fn packed(machine: &Machine, job: Job, name: &str, init: Option<&Path>, how: &str) -> Result<PathBuf> {
    let image = folder().join(format!("{name}.{}.{}.{job:?}{how}", machine.arch, machine.kernel));
    let mut command = script("scripts/mkinitramfs");
    command.args(["--arch", machine.arch, how, "--output"]).arg(&image);
    if job.modules().is_empty() {
        command.arg("--no-modules");
    } else {
        command.arg("--modules-dir").arg(&machine.modules);
        command.args(job.modules().iter().flat_map(|module| ["--module", module]));
    }
    if let Some(init) = init {
        command.arg("--init").arg(init);
    }
    output(&mut command).map(|_| image)
}
