//! `init pivot_root`: the classic session, what pivot_root(8) does side by side, and which rule of pivot_root(2) was broken.

use crate::root::{INIT, Root, in_namespace, mounts, output, privilege};
use crate::session::{FORMS, PROGRAMS, SESSION, check};

#[test]
fn the_classic_session() {
    for form in FORMS {
        let root = Root::with(&PROGRAMS);
        let dev = privilege().is_empty();
        let script = format!("DEV={}\nset -- {form}\n{SESSION}", if dev { "1" } else { "" });
        check(form, &in_namespace(&root, &script, 0), dev);
    }
}

/// The same mounts as by util-linux's, and the same exit statuses.
#[test]
fn as_util_linux_does() {
    let root = Root::with(&["cat", "mount", "bash"]);
    let by = |pivot_root: &str| {
        let script = format!(
            "
mount --bind $ROOT $ROOT
mkdir -p $ROOT/old
mount -t proc proc $ROOT/proc
{pivot_root} $ROOT $ROOT/old
hash -r; PATH=/bin
cat /proc/self/mountinfo"
        );
        mounts(&in_namespace(&root, &script, 0))
    };
    let (ours, theirs) = (by("$INIT pivot_root"), by("pivot_root"));
    assert!(ours.len() > 3 && ours.iter().any(|line| line.contains(" /old ")), "{ours:?}");
    assert_eq!(ours, theirs);
    for arguments in ["$ROOT $ROOT", "/nosuch $ROOT", "$ROOT/bin/cat $ROOT", "$ROOT /nosuch"] {
        for program in ["$INIT pivot_root", "pivot_root"] {
            let printed = in_namespace(&root, &format!("{program} {arguments} && exit 9 || echo exit $?"), 0);
            assert!(printed.contains("exit 1\n"), "{program} {arguments}: {printed}");
        }
    }
}

/// By the name of the form alone, and by what a form that isn't understood says.
#[test]
fn by_name() {
    let root = Root::with(&["cat"]);
    root.link(INIT, "pivot_root");
    let script = "
mount --bind $ROOT $ROOT
mkdir $ROOT/old
$ROOT/pivot_root $ROOT $ROOT/old
[ -d /old/proc ]";
    in_namespace(&root, script, 0);
    for arguments in [&["pivot_root"][..], &["pivot_root", "/a"], &["pivot_root", "/a", "/b", "/c"]] {
        assert!(output(INIT, arguments, 2).starts_with("usage: init "), "{arguments:?}");
    }
    assert!(output(INIT, &["pivot_root", "--help"], 0).contains("pivot_root NEW_ROOT PUT_OLD"));
    assert_eq!(
        output(INIT, &["switch_root", "/", "/bin/sh"], 1),
        "pintle: switch_root: /: not PID 1 of an initramfs\n"
    );
}

/// EINVAL has many reasons.
#[test]
fn which_rule_was_broken() {
    let mounted = "mount --bind $ROOT $ROOT; mkdir -p $ROOT/old /tmp";
    let rows = [
        ("no mount point", "mount -t tmpfs tmpfs $ROOT/tmp; mkdir $ROOT/tmp/a", "tmp/a tmp/a", "it is no mount point"),
        ("not below", mounted, ". ../..", "EBUSY"),
        (
            "not below it",
            "mount --bind $ROOT $ROOT; mount -t tmpfs tmpfs $ROOT/tmp; mkdir $ROOT/tmp/a; mount -t tmpfs tmpfs $ROOT/tmp/a",
            "tmp/a tmp",
            "PUT_OLD is not at or below it",
        ),
        (
            "PUT_OLD is shared",
            "mount --bind $ROOT $ROOT; mkdir $ROOT/old; mount -t tmpfs tmpfs $ROOT/old; mount --make-shared $ROOT/old",
            ". old",
            "PUT_OLD is on a shared mount",
        ),
        (
            "the mount below is shared",
            "mount -t tmpfs tmpfs $ROOT; mkdir $ROOT/a; mount --make-shared $ROOT; mount -t tmpfs tmpfs $ROOT/a; \
             mount --make-private $ROOT/a",
            "a a",
            "it is on a shared mount",
        ),
    ];
    for (what, prepare, arguments, expected) in rows {
        let root = Root::with(&["cat"]);
        let arguments: Vec<_> = arguments.split(' ').map(|path| format!("$ROOT/{path}")).collect();
        let script = format!("{prepare}\n$INIT pivot_root {} && exit 9 || echo exit $?", arguments.join(" "));
        let printed = in_namespace(&root, &script, 0);
        assert!(printed.contains("exit 1\n") && printed.contains(expected), "{what}: {printed}");
    }
    // After a chroot the root is no mount point.
    let root = Root::with(&["bash", "mount", "mkdir"]);
    root.link("/init", "bin/link");
    let script = "
cp $INIT $ROOT/bin/init
mount -t proc proc $ROOT/proc
chroot $ROOT /bin/bash -c 'PATH=/bin; mkdir -p /m; mount -t tmpfs tmpfs /m 2>/dev/null; init pivot_root /m /m' && exit 9 || echo exit $?";
    let printed = in_namespace(&root, script, 0);
    assert!(printed.contains("/m: the current root is no mount point (after chroot)\n"), "{printed}");
}
