use super::*;
use crate::handover::program::tests::elf;
use crate::kernel::fake::{End, Fake, dir, file};
use crate::request::{Key, Permit};

const ALL: [Permit; 5] =
    [Permit::PersistentOverlay, Permit::Resume, Permit::IgnoreCorruption, Permit::NoVerity, Permit::UnverifiedUsr];

/// What a file and a command line ask for together: the words that count, what is permitted, and what was said.
fn ask(text: &str, line: &str) -> (String, Vec<String>) {
    let mut request = Request::new();
    if let Err((number, line)) = parse(text.as_bytes(), &mut request) {
        return (format!("line {number}: {}", line.escape_ascii()), vec![]);
    }
    let mut said = vec![];
    request.read(line.as_bytes(), &mut |message, word| said.push(format!("{message:?} {}", word.escape_ascii())));
    let mut asked = String::new();
    let keys = [Key::Root, Key::Roots, Key::Flags, Key::Wait, Key::Init, Key::Fail, Key::Rescue, Key::Mode];
    for key in keys {
        if let Some(value) = request.get(key) {
            asked += &format!("{key:?}={} ", value.escape_ascii());
        }
    }
    if request.is_locked() {
        asked += "locked ";
    }
    for permit in ALL.into_iter().filter(|permit| request.permits(*permit)) {
        asked += &format!("{permit:?} ");
    }
    (asked.trim_end().into(), said)
}

#[test]
fn settings() {
    let rows: &[(&str, &str, &str, &[&str])] = &[
        ("", "root=/dev/vda ro", "Root=/dev/vda Mode=ro", &[]),
        ("\n# root=x\n\t# y\n \r\n", "root=/dev/vda", "Root=/dev/vda", &[]),
        (
            "root=UUID=1",
            "root=/dev/vda root=/dev/vdb rw",
            "Root=UUID=1 Mode=rw",
            &["Fixed root=/dev/vda", "Fixed root=/dev/vdb"],
        ),
        // All that is behind the first =, whatever it holds, but for the blanks around it.
        (" root =\tPARTLABEL=a b # c \r\nrootflags=", "", "Root=PARTLABEL=a b # c Flags=", &[]),
        // Words without a value; two that are one kind.
        (
            "rw\nrootwait\npintle.rescue",
            "ro rootwait=3",
            "Wait=ever Rescue=pintle.rescue Mode=rw",
            &["Fixed ro", "Fixed rootwait=3"],
        ),
        // Who fixes the root fixes it by whatever word.
        ("root=UUID=1", "pintle.root=/dev/vda", "Root=UUID=1", &["Fixed pintle.root=/dev/vda"]),
        ("pintle.root=UUID=1,/dev/vda", "root=/dev/vdb", "Roots=UUID=1,/dev/vda", &["Fixed root=/dev/vdb"]),
        // Nothing else, but what isn't pintle's.
        ("lock=no\nallow=init", "root=/dev/vda init=/x", "Root=/dev/vda Init=/x", &[]),
        (
            "lock=yes",
            "console=ttyS0 quiet root=/dev/vda init=/bin/sh ro pintle.rescue pintle.x foo",
            "locked",
            &["Fixed root=/dev/vda", "Fixed init=/bin/sh", "Fixed ro", "Fixed pintle.rescue", "UnknownWord pintle.x"],
        ),
        (
            "root=UUID=1\nallow = rw , init,pintle.fail\nlock = yes",
            "root=/dev/vda init=/x rw rootwait=1 pintle.fail=halt pintle.fail=x",
            "Root=UUID=1 Init=/x Fail=halt Mode=rw locked",
            &["Fixed root=/dev/vda", "Fixed rootwait=1", "UnknownWord pintle.fail=x"],
        ),
        // What is fixed stays so.
        ("root=UUID=1\nallow=root\nlock=yes", "root=/dev/vda", "Root=UUID=1 locked", &["Fixed root=/dev/vda"]),
        ("permit=resume", "", "Resume", &[]),
        (
            "permit=persistent-overlay,resume,ignore_corruption, no-verity ,unverified-usr",
            "",
            "PersistentOverlay Resume IgnoreCorruption NoVerity UnverifiedUsr",
            &[],
        ),
        // What is none, and the second of a kind.
        ("\n#\nroots=UUID=1\n", "", "line 3: roots=UUID=1", &[]),
        ("root", "", "line 1: root", &[]),
        ("=x", "", "line 1: =x", &[]),
        ("rw=1", "", "line 1: rw=1", &[]),
        ("root=a\nro\nroot=a", "", "line 3: root=a", &[]),
        ("ro\nrw", "", "line 2: rw", &[]),
        ("pintle.fail=sulk", "", "line 1: pintle.fail=sulk", &[]),
        ("lock", "", "line 1: lock", &[]),
        ("lock=", "", "line 1: lock=", &[]),
        ("lock=true", "", "line 1: lock=true", &[]),
        ("lock=no\nlock=yes", "", "line 2: lock=yes", &[]),
        ("allow=root,quiet", "", "line 1: allow=root,quiet", &[]),
        ("allow=root,,init", "", "line 1: allow=root,,init", &[]),
        ("permit=resume\npermit=resume", "", "line 2: permit=resume", &[]),
        ("permit=everything", "", "line 1: permit=everything", &[]),
        ("permit", "", "line 1: permit", &[]),
        ("root=a rw=\x07\nlock=\x1b", "", "line 2: lock=\\x1b", &[]),
    ];
    for (text, line, asked, said) in rows {
        assert_eq!(ask(text, line), ((*asked).into(), said.iter().map(ToString::to_string).collect()), "{text:?}");
    }
}

