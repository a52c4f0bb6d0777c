//! Whole distributions, Debian stable with systemd and with sysvinit: they boot to their logins, and are, unit by unit, service
//! by service and mount by mount, what they are when their own initramfs boots them.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, output, sbin, script};
use crate::images::read_back;
use crate::session::{self, FORMS, MAKE_ROOT, PROGRAMS, SESSION};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What starts the others.
pub(crate) struct Init {
    pub(crate) name: &'static str,
    /// Prints the process of the login on `$tty`.
    pub(crate) login: &'static str,
    /// Says what it has come to, once that doesn't change any more.
    pub(crate) show: &'static str,
    /// Has the script run, late.
    pub(crate) start: (&'static str, &'static str),
    /// A link to the latter.
    pub(crate) wanted: Option<&'static str>,
}

pub(crate) const SYSTEMD: Init = Init {
    name: "systemd",
    login: r#"systemctl show -P MainPID "serial-getty@$tty""#,
    show: r#"
state=$(systemctl is-system-running --wait)
echo "== state"; echo "$state"
echo "== failed"; systemctl --failed --plain --no-legend
echo "== etc"; ls -1 /etc
echo "== services"; systemctl list-units --all --plain --no-legend --no-pager | awk '{ print $1, $2, $3, $4 }'
echo "== warnings"; journalctl -b -p warning --no-pager -o cat _PID=1
"#,
    start: (
        "/etc/systemd/system/show.service",
        "[Unit]
Description=Shows what the system has come to, and powers off
[Service]
ExecStart=/usr/local/sbin/show
[Install]
WantedBy=multi-user.target
",
    ),
    wanted: Some("/etc/systemd/system/multi-user.target.wants"),
};

const SYSVINIT: Init = Init {
    name: "sysvinit",
    login: r#"pgrep -f "getty.*$tty""#,
    show: r#"
echo "== state"; runlevel
echo "== services"; service --status-all 2>&1
echo "== processes"; ps --ppid 2 -p 2 --deselect -o args= | grep -v '^ps '
"#,
    start: ("/etc/rc.local", "#!/bin/sh\n/usr/local/sbin/show </dev/null >/dev/null 2>&1 &\n"),
    wanted: None,
};

/// Leaves it in a file, since a login prompt hangs up on whoever else has its console. That one is there once its process
/// waits for a name.
fn show(init: &Init, session: bool) -> String {
    let (forms, programs) = (FORMS.join(" "), PROGRAMS.join(" "));
    let wait = format!(
        r#"until login=$({}) && grep -qE 'select|poll|n_tty_read' "/proc/$login/wchan"; do sleep 1; done"#,
        init.login
    );
    let wait = if init.login.is_empty() { String::new() } else { wait };
    let session = if session { format!("for form in {forms}; do session \"$form\"; done") } else { String::new() };
    format!(
        r#"#!/bin/sh
exec >/var/lib/shown
tty=$(sed 's/.* //' /sys/class/tty/console/active)
{}
{}
echo "== mountinfo"; cat /proc/1/mountinfo
echo "== times"; cat /run/pintle/times 2>/dev/null
echo "== end"
[ ! -b /dev/vdb ] || cat /var/lib/shown >/dev/vdb
session() {{
    export INIT=/usr/local/bin/init ROOT=/root/session.$1 DEV=1
    bash /usr/local/bin/make-root "$ROOT" {programs}
    unshare --mount --propagation private bash /usr/local/bin/session "$1"
}} >/var/lib/session.$1 2>&1
{session}
poweroff
"#,
        wait, init.show
    )
}

pub(crate) const UUID: &str = "70696e74-6c65-4000-8000-0000000000d0";

/// What a boot has come to.
pub(crate) struct System {
    pub(crate) console: Ended,
    pub(crate) shown: String,
    /// What the classic session has printed in each of its forms.
    pub(crate) sessions: Vec<(&'static str, String)>,
}

impl System {
    #[track_caller]
    pub(crate) fn section(&self, name: &str) -> Vec<&str> {
        let (_, rest) =
            self.shown.split_once(&format!("== {name}\n")).unwrap_or_else(|| panic!("no {name}: {}", self.shown));
        rest.split("== ").next().unwrap_or_default().lines().collect()
    }

