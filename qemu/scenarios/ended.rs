//! A guest that has ended: how, and what its console says.

use crate::guest::Transcript;
use crate::says::{self, without_meaning};
use std::process::ExitStatus;

/// How it ended, and its console.
pub(crate) struct Ended {
    transcript: Transcript,
    status: ExitStatus,
    console: String,
}

/// A line of `/proc/PID/mountinfo` (proc(5)).
#[derive(Debug)]
pub(crate) struct Mount<'a> {
    pub(crate) dev: &'a str,
    pub(crate) root: &'a str,
    pub(crate) point: &'a str,
    pub(crate) options: &'a str,
    pub(crate) fstype: &'a str,
    pub(crate) source: &'a str,
    pub(crate) super_options: &'a str,
}

impl Ended {
    pub(crate) fn new(transcript: Transcript, status: ExitStatus) -> Ended {
        let console = transcript.console();
        Ended { transcript, status, console }
    }

    /// Its init ran to its end, and powered off.
    #[track_caller]
    pub(crate) fn is_done(&self) {
        self.has_powered_off();
        assert!(self.lines().any(|line| line == "== done"), "no line `== done`");
    }

    #[track_caller]
    pub(crate) fn has_powered_off(&self) {
        assert_eq!(self.status.code(), Some(0), "exit code of qemu/boot");
    }

    /// It panicked, or pintle gave up, and no init ran to its end.
    #[track_caller]
    pub(crate) fn has_failed(&self) {
        assert_eq!(self.status.code(), Some(1), "exit code of qemu/boot");
        assert!(!self.lines().any(|line| line == "== done"), "a line `== done`");
    }

    #[track_caller]
    pub(crate) fn has_timed_out(&self) {
        assert_eq!(self.status.code(), Some(124), "exit code of qemu/boot");
    }

    /// What `qemu/boot` itself said.
    pub(crate) fn stderr(&self) -> String {
        self.transcript.stderr()
    }

    /// All that was on it.
    pub(crate) fn console(&self) -> &str {
        &self.console
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        self.console.lines()
    }

    /// Whether a line has `text` in it.
    pub(crate) fn says(&self, text: &str) -> bool {
        self.lines().any(|line| line.contains(text))
    }

    pub(crate) fn has_line(&self, line: &str) -> bool {
        self.lines().any(|each| each == line)
    }

    /// All that pintle said on the console but for how long it took, without the kernel's time stamps and the meanings of
    /// errnos, and without q35's own AHCI controller, which nothing is attached to.
    pub(crate) fn pintle(&self) -> Vec<String> {
        let lines = self.lines().filter_map(|line| without_time(line).strip_prefix("pintle: "));
        lines
            .filter(|line| !line.starts_with(says::TIMES) && !line.starts_with(says::Q35_AHCI))
            .map(without_meaning)
            .collect()
    }

    /// The same without the notices of a wait: how long a device takes is the machine's affair.
    pub(crate) fn pintle_but_waiting(&self) -> Vec<String> {
        let mut lines = self.pintle();
        lines.retain(|line| !line.contains(says::WAITING));
        lines
    }

    /// All but the list of devices.
    pub(crate) fn pintle_but_devices(&self) -> Vec<String> {
        let mut lines = self.pintle();
        lines.retain(|line| !line.starts_with(says::DEVICE) && line != says::DEVICES_END);
        lines
    }

    /// The list of devices, with its end.
    pub(crate) fn devices(&self) -> Vec<String> {
        let mut lines = self.pintle();
        lines.retain(|line| line.starts_with(says::DEVICE) || line == says::DEVICES_END);
        lines.iter().map(|line| says::without_counts(line)).collect()
    }

    /// The number of a device in that list: its major is often the kernel's choice.
    pub(crate) fn number_of(&self, name: &str) -> String {
        // MAJOR=254 MINOR=0 DEVNAME=vda …
        let wanted = format!("DEVNAME={name}");
        let line = self.lines().find(|line| line.contains(says::DEVICE) && line.split(' ').any(|word| word == wanted));
        let value = |key| line?.split(' ').find_map(|word| word.strip_prefix(key));
        value("MAJOR=").zip(value("MINOR=")).map(|(major, minor)| format!("{major}:{minor}")).unwrap_or_default()
    }

