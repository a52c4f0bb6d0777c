//! What an update leaves in /boot.

use crate::harness::Scratch;
use crate::system::{NEW, RUNS, System, listed};
use std::env::consts::ARCH;

/// Writes its arguments into the file that `--output`, the last but one of them, names.
const RECORDS: &str = "#!/bin/bash\necho \"$*\" | sed 's/ --output .*//' >\"${@: -1}\"\n";

/// Makes an image of these bytes.
fn makes(content: &str) -> String {
    format!("#!/bin/bash\necho '{content}' >\"${{@: -1}}\"\n")
}

#[test]
fn modules_in_the_order_of_the_bus() {
    let scratch = Scratch::new();
    let system = System::new(&scratch);
    let updated = system.update(&["-u", "-k", NEW]);
    assert_eq!(updated.status, Some(0), "{}", updated.said);
    assert_eq!(system.read(&format!("boot/initrd.img-{NEW}.old")), b"somebody else's\n");
    let image = system.path(&format!("boot/initrd.img-{NEW}"));
    let tree = format!("lib/modules/{NEW}");
    let directories = ["etc", "etc/modules-load.d", "lib", "lib/modules", &tree].map(str::to_owned);
    let files = ["ext4.ko", "modules.dep", "virtio_blk.ko", "virtio_pci.ko"].map(|name| format!("{tree}/{name}"));
    let mut wanted =
        [&directories[..], &files, &["etc/modules-load.d/pintle.conf".to_owned(), "init".to_owned()]].concat();
    wanted.sort();
    let mut names = listed(&image);
    names.sort();
    assert_eq!(names, wanted);
    let image = system.read(&format!("boot/initrd.img-{NEW}"));
    let order = b"virtio_pci\nvirtio_blk\next4\n";
    assert!(image.windows(order.len()).any(|window| window == order), "the order in pintle.conf");
}

#[test]
fn what_the_builder_is_told() {
    let rows = [
        ("", "", ""),
        ("file etc/default/pintle-initramfs OPTIONS='--rescue /x'", "", " --rescue /x"),
        ("file boot/config-6.12.9-test # CONFIG_RD_ZSTD is not set", "", " --compress none"),
        ("file boot/config-6.12.9-test CONFIG_RD_ZSTD=y", "", ""),
        ("file lib/firmware/x.bin x", " --firmware=/lib/firmware", ""),
    ];
    for (lines, first, last) in rows {
        let scratch = Scratch::new();
        let system = System::new(&scratch);
        let updated = system.with(lines).update_by(RECORDS, &["-u", "-k", NEW]);
        assert_eq!(updated.status, Some(0), "{lines}: {}", updated.said);
        let told = String::from_utf8(system.read(&format!("boot/initrd.img-{NEW}"))).expect("words");
        let told = told.trim().replace(system.path("").display().to_string().trim_end_matches('/'), "");
        let wanted = format!("--arch {ARCH} --modules-dir /lib/modules/{NEW}{first} --host --host-root {last}");
        assert_eq!(told.trim(), wanted.trim(), "{lines}");
    }
}

/// Somebody else's image is kept for good; of pintle's own the one before.
#[test]
fn keeps_what_was_there() {
    let scratch = Scratch::new();
    let system = System::new(&scratch);
    let update = |content: &str| {
        let updated = system.update_by(&makes(content), &["-u", "-k", NEW]);
        assert_eq!(updated.status, Some(0), "{}", updated.said);
        let read =
            |suffix| String::from_utf8_lossy(&system.read(&format!("boot/initrd.img-{NEW}{suffix}"))).trim().to_owned();
        (read(""), read(".old"))
    };
    let pair = |image: &str, old: &str| (image.to_owned(), old.to_owned());
    assert_eq!(update("1"), pair("1", "somebody else's"));
    assert_eq!(update("1"), pair("1", "somebody else's"));
    assert_eq!(update("2"), pair("2", "somebody else's"));
    // Another program has made one.
    system.with(&format!("empty boot/initrd.img-{NEW}\nfile boot/initrd.img-{NEW} dracut's"));
    assert_eq!(update("3"), pair("3", "dracut's"));
    std::fs::remove_file(system.path(&format!("boot/initrd.img-{NEW}.old"))).expect("an old one");
    assert_eq!(update("4"), pair("4", "3"));
    assert_eq!(update("5"), pair("5", "4"));

    let names = |names: &[String]| names.join(" ");
    assert_eq!(names(&system.images()), format!("initrd.img-{NEW} initrd.img-{NEW}.old"));
    assert_eq!(system.update(&["-d", "-k", NEW]).status, Some(0));
    assert_eq!(names(&system.images()), "");
}

