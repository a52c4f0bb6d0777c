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
// In each, `%` stands for an object (a path, a device, a module, a word of the command line), and `#` for the errno's
// name and meaning. The digit is the level.
messages! {
    ": giving up": {
        NoRootWord "3command line: root=: not given",
        UnknownRoot "3command line: root=%: not a form that pintle knows (/dev/NAME, MAJ:MIN, hex number, PARTUUID=, PARTLABEL=)",
        FindRoot "3find root: %: #",
        ReadFilesystems "3read: /proc/filesystems: #",
        MountRoot "3mount root: %: #",
        NoTypeFits "3mount root: %: no file system that was tried is on it, or rootflags= has an option that it doesn't know",
        Chdir "3chdir: /root: #",
        FindInit "3find init: %: #",
        InitNotExecutable "3find init: %: EACCES (not an executable file)",
        CheckInit "3openat2, faccessat2 (Linux 5.8): %: #",
        NoInit "3find init: /sbin/init, /etc/init, /bin/init, /bin/sh: none can be executed, name one by init=",
        Pivot "3pivot_root: /root: #",
        CloneRoot "3open_tree (Linux 5.2): /: #",
        CoverRoot "3move_mount (Linux 5.2): /: #",
        Chroot "3chroot: /..: #",
        Execve "3execve: %: #",
        Reboot "3reboot: %: #",
    }
    ": going on without it": {
        Mount "4mount: %: #",
        ReadCmdline "4read: /proc/cmdline: #",
        CmdlineTooLong "4command line: what is beyond 4096 bytes: not read",
        UnknownWord "4command line: %: not a word that pintle knows",
        ListModules "4open: /etc/modules-load.d/pintle.conf: #",
        NoModules "4find modules: %: # for the kernel that runs",
        NoSuchModule "4find module: %: not in modules.dep",
        LoadModule "4finit_module: %: #",
        MoveApi "4move_mount into the new root (Linux 5.2): %: #",
    }
    ": trying the next init": {
        TryInit "4find init: %: #",
        TryNotExecutable "4find init: %: EACCES (not an executable file)",
        TryExec "4execve: %: #",
    }
    ": what is left stays in memory": {
        Detach "4umount2: the initramfs: #",
        NotAnInitramfs "4free initramfs: /: not a file system that may be emptied",
        Free "4free initramfs: %: #",
    }
    "": {
        Uevents "4netlink: uevents: #: looking for the root every 100 ms",
        WaitForEver "4find root: %: not there after % s: waiting for ever (rootwait)",
        Wait "4find root: %: not there after % s: giving up after % s",
        Mounted "6mounted % (%) %",
        Device "3there is /dev/% (%:%), %, % sectors of 512 bytes, PARTLABEL=% PARTUUID=%",
        NoDevice "3there is no block device: is its driver among the image's modules?",
        Panic "3giving up: PID 1 ends, the kernel panics, panic= decides",
        Fail "3giving up: the machine will % in 10 s (pintle.fail=)",
    }
}

impl Message {
    /// The level, one digit, and the text with its placeholders.
    pub fn template(self) -> (&'static [u8], &'static [u8]) {
        let line = split(MESSAGES, b'\n').nth(self as usize).unwrap_or_default();
        line.split_at_checked(1).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::split_once;

    #[test]
    fn every_message_has_its_line() {
        for message in ALL {
            let (level, text) = message.template();
            assert!(matches!(level, b"3" | b"4" | b"6"), "{message:?}");
            assert!(!text.is_empty() && text.is_ascii() && split_once(text, b'\n').is_none(), "{message:?}");
        }
        assert_eq!(split(MESSAGES, b'\n').count(), ALL.len() + 1);
        assert_eq!(Message::FindRoot.template(), (&b"3"[..], &b"find root: %: #: giving up"[..]));
        assert_eq!(Message::Fail.template().1, b"giving up: the machine will % in 10 s (pintle.fail=)");
    }
}
