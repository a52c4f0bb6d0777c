//! `init run`: what is in the new root and what isn't, exit statuses, and the same without privilege.

use crate::root::{INIT, Root, in_namespace, mounts, output};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread::spawn;
use std::time::Duration;

/// As by unshare(1), mount(8), pivot_root(8) and umount(8).
#[test]
fn the_mounts_are_those_of_util_linux() {
    let root = Root::with(&["bash", "cat", "mount", "umount"]);
    let theirs = "
mount --rbind $ROOT $ROOT
cd $ROOT
mount -t proc -o nosuid,nodev,noexec proc proc
pivot_root . .
umount -l . 2>/dev/null || /bin/umount -l .
cd /
/bin/cat /proc/self/mountinfo";
    let theirs = mounts(&in_namespace(&root, theirs, 0));
    let ours = mounts(&output(INIT, &["run", "--proc", &root.path(), "cat", "/proc/self/mountinfo"], 0));
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 2);
}

/// /proc and /dev on request, and the nodes of /dev work.
#[test]
fn proc_and_dev() {
    let root = Root::with(&["bash", "cat", "head"]);
    let script = "cat /proc/self/mountinfo; head -c 0 /dev/null && echo there";
    let printed = output(INIT, &["run", "--proc", "--dev", &root.path(), "bash", "-c", script], 0);
    let seen = mounts(printed.strip_suffix("there\n").expect("the end"));
    let of = |place| seen.iter().filter_map(|line| line.split(' ').nth(place)).collect::<Vec<_>>();
    assert_eq!(of(2), ["/", "/dev", "/proc"], "{printed}");
    assert!(seen.iter().any(|line| line.contains(" /dev ") && line.contains(" - devtmpfs ")), "{printed}");
}

/// A mount below the new root comes along; one that is a mount point already isn't bound once more.
#[test]
fn mounts_below_come_along() {
    let root = Root::with(&["cat"]);
    let script = "
mount --bind $ROOT $ROOT
mount -t tmpfs below $ROOT/tmp
before=$(wc -l </proc/self/mountinfo)
$INIT run --proc $ROOT cat /proc/self/mountinfo
[ $(wc -l </proc/self/mountinfo) = $before ]";
    let seen = mounts(&in_namespace(&root, script, 0));
    let points: Vec<_> = seen.iter().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(points, ["/", "/tmp", "/proc"]);
}

#[test]
fn exit_statuses() {
    let root = Root::with(&["bash"]);
    root.link("bash", "bin/sh");
    let path = root.path();
    let rows: [(&[&str], i32, &str); 9] = [
        (&["bash", "-c", "exit 7"], 7, ""),
        (&["/bin/bash", "-c", "echo $0 $1", "a", "b"], 0, "a b\n"),
        // The shell, whose standard input is empty.
        (&[], 0, ""),
        (&["nosuch"], 127, "pintle: execve: nosuch: ENOENT (not there)\n"),
        (&["/bin/nosuch"], 127, "pintle: execve: /bin/nosuch: ENOENT (not there)\n"),
        (&["/etc"], 126, "pintle: execve: /etc: EACCES (or not executable)\n"),
        (&["bash", "-c", "kill -TERM $$"], -1, ""),
        (&["bash", "-c", "set -- $(echo /proc/*); echo $#"], 0, "1\n"),
        (&["bash", "-c", "echo $PWD"], 0, "/\n"),
    ];
    for (command, status, expected) in rows {
        let words = [&["run", &path], command].concat();
        let run = Command::new(INIT).args(&words).stdin(Stdio::null()).output();
        let run = run.expect("it to run");
        assert_eq!(run.status.code().unwrap_or(-1), status, "{command:?}");
        assert_eq!(String::from_utf8_lossy(&[run.stdout, run.stderr].concat()), expected, "{command:?}");
    }
    let failing: [(&[&str], i32, &str); 6] = [
        (&["run"], 2, "usage: init "),
        (&["run", "--nosuch", "/"], 2, "usage: init "),
        (&["run", "--help"], 0, "usage: init "),
        (&["run", "/nosuch/root"], 1, "pintle: chdir: /nosuch/root: ENOENT (not there)\n"),
        (&["run", "/etc/passwd"], 1, "pintle: chdir: /etc/passwd: ENOTDIR\n"),
        (&["run", "/\x1b[2J"], 1, "pintle: chdir: /\\x1b[2J: ENOENT (not there)\n"),
    ];
    for (words, status, expected) in failing {
        assert!(output(INIT, words, status).starts_with(expected), "{words:?}");
    }
}

