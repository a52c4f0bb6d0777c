//! All that pintle says, in one table: the level, the step, the object, why, and what happens now.

use crate::bytes::part;
use crate::packed;

macro_rules! messages {
    ($($then:literal: { $($message:ident $text:literal,)* })*) => {
        /// A message, by the step that failed, or by what it tells.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs, reason = "the text says it")]
        pub enum Message {
            $($($message,)*)*
        }

        const TEXTS: &[u8] = concat!($($($text, $then, "\n",)*)*).as_bytes();

        #[cfg(test)]
        pub(crate) const ALL: &[Message] = &[$($(Message::$message,)*)*];
    };
}
/// Phrases that many messages have, by the control character that stands for each: what an object follows; what happens
/// now; and, from `\x0d` on, what a message begins with.
const PHRASE_TEXTS: &[u8] = b"|find root: |mount root: |command line: root=|: |: TYPE=|, UUID=|, LABEL=|\
: giving up|: going on without it||: trying the next init|: what is left stays in memory|\
find init|there is |giving up: |find module";

/// The first phrase that has no object behind it.
pub const WITHOUT_OBJECT: u8 = 8;

// In each, `%` stands for an object (a path, a device, a module, a word of the command line), `\x04` for another one
// behind a colon, the last of them for the
// errno's name and meaning where there is one. The digit is the level.
messages! {
    // What every boot says comes first, and is found soonest.
    "": {
        Mounted "6mounted % (%) %",
        Times "6times: % ms",
    }
    "\x08": {
        FindRoot "3\x01\x04",
        Duplicate "3\x01: on two devices at least, pintle.duplicate=first would take any",
        MountRoot "3\x02 as %\x04",
        NoTypeFits "3\x02: no type fits it and rootflags=",
        NoRoot "3\x02: it holds %, which is no file system",
        Image "3image\x04\x04",
        NoImage "3image\x04: no file system in it",
        Top "3writable top\x04\x04",
        UnknownTop "3writable top\x04: unknown form",
        UnverifiedTop "3writable top\x04: nothing verifies it, and the root has a hash",
        NoTop "3writable top\x04: not there",
        VerityRoot "3verity: root\x04\x04",
        VerityUsr "3verity: usr\x04\x04",
        NoTree "3verity\x04: no superblock with hashes of it that its device has room for",
        NoMatch "3verity\x04: the data do not match the root hash",
        Unverified "3command line: %: beside a root hash, refused unless /etc/pintle.conf permits it",
        NoVerity "3verity: this /init was built without it, and there is a hash",
        NoServer "3\x02: no server by nfsroot= or ip=",
        Swapped "3\x02: another device than the one that was found",
        Chdir "3chdir\x04\x04",
        FindInit "3\x0d\x04\x04",
        NoInit "3\x0d: none can be executed, name one by init=",
        Pivot "3pivot_root\x04\x04",
        CloneRoot "3open_tree\x04\x04",
        CoverRoot "3move_mount\x04\x04",
        Chroot "3chroot\x04\x04",
        Execve "3execve\x04\x04",
        NoMountPoint "3switch_root\x04: no mount point",
        Stay "3root=initramfs\x04\x04",
        Rescue "3rescue\x04\x04",
        Reboot "3reboot\x04\x04",
        Hibernated "3resume\x04: a hibernation image is on it (%), pintle.discard-hibernation would clear it",
        ErrorsLeft "3fsck\x04: errors are left (exit status %)",
        ReadSettings "3read\x04\x04",
        BadSetting "3/etc/pintle.conf: line %\x04: unknown, or the second of its kind",
        NoFixedRoot "3\x01: lock=yes in /etc/pintle.conf, but no root=",
    }
    "\x09": {
        Mount "4mount\x04\x04",
        ReadCmdline "4read\x04\x04",
        UnknownWord "4command line\x04: unknown word",
        Fsck "4fsck\x04\x04",
        NotChecked "4fsck\x04: not checked (exit status %)",
        NoResume "4resume\x04\x04",
        NotResumed "4resume\x04: the kernel could not, and the image is used up",
        ResumeUnverified "4resume\x04: not beside a root hash",
        Fixed "4command line\x04: /etc/pintle.conf decides",
        ListModules "4open\x04\x04",
        NoModules "4\x10s: /lib/modules/%/modules.dep\x04",
        OtherModules "4\x10s: the image has those of %, this kernel is %",
        NoSuchModule "4\x10\x04: not in modules.dep",
        LoadModule "4finit_module\x04\x04",
        NoUsr "4mount /usr\x04: not there",
        MoveApi "4move into the new root\x04\x04",
        UnknownRoot "4\x03: unknown form, known are /dev/NAME, MAJ:MIN, hex, (PART)UUID=, (PART)LABEL=",
        UdevRoot "4\x03: made by udev, which runs later: UUID= and LABEL= work",
    }
    "\x0b": {
        TryInit "4\x0d\x04\x04",
        TryExec "4execve\x04\x04",
    }
    "\x0c": {
        Detach "4umount2\x04\x04",
        Free "4free initramfs\x04\x04",
    }
    "": {
        Uevents "4listen to uevents\x04\x04: looking every 100 ms",
        Waiting "4\x01: not there after % s: waiting, rootwait=%",
        Checks "6fsck\x04: checking %",
        FsckReboots "4fsck\x04: rebooting, as it says (exit status %)",
        ResumeWaits "4resume\x04: not there: waiting, resumewait",
        Discarded "4resume\x04: the hibernation image is cleared",
        Took "6pintle.root=%: it is %",
        WouldMount "6root=% is %\x05\x06\x07: it would be mounted %",
        InitrdRelease "4root=initramfs: /etc/initrd-release makes systemd take it for an initrd",
        WouldStay "6root=initramfs is the initramfs itself: it would stay",
        Stuck "4find root: /dev/%: does not answer: looking at the others",
        Match "3\x01 is on /dev/%",
        Incomplete "4\x01: btrfs: devices are missing: waiting",
        Device "3\x0e%%\x05\x06\x07, % sectors of 512 bytes",
        NoDriver "3\x0e%, a device without a driver\x04",
        DevicesEnd "3\x0eno other block device",
        Panic "3\x0fPID 1 ends, the kernel panics, panic= decides",
        Fail "3\x0fthe machine will % in 10 s",
    }
}

