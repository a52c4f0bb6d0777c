//! What the command line asks for. The last word of a kind wins; words that are not pintle's are left alone.
//!
//! Source: kernel `Documentation/admin-guide/kernel-parameters.txt`, `init/do_mounts.c`, `init/main.c`.

use crate::bytes::{NOWHERE, is, number, place_of, take_number};
use crate::cmdline::words;
use crate::joined;
use crate::layer::top::{self, Kind};
use crate::message::Message;
use crate::packed;

/// A boot, as asked for: of each kind of word the value of the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request<'a> {
    values: [Option<&'a [u8]>; KINDS],
    /// The kinds, a bit each, that the command line has no say in: the image's own settings do ([`crate::lock`]).
    fixed: u64,
    /// What of [`Permit`] the image permits, a bit each.
    permits: u64,
    /// Whether it takes nothing else from the command line than what it lists.
    locked: bool,
}

/// How many kinds of words there are.
pub(crate) const KINDS: usize = Key::Mode as usize + 1;

/// What a root hash refuses, and the image alone may permit: `permit=` of [`crate::lock`] has their names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permit {
    /// A writable top that outlives the boot.
    PersistentOverlay,
    /// To resume from hibernation.
    Resume,
    /// `ignore-corruption` among the options of verity.
    IgnoreCorruption,
    /// `systemd.verity=no`.
    NoVerity,
    /// A /usr that nothing verifies.
    UnverifiedUsr,
}

/// What is to be mounted.
#[derive(Clone, Copy)]
pub struct Mount<'a> {
    /// What the device is called.
    pub device: &'a [u8],
    /// Whether that is a list, to be tried in order.
    pub is_list: bool,
    /// A comma list of types to try, in order.
    pub fstypes: Option<&'a [u8]>,
    /// Mount options: of the root the file system's own.
    pub flags: &'a [u8],
}

impl<'a> Mount<'a> {
    /// One for /usr; an empty type is any.
    pub fn of_usr(device: &'a [u8], fstypes: &'a [u8], flags: &'a [u8]) -> Self {
        Mount { device, is_list: false, fstypes: Some(fstypes).filter(|types| !types.is_empty()), flags }
    }
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
    /// `pintle.root=`: roots to try, in order.
    Roots,
    /// `pintle.duplicate=`.
    Duplicate,
    /// `pintle.modules=`: `all` that the image has for the devices that are there.
    Modules,
    /// `mount.usr=`: what /usr is, as `root=` says it.
    Usr,
    /// `mount.usrfstype=`.
    UsrFstypes,
    /// `mount.usrflags=`: mount options as mount(8) takes them.
    UsrFlags,
    /// `nfsroot=`.
    NfsRoot,
    /// `cifsroot=`.
    CifsRoot,
    /// `roothash=`: the hash that the root is verified by.
    RootHash,
    /// `systemd.verity_root_data=`, and what follows: in this order for the root and for /usr.
    #[cfg(feature = "layer-verity")]
    RootData,
    /// `systemd.verity_root_hash=`.
    #[cfg(feature = "layer-verity")]
    RootHashes,
    /// `systemd.verity_root_options=`.
    #[cfg(feature = "layer-verity")]
    RootOptions,
    /// `usrhash=`.
    UsrHash,
    /// `systemd.verity_usr_data=`.
    #[cfg(feature = "layer-verity")]
    UsrData,
    /// `systemd.verity_usr_hash=`.
    #[cfg(feature = "layer-verity")]
    UsrHashes,
    /// `systemd.verity_usr_options=`.
    #[cfg(feature = "layer-verity")]
    UsrOptions,
    /// `systemd.verity=`, and `rd.systemd.verity=`, which says the same of the initramfs alone.
    #[cfg(feature = "layer-verity")]
    SystemdVerity,
    #[cfg(feature = "layer-verity")]
    #[allow(missing_docs, reason = "the line above")]
    RdSystemdVerity,
    /// `pintle.image=`: a file on the root's file system that is the root.
    #[cfg(feature = "layer-image")]
    Image,
    /// `pintle.overlay=`: what is written to instead of the root.
    #[cfg(feature = "layer-top")]
    Overlay,
    /// `overlayroot=`: Ubuntu's word for such a thing.
    #[cfg(feature = "layer-top")]
    Overlayroot,
    /// `systemd.volatile=`: systemd's, and bare.
    #[cfg(feature = "layer-top")]
    Volatile,
    /// `resume=`: the swap that a hibernation image may be on.
    #[cfg(feature = "layer-resume")]
    Resume,
    /// `resume_offset=`: its header's page on that device.
    #[cfg(feature = "layer-resume")]
    ResumeOffset,
    /// `resumedelay=N`.
    #[cfg(feature = "layer-resume")]
    ResumeDelay,
    /// `hibernate=noresume`, the kernel's other way to say `noresume`. The word's other values are its own affair.
    #[cfg(feature = "layer-resume")]
    Hibernate,
    /// `fsck.mode=`: `auto`, `force` or `skip`.
    #[cfg(feature = "layer-fsck")]
    FsckMode,
    /// `fsck.repair=`: `preen`, `yes` or `no`.
    #[cfg(feature = "layer-fsck")]
    FsckRepair,
    /// `pintle.rescue`.
    Rescue,
    /// `resumewait`.
    #[cfg(feature = "layer-resume")]
    ResumeWait,
    /// `noresume`.
    #[cfg(feature = "layer-resume")]
    NoResume,
    /// `pintle.discard-hibernation`.
    #[cfg(feature = "layer-resume")]
    DiscardHibernation,
    /// `rw` and `ro`, by their own names.
    Mode,
}

