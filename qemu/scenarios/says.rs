//! What pintle says, as the scenarios expect it: `src/message.rs` once more, as its readers see it. An errno is its name
//! here; what pintle adds to say what it means is left out of the comparison.

pub(crate) const NO_ROOT: &str = "command line: root=: not given: giving up";
pub(crate) const NO_INIT: &str = "find init: none can be executed, name one by init=: giving up";
pub(crate) const PANIC: &str = "giving up: PID 1 ends, the kernel panics, panic= decides";
pub(crate) const DEVICES_END: &str = "there is no other block device";
/// Part of each notice of a wait.
pub(crate) const WAITING: &str = ": not there after ";
/// How a line of the list of devices begins.
pub(crate) const DEVICE: &str = "there is /dev/";

pub(crate) fn mounted(device: &str, how: &str) -> String {
    format!("mounted {device} (ext4) {how}")
}

pub(crate) fn unknown_word(word: &str) -> String {
    format!("command line: {word}: unknown word: going on without it")
}

pub(crate) fn unknown_root(root: &str) -> String {
    format!(
        "command line: root={root}: unknown form, known are /dev/NAME, MAJ:MIN, hex, PARTUUID=, PARTLABEL=: giving up"
    )
}

/// `limit` is the value of rootwait=, or `ever`.
pub(crate) fn waiting(root: &str, seconds: u32, limit: &str) -> String {
    format!("find root: {root}{WAITING}{seconds} s: waiting, rootwait={limit}")
}

pub(crate) fn not_found(root: &str) -> String {
    format!("find root: {root}: ETIMEDOUT: giving up")
}

/// `what`: its number, kind, label and UUID.
pub(crate) fn device(name: &str, [number, kind, label, uuid]: [&str; 4], sectors: u32) -> String {
    format!("{DEVICE}{name} ({number}): {kind}, PARTLABEL={label}, PARTUUID={uuid}, {sectors} sectors of 512 bytes")
}

pub(crate) fn mount_root(device: &str, fstype: &str, errno: &str) -> String {
    format!("mount root: {device} as {fstype}: {errno}: giving up")
}

pub(crate) fn no_type_fits(device: &str) -> String {
    format!("mount root: {device}: no type fits it and rootflags=: giving up")
}

pub(crate) fn find_init(init: &str, errno: &str) -> String {
    format!("find init: {init}: {errno}: giving up")
}

pub(crate) fn find_next_init(init: &str, errno: &str) -> String {
    format!("find init: {init}: {errno}: trying the next init")
}

pub(crate) fn execve(init: &str, errno: &str) -> String {
    format!("execve: {init}: {errno}: giving up")
}

pub(crate) fn execve_next(init: &str, errno: &str) -> String {
    format!("execve: {init}: {errno}: trying the next init")
}

pub(crate) fn no_modules(release: &str) -> String {
    format!("find modules: /lib/modules/{release}/modules.dep: ENOENT: going on without it")
}

pub(crate) fn no_such_module(name: &str) -> String {
    format!("find module: {name}: not in modules.dep: going on without it")
}

pub(crate) fn load_module(name: &str, errno: &str) -> String {
    format!("finit_module: {name}: {errno}: going on without it")
}

pub(crate) fn move_api(path: &str, errno: &str) -> String {
    format!("move into the new root: {path}: {errno}: going on without it")
}

pub(crate) fn machine_will(fail: &str) -> String {
    format!("giving up: the machine will {fail} in 10 s")
}

/// `line` without what an errno's name means: `ENOENT (not there)` is `ENOENT`.
pub(crate) fn without_meaning(line: &str) -> String {
    let mut plain = String::new();
    let mut words = line.split(' ').peekable();
    while let Some(word) = words.next() {
        plain += word;
        let name = word.strip_prefix('E').unwrap_or_default();
        let errno = name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if errno && words.peek().is_some_and(|next| next.starts_with('(')) {
            let end = words.find(|word| word.contains(')')).unwrap_or_default();
            plain += end.rsplit(')').next().unwrap_or_default();
        }
        if words.peek().is_some() {
            plain.push(' ');
        }
    }
    plain
}
