//! All that pintle says, in one table: the level, the step, the object, why, and what happens now.

use crate::bytes::split;

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
/// Phrases that many messages have, by the control character that stands for each.
const PHRASES: &[u8] = b"|: giving up|: going on without it|: trying the next init|: what is left stays in memory";

// In each, `%` stands for an object (a path, a device, a module, a word of the command line), the last one for the
// errno's name and meaning where there is one. The digit is the level.
messages! {
    "\x01": {
        NoRootWord "3command line: root=: not given",
        UnknownRoot "3command line: root=%: unknown form, known are /dev/NAME, MAJ:MIN, hex, PARTUUID=, PARTLABEL=",
        FindRoot "3find root: %: %",
        MountRoot "3mount root: %: %",
        NoTypeFits "3mount root: %: no type fits it and rootflags=",
        Chdir "3chdir: %: %",
        FindInit "3find init: %: %",
        NoInit "3find init: none can be executed, name one by init=",
        Pivot "3pivot_root: %: %",
        CloneRoot "3open_tree: %: %",
        CoverRoot "3move_mount: %: %",
        Chroot "3chroot: %: %",
        Execve "3execve: %: %",
        Reboot "3reboot: %: %",
    }
    "\x02": {
        Mount "4mount: %: %",
        ReadCmdline "4read: %: %",
        UnknownWord "4command line: %: unknown word",
        ListModules "4open: %: %",
        NoModules "4find modules: /lib/modules/%/modules.dep: %",
        NoSuchModule "4find module: %: not in modules.dep",
        LoadModule "4finit_module: %: %",
        MoveApi "4move into the new root: %: %",
    }
    "\x03": {
        TryInit "4find init: %: %",
        TryExec "4execve: %: %",
    }
    "\x04": {
        Detach "4umount2: %: %",
        Free "4free initramfs: %: %",
    }
    "": {
        Uevents "4listen to uevents: %: %: looking every 100 ms",
        Waiting "4find root: %: not there after % s: waiting, rootwait=%",
        Mounted "6mounted % (%) %",
        Device "3there is /dev/% (%:%): %, PARTLABEL=%, PARTUUID=%, % sectors of 512 bytes",
        DevicesEnd "3there is no other block device",
        Panic "3giving up: PID 1 ends, the kernel panics, panic= decides",
        Fail "3giving up: the machine will % in 10 s",
    }
}

impl Message {
    /// The level, one digit, and the text with its placeholders.
    pub fn template(self) -> Option<(&'static u8, &'static [u8])> {
        split(MESSAGES, b'\n').nth(self as usize)?.split_first()
    }
}

/// What a control character in a template stands for.
#[inline(never)]
pub fn phrase(character: u8) -> &'static [u8] {
    split(PHRASES, b'|').nth(character.into()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::split_once;

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
        assert_eq!(Message::FindRoot.template(), Some((&b'3', &b"find root: %: %\x01"[..])));
        assert_eq!(phrase(1), b": giving up");
        assert_eq!(phrase(4), b": what is left stays in memory");
        assert_eq!(phrase(5), b"");
        assert_eq!(Message::Fail.template().map(|(_, text)| text), Some(&b"giving up: the machine will % in 10 s"[..]));
    }
}