const MESSAGES: &[u8] = packed!(TEXTS);
const PHRASES: &[u8] = packed!(PHRASE_TEXTS);

impl Message {
    /// The level, one digit, and the text with its placeholders, packed.
    pub fn template(self) -> Option<(&'static u8, &'static [u8])> {
        part(MESSAGES, b'\n', self as usize).split_first()
    }
}

/// What a control character in a template stands for, packed.
pub fn phrase(character: u8) -> &'static [u8] {
    part(PHRASES, b'|', character.into())
}

#[cfg(test)]
pub(crate) fn texts() -> Vec<&'static [u8]> {
    vec![TEXTS, PHRASE_TEXTS]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::split_once;
    use crate::pairs::tests::unpack;

    #[test]
    fn every_message_has_its_line() {
        let template = |message: Message| message.template().map(|(level, packed)| (*level, unpack(packed)));
        for message in ALL {
            let (level, text) = template(*message).expect("a line");
            assert!(matches!(level, b'3' | b'4' | b'6'), "{message:?}");
            let control = text.iter().filter(|byte| byte.is_ascii_control());
            assert!(control.into_iter().all(|&byte| !phrase(byte).is_empty()));
            assert!(!text.is_empty() && text.is_ascii() && split_once(&text, b'\n').is_none(), "{message:?}");
        }
        assert_eq!(MESSAGES.split(|&byte| byte == b'\n').count(), ALL.len() + 1);
        assert_eq!(template(Message::FindRoot), Some((b'3', b"\x01\x04\x08".to_vec())));
        let rows: [(u8, &[u8]); 6] = [
            (4, b": "),
            (8, b": giving up"),
            (10, b""),
            (12, b": what is left stays in memory"),
            (16, b"find module"),
            (17, b""),
        ];
        assert!(rows.into_iter().all(|(character, text)| unpack(phrase(character)) == text));
        assert_eq!(template(Message::Fail), Some((b'3', b"\x0fthe machine will % in 10 s".to_vec())));
    }
}
