//! What the command line asks for. The last word of a kind wins; words that are not pintle's are left alone.
//!
//! Source: kernel `Documentation/admin-guide/kernel-parameters.txt`, `init/do_mounts.c`, `init/main.c`.

use crate::bytes::{Dev, decimal, is, same_name, split, split_once, take_number, until};
use crate::cmdline::words;

/// A boot, as asked for: of each kind of word the value of the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Request<'a> {
    values: [Option<&'a [u8]>; Key::Mode as usize + 1],
}

/// A kind of word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Key {
    /// `root=`.
    Root,
    /// `rootfstype=`: a comma list of types to try, in order.
    Fstypes,
    /// `rootflags=`: the file system's own mount options.
    Flags,
    /// `rootwait` and `rootwait=N`.
    Wait,
    /// `rootdelay=N`.
    Delay,
    /// `init=`: the one program to start.
    Init,
    /// `pintle.fail=`.
    Fail,
    /// `rw` and `ro`, by their own names.
    Mode,
}

/// The names of the words with a value, in [`Key`]'s order. (One text: a table of texts would be twice as long.)
const KEYS: &[u8] = b"root|rootfstype|rootflags|rootwait|rootdelay|init|pintle.fail";

/// Words without a value, the keys, and the values that they stand for.
const FLAGS: &[u8] = b"ro|rw|rootwait";
const FLAG_KEYS: [Key; 3] = [Key::Mode, Key::Mode, Key::Wait];
const FLAG_VALUES: &[u8] = b"ro|rw|ever";

/// Seconds to wait for a root device when the command line says nothing.
pub const DEFAULT_WAIT_S: u32 = 180;

/// What PID 1 does when it can't boot, instead of ending itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "reboot(2) says what each is")]
pub enum Fail {
    Reboot,
    Poweroff,
    Halt,
    Panic,
}

impl<'a> Request<'a> {
    /// Reads `line`. Each word of pintle's own (`pintle.*`) that it doesn't know, or whose value it can't take, is
    /// handed to `unknown` as it was written.
    pub fn parse(line: &'a [u8], mut unknown: impl FnMut(&'a [u8])) -> Self {
        let mut request = Request::default();
        for word in words(line) {
            let (names, value) = match word.value {
                Some(value) => (KEYS, value),
                None => (FLAGS, &b""[..]),
            };
            let mut place = split(names, b'|').position(|name| same_name(word.name, name));
            let mut value = Some(value);
            if let (None, Some(flag)) = (word.value, place) {
                place = FLAG_KEYS.get(flag).map(|key| *key as usize);
                value = split(FLAG_VALUES, b'|').nth(flag);
            }
            let refused = place == Some(Key::Fail as usize) && value.and_then(fail).is_none();
            match place.and_then(|place| request.values.get_mut(place)) {
                Some(slot) if !refused => *slot = value,
                _ if word.name.starts_with(b"pintle.") => unknown(word.text),
                _ => {}
            }
        }
        request
    }

    /// The value of the last word of a kind.
    pub fn get(&self, key: Key) -> Option<&'a [u8]> {
        self.values.get(key as usize).copied().flatten()
    }

    /// The root is to be mounted read-only, unless the last of `ro` and `rw` says `rw`.
    pub fn read_only(&self) -> bool {
        self.get(Key::Mode) != Some(b"rw")
    }

    /// How long to wait for the root device: seconds from pintle's start, `rootdelay=` not counted. `None`, for ever,
    /// with a bare `rootwait`, and with one whose number isn't one or doesn't fit an `int` of milliseconds, as in the
    /// kernel (`rootwait_timeout_setup()`).
    pub fn wait_s(&self) -> Option<u32> {
        let Some(mut value) = self.get(Key::Wait) else { return Some(DEFAULT_WAIT_S) };
        take_number(&mut value, 0).filter(|number| value.is_empty() && *number <= i32::MAX.unsigned_abs() / 1000)
    }

    /// Seconds to sleep before the root is looked for.
    pub fn delay_s(&self) -> u32 {
        self.get(Key::Delay).and_then(|mut value| take_number(&mut value, 0)).unwrap_or(0)
    }

    /// The failure policy, if one is chosen.
    pub fn fail(&self) -> Option<Fail> {
        fail(self.get(Key::Fail)?)
    }
}