    /// How long the stages of the boot took, as pintle says it.
    #[track_caller]
    pub(crate) fn times(&self) -> &str {
        let line = self.lines().find_map(|line| without_time(line).strip_prefix("pintle: ")?.strip_prefix(says::TIMES));
        line.expect("a line with times")
    }

    /// The kernel's time of the first line with `text` in it, in seconds.
    #[track_caller]
    pub(crate) fn time_of(&self, text: &str) -> f64 {
        let line = self.lines().find(|line| line.contains(text)).unwrap_or_else(|| panic!("no line with {text:?}"));
        let time = line.strip_prefix('[').and_then(|line| line.split_once(']')).map(|(time, _)| time.trim());
        time.and_then(|time| time.parse().ok()).unwrap_or_else(|| panic!("no time in {line:?}"))
    }

    /// What follows `start` in the last line that begins with it.
    #[track_caller]
    pub(crate) fn last(&self, start: &str) -> &str {
        let line = self.lines().filter_map(|line| line.strip_prefix(start)).last();
        line.unwrap_or_else(|| panic!("no line that begins with {start:?}"))
    }

    /// The lines that follow `== NAME`, up to the next section.
    #[track_caller]
    pub(crate) fn section(&self, name: &str) -> Vec<&str> {
        let mut lines = self.lines().skip_while(|line| line.strip_prefix("== ") != Some(name));
        assert!(lines.next().is_some(), "no section `== {name}`");
        lines.take_while(|line| !line.starts_with("== ")).collect()
    }

    /// The one line of a section.
    #[track_caller]
    pub(crate) fn line(&self, section: &str) -> &str {
        match self.section(section).as_slice() {
            [line] => line,
            lines => panic!("`== {section}` is not one line: {lines:?}"),
        }
    }

    /// A figure of /proc/meminfo, in KiB.
    #[track_caller]
    pub(crate) fn memory(&self, name: &str) -> u64 {
        let lines = self.section("memory");
        let value = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.strip_suffix("kB"));
        value.and_then(|value| value.trim().parse().ok()).unwrap_or_else(|| panic!("no {name} in {lines:?}"))
    }

    /// The section `mountinfo`, by mount point.
    #[track_caller]
    pub(crate) fn mounts(&self) -> Vec<Mount<'_>> {
        let parse = |line| Mount::parse(line).unwrap_or_else(|| panic!("not a line of mountinfo: {line:?}"));
        let mut mounts: Vec<_> = self.section("mountinfo").into_iter().map(parse).collect();
        mounts.sort_by_key(|mount| mount.point);
        mounts
    }

    #[track_caller]
    pub(crate) fn mount(&self, point: &str) -> Mount<'_> {
        let mount = self.mounts().into_iter().find(|mount| mount.point == point);
        mount.unwrap_or_else(|| panic!("nothing is mounted at {point}"))
    }

    /// Where something is mounted.
    #[track_caller]
    pub(crate) fn mount_points(&self) -> Vec<&str> {
        self.mounts().into_iter().map(|mount| mount.point).collect()
    }
}

impl Mount<'_> {
    fn parse(line: &str) -> Option<Mount<'_>> {
        let (mount, filesystem) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(2);
        let (dev, root, point, options) = (mount.next()?, mount.next()?, mount.next()?, mount.next()?);
        let mut filesystem = filesystem.split(' ');
        let (fstype, source, super_options) = (filesystem.next()?, filesystem.next()?, filesystem.next()?);
        // Of most file systems all is mounted.
        let of_parts = fstype == "btrfs" || matches!(point, "/usr" | "/run/pintle/upper");
        (root == "/" || of_parts).then_some(Mount { dev, root, point, options, fstype, source, super_options })
    }

    /// The value of an option of the file system's.
    pub(crate) fn super_option(&self, name: &str) -> Option<&str> {
        self.super_options.split(',').find_map(|option| option.strip_prefix(name)?.strip_prefix('='))
    }
}

fn without_time(line: &str) -> &str {
    match line.strip_prefix('[').and_then(|line| line.split_once("] ")) {
        Some((time, text)) if time.trim().parse::<f64>().is_ok() => text,
        _ => line,
    }
}
