//! `init pivot_root`: the classic session, what pivot_root(8) does side by side, and which rule of pivot_root(2) was broken.

use crate::root::{INIT, Root, in_namespace, mounts, output};

const PROGRAMS: [&str; 9] = ["ls", "cat", "rm", "head", "mkdir", "mount", "umount", "df", "bash"];

/// What holds in a shell whose root is the new one: it shows, nothing else is mounted, and a devtmpfs can be.
const AFTER: &str = "
echo \"== df\"; df -Th | head -n 9
echo \"== mountinfo\"; cat /proc/self/mountinfo
[ $(id -u 2>/dev/null || echo $EUID) != 0 ] || [ \"$NAMESPACE\" ] || mount -t devtmpfs devtmpfs /dev
echo \"== dev\"; head -c 0 /dev/null && echo there
";

#[test]
fn the_classic_session() {
    let root = Root::with(&PROGRAMS);
    let script = format!(
        "
mount --bind $ROOT $ROOT
mkdir $ROOT/.old-root
$INIT pivot_root $ROOT $ROOT/.old-root
hash -r; PATH=/bin
echo '== new'; ls -a /
cd /
echo '== old'; ls /.old-root
mount -t proc proc /proc
echo '== df before'; df -Th
umount -l /.old-root
{AFTER}"
    );
    check(&in_namespace(&root, &script, 0), true);
}

/// The old root on top of the new one: no directory is needed to put it.
#[test]
fn the_classic_session_without_a_directory() {
    let root = Root::with(&PROGRAMS);
    let script = format!(
        "
mount --bind $ROOT $ROOT
mount -t proc proc $ROOT/proc
cd $ROOT
$INIT pivot_root . .
hash -r; PATH=/bin
umount -l .
cd /
echo '== new'; ls -a /
{AFTER}"
    );
    check(&in_namespace(&root, &script, 0), false);
}

/// The whole job in one command.
#[test]
fn the_classic_session_by_run() {
    let root = Root::with(&PROGRAMS);
    let script = format!("PATH=/bin\nNAMESPACE=1\necho '== new'\nls -a /\n{AFTER}");
    let printed = output(INIT, &["run", "--proc", "--dev", &root.path(), "bash", "-c", &script], 0);
    check(&printed.replace("devtmpfs", "dev"), false);
}

#[track_caller]
fn check(printed: &str, has_old: bool) {
    let section = |name: &str| {
        let (_, rest) = printed.split_once(&format!("== {name}\n")).unwrap_or_else(|| panic!("no {name} in {printed}"));
        rest.split("== ").next().unwrap_or_default().lines().collect::<Vec<_>>()
    };
    let new = section("new");
    assert!(new.contains(&"bin") && new.contains(&"dev") && !new.contains(&"usr") | new.contains(&"lib"), "{printed}");
    assert!(!new.contains(&"home"), "{printed}");
    assert_eq!(new.contains(&".old-root"), has_old, "{printed}");
    if has_old {
        assert!(section("old").contains(&"home"), "{printed}");
        assert!(section("df before").len() > 2, "{printed}");
    }
    // Its head, and the new root, and what is mounted in it by now.
    let df: Vec<_> = section("df").into_iter().filter(|line| !line.ends_with(" /dev")).collect();
    assert!(df.len() == 2 && df.iter().any(|line| line.ends_with(" /")), "{printed}");
    let seen = mounts(&section("mountinfo").join("\n"));
    let points: Vec<_> =
        seen.iter().filter_map(|line| line.split(' ').nth(2)).filter(|point| *point != "/dev").collect();
    assert_eq!(points, ["/", "/proc"], "{printed}");
    assert_eq!(section("dev"), ["there"], "{printed}");
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
