//! The classic session, on this machine and in guests: the script, and what it has to print.

/// Makes a root of a directory and of [`PROGRAMS`].
pub(crate) const MAKE_ROOT: &str = include_str!("make-root");
pub(crate) const SESSION: &str = include_str!("session");
/// What the session is called with.
pub(crate) const FORMS: [&str; 3] = ["beside", "over", "run"];
pub(crate) const PROGRAMS: [&str; 9] = ["ls", "cat", "rm", "head", "mkdir", "mount", "umount", "df", "bash"];

/// `dev`: as root of the machine, who can mount a devtmpfs.
#[track_caller]
pub(crate) fn check(form: &str, printed: &str, dev: bool) {
    let section = |name: &str| {
        let (_, rest) =
            printed.split_once(&format!("== {name}\n")).unwrap_or_else(|| panic!("{form}: no {name} in {printed}"));
        rest.split("== ").next().unwrap_or_default().lines().collect::<Vec<_>>()
    };
    let new = section("new");
    assert!(new.contains(&"bin") && new.contains(&"dev") && new.contains(&"lib"), "{form}: {printed}");
    assert!(!new.contains(&"home") && !new.contains(&"usr"), "{form}: {printed}");
    let beside = form == "beside";
    assert_eq!(new.contains(&".old-root"), beside, "{form}: {printed}");
    if beside {
        let old = section("old");
        assert!(old.contains(&"home") && old.contains(&"usr"), "{form}: {printed}");
        assert!(section("df before").len() > 2, "{form}: {printed}");
    }
    // Its head, and the new root.
    let df = section("df");
    assert!(df.len() == 2 && df.iter().any(|line| line.ends_with(" /")), "{form}: {printed}");
    let points: Vec<_> = section("mountinfo").into_iter().filter_map(|line| line.split(' ').nth(4)).collect();
    assert_eq!(points, ["/", "/proc"], "{form}: {printed}");
    if dev {
        assert_eq!(section("dev"), ["there"], "{form}: {printed}");
    }
    assert!(printed.ends_with("== done\n"), "{form}: {printed}");
}
