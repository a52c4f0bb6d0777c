//! Errnos: carried as they are, and turned into text once, at the edge ([`crate::kmsg`]).

use crate::bytes::{Text, split, take_number};
use core::num::NonZero;
use linux_raw_sys::errno as raw;

/// An error number as the kernel returns it (errno(3)), positive. (As wide as a descriptor, so that a result of either
/// travels in registers.)
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
errnos! { ENOENT EIO EAGAIN EACCES EBUSY EEXIST ENODEV EINVAL ENAMETOOLONG ENOSYS ELOOP ENOBUFS ENOEXEC ETIMEDOUT }

impl Errno {
    /// The errno with this number; 0, which is none, becomes the highest there could be.
    pub const fn new(number: i32) -> Self {
        match NonZero::new(number) {
            Some(number) => Errno(number),
            None => Errno(NonZero::<i32>::MAX),
        }
    }

    /// Appends its name and meaning, or else its number.
    pub fn describe(self, text: &mut Text) {
        match self.text() {
            Some(name) => {
                text.push(b"E");
                text.push(name);
            }
            None => {
                text.push(b"errno ");
                text.push_number(self.0.get().unsigned_abs());
            }
        }
    }

    /// Its name without the E, and what it means where the name doesn't say it; `None` for one that no boot is known
    /// to meet.
    fn text(self) -> Option<&'static [u8]> {
        let number = self.0.get().unsigned_abs();
        split(NAMES, b'|').find_map(|mut name| (take_number(&mut name, 10) == Some(number)).then_some(name))
    }
}

/// The errnos that a mount, a device, a module, a key or an exec can answer with (`asm-generic/errno.h`), by number, in
/// the words that a boot needs. One text, since a table of texts would be twice as long.
const NAMES: &[u8] =
    b"1PERM (not permitted)|2NOENT (not there)|4INTR|5IO (I/O error)|6NXIO (no such device or address)|\
    8NOEXEC (not a format this kernel executes)|9BADF|11AGAIN|12NOMEM (out of memory)|\
    13ACCES (permission denied, or not executable)|14FAULT|15NOTBLK|16BUSY|17EXIST|18XDEV|\
    19NODEV (no device, or not in this kernel)|20NOTDIR|21ISDIR|22INVAL (invalid argument)|23NFILE|24MFILE|\
    26TXTBSY|27FBIG|28NOSPC|30ROFS (read-only file system)|36NAMETOOLONG|\
    38NOSYS (not in this kernel: openat2 is in Linux 5.6, faccessat2 in 5.8)|39NOTEMPTY|40LOOP (a symbolic link, or too many)|\
    61NODATA|71PROTO|74BADMSG|75OVERFLOW|84ILSEQ|95OPNOTSUPP|97AFNOSUPPORT|105NOBUFS|110TIMEDOUT|116STALE|\
    117UCLEAN (damaged file system)|121REMOTEIO|123NOMEDIUM|124MEDIUMTYPE|126NOKEY|127KEYEXPIRED|128KEYREVOKED|\
    129KEYREJECTED (its key is not trusted)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_where_the_kernel_has_them() {
        let rows = [
            (1, Some("EPERM")),
            (2, Some("ENOENT")),
            (22, Some("EINVAL")),
            (38, Some("ENOSYS")),
            (40, Some("ELOOP")),
            (41, None),
            (58, None),
            (61, Some("ENODATA")),
            (95, Some("EOPNOTSUPP")),
            (110, Some("ETIMEDOUT")),
            (117, Some("EUCLEAN")),
            (123, Some("ENOMEDIUM")),
            (129, Some("EKEYREJECTED")),
            (133, None),
            (0, None),
        ];
        for (number, name) in rows {
            let text = Errno::new(number).text().map(|text| crate::bytes::until(text, b' '));
            assert_eq!(text, name.and_then(|name| name.strip_prefix('E')).map(str::as_bytes), "{number}");
        }
        assert_eq!(Errno::ELOOP.text(), Some(&b"LOOP (a symbolic link, or too many)"[..]));
        assert_eq!(Errno::ENOBUFS.text(), Some(&b"NOBUFS"[..]));
    }
}