fn fail(value: &[u8]) -> Option<Fail> {
    match () {
        () if is(value, "reboot") => Some(Fail::Reboot),
        () if is(value, "poweroff") => Some(Fail::Poweroff),
        () if is(value, "halt") => Some(Fail::Halt),
        () if is(value, "panic") => Some(Fail::Panic),
        () => None,
    }
}

/// A root device, as `root=` names it (`early_lookup_bdev()` in the kernel).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Root<'a> {
    /// `/dev/NAME`: the name in devtmpfs, without `/dev/`.
    Name(&'a [u8]),
    /// `MAJ:MIN`, or the kernel's own encoding in hexadecimal.
    Number(Dev),
    /// `PARTUUID=`.
    PartUuid(&'a [u8]),
    /// `PARTLABEL=`.
    PartLabel(&'a [u8]),
}

impl<'a> Root<'a> {
    /// `None` for a form that pintle doesn't know.
    pub fn parse(root: &'a [u8]) -> Option<Self> {
        if let Some(name) = root.strip_prefix(b"/dev/") {
            return is_devname(name).then_some(Root::Name(name));
        }
        let Some((tag, value)) = split_once(root, b'=') else { return number(root).map(Root::Number) };
        let slash = split_once(value, b'/').is_some();
        match () {
            () if value.is_empty() => None,
            () if is(tag, "PARTUUID") && !slash => Some(Root::PartUuid(value)),
            () if is(tag, "PARTLABEL") => Some(Root::PartLabel(value)),
            () => None,
        }
    }
}

/// A name that devtmpfs can have. It has no links of udev's, and not what the kernel says for network roots.
fn is_devname(name: &[u8]) -> bool {
    let first = until(name, b'/');
    !(first.is_empty() || is(first, "disk") || is(first, "mapper") || is(first, "nfs") || is(first, "cifs"))
}

/// As `devt_from_devnum()`: `MAJ:MIN`, `MAJ:MIN:OFFSET` with or without a last colon, or hexadecimal as
/// `new_decode_dev()` reads it: 12 bits of major, 20 of minor. Device 0:0 is none.
fn number(mut root: &[u8]) -> Option<Dev> {
    let dev = match split_once(root, b':') {
        Some((major, rest)) => {
            let (minor, offset) = split_once(rest, b':').unwrap_or((rest, b"0"));
            decimal(offset.strip_suffix(b":").unwrap_or(offset))?;
            Dev { major: decimal(major)?, minor: decimal(minor)? }
        }
        None => {
            let number = take_number(&mut root, 16).filter(|_| root.is_empty())?;
            Dev { major: (number >> 8) & 0xfff, minor: (number & 0xff) | ((number >> 12) & 0xfff00) }
        }
    };
    (dev.major < 1 << 12 && dev.minor < 1 << 20 && dev.major | dev.minor != 0).then_some(dev)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> (Request<'_>, Vec<String>) {
        let mut unknown = Vec::new();
        let request = Request::parse(line.as_bytes(), |word| unknown.push(word.escape_ascii().to_string()));
        (request, unknown)
    }

    /// All that a request says, as text.
    fn say(request: &Request) -> String {
        let mut said = String::new();
        for (key, name) in [(Key::Root, "root"), (Key::Fstypes, "types"), (Key::Flags, "flags"), (Key::Init, "init")] {
            if let Some(value) = request.get(key) {
                said += &format!("{name}={} ", value.escape_ascii());
            }
        }
        said += if request.read_only() { "ro" } else { "rw" };
        match request.wait_s() {
            Some(DEFAULT_WAIT_S) => {}
            Some(seconds) => said += &format!(" wait={seconds}"),
            None => said += " wait=ever",
        }
        match request.delay_s() {
            0 => {}
            seconds => said += &format!(" delay={seconds}"),
        }
        if let Some(fail) = request.fail() {
            said += &format!(" {fail:?}");
        }
        said
    }

    #[test]
    fn whole_lines() {
        let rows = [
            ("", "ro"),
            ("console=ttyS0 panic=-1", "ro"),
            ("root=/dev/vda1 ro", "root=/dev/vda1 ro"),
            ("root=a root=b", "root=b ro"),
            ("root= root", "root= ro"),
            ("=x root=y", "root=y ro"),
            ("rw ro rw", "rw"),
            ("rw=1 ro=0", "ro"),
            ("rw ro", "ro"),
            ("rootfstype=ext4,xfs rootflags=data=journal,noatime", "types=ext4,xfs flags=data=journal,noatime ro"),
            ("rootwait", "ro wait=ever"),
            ("rootwait rootwait=7", "ro wait=7"),
            ("rootwait=0x10", "ro wait=16"),
            ("rootwait=7 rootwait", "ro wait=ever"),
            ("rootwait=soon", "ro wait=ever"),
            ("rootwait=7s", "ro wait=ever"),
            ("rootwait=-1", "ro wait=ever"),
            ("rootwait=2147483", "ro wait=2147483"),
            ("rootwait=2147484", "ro wait=ever"),
            ("rootwait=0", "ro wait=0"),
            ("rootdelay=3s rootdelay=5", "ro delay=5"),
            ("rootdelay=3s", "ro delay=3"),
            ("rootdelay=x", "ro"),
            ("init=/bin/sh init=/sbin/init", "init=/sbin/init ro"),
            ("pintle.fail=reboot pintle.fail=poweroff", "ro Poweroff"),
            ("pintle.fail=halt", "ro Halt"),
            ("pintle.fail=panic", "ro Panic"),
            ("pintle-fail=panic", "ro"),
            ("root-delay=3 rootdelay=4 root-flags=x", "ro delay=4"),
            ("ro -- rw root=/dev/vda", "ro"),
        ];
        for (line, expected) in rows {
            let (request, unknown) = parse(line);
            assert_eq!(say(&request), expected, "{line}");
            assert!(unknown.is_empty(), "{line}: {unknown:?}");
        }
    }

    #[test]
    fn own_words_that_nobody_knows_are_named() {
        let (request, unknown) =
            parse("pintle.fail=halt pintle.fial=reboot pintle.fail=sulk pintle.fail pintle.x pint=1");
        assert_eq!(say(&request), "ro Halt");
        assert_eq!(unknown, ["pintle.fial=reboot", "pintle.fail=sulk", "pintle.fail", "pintle.x"]);
    }

    #[test]
    fn root_forms() {
        let dev = |major, minor| Some(Root::Number(Dev { major, minor }));
        let rows: &[(&str, Option<Root>)] = &[
            ("/dev/vda1", Some(Root::Name(b"vda1"))),
            ("/dev/cciss/c0d0p1", Some(Root::Name(b"cciss/c0d0p1"))),
            ("/dev/", None),
            ("/dev//vda", None),
            ("/dev", None),
            ("/dev/disk", None),
            ("/dev/disk/by-path/pci-0000", None),
            ("/dev/mapper/root", None),
            ("/dev/nfs", None),
            ("/dev/cifs", None),
            ("8:1", dev(8, 1)),
            ("259:3", dev(259, 3)),
            ("8:1:0", dev(8, 1)),
            ("8:1:2:", dev(8, 1)),
            ("8:1:", None),
            ("8:1:x", None),
            ("8:1:0:0", None),
            ("8:1 ", None),
            ("8:", None),
            (":1", None),
            ("8:x", None),
            ("0:0", None),
            ("4096:0", None),
            ("1:1048576", None),
            ("801", dev(8, 1)),
            ("0x801", dev(8, 1)),
            ("fe00", dev(254, 0)),
            ("10300", dev(259, 0)),
            ("00100801", dev(8, 257)),
            ("0", None),
            ("801z", None),
            ("", None),
            ("PARTUUID=0F2A-01", Some(Root::PartUuid(b"0F2A-01"))),
            ("PARTUUID=", None),
            ("PARTLABEL=my root", Some(Root::PartLabel(b"my root"))),
            ("PARTLABEL=a=b", Some(Root::PartLabel(b"a=b"))),
            ("UUID=1-2", None),
            ("partuuid=1", None),
            ("vda1", None),
            ("LABEL=x", None),
        ];
        for (root, expected) in rows {
            assert_eq!(&Root::parse(root.as_bytes()), expected, "{root}");
        }
    }
}