/// The names of the words, in [`Key`]'s order; from `pintle.rescue` on they have no value, and the last two are both of [`Key::Mode`].
pub(crate) const KEYS: &[u8] = packed!(KEYS_TEXT);
const KEYS_TEXT: &[u8] = joined!(
    "root|rootfstype|rootflags|rootwait|rootdelay|init|pintle.fail|pintle.root|pintle.duplicate|pintle.modules|\
mount.usr|mount.usrfstype|mount.usrflags|nfsroot|cifsroot|",
    "roothash|",
    #[cfg(feature = "layer-verity")]
    "systemd.verity_root_data|systemd.verity_root_hash|systemd.verity_root_options|",
    "usrhash|",
    #[cfg(feature = "layer-verity")]
    "systemd.verity_usr_data|systemd.verity_usr_hash|systemd.verity_usr_options|systemd.verity|rd.systemd.verity|",
    #[cfg(feature = "layer-image")]
    "pintle.image|",
    #[cfg(feature = "layer-top")]
    "pintle.overlay|overlayroot|systemd.volatile|",
    #[cfg(feature = "layer-resume")]
    "resume|resume_offset|resumedelay|hibernate|",
    #[cfg(feature = "layer-fsck")]
    "fsck.mode|fsck.repair|",
    "pintle.rescue|",
    #[cfg(feature = "layer-resume")]
    "resumewait|noresume|pintle.discard-hibernation|",
    "ro|rw",
);

/// What `rootwait` without a value stands for.
const WAIT_VALUE: &[u8] = b"ever";

const WAIT: usize = Key::Wait as usize;
#[cfg(feature = "layer-top")]
const VOLATILE: usize = Key::Volatile as usize;
#[cfg(not(feature = "layer-top"))]
const VOLATILE: usize = NOWHERE - 1;
const RESCUE: usize = Key::Rescue as usize;
const MODE: usize = Key::Mode as usize;
const RW: usize = MODE + 1;
#[cfg(feature = "layer-resume")]
const HIBERNATE: usize = Key::Hibernate as usize;
#[cfg(not(feature = "layer-resume"))]
const HIBERNATE: usize = NOWHERE - 1;
const FAIL: usize = Key::Fail as usize;
const DUPLICATE: usize = Key::Duplicate as usize;
const MODULES: usize = Key::Modules as usize;

/// Seconds to wait for a root device when the command line says nothing.
pub const DEFAULT_WAIT_S: u32 = 180;
/// The same as text.
pub const DEFAULT_WAIT: &[u8] = b"180";

