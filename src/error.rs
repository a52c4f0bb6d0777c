//! Errnos: carried as they are, and turned into text once, at the edge ([`crate::kmsg`]).

use crate::bytes::{Text, part};
use crate::packed;
use crate::template::push_packed;
use core::num::NonZero;
use linux_raw_sys::errno as raw;

/// An error number (errno(3)) as the kernel returns it, negative: what a call that has nothing else to tell returns is a
/// result as it is. (As wide as a descriptor, so that a result of either travels in registers.)
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(NonZero<i32>);

macro_rules! errnos {
    ($($name:ident)*) => {
        #[allow(missing_docs, reason = "errno(3) says what each means")]
        #[allow(clippy::cast_possible_wrap, reason = "errnos are below 4096")]
        impl Errno {
            $(pub const $name: Errno = Errno::new(raw::$name as i32);)*
        }
    };
}
errnos! { ENOENT EIO EAGAIN EACCES EBUSY EEXIST ENODEV EINVAL ENAMETOOLONG ENOSYS ELOOP ENOBUFS ENOEXEC EROFS ENOTEMPTY ETIMEDOUT EUCLEAN EBADMSG }

impl Errno {
    /// The errno with this number; 0, which is none, becomes the highest there could be.
    pub const fn new(number: i32) -> Self {
        match Errno::check(number.wrapping_neg()) {
            Err(errno) => errno,
            Ok(()) => Errno(NonZero::<i32>::MIN),
        }
    }

    /// What a system call returned that returns 0 or an errno, negative.
    pub const fn check(value: i32) -> Result<(), Errno> {
        match NonZero::new(value) {
            Some(errno) => Err(Errno(errno)),
            None => Ok(()),
        }
    }

    /// Whether it is one of the network's own: from `ENETDOWN`, 100, to `EHOSTUNREACH`, 113.
    pub fn is_network(self) -> bool {
        (-113..=-100).contains(&self.0.get())
    }

    /// Appends its name and meaning, or else its number.
    pub fn describe(self, text: &mut Text) {
        match self.text() {
            Some(name) => {
                text.push_byte(b'E');
                push_packed(name, text);
            }
            None => {
                text.push(b"errno ");
                text.push_number(self.0.get().unsigned_abs().into());
            }
        }
    }

    /// Its name without the E, and what it means where the name doesn't say it, packed; `None` for one that no boot is known
    /// to meet.
    fn text(self) -> Option<&'static [u8]> {
        let number = self.0.get().unsigned_abs();
        let place = NUMBERS.iter().position(|known| u32::from(*known) == number)?;
        Some(part(NAMES, b'|', place))
    }
}

macro_rules! names {
    ($($number:literal $name:literal)*) => {
        const NUMBERS: &[u8] = &[$($number),*];
        /// One text, since a table of texts would be twice as long.
        const TEXT: &[u8] = concat!($($name, "|",)*).as_bytes();
    };
}
// The errnos that a mount, a device, a module, a key or an exec can answer with (`asm-generic/errno.h`), in the words that
// a boot needs.
names! {
    1 "PERM"
    2 "NOENT (not there)"
    5 "IO"
    6 "NXIO (no such device)"
    8 "NOEXEC (no format of this kernel)"
    11 "AGAIN"
    12 "NOMEM"
    13 "ACCES (or not executable)"
    16 "BUSY"
    17 "EXIST"
    19 "NODEV (or not in this kernel)"
    20 "NOTDIR"
    22 "INVAL"
    28 "NOSPC"
    30 "ROFS (read-only)"
    36 "NAMETOOLONG"
    38 "NOSYS (needs Linux 5.10)"
    39 "NOTEMPTY"
    40 "LOOP (a symbolic link)"
    61 "NODATA"
    74 "BADMSG"
    95 "OPNOTSUPP"
    97 "AFNOSUPPORT"
    101 "NETUNREACH"
    105 "NOBUFS"
    110 "TIMEDOUT"
    111 "CONNREFUSED"
    113 "HOSTUNREACH"
    117 "UCLEAN (damaged)"
    123 "NOMEDIUM"
    126 "NOKEY"
    129 "KEYREJECTED (key not trusted)"
}

const NAMES: &[u8] = packed!(TEXT);

#[cfg(test)]
pub(crate) fn texts() -> Vec<&'static [u8]> {
    vec![TEXT]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_where_the_kernel_has_them() {
        let rows = [
            (1, "EPERM"),
            (2, "ENOENT (not there)"),
            (22, "EINVAL"),
            (38, "ENOSYS (needs Linux 5.10)"),
            (40, "ELOOP (a symbolic link)"),
            (41, "errno 41"),
            (58, "errno 58"),
            (61, "ENODATA"),
            (95, "EOPNOTSUPP"),
            (105, "ENOBUFS"),
            (110, "ETIMEDOUT"),
            (117, "EUCLEAN (damaged)"),
            (123, "ENOMEDIUM"),
            (129, "EKEYREJECTED (key not trusted)"),
            (133, "errno 133"),
            // None, which became the highest there could be.
            (0, "errno 2147483648"),
        ];
        for (number, expected) in rows {
            let mut text = Text::new();
            Errno::new(number).describe(&mut text);
            assert_eq!(text.as_bytes(), expected.as_bytes(), "{number}");
        }
    }
}
