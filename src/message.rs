//! All that pintle says, in one table: the level, the step, the object, why, and what happens now.

use crate::bytes::part;

macro_rules! messages {
    ($($then:literal: { $($message:ident $text:literal,)* })*) => {
        /// A message, by the step that failed, or by what it tells.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs, reason = "the text says it")]
        pub enum Message {
            $($($message,)*)*
        }

        const MESSAGES: &[u8] = concat!($($($text, $then, "\n",)*)*).as_bytes();

        #[cfg(test)]
        pub(crate) const ALL: &[Message] = &[$($(Message::$message,)*)*];
    };
}
/// Phrases that many messages have, by the control character that stands for each: what happens now, and, from
/// [`WITH_OBJECT`] on, what an object follows.
const PHRASES: &[u8] = b"|: giving up|: going on without it|: trying the next init|: what is left stays in memory|\
find root: |mount root: |command line: root=|: |: TYPE=||, UUID=|, LABEL=";

/// The first phrase that has an object behind it.
pub const WITH_OBJECT: u8 = 5;

// In each, `%` stands for an object (a path, a device, a module, a word of the command line), `\x08` for another one
// behind a colon, the last of them for the
// errno's name and meaning where there is one. The digit is the level.
messages! {
    "\x01": {
        FindRoot "3\x05\x08",
        Duplicate "3\x05: on two devices at least, pintle.duplicate=first would take any",
        MountRoot "3\x06 as %\x08",
        NoTypeFits "3\x06: no type fits it and rootflags=",
        NoRoot "3\x06: it holds %, which is no file system",
        Swapped "3\x06: another device than the one that was found",
        Chdir "3chdir\x08\x08",
        FindInit "3find init\x08\x08",
        NoInit "3find init: none can be executed, name one by init=",
        Pivot "3pivot_root\x08\x08",
        CloneRoot "3open_tree\x08\x08",
        CoverRoot "3move_mount\x08\x08",
        Chroot "3chroot\x08\x08",
        Execve "3execve\x08\x08",
        Stay "3root=initramfs\x08\x08",
        Reboot "3reboot\x08\x08",
    }
    "\x02": {
        Mount "4mount\x08\x08",
        ReadCmdline "4read\x08\x08",
        UnknownWord "4command line\x08: unknown word",
        ListModules "4open\x08\x08",
        NoModules "4find modules: /lib/modules/%/modules.dep\x08",
        NoSuchModule "4find module\x08: not in modules.dep",
        LoadModule "4finit_module\x08\x08",
        MoveApi "4move into the new root\x08\x08",
        UnknownRoot "4\x07: unknown form, known are /dev/NAME, MAJ:MIN, hex, (PART)UUID=, (PART)LABEL=",
        UdevRoot "4\x07: made by udev, which runs later: UUID= and LABEL= work",
        NetworkRoot "4\x07: roots on the network are not mounted",
    }
    "\x03": {
        TryInit "4find init\x08\x08",
        TryExec "4execve\x08\x08",
    }
    "\x04": {
        Detach "4umount2\x08\x08",
        Free "4free initramfs\x08\x08",
    }
    "": {
        Uevents "4listen to uevents\x08\x08: looking every 100 ms",
        Waiting "4\x05: not there after % s: waiting, rootwait=%",
        Took "6pintle.root=%: it is %",
        WouldMount "6root=% is %\x09\x0b\x0c: it would be mounted %",
        InitrdRelease "4root=initramfs: /etc/initrd-release makes systemd take it for an initrd",
        WouldStay "6root=initramfs is the initramfs itself: it would stay",
        Mounted "6mounted % (%) %",
        Stuck "4find root: /dev/%: does not answer: looking at the others",
        Match "3\x05 is on /dev/%",
        Incomplete "4\x05: btrfs: devices are missing: waiting",
        Device "3there is %\x09\x0b\x0c, % sectors of 512 bytes",
        DevicesEnd "3there is no other block device",
        Panic "3giving up: PID 1 ends, the kernel panics, panic= decides",
        Fail "3giving up: the machine will % in 10 s",
    }
}

impl Message {
    /// The level, one digit, and the text with its placeholders.
    pub fn template(self) -> Option<(&'static u8, &'static [u8])> {
        part(MESSAGES, b'\n', self as usize).split_first()
    }
}

/// What a control character in a template stands for.
#[inline(never)]
pub fn phrase(character: u8) -> &'static [u8] {
    part(PHRASES, b'|', character.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::{split, split_once};

    #[test]
    fn every_message_has_its_line() {
        for message in ALL {
            let (level, text) = message.template().expect("a line");
            assert!(matches!(level, b'3' | b'4' | b'6'), "{message:?}");
            let control = text.iter().filter(|byte| byte.is_ascii_control());
            assert!(control.into_iter().all(|&byte| !phrase(byte).is_empty()));
            assert!(!text.is_empty() && text.is_ascii() && split_once(text, b'\n').is_none(), "{message:?}");
        }
        assert_eq!(split(MESSAGES, b'\n').count(), ALL.len() + 1);
        assert_eq!(Message::FindRoot.template(), Some((&b'3', &b"\x05\x08\x01"[..])));
        assert_eq!(phrase(1), b": giving up");
        assert_eq!(phrase(4), b": what is left stays in memory");
        assert_eq!(phrase(12), b", LABEL=");
        assert_eq!(phrase(13), b"");
        assert_eq!(Message::Fail.template().map(|(_, text)| text), Some(&b"giving up: the machine will % in 10 s"[..]));
    }
}
