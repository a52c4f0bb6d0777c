//! What pintle says, as the scenarios expect it: `src/message.rs` once more, as its readers see it. An errno is its name
//! here; what pintle adds to say what it means is left out of the comparison.

/// What the root is called that nobody named.
pub(crate) const NO_ROOT: &str = "the root partition";
pub(crate) const NO_INIT: &str = "find init: none can be executed, name one by init=: giving up";
pub(crate) const PANIC: &str = "giving up: PID 1 ends, the kernel panics, panic= decides";
pub(crate) const DEVICES_END: &str = "there is no other block device";
/// How the line begins that says how long the stages took.
pub(crate) const Q35_AHCI: &str = "there is 0000:00:1f.2, a device without a driver: ";
pub(crate) const TIMES: &str = "times: ";
/// Part of each notice of a wait.
pub(crate) const WAITING: &str = ": not there after ";
/// How a line of the list of devices begins.
pub(crate) const DEVICE: &str = "there is MAJOR=";

/// What a device says of itself: type, UUID and label. Of one that says nothing, and of a root disk of the demo's.
pub(crate) const NOTHING: [&str; 3] = ["", "", ""];
pub(crate) const DEMO: [&str; 3] = ["ext4", "70696e74-6c65-4000-8000-000000000001", "pintle-root"];

pub(crate) fn mounted(device: &str, how: &str) -> String {
    mounted_as("ext4", device, how)
}

pub(crate) fn mounted_as(fstype: &str, device: &str, how: &str) -> String {
    format!("mounted {device} ({fstype}) {how}")
}

pub(crate) fn unknown_word(word: &str) -> String {
    format!("command line: {word}: unknown word: going on without it")
}

/// Of a word that the image's own settings leave no effect.
pub(crate) fn decided(word: &str) -> String {
    format!("command line: {word}: /etc/pintle.conf decides: going on without it")
}

pub(crate) fn unknown_root(root: &str) -> String {
    let known = "/dev/NAME, MAJ:MIN, hex, (PART)UUID=, (PART)LABEL=";
    format!("command line: root={root}: unknown form, known are {known}: going on without it")
}

pub(crate) fn udev_root(root: &str) -> String {
    format!("command line: root={root}: made by udev, which runs later: UUID= and LABEL= work: going on without it")
}

pub(crate) fn no_server(root: &str) -> String {
    format!("mount root: {root}: no server by nfsroot= or ip=: giving up")
}

/// `limit` is the value of rootwait=, or `ever`.
pub(crate) fn waiting(root: &str, seconds: u32, limit: &str) -> String {
    format!("find root: {root}{WAITING}{seconds} s: waiting, rootwait={limit}")
}

pub(crate) fn not_found(root: &str) -> String {
    format!("find root: {root}: ETIMEDOUT: giving up")
}

/// A line of the list: `number` and `kind` by the kernel, `content` by the device, `table` by the partition's label and
/// UUID, where the kernel's uevent has them.
pub(crate) fn device(
    name: &str,
    number: [&str; 2],
    [fstype, uuid, label]: [&str; 3],
    [part_label, part_uuid]: [&str; 2],
    sectors: u32,
) -> String {
    let [number, kind] = number;
    let (major, minor) = number.split_once(':').expect("a number");
    let mut known = format!("{DEVICE}{major} MINOR={minor} DEVNAME={name} DEVTYPE={kind}");
    for (key, value) in [("PARTNAME", part_label), ("PARTUUID", part_uuid)] {
        if !value.is_empty() {
            known += &format!(" {key}={value}");
        }
    }
    format!("{known}: TYPE={fstype}, UUID={uuid}, LABEL={label}, {sectors} sectors of 512 bytes")
}

/// A line of the list without `DISKSEQ`, which counts what was ever attached, and `PARTN`.
pub(crate) fn without_counts(line: &str) -> String {
    [" DISKSEQ=", " PARTN="].iter().fold(line.to_owned(), |line, key| match line.split_once(key) {
        Some((before, rest)) => {
            before.to_owned() + rest.trim_start_matches(|character: char| character.is_ascii_digit())
        }
        None => line,
    })
}

pub(crate) fn matches(root: &str, name: &str) -> String {
    format!("find root: {root} is on /dev/{name}")
}

pub(crate) fn duplicate(root: &str) -> String {
    format!("find root: {root}: on two devices at least, pintle.duplicate=first would take any: giving up")
}

pub(crate) fn stuck(name: &str) -> String {
    format!("find root: /dev/{name}: does not answer: looking at the others")
}

pub(crate) fn incomplete(name: &str) -> String {
    format!("find root: {name}: btrfs: devices are missing: waiting")
}

pub(crate) fn no_file_system(device: &str, content: &str) -> String {
    format!("mount root: {device}: it holds {content}, which is no file system: giving up")
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

pub(crate) fn other_modules(theirs: &str, ours: &str) -> String {
    format!("find modules: the image has those of {theirs}, this kernel is {ours}: going on without it")
}

pub(crate) fn no_driver(device: &str, modalias: &str) -> String {
    format!("there is {device}, a device without a driver: {modalias}")
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