/// Whatever goes wrong, what was there stays, and nothing else.
#[test]
fn failures() {
    let rows = [
        (
            "#!/bin/sh\necho 'no space' >&2\nexit 1\n",
            "-u",
            NEW,
            "no space\nupdate-initramfs (pintle): no image for 6.12.9-test: ",
        ),
        ("#!/bin/sh\nexit 0\n", "-c", NEW, "update-initramfs (pintle): no image for 6.12.9-test: "),
        (
            RECORDS,
            "-c",
            "6.99-test",
            "update-initramfs (pintle): no modules of kernel 6.99-test in /lib/modules: no image\n",
        ),
        (
            RECORDS,
            "-c",
            "5.4.0-test",
            "update-initramfs (pintle): pintle can't boot this system: kernel 5.4.0-test is older than 5.10\n",
        ),
        (RECORDS, "-x", NEW, "update-initramfs (pintle): unknown option: -x (--help tells)\n"),
        (RECORDS, "-c", "../x", "update-initramfs (pintle): no name of a kernel: ../x\n"),
    ];
    for (builder, mode, version, said) in rows {
        let scratch = Scratch::new();
        let system = System::new(&scratch);
        system.kernel("5.4.0-test", &["virtio_pci pci:v1AF4*", "virtio_blk virtio:d2v*", "ext4 fs-ext4"], "");
        let updated = system.update_by(builder, &[mode, "-k", version]);
        assert_eq!(updated.status, Some(1), "{}", updated.said);
        assert!(updated.said.starts_with(said), "{said}\n{}", updated.said);
        assert_eq!(system.images(), [format!("initrd.img-{NEW}")], "{said}");
        assert_eq!(system.read(&format!("boot/initrd.img-{NEW}")), b"somebody else's\n");
    }
}

/// Of several kernels each by itself; without a name the newest; `--check` makes none.
#[test]
fn which_kernels() {
    let rows: [(&[&str], i32, &[&str]); 5] = [
        (&["-u"], 0, &[NEW]),
        (&["-u", "-k", "all"], 0, &[RUNS, NEW]),
        (&["-c", "-k", RUNS], 0, &[RUNS]),
        (&["--check", "-k", "all"], 0, &[]),
        (&["-u", "-k", "all", "-v", "-b", "/nowhere"], 0, &[]),
    ];
    for (arguments, status, made) in rows {
        let scratch = Scratch::new();
        let system = System::new(&scratch);
        let updated = system.update_by(RECORDS, arguments);
        assert_eq!(updated.status, Some(status), "{arguments:?}: {}", updated.said);
        for version in [RUNS, NEW] {
            let image = system.path(&format!("boot/initrd.img-{version}"));
            let is_made = std::fs::read(image).is_ok_and(|image| image.starts_with(b"--arch "));
            assert_eq!(is_made, made.contains(&version), "{arguments:?}: {version}: {}", updated.said);
        }
    }
    // One has what the root needs, the other hasn't.
    let scratch = Scratch::new();
    let system = System::new(&scratch);
    system.kernel(NEW, &["virtio_pci pci:v1AF4*", "ext4 fs-ext4"], "");
    let updated = system.update_by(RECORDS, &["-u", "-k", "all"]);
    assert_eq!(updated.status, Some(1), "{}", updated.said);
    assert_eq!(system.images(), [format!("initrd.img-{RUNS}"), format!("initrd.img-{NEW}")]);
    assert!(system.read(&format!("boot/initrd.img-{RUNS}")).starts_with(b"--arch "));
    assert_eq!(system.read(&format!("boot/initrd.img-{NEW}")), b"somebody else's\n");
    // Built in is there.
    system.kernel(NEW, &["virtio_pci pci:v1AF4*", "ext4 fs-ext4"], "virtio_blk");
    assert_eq!(system.update_by(RECORDS, &["-u"]).status, Some(0));
}
