//! Who wants out of `init run` stays in: what leads out of a plain chroot(8) leads nowhere.

use crate::root::{INIT, Root, in_namespace, output};

/// The classic escape, in perl, whose libraries are few: mkdir, chroot, chdir ../…, chroot . It reads a file of the old root.
const PERL: &str = "mkdir '/tmp/jail'; opendir(my $d, '/'); chroot('/tmp/jail') or die 'chroot'; \
    chdir($d) or die 'fchdir'; chdir('..') for 1..64; chroot('.') or die 'chroot .'; \
    open(my $f, '<', '/SENTINEL') or die 'inside'; print <$f>;";

/// A file of the old root that the new one lacks.
fn sentinel(name: &str) -> (String, String) {
    let path = format!("{}/tool.{name}.{}", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    std::fs::write(&path, "outside\n").expect("a file outside");
    let perl = PERL.replace("/SENTINEL", &path);
    (path, perl)
}

#[test]
fn by_a_second_chroot() {
    let root = Root::with(&["perl", "bash"]);
    let (path, perl) = sentinel("chroot");
    std::fs::write(format!("{}/escape.pl", root.path()), perl).expect("a script inside");
    let with = |by: &str| in_namespace(&root, &format!("{by} $ROOT /bin/perl /escape.pl 2>&1 || echo 'stays in'"), 0);
    assert_eq!(with("chroot"), "outside\n", "a plain chroot is no jail");
    let printed = with("$INIT run");
    assert!(printed.starts_with("inside") && printed.ends_with("stays in\n"), "{printed}");
    let _ = std::fs::remove_file(path);
}

/// A descriptor of a directory that the caller has left open.
#[test]
fn by_an_inherited_descriptor() {
    let root = Root::with(&["bash", "cat"]);
    let (path, _) = sentinel("descriptor");
    let name = path.trim_start_matches('/');
    let script = |by: &str| {
        format!("exec 9</\n{by} $ROOT /bin/bash -c 'cd /proc/self/fd/9 && cat {name}' 2>/dev/null || echo 'stays in'")
    };
    let mut chroot = script("chroot");
    chroot.insert_str(0, "mount --bind $ROOT $ROOT\nmount -t proc proc $ROOT/proc\n");
    assert_eq!(in_namespace(&root, &chroot, 0), "outside\n");
    assert_eq!(in_namespace(&root, &script("$INIT run --proc"), 0), "stays in\n");
    let _ = std::fs::remove_file(path);
}

/// By /proc: the root and the working directory of the caller, which are in another mount namespace, but in the same PID
/// namespace. A user namespace's own PID namespace shows none of them.
#[test]
fn by_proc() {
    let root = Root::with(&["bash", "ls", "cat"]);
    let words = ["run", "--user", "--proc", &root.path(), "bash", "-c", "set -- /proc/[0-9]*; echo $#"];
    assert_eq!(output(INIT, &words, 0), "1\n");
}