/// The values of `pintle.fail=`: what PID 1 does when it can't boot, instead of ending itself.
pub const FAILS: &[u8] = b"reboot|poweroff|halt|panic";

impl<'a> Request<'a> {
    /// One for nothing.
    pub fn new() -> Self {
        // A loop; an array's default is a store each.
        Request { values: core::array::from_fn(|_| None), fixed: 0, permits: 0, locked: false }
    }

    /// Reads `line`, of whose words those that the image's own settings have decided about have no effect. Each of these is
    /// handed to `say` as it was written, and each word of pintle's own (`pintle.*`) that it doesn't know, or whose value it
    /// can't take.
    pub fn read(&mut self, line: &'a [u8], say: &mut dyn FnMut(Message, &[u8])) {
        for word in words(line) {
            match place_and_value(word.name, word.value) {
                Some((place, value)) if self.fixed >> (place & 63) & 1 == 0 => self.set(place, value),
                Some(_) => say(Message::Fixed, word.text),
                None if word.name.starts_with(b"pintle.") => say(Message::UnknownWord, word.text),
                None => {}
            }
        }
    }

    /// Makes `value` that of the kind in `place`.
    pub(crate) fn set(&mut self, place: usize, value: &'a [u8]) {
        if let Some(slot) = self.values.get_mut(place) {
            *slot = Some(value);
        }
    }

    /// What the image's own settings say of those that the command line may say: of the `kinds` that they fix, and, where
    /// they are `locked`, of all but those that are `allowed`; a bit each, of the latter in the order of [`KEYS`].
    #[cfg(feature = "lock")]
    pub(crate) fn settle(&mut self, locked: bool, mut allowed: u64, permits: u64, mut kinds: u64) {
        const ROOTS: u64 = 1 << Key::Root as u32 | 1 << Key::Roots as u32;
        // Who fixes one of the two words for the root means both; two words are one kind.
        if kinds & ROOTS != 0 {
            kinds |= ROOTS;
        }
        #[cfg(feature = "layer-top")]
        const TOPS: u64 = 1 << Key::Overlay as u32 | 1 << Key::Overlayroot as u32 | 1 << Key::Volatile as u32;
        // Likewise of the words for a writable top.
        #[cfg(feature = "layer-top")]
        if kinds & TOPS != 0 {
            kinds |= TOPS;
        }
        allowed |= allowed >> 1 & 1 << MODE;
        (self.locked, self.permits) = (locked, permits);
        self.fixed = if locked { kinds | !allowed } else { kinds };
    }

    /// Whether the image permits what a root hash otherwise refuses.
    pub fn permits(&self, permit: Permit) -> bool {
        cfg!(feature = "lock") && self.permits >> (permit as u32 & 63) & 1 != 0
    }

    /// Whether the image takes no word from the command line but those that it lists: nothing is discovered, and nobody
    /// rescued.
    pub fn is_locked(&self) -> bool {
        cfg!(feature = "lock") && self.locked
    }

