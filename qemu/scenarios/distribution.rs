//! A whole distribution, Debian stable with systemd: it boots to its login, and is, unit by unit and mount by mount, what it
//! is when its own initramfs boots it.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Arch, Scratch, X86_64, output, sbin, script};
use crate::images::read_back;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Leaves what the system has come to in a file, since a login prompt hangs up on whoever else has its console.
const SHOW: &str = r#"#!/bin/sh
state=$(systemctl is-system-running --wait)
echo "== state"; echo "$state"
echo "== failed"; systemctl --failed --plain --no-legend
echo "== units"; systemctl list-units --all --plain --no-legend --no-pager | awk '{ print $1, $2, $3, $4 }'
echo "== mountinfo"; cat /proc/1/mountinfo
echo "== warnings"; journalctl -b -p warning --no-pager -o cat _PID=1
echo "== times"; cat /run/pintle/times 2>/dev/null
echo "== done"
systemctl poweroff
"#;
const SERVICE: &str = "[Unit]
Description=Shows what the system has come to, and powers off
[Service]
StandardOutput=truncate:/var/lib/shown
ExecStart=/usr/local/sbin/show
[Install]
WantedBy=multi-user.target
";
const UUID: &str = "70696e74-6c65-4000-8000-0000000000d0";

/// What a boot has come to.
struct System {
    console: Ended,
    shown: String,
}

impl System {
    #[track_caller]
    fn section(&self, name: &str) -> Vec<&str> {
        let (_, rest) =
            self.shown.split_once(&format!("== {name}\n")).unwrap_or_else(|| panic!("no {name}: {}", self.shown));
        rest.split("== ").next().unwrap_or_default().lines().collect()
    }

    /// Mount point, type and flags of each mount, in order. What is of one boot alone: numbers, sizes by the memory that
    /// was free, credentials of a service that was just started.
    fn mounts(&self) -> BTreeSet<String> {
        let mounts = self.section("mountinfo").into_iter().filter(|line| !line.contains("/run/credentials/"));
        let parse = |line: &str| {
            let words: Vec<_> = line.split(' ').collect();
            let fstype = words.iter().skip_while(|word| **word != "-").nth(1).copied().unwrap_or_default();
            [words.get(4).copied().unwrap_or_default(), words.get(5).copied().unwrap_or_default(), fstype].join(" ")
        };
        mounts.map(parse).collect()
    }
}

/// The disk with the service on it.
fn disk(scratch: &Scratch, debian: &Path) -> String {
    let disk = scratch.path("debian.img").display().to_string();
    let image = debian.join("disk.img").display().to_string();
    output(sbin("cp").args(["--sparse=always", &image, &disk])).unwrap_or_else(|why| panic!("{why}"));
    let [show, service] = [("show", SHOW, 0o755), ("service", SERVICE, 0o644)]
        .map(|(name, text, mode)| scratch.file(name, text.as_bytes(), mode).display().to_string());
    let wanted = "/etc/systemd/system/multi-user.target.wants";
    let commands = format!(
        "write {show} /usr/local/sbin/show\nset_inode_field /usr/local/sbin/show mode 0100755\n\
         write {service} /etc/systemd/system/show.service\nmkdir {wanted}\n\
         symlink {wanted}/show.service /etc/systemd/system/show.service\n"
    );
    let commands = scratch.file("commands", commands.as_bytes(), 0o644).display().to_string();
    output(sbin("debugfs").args(["-w", "-f", &commands, &disk])).unwrap_or_else(|why| panic!("{why}"));
    disk
}

fn boot(arch: Arch, debian: &Path, own: bool) -> System {
    let scratch = Scratch::new();
    let disk = disk(&scratch, debian);
    let guest = Guest::new(arch).kernel(&debian.join("vmlinuz").display().to_string()).memory(1024).timeout(400);
    let guest = guest.disk(&disk).append(&format!("root=UUID={UUID} ro"));
    let guest = if own { guest.initramfs(&debian.join("initrd")) } else { guest.modules(&debian.join("modules")) };
    let console = guest.run();
    console.has_powered_off();
    System { console, shown: read_back(&disk, "/var/lib/shown") }
}

#[test]
fn debian_on_x86_64() {
    as_by_its_own_initramfs(X86_64);
}

fn as_by_its_own_initramfs(arch: Arch) {
    let debian = PathBuf::from(script("qemu/fetch", &["debian", "--arch", arch.name()]).trim());
    let (ours, theirs) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| boot(arch, &debian, true));
        (boot(arch, &debian, false), theirs.join().expect("its own boot"))
    });
    assert!(ours.console.says("login:") && theirs.console.says("login:"), "both come to their login");
    assert_eq!(ours.section("state"), ["running"], "{:?}", ours.section("failed"));
    assert_eq!(ours.section("state"), theirs.section("state"));
    assert_eq!(ours.section("failed"), theirs.section("failed"));
    // It complains of nothing, of no mount in particular.
    assert_eq!(ours.section("warnings"), theirs.section("warnings"));
    assert!(ours.section("times").iter().any(|line| line.starts_with("pintle: times: ")));

    let units = |system: &System| system.section("units").into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let (of_ours, of_theirs) = (units(&ours), units(&theirs));
    assert!(of_ours.len() > 80, "{of_ours:?}");
    let different: Vec<_> = of_ours.symmetric_difference(&of_theirs).collect();
    assert!(different.is_empty(), "{different:#?}");

    // /run: systemd's own initramfs mounts it without noexec, as pintle does; initramfs-tools with it.
    let (of_ours, of_theirs) = (ours.mounts(), theirs.mounts());
    let different: Vec<_> = of_ours.symmetric_difference(&of_theirs).map(String::as_str).collect();
    assert_eq!(different, ["/run rw,nosuid,nodev tmpfs", "/run rw,nosuid,nodev,noexec,relatime tmpfs"]);
}