/// A command that is the first of its PID namespace ignores what has no handler: it ends with pintle, whatever ends that.
#[test]
fn the_command_ends_with_pintle() {
    let root = Root::with(&["bash", "sleep"]);
    for signal in ["-TERM", "-KILL"] {
        let words = ["run", "--user", "--proc", &root.path(), "bash", "-c", "echo it runs; exec sleep 60"];
        let mut run = Command::new(INIT).args(words).stdout(Stdio::piped()).spawn().expect("it to run");
        let mut printed = BufReader::new(run.stdout.take().expect("its output"));
        let mut line = String::new();
        printed.read_line(&mut line).expect("a line");
        assert_eq!(line, "it runs\n");
        output("kill", &[signal, &run.id().to_string()], 0);
        assert_eq!(run.wait().expect("its end").code(), None);
        // The output's end comes when nobody has it open any more.
        let (ended, end) = channel();
        spawn(move || ended.send(printed.read_line(&mut line).expect("the end")));
        assert_eq!(end.recv_timeout(Duration::from_secs(20)), Ok(0), "{signal}: the command goes on");
    }
}

/// Whatever fails, no mount is left behind.
#[test]
fn no_mount_is_left_behind() {
    let root = Root::with(&["cat"]);
    root.link("/tmp", "var");
    std::fs::remove_dir(format!("{}/proc", root.path())).expect("no /proc in it");
    root.link("/etc", "proc");
    let mountinfo = || std::fs::read_to_string("/proc/self/mountinfo").expect("mountinfo");
    let before = mountinfo();
    let printed = output(INIT, &["run", "--proc", &root.path(), "cat"], 1);
    assert!(
        printed.starts_with("pintle: mount /proc: ") && printed.ends_with(": ELOOP (a symbolic link)\n"),
        "{printed}"
    );
    output(INIT, &["run", "/etc/passwd"], 1);
    output(INIT, &["run", &root.path(), "nosuch"], 127);
    assert_eq!(mountinfo(), before);
}

/// In a user namespace: root inside, nobody outside; processes and devices of its own.
#[test]
fn without_privilege() {
    let root = Root::with(&["bash", "cat", "id", "ls", "readlink", "head"]);
    let script = "id -u; cat /proc/self/mountinfo | wc -l 2>/dev/null; echo $$; echo ok >/dev/null; \
                  head -c 3 /dev/zero | cat >/dev/full || echo full; ls /dev; exit 9";
    let words = ["run", "--user", "--proc", "--dev", &root.path(), "bash", "-c", script];
    let mut command = Command::new(INIT);
    if crate::root::privilege().is_empty() {
        // Somebody who may nothing. (What it reads belongs to root, but is everybody's to read.)
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", INIT]);
    }
    let run = command.args(words).output().expect("it to run");
    let printed = String::from_utf8_lossy(&run.stdout).into_owned();
    assert_eq!(run.status.code(), Some(9), "{printed}{}", String::from_utf8_lossy(&run.stderr));
    let lines: Vec<_> = printed.lines().collect();
    assert_eq!(lines.first(), Some(&"0"), "{printed}");
    assert!(lines.contains(&"1"), "the first process of its namespace: {printed}");
    let nodes = ["full", "null", "random", "tty", "urandom", "zero"];
    assert!(lines.ends_with(&nodes), "{printed}");
}