    /// The value of the last word of a kind.
    pub fn get(&self, key: Key) -> Option<&'a [u8]> {
        self.values.get(key as usize).copied().flatten()
    }

    /// What the command line calls the root: the value of `pintle.root=`, or else of `root=`.
    pub fn root_word(&self) -> &'a [u8] {
        self.get(Key::Roots).or(self.get(Key::Root)).unwrap_or_default()
    }

    /// Whether the root is to be one that a hash verifies: then nothing unverified may get in.
    pub fn has_root_hash(&self) -> bool {
        self.get(Key::RootHash).is_some()
    }

    /// What is said of the verity device that is the root, or /usr: in `place` 0 its root hash, then its data, its hashes, and
    /// its options.
    #[cfg(feature = "layer-verity")]
    #[inline(never)]
    pub fn verity(&self, of_usr: bool, place: usize) -> &'a [u8] {
        let first = if of_usr { Key::UsrHash } else { Key::RootHash };
        self.values.get(first as usize + place).copied().flatten().unwrap_or_default()
    }

    /// The root is to be mounted read-only, unless the last of `ro` and `rw` says `rw`, and so it is below a writable top.
    pub fn read_only(&self) -> bool {
        !is(self.get(Key::Mode).unwrap_or_default(), "rw") || top::kind(self) != Kind::None
    }

    /// What it says of the root.
    pub fn root(&self) -> Mount<'a> {
        Mount {
            device: self.root_word(),
            is_list: self.get(Key::Roots).is_some(),
            fstypes: self.get(Key::Fstypes),
            flags: self.get(Key::Flags).unwrap_or_default(),
        }
    }

    /// What it says of /usr, which is `device` where it doesn't name it; `None`: nothing.
    pub fn usr(&self, device: Option<&'a [u8]>) -> Option<Mount<'a>> {
        let (fstypes, flags) = (self.get(Key::UsrFstypes), self.get(Key::UsrFlags));
        Some(Mount::of_usr(self.get(Key::Usr).or(device)?, fstypes.unwrap_or_default(), flags.unwrap_or_default()))
    }

    /// How long to wait for the root device: seconds from pintle's start, `rootdelay=` not counted. `None`, for ever,
    /// with a bare `rootwait`, and with one whose number isn't one or doesn't fit an `int` of milliseconds, as in the
    /// kernel (`rootwait_timeout_setup()`).
    #[inline(never)]
    pub fn wait_s(&self) -> Option<u32> {
        let Some(value) = self.get(Key::Wait) else { return Some(DEFAULT_WAIT_S) };
        number(value, 0).filter(|seconds| *seconds <= i32::MAX.unsigned_abs() / 1000)
    }

    /// Seconds to sleep before the root is looked for.
    pub fn delay_s(&self) -> u32 {
        self.get(Key::Delay).and_then(|mut value| take_number(&mut value, 0)).unwrap_or(0)
    }
}

impl Default for Request<'_> {
    fn default() -> Self {
        Self::new()
    }
}

/// The kind that a word is of, by its place in [`Key`], and its value. `None` for one that pintle doesn't know, or whose
/// value it can't take.
pub(crate) fn place_and_value<'a>(name: &'a [u8], value: Option<&'a [u8]>) -> Option<(usize, &'a [u8])> {
    let place = place_of(KEYS, name);
    let (place, value) = match value {
        Some(value) if place < RESCUE => (place, value),
        None if place == WAIT => (place, WAIT_VALUE),
        None if place == VOLATILE => (place, &b"yes"[..]),
        None if place == RW => (MODE, name),
        None if place >= RESCUE => (place, name),
        _ => return None,
    };
    let values = match place {
        FAIL => FAILS,
        DUPLICATE => b"first",
        MODULES => b"all",
        HIBERNATE => b"noresume",
        _ => b"",
    };
    let refused = !values.is_empty() && place_of(values, value) == NOWHERE;
    (place < KINDS && !refused).then_some((place, value))
}

#[cfg(test)]
pub(crate) fn texts() -> Vec<&'static [u8]> {
    vec![KEYS_TEXT]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> (Request<'_>, Vec<String>) {
        let mut unknown = Vec::new();
        let mut request = Request::new();
        request.read(line.as_bytes(), &mut |message, word| {
            assert_eq!(message, Message::UnknownWord);
            unknown.push(word.escape_ascii().to_string());
        });
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
        if let Some(fail) = request.get(Key::Fail) {
            said += &format!(" {}", fail.escape_ascii());
        }
        if request.has_root_hash() {
            said += &format!(" roothash={}", request.get(Key::RootHash).unwrap_or_default().escape_ascii());
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
            ("pintle.fail=reboot pintle.fail=poweroff", "ro poweroff"),
            ("pintle.fail=halt", "ro halt"),
            ("pintle.fail=panic", "ro panic"),
            ("pintle-fail=panic", "ro"),
            ("root-delay=3 rootdelay=4 root-flags=x", "ro delay=4"),
            ("ro -- rw root=/dev/vda", "ro"),
            ("roothash=ab roothash=cd usrhash=ef", "ro roothash=cd"),
            ("roothash= usrhash=ef roothash", "ro roothash="),
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
        assert_eq!(say(&request), "ro halt");
        assert_eq!(unknown, ["pintle.fial=reboot", "pintle.fail=sulk", "pintle.fail", "pintle.x"]);
    }
}
