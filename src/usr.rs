//! /usr on a file system of its own: it has to be there before the new root's init is looked at, which is often a link into
//! it.
//!
//! Holds on entry: the working directory is the new root's. Source: systemd-fstab-generator(8), of `mount.usr=`; fstab(5).

use crate::bytes::{NOWHERE, Text, place_of, take_field, take_part, until};
use crate::file;
use crate::kernel::Kernel;
use crate::layer::verity;
use crate::packed;
use crate::request::{Mount, Request};

/// Options that are flags of mount(2), each in the place of its bit.
const FLAGS: &[u8] = packed!(FLAGS_TEXT);
pub(crate) const FLAGS_TEXT: &[u8] = b"ro|nosuid|nodev|noexec|sync|||dirsync|nosymfollow||noatime|nodiratime";
/// Those that say what is the case anyway, or speak to other programs.
const OTHERS: &[u8] = packed!(OTHERS_TEXT);
pub(crate) const OTHERS_TEXT: &[u8] =
    b"defaults|rw|suid|dev|exec|async|atime|diratime|relatime|auto|noauto|nofail|user|nouser|users|owner|_netdev";

/// What is asked for of /usr: by the command line, or by the new root's fstab, which `buffer` is for.
/// `None`: nothing.
pub fn mount<'a, K: Kernel>(kernel: &mut K, request: &Request<'a>, buffer: &'a mut [u8]) -> Option<Mount<'a>> {
    // The words that name one that is verified are others, and the new root has no say in it.
    let verified = verity::is_wanted(request, true).then_some(&b""[..]);
    request.usr(verified).or_else(|| {
        kernel.path().set(b"/etc/fstab");
        let length = file::read_in_root(kernel, buffer).ok()?;
        let [device, fstype, flags] = entry(buffer.get(..length as usize).unwrap_or_default(), b"/usr")?;
        Some(Mount::of_usr(device, fstype, flags))
    })
}

/// Device, type and options of what fstab(5) has mounted at `point`; an empty type is any.
fn entry<'t>(mut fstab: &'t [u8], point: &[u8]) -> Option<[&'t [u8]; 3]> {
    while let Some(line) = take_part(&mut fstab, b'\n') {
        let mut rest = until(line, b'#');
        let (device, at) = (take_field(&mut rest), take_field(&mut rest));
        if at == point {
            let fstype = take_field(&mut rest);
            let fstype = if fstype == b"auto" { b"" } else { fstype };
            return Some([device, fstype, take_field(&mut rest)]);
        }
    }
    None
}

/// Divides mount options as mount(8) does: returns those that are flags; the file system's own stand in `data` then.
pub fn options(mut text: &[u8], data: &mut Text) -> u32 {
    let mut flags = 0;
    data.clear();
    while let Some(option) = take_part(&mut text, b',') {
        if option.is_empty() {
            continue;
        }
        let place = place_of(FLAGS, option);
        if place != NOWHERE {
            flags |= 1 << (place & 31);
        } else if place_of(OTHERS, option) == NOWHERE && !option.starts_with(b"x-") {
            push_option(data, option);
        }
    }
    flags
}

/// Appends a mount option to those that are there; an empty one is none.
#[inline(never)]
pub fn push_option(data: &mut Text, option: &[u8]) {
    if !data.as_bytes().is_empty() && !option.is_empty() {
        data.push_byte(b',');
    }
    data.push(option);
}

#[cfg(test)]
mod tests {
    use super::*;
    use linux_raw_sys::general::{
        MS_DIRSYNC, MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_NOSYMFOLLOW, MS_RDONLY,
        MS_SYNCHRONOUS,
    };

    #[test]
    fn entries() {
        let rows: [(&str, Option<[&str; 3]>); 9] = [
            ("", None),
            ("UUID=1 / ext4 defaults 0 1\n", None),
            ("# LABEL=x /usr ext4 ro\n", None),
            (
                "UUID=1 / ext4 defaults 0 1\nLABEL=usr\t/usr  xfs\tro,nodev 0 2\n/dev/vdc /usr ext4 x\n",
                Some(["LABEL=usr", "xfs", "ro,nodev"]),
            ),
            ("  /dev/vdb /usr auto defaults", Some(["/dev/vdb", "", "defaults"])),
            ("/dev/vdb /usr", Some(["/dev/vdb", "", ""])),
            ("/dev/vdb /usr ext4 # ro", Some(["/dev/vdb", "ext4", ""])),
            ("/dev/vdb /usr/local ext4 ro\n/usr", None),
            ("\n\n \t \n/dev/vdb\n", None),
        ];
        for (text, expected) in rows {
            assert_eq!(entry(text.as_bytes(), b"/usr"), expected.map(|entry| entry.map(str::as_bytes)), "{text:?}");
        }
    }

    #[test]
    fn flags_and_data() {
        let rows = [
            ("", 0, ""),
            ("defaults", 0, ""),
            ("rw,auto,nofail,x-systemd.automount,_netdev", 0, ""),
            ("ro,nosuid,nodev,noexec", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, ""),
            ("sync,dirsync,nosymfollow", MS_SYNCHRONOUS | MS_DIRSYNC | MS_NOSYMFOLLOW, ""),
            ("noatime,nodiratime", MS_NOATIME | MS_NODIRATIME, ""),
            ("ro,data=journal,,errors=remount-ro,subvol=@usr", MS_RDONLY, "data=journal,errors=remount-ro,subvol=@usr"),
        ];
        for (text, flags, data) in rows {
            let mut own = Text::new();
            let found = options(text.as_bytes(), &mut own);
            assert_eq!((found, own.as_bytes()), (flags, data.as_bytes()), "{text}");
        }
    }
}
