//! Errnos: carried as they are, and turned into text once, at the edge ([`crate::kmsg`]).

use crate::bytes::{split, take_number};
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
errnos! { ENOENT EINTR EIO EAGAIN EACCES EBUSY EEXIST ENODEV EINVAL ENAMETOOLONG ENOSYS ELOOP ENOBUFS ENOEXEC ETIMEDOUT }

impl Errno {
    /// The errno with this number; 0, which is none, becomes the highest there could be.
    pub const fn new(number: i32) -> Self {
        match NonZero::new(number) {
            Some(number) => Errno(number),
            None => Errno(NonZero::<i32>::MAX),
        }
    }

    /// Its number.
    pub fn number(self) -> i32 {
        self.0.get()
    }

    /// Its name, and what it means where the name doesn't say it; `None` for one that no boot is known to meet.
    pub fn text(self) -> Option<&'static [u8]> {
        let number = self.0.get().unsigned_abs();
        if let Some(name) = split(NAMES, b'|').nth(number as usize - 1) {
            return Some(name);
        }
        let mut more = split(MORE_NAMES, b'|');
        more.find_map(|mut name| (take_number(&mut name, 10) == Some(number)).then_some(name))
    }
}

/// errno 1 to 40 (`asm-generic/errno-base.h`, and a few of `errno.h`), in the words that a boot needs. One text, since
/// a table of texts would be twice as long.
const NAMES: &[u8] =
    b"EPERM (not permitted)|ENOENT (not there)|ESRCH|EINTR|EIO (I/O error)|ENXIO (no such device or address)|E2BIG|\
ENOEXEC (not a format this kernel executes)|EBADF (bad file descriptor)|ECHILD|EAGAIN|ENOMEM (out of memory)|\
EACCES (permission denied)|EFAULT|ENOTBLK|EBUSY (busy)|EEXIST (exists)|EXDEV|\
ENODEV (no such device, or not in this kernel)|ENOTDIR (not a directory)|EISDIR|EINVAL (invalid argument)|\
ENFILE|EMFILE|ENOTTY|ETXTBSY|EFBIG|ENOSPC|ESPIPE|EROFS (read-only file system)|EMLINK|EPIPE|EDOM|ERANGE|EDEADLK|\
ENAMETOOLONG (name too long)|ENOLCK|ENOSYS (not in this kernel; pintle needs Linux 5.10)|\
ENOTEMPTY (directory not empty)|ELOOP (a symbolic link, or too many)";

/// Those above 40 that a file system, a device, a module, a key or a network root can answer with, by number.
const MORE_NAMES: &[u8] =
    b"61ENODATA|62ETIME|64ENONET|71EPROTO|74EBADMSG|75EOVERFLOW|84EILSEQ|95EOPNOTSUPP|97EAFNOSUPPORT|105ENOBUFS|\
107ENOTCONN|110ETIMEDOUT (timed out)|111ECONNREFUSED|112EHOSTDOWN|113EHOSTUNREACH|115EINPROGRESS|116ESTALE|\
117EUCLEAN (damaged file system)|121EREMOTEIO|122EDQUOT|123ENOMEDIUM|124EMEDIUMTYPE|125ECANCELED|126ENOKEY|\
127EKEYEXPIRED|128EKEYREVOKED|129EKEYREJECTED (not signed by a key this kernel trusts)|131ENOTRECOVERABLE|\
132ERFKILL|133EHWPOISON";

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
            (133, Some("EHWPOISON")),
            (134, None),
            (0, None),
        ];
        for (number, name) in rows {
            let text = Errno::new(number).text().map(|text| crate::bytes::until(text, b' '));
            assert_eq!(text, name.map(str::as_bytes), "{number}");
        }
        assert_eq!(Errno::ELOOP.text(), Some(&b"ELOOP (a symbolic link, or too many)"[..]));
        assert_eq!(Errno::ENOBUFS.text(), Some(&b"ENOBUFS"[..]));
    }
}