fn machine(settings: &str, words: &str) -> Fake {
    Fake::new(words).with_image("/etc/pintle.conf", file(0o644, settings))
}

/// The end, what was said, and what the init gets.
fn outcome(mut fake: Fake) -> (Option<End>, Vec<String>, String) {
    let end = fake.boot();
    fake.log.retain(|line| line.starts_with('<') && !line.starts_with("<6>"));
    let said = fake.log.iter().map(|line| line.replacen("pintle: ", "", 1)).collect();
    (end, said, [fake.arguments, fake.environment].concat().join(" "))
}

const PANIC: &str = "<3>giving up: PID 1 ends, the kernel panics, panic= decides";

#[test]
fn a_locked_image() {
    let hostile =
        "root=/dev/nosuch init=/bin/sh rw pintle.rescue pintle.fail=reboot LD_PRELOAD=/x.so TERM=vt100 single";
    let mut fake = machine("root=/dev/vda\nlock=yes\n", hostile).with_image("/rescue", file(0o755, elf("")));
    fake = fake.with("ext4", "/bin/sh", file(0o755, elf("")));
    fake.arguments = vec!["/init", "single"];
    fake.environment = vec!["HOME=/", "TERM=vt100", "LD_PRELOAD=/x.so"];
    let says = |words: &[&str]| -> Vec<String> {
        words
            .iter()
            .map(|word| format!("<4>command line: {word}: /etc/pintle.conf decides: going on without it"))
            .collect()
    };
    let words = [
        "single",
        "TERM=vt100",
        "LD_PRELOAD=/x.so",
        "root=/dev/nosuch",
        "init=/bin/sh",
        "rw",
        "pintle.rescue",
        "pintle.fail=reboot",
    ];
    let expected = (Some(End::Exec("/sbin/init".into())), says(&words), "/init HOME=/ TERM=linux".to_owned());
    assert_eq!(outcome(fake.clone()), expected);
    // Nothing is discovered, and nobody rescued.
    let mut fake = fake.with_image("/etc/pintle.conf", file(0o644, "lock=yes\nallow=pintle.rescue\n"));
    (fake.arguments, fake.environment) = (vec!["/init"], vec!["HOME=/", "TERM=linux"]);
    let (end, said, _) = outcome(fake);
    assert_eq!(end, Some(End::Exit(1)));
    let reason = "<3>find root: the root partition: lock=yes in /etc/pintle.conf, but no root=: giving up";
    assert!(said.contains(&reason.to_owned()) && said.last().is_some_and(|last| last == PANIC), "{said:#?}");
    // Not locked: they all arrive.
    let mut fake = machine("root=/dev/vda\n", "root=/dev/vdb LD_PRELOAD=/x.so");
    fake.environment.push("LD_PRELOAD=/x.so");
    let expected = (
        Some(End::Exec("/sbin/init".into())),
        says(&["root=/dev/vdb"]),
        "/init HOME=/ TERM=linux LD_PRELOAD=/x.so".to_owned(),
    );
    assert_eq!(outcome(fake), expected);
}

/// A file that isn't understood, or can't be read, is a refused boot, by the policy that it says as far as it was read.
#[test]
fn a_refused_boot() {
    let rows = [
        ("root=/dev/vda\n\nlokc=yes\n", Some(End::Exit(1)), PANIC),
        (
            "pintle.fail=poweroff\nroot",
            Some(End::Reboot(0x4321_fedc)),
            "<3>giving up: the machine will poweroff in 10 s",
        ),
    ];
    for (settings, expected, last) in rows {
        let (end, said, _) = outcome(machine(settings, "root=/dev/vda pintle.fail=halt"));
        let (number, line) = if settings.contains("lokc") { (3, "lokc=yes") } else { (2, "root") };
        let reason =
            format!("<3>/etc/pintle.conf: line {number}: {line}: unknown, or the second of its kind: giving up");
        assert_eq!((end, said), (expected, vec![reason, last.to_owned()]));
    }
    let mut fake = machine("root=/dev/vda\n", "");
    assert_eq!(fake.boot(), Some(End::Exec("/sbin/init".into())));
    let open = fake.calls.iter().position(|call| call == "open /etc/pintle.conf").expect("a look");
    assert!(fake.calls[open + 1].starts_with("lseek") && fake.calls[open + 2].starts_with("mmap"));
    for (place, errno) in (open..open + 3).flat_map(|place| [(place, Errno::EIO), (place, Errno::EACCES)]) {
        let mut fake = machine("root=/dev/vda\n", "");
        fake.fail = Some((place, errno));
        let (end, said, _) = outcome(fake);
        assert_eq!(end, Some(End::Exit(1)));
        assert!(said.len() == 2 && said[0].starts_with("<3>read: /etc/pintle.conf: E"), "{said:?}");
    }
    // An empty one says nothing.
    let (end, said, _) = outcome(machine("", "root=/dev/vda").with_image("/etc", dir()));
    assert_eq!((end, said), (Some(End::Exec("/sbin/init".into())), vec![]));
}
