//! What a measurement stands on: the counting plugin, the real init, the root's disk, the kernel and its symbols.

use crate::Result;
use crate::guest::TIMEOUT_S;
use crate::shell::{checkout, folder, output, read, say, sbin, script, write};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One architecture with one kernel.
pub(crate) struct Machine {
    pub(crate) arch: &'static str,
    /// 6.12 or 7.
    pub(crate) kernel: String,
    /// What `uname -r` says on it.
    pub(crate) release: String,
    /// Its lib/modules/VERSION.
    pub(crate) modules: PathBuf,
    pub(crate) plugin: PathBuf,
    pub(crate) symbols: PathBuf,
    /// Where the real init begins.
    pub(crate) entry: String,
    pub(crate) disk: PathBuf,
    /// The same with its hashes behind it, and the words of the command line that say so; only where a job wants them.
    pub(crate) verity: (PathBuf, String),
    /// How QEMU reads the disk.
    pub(crate) aio: &'static str,
}

/// Nothing else is there, neither a program nor a kernel.
const INIT_AT: &str = "-Wl,-Ttext-segment=0x123450000000";
const FLAGS: [&str; 13] = [
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Os",
    "-std=gnu11",
    "-ffreestanding",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fPIE",
    "-nostdlib",
    "-static",
    "-s",
    "-Wl,--build-id=none,-z,noseparate-code,-z,max-page-size=4096",
];

impl Machine {
    pub(crate) fn make(arch: &'static str, kernel: &str, verity: bool) -> Result<Machine> {
        let folder = folder();
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let fetched = PathBuf::from(output(script("qemu/fetch").args(["kernel", "--arch", arch, kernel]))?);
        let release = String::from_utf8_lossy(&read(&fetched.join("version"))?).trim().to_owned();
        let init = compiled(arch, "init", &[INIT_AT])?;
        // systemd enters nothing without one.
        let release_file = folder.join("os-release");
        write(&release_file, b"ID=bench\n")?;
        let disk = folder.join(format!("root.{arch}.img"));
        let mut root_disk = script("qemu/root-disk");
        root_disk.args(["--arch", arch, "--init"]).arg(&init).arg("--output").arg(&disk);
        output(root_disk.arg("--add").arg(format!("{}:/etc/os-release", release_file.display())))?;
        Ok(Machine {
            arch,
            kernel: kernel.to_owned(),
            symbols: symbols(arch, kernel, &release)?,
            release,
            modules: fetched.join("modules"),
            plugin: plugin(arch)?,
            entry: entry(&init)?,
            aio: if io_uring(&disk) { "io_uring" } else { "threads" },
            verity: if verity { with_hashes(&disk)? } else { Default::default() },
            disk,
        })
    }
}

