//! Debian's packages themselves.

use crate::harness::{Aarch64, Arch, Scratch, X86_64, checkout, output, script};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn make(to: &Path) -> [PathBuf; 3] {
    for arch in [X86_64, Aarch64] {
        arch.init();
    }
    let printed = script("scripts/package", &["deb", "--output", &to.display().to_string()]);
    let names = [format!("pintle_{VERSION}_arm64.deb"), format!("pintle_{VERSION}_amd64.deb")];
    let names = [&names[0], &names[1], &format!("pintle-initramfs_{VERSION}_all.deb")].map(|name| to.join(name));
    let paths: Vec<_> = printed.lines().map(PathBuf::from).collect();
    assert_eq!(paths, names);
    names
}

fn run(program: &str, arguments: &[&str]) -> String {
    output(Command::new(program).env("LC_ALL", "C").args(arguments)).unwrap_or_else(|why| panic!("{why}"))
}

/// Paths in a package, without the directories.
fn files(deb: &Path) -> Vec<String> {
    let listed = run("dpkg-deb", &["--contents", &deb.display().to_string()]);
    let files = listed.lines().filter(|line| !line.starts_with('d'));
    let owned = |line: &str| assert!(line.split_whitespace().nth(1) == Some("root/root"), "{line}");
    files.inspect(|line| owned(line)).filter_map(|line| Some(line.split_once(" ./")?.1.to_owned())).collect()
}

/// The same bytes, wherever and whenever; nothing in the packages but what belongs there; and lintian says nothing.
#[test]
fn as_debian_wants_them() {
    let scratch = Scratch::new();
    let [arm64, amd64, hooks] = make(&scratch.path("first"));
    let again = make(&scratch.path("second"));
    for (first, second) in [&arm64, &amd64, &hooks].into_iter().zip(&again) {
        let [first, second] = [first, second].map(|deb| std::fs::read(deb).expect("a package"));
        assert!(first == second, "the same input makes the same bytes");
    }
    for (arch, deb) in [("aarch64", &arm64), ("x86_64", &amd64)] {
        let files = files(deb);
        let text = files.join("\n");
        for name in ["usr/lib/pintle/mkinitramfs", "usr/lib/pintle/common.sh", &format!("usr/lib/pintle/init.{arch}")] {
            assert!(files.iter().any(|file| file == name), "{name} in {text}");
        }
        assert!(files.iter().all(|file| file.starts_with("usr/")), "stands beside anything: {text}");
    }
    let text = files(&hooks).join("\n");
    for name in [
        "etc/kernel/postinst.d/pintle-initramfs",
        "etc/kernel/postrm.d/pintle-initramfs",
        "usr/lib/kernel/install.d/50-pintle.install",
    ] {
        assert!(text.contains(name), "{name} in {text}");
    }
    let field = |name| run("dpkg-deb", &["--field", &hooks.display().to_string(), name]);
    assert_eq!(field("Provides"), "linux-initramfs-tool\n");
    assert_eq!(field("Conflicts"), "linux-initramfs-tool\n");

    let [arm64, amd64, hooks] = [&arm64, &amd64, &hooks].map(|deb| deb.display().to_string());
    let said = run(
        "lintian",
        &["--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", &arm64, &amd64, &hooks],
    );
    assert_eq!(said, "");
}

#[test]
fn man_pages() {
    for page in ["pintle", "mkinitramfs-pintle", "update-initramfs"] {
        let page = checkout().join(format!("scripts/packaging/man/{page}.8")).display().to_string();
        assert_eq!(run("mandoc", &["-T", "lint", "-W", "warning", &page]), "");
    }
}

/// The example of an image's settings: as it is it says nothing, and each of its settings is one.
#[cfg(feature = "lock")]
#[test]
fn example_of_settings() {
    use pintle::request::{Key, Request};
    let text = std::fs::read_to_string(checkout().join("scripts/packaging/pintle.conf")).expect("pintle.conf");
    let root = |text: &str| {
        let mut request = Request::new();
        pintle::lock::parse(text.as_bytes(), &mut request).expect("settings");
        request.get(Key::Root).is_some()
    };
    assert!(!root(&text));
    let settings = text.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    assert!(root(&settings.map(|line| format!("{line}\n")).collect::<String>()));
}

/// The builder needs no checkout: without HOME and anything else of an environment, from its own place.
#[test]
fn builder_by_itself() {
    let scratch = Scratch::new();
    let deb = make(&scratch.path("debs"))[1].display().to_string();
    let root = scratch.path("root");
    run("dpkg-deb", &["--extract", &deb, &root.display().to_string()]);
    let image = |arch: Arch, program: PathBuf, clear: bool| {
        let image = scratch.path("image");
        let mut command = Command::new(program);
        if clear {
            command.env_clear().env("PATH", "/usr/bin:/bin");
        }
        let modules = arch.kernel("6.12").join("modules");
        command.env("PINTLE_SETUP_DONE", "1").current_dir("/");
        output(command.args(["--arch", arch.name(), "--modules-dir"]).arg(modules).arg("--output").arg(&image))
            .unwrap_or_else(|why| panic!("{why}"));
        std::fs::read(image).expect("an image")
    };
    let installed = image(X86_64, root.join("usr/sbin/mkinitramfs-pintle"), true);
    let ours = image(X86_64, checkout().join("scripts/mkinitramfs"), false);
    assert!(installed == ours, "the same image");

    let program = root.join("usr/sbin/mkinitramfs-pintle").display().to_string();
    assert!(run(&program, &["--help"]).contains("--output FILE"));
    // The other architecture's /init isn't in this package.
    let failed =
        Command::new(&program).args(["--arch", "aarch64", "--output", "/dev/null/x"]).output().expect("it to run");
    assert!(!failed.status.success());
    let said = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(said.contains("no /init for aarch64 is installed") || said.contains("/lib/modules"), "{said}");
}