    /// Mount point, flags, type, source and options of each mount, in order. But for what is of one boot alone: numbers, sizes
    /// by the memory that was free, credentials of a service that was just started.
    fn mounts(&self) -> BTreeSet<String> {
        let mounts = self.section("mountinfo").into_iter().filter(|line| !line.contains("/run/credentials/"));
        let parse = |line: &str| {
            let (mount, filesystem) = line.split_once(" - ").expect("a line of mountinfo");
            let mount: Vec<_> = mount.split(' ').skip(4).take(2).collect();
            let (filesystem, options) = filesystem.rsplit_once(' ').expect("its options");
            let numbers = ["size=", "nr_inodes=", "fd=", "pipe_ino="];
            let constant = |option: &&str| !numbers.iter().any(|name| option.starts_with(name));
            let options: Vec<_> = options.split(',').filter(constant).collect();
            format!("{} {filesystem} {}", mount.join(" "), options.join(","))
        };
        mounts.map(parse).collect()
    }

    /// What the console says of mounts and of what went wrong, from sysvinit's first line on, but for the kernel's own.
    fn complaints(&self) -> Vec<String> {
        let words = ["mount", "fail", "error", "warn", "busy", "already", "not found", "no such"];
        // Where startpar(1) passes a line on in two parts, a newline and a NUL are between them.
        let console = self.console.console().replace("\n\0", "");
        let lines = console.lines().skip_while(|line| !line.starts_with("INIT: version"));
        // On its way down it stops things side by side.
        let lines = lines.take_while(|line| !line.starts_with("INIT: Switching to runlevel"));
        let said = lines.filter(|line| !line.starts_with('['));
        said.filter(|line| words.iter().any(|word| line.to_lowercase().contains(word))).map(str::to_owned).collect()
    }
}

/// The disk with the script on it, and with all that the classic session takes.
pub(crate) fn disk(scratch: &Scratch, arch: Arch, debian: &Path, init: &Init, session: bool) -> String {
    let disk = scratch.path("debian.img").display().to_string();
    let image = debian.join("disk.img").display().to_string();
    output(sbin("cp").args(["--sparse=always", &image, &disk])).unwrap_or_else(|why| panic!("{why}"));
    let (start, text) = init.start;
    let show = show(init, session);
    let mut files = vec![("/usr/local/sbin/show", show.as_bytes()), (start, text.as_bytes())];
    let pintle = std::fs::read(arch.init()).expect("/init");
    if session {
        files.push(("/usr/local/bin/init", &pintle));
        files.push(("/usr/local/bin/make-root", MAKE_ROOT.as_bytes()));
        files.push(("/usr/local/bin/session", SESSION.as_bytes()));
    }
    let mut commands = String::new();
    for (path, content) in files {
        let file = scratch.file("file", content, 0o755);
        // It is no error that there is nothing to remove.
        commands += &format!("rm {path}\nwrite {} {path}\nset_inode_field {path} mode 0100755\n", file.display());
    }
    if let Some(wanted) = init.wanted {
        commands += &format!("mkdir {wanted}\nsymlink {wanted}/show.service {start}\n");
    }
    let commands = scratch.file("commands", commands.as_bytes(), 0o644).display().to_string();
    output(sbin("debugfs").args(["-w", "-f", &commands, &disk])).unwrap_or_else(|why| panic!("{why}"));
    disk
}

fn boot(arch: Arch, debian: &Path, init: &Init, own: bool) -> System {
    let scratch = Scratch::new();
    let session = !own && init.name == "systemd";
    let disk = disk(&scratch, arch, debian, init, session);
    let guest = Guest::new(arch).kernel(&debian.join("vmlinuz").display().to_string()).memory(1024).timeout(600);
    let guest = guest.qemu("-device", "virtio-rng-pci").disk(&disk).append(&format!("root=UUID={UUID} ro"));
    let guest = if own { guest.initramfs(&debian.join("initrd")) } else { guest.modules(&debian.join("modules")) };
    let console = guest.run();
    console.has_powered_off();
    let read = |form| (form, read_back(&disk, &format!("/var/lib/session.{form}")));
    let sessions = if session { FORMS.map(read).to_vec() } else { Vec::new() };
    System { console, shown: read_back(&disk, "/var/lib/shown"), sessions }
}

#[test]
fn debian_on_x86_64() {
    with_systemd(X86_64);
}

#[test]
fn debian_on_aarch64() {
    with_systemd(Aarch64);
}

#[test]
fn debian_with_sysvinit_on_x86_64() {
    with_sysvinit(X86_64);
}

/// By pintle, and by its own initramfs.
fn twice(arch: Arch, init: &Init) -> [System; 2] {
    let debian = PathBuf::from(script("qemu/fetch", &["debian", "--arch", arch.name(), "--init", init.name]).trim());
    // One after the other: beside them run guests whose seconds are counted.
    let [ours, theirs] = [false, true].map(|own| boot(arch, &debian, init, own));
    assert!(ours.console.says("login:") && theirs.console.says("login:"), "both come to their login");
    assert!(ours.section("times").iter().any(|line| line.starts_with("pintle: times: ")));
    assert_eq!(ours.section("state"), theirs.section("state"));
    [ours, theirs]
}

/// The source of /dev is what was given, and means nothing.
const DEV: [&str; 2] = [
    "/dev rw,nosuid,relatime devtmpfs devtmpfs rw,mode=755,inode64",
    "/dev rw,nosuid,relatime devtmpfs udev rw,mode=755,inode64",
];
const RUN_OF_INITRAMFS_TOOLS: &str = "/run rw,nosuid,nodev,noexec,relatime tmpfs tmpfs rw,mode=755,inode64";

/// The lines that one of them alone has.
#[track_caller]
fn different<'a>(ours: &'a BTreeSet<String>, theirs: &'a BTreeSet<String>) -> Vec<&'a str> {
    ours.symmetric_difference(theirs).map(String::as_str).collect()
}

fn services(system: &System) -> BTreeSet<String> {
    system.section("services").into_iter().map(str::to_owned).collect()
}

fn with_systemd(arch: Arch) {
    let [ours, theirs] = twice(arch, &SYSTEMD);
    assert_eq!(ours.section("state"), ["running"], "{:?}", ours.section("failed"));
    assert_eq!(ours.section("failed"), theirs.section("failed"));
    // It complains of nothing, of no mount in particular.
    assert_eq!(ours.section("warnings"), theirs.section("warnings"));

    let (of_ours, of_theirs) = (services(&ours), services(&theirs));
    assert!(of_ours.len() > 80, "{of_ours:?}");
    assert_eq!(different(&of_ours, &of_theirs), [""; 0]);

    // /run: systemd's own initramfs mounts it without noexec, as pintle does; initramfs-tools with it.
    let run = ["/run rw,nosuid,nodev tmpfs tmpfs rw,mode=755,inode64", RUN_OF_INITRAMFS_TOOLS];
    assert_eq!(different(&ours.mounts(), &theirs.mounts()), [&DEV[..], &run].concat());

    for (form, printed) in &ours.sessions {
        session::check(form, printed, true);
    }
    assert_eq!(ours.sessions.len(), FORMS.len());
}

fn with_sysvinit(arch: Arch) {
    let [ours, theirs] = twice(arch, &SYSVINIT);
    assert_eq!(ours.section("state"), ["N 2"]);
    let (of_ours, of_theirs) = (services(&ours), services(&theirs));
    assert!(of_ours.iter().filter(|line| line.contains("[ + ]")).count() >= 4, "{of_ours:?}");
    assert_eq!(different(&of_ours, &of_theirs), [""; 0]);
    let processes = ours.section("processes");
    for wanted in ["init [2]", "/usr/sbin/cron", "/usr/sbin/rsyslogd"] {
        assert!(processes.contains(&wanted), "no {wanted} in {processes:?}");
    }
    assert_eq!(processes, theirs.section("processes"));
    assert_eq!(ours.complaints(), theirs.complaints());
    // /run: this init remounts it with noexec, and it has no relatime yet.
    let run = ["/run rw,nosuid,nodev,noexec tmpfs tmpfs rw,mode=755,inode64", RUN_OF_INITRAMFS_TOOLS];
    assert_eq!(different(&ours.mounts(), &theirs.mounts()), [&DEV[..], &run].concat());
}