/// A copy of the disk, behind which its hashes stand, and how systemd's words, which are pintle's too, name both.
fn with_hashes(disk: &Path) -> Result<(PathBuf, String)> {
    const BLOCK_BYTES: u64 = 4096;
    const ON: &str = "/dev/nvme0n1";
    let path = disk.with_extension("verity.img");
    let size = fs::copy(disk, &path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut format = sbin("veritysetup");
    // Salt and UUID as they are, for the same hash each time.
    format.args(["format", "--salt=00ff17", "--uuid=70696e74-6c65-4000-8000-000000000002"]);
    format.args([format!("--data-blocks={}", size / BLOCK_BYTES), format!("--hash-offset={size}")]);
    let said = output(format.args([&path, &path]))?;
    let hash = said.lines().find_map(|line| line.strip_prefix("Root hash:")).ok_or("veritysetup told no root hash")?;
    let devices = format!("systemd.verity_root_data={ON} systemd.verity_root_hash={ON}");
    let hash = hash.trim();
    Ok((path, format!("roothash={hash} {devices} systemd.verity_root_options=hash-offset={size}")))
}

/// One of the programs in qemu/bench, for `arch`.
pub(crate) fn compiled(arch: &str, name: &str, options: &[&str]) -> Result<PathBuf> {
    let path = folder().join(format!("{name}.{arch}"));
    let mut compiler = Command::new(format!("{arch}-linux-gnu-gcc"));
    compiler.args(FLAGS).args(options).arg("-o").arg(&path).arg(source(&format!("{name}.c")));
    output(&mut compiler).map(|_| path)
}

fn source(name: &str) -> PathBuf {
    checkout().join("qemu/bench").join(name)
}

/// The counting plugin, for the version of its interface that this QEMU has.
fn plugin(arch: &str) -> Result<PathBuf> {
    let path = folder().join(format!("count.{arch}.so"));
    let version = output(Command::new(format!("qemu-system-{arch}")).arg("--version"))?;
    let major = version.split(' ').nth(3).and_then(|version| version.split('.').next()?.parse().ok()).unwrap_or(0);
    let api = if major < 9 { "-DAPI=1" } else { "-DAPI=2" };
    let mut compiler = Command::new("cc");
    compiler.args(["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC", "-fvisibility=hidden", api, "-o"]);
    output(compiler.arg(&path).arg(source("count.c"))).map(|_| path)
}

/// Whether QEMU can have the disk read at once, by io_uring: otherwise a helper thread of QEMU's does it, and the guest's clock
/// goes on meanwhile.
fn io_uring(disk: &Path) -> bool {
    let image = format!("driver=raw,file.driver=file,file.aio=io_uring,file.filename={}", disk.display());
    let has = output(Command::new("qemu-img").args(["info", "--image-opts", &image])).is_ok();
    if !has {
        say("no io_uring here: times are less exact, counts are not");
    }
    has
}

/// Where a program of ELF begins (`e_entry`).
fn entry(program: &Path) -> Result<String> {
    let bytes = read(program)?;
    let entry = bytes.get(24..).and_then(|rest| rest.first_chunk()).copied().map(u64::from_le_bytes);
    entry.map(|entry| format!("{entry:#x}")).ok_or_else(|| format!("{} is no program", program.display()))
}

/// What the kernel itself says of its symbols: Debian's packages have none. They come behind the file system on its disk.
fn symbols(arch: &str, kernel: &str, release: &str) -> Result<PathBuf> {
    const INIT: &str = "#!/bin/sh
mount -t devtmpfs dev /dev
mount -t proc proc /proc
dd if=/proc/kallsyms of=/dev/nvme0n1 bs=1M seek=32 iflag=fullblock
sync
poweroff -f
";
    const SYSTEM_BYTES: usize = 32 << 20;
    let path = folder().join(format!("symbols.{release}"));
    if path.exists() {
        return Ok(path);
    }
    say(&format!("asking kernel {release} for its symbols"));
    let init = folder().join(format!("symbols-init.{release}"));
    let disk = folder().join(format!("symbols-disk.{release}"));
    write(&init, INIT.as_bytes())?;
    let mut root_disk = script("qemu/root-disk");
    output(
        root_disk.args(["--arch", arch, "--mode", "755:/sbin/init", "--init"]).arg(&init).arg("--output").arg(&disk),
    )?;
    let grown = fs::OpenOptions::new().write(true).open(&disk).and_then(|file| file.set_len(2 * SYSTEM_BYTES as u64));
    grown.map_err(|error| format!("{}: {error}", disk.display()))?;
    let mut boot = script("qemu/boot");
    boot.args(["--arch", arch, "--kernel", kernel, "--timeout", TIMEOUT_S, "--append", "nokaslr quiet"]);
    // A full kernel's NVMe is a module.
    if !kernel.ends_with("-full") {
        boot.args(["--initramfs", "none"]);
    }
    output(boot.arg("--disk").arg(format!("{},if=nvme", disk.display())))?;
    let mut text = read(&disk)?.split_off(SYSTEM_BYTES);
    text.retain(|byte| *byte != 0);
    for file in [init, disk] {
        let _ = fs::remove_file(file);
    }
    if text.is_empty() {
        return Err(format!("kernel {release} tells no symbols"));
    }
    write(&path, &text)?;
    Ok(path)
}
