//! Journals, logs and realtime sections on devices of their own, by tags in `rootflags=`: file systems know paths alone, and
//! nobody made those of udev yet.
//!
//! Holds on entry: the search listens, nothing is mounted. Makes true: each of those devices is there, and the mount options name
//! it as devtmpfs does; or the boot is refused.
//!
//! Source: Documentation/admin-guide/ext4.rst and xfs.rst.

use super::name_any;
use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{Text, part, take_any, take_part, until};
use crate::device::find::Search;
use crate::error::Errno;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::usr::push_option;

/// The options that name a device. The second wants a number, the first says the same by a path.
const OPTIONS: &[u8] = b"journal_path=|journal_dev=|logdev=|rtdev=";
const PATH: usize = 0;
const NUMBER: usize = 1;
const MOST: usize = 4;

/// Puts the devices' paths into the root's mount options, which then stand in `text`.
pub fn resolve<'a, K: Kernel>(
    log: &mut Log<'_, K>,
    search: &mut Search<'a>,
    text: &'a mut Text,
    work: &mut Work,
) -> Result<(), Failed> {
    let mut rest = search.mount.flags;
    let mut resolved = false;
    text.clear();
    while let Some(option) = take_part(&mut rest, b',') {
        let mut device = option;
        let place = take_any(&mut device, OPTIONS);
        if place < MOST && (until(device, b'=') != device || device.starts_with(b"/dev/")) {
            let mut other = search.beside_device(log.kernel, device, search.point);
            if name_any(&mut other, device) {
                let (found, _) = other.find(log, work)?;
                if let Some(found) = found {
                    log.kernel.close(found.fd);
                }
                push_option(text, part(OPTIONS, b'|', if place == NUMBER { PATH } else { place }));
                text.push(b"/dev/");
                text.push(work.node.as_bytes());
                resolved = true;
                continue;
            }
        }
        push_option(text, option);
    }
    if resolved {
        if text.as_z_str().is_none() {
            log.failed(Message::FindRoot, search.mount.flags, Errno::ENAMETOOLONG);
            return Err(Failed);
        }
        search.mount.flags = text.as_bytes();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::device::tests::images::{ext4, uuid};
    use crate::kernel::fake::{Block, End, Fake};

    /// Small, so that little is read of it: the head.
    const SMALL: usize = 72 * 1024;

    /// A journal device of ext4's.
    fn journal(number: u128) -> Vec<u8> {
        let mut bytes = ext4(number, "")[..SMALL].to_vec();
        bytes[0x460] = 8;
        bytes
    }

    fn machine(flags: &str) -> Fake {
        let mut fake = Fake::bare(&format!("root=/dev/vda rootwait=30 rootflags={flags}"))
            .with_block(&Block::disk("vda", (254, 0), ext4(7, "")[..SMALL].to_vec()))
            .with_block(&Block::disk("vdb", (254, 16), journal(9)))
            .with_block_later(9_000, &Block::disk("vdc", (254, 32), journal(10)));
        fake.diskseq = 1;
        fake
    }

    #[test]
    fn options() {
        let (first, late, none) = (uuid(9), uuid(10), uuid(11));
        let rows = [
            ("noatime,data=journal".to_owned(), Some("noatime,data=journal")),
            (
                format!("noatime,journal_path=UUID={first},data=journal"),
                Some("noatime,journal_path=/dev/vdb,data=journal"),
            ),
            (format!("journal_dev=UUID={first}"), Some("journal_path=/dev/vdb")),
            ("journal_dev=0xfe10".to_owned(), Some("journal_dev=0xfe10")),
            ("logdev=/dev/vdb,rtdev=/dev/vdb".to_owned(), Some("logdev=/dev/vdb,rtdev=/dev/vdb")),
            (format!("logdev=/dev/disk/by-uuid/{first}"), Some("logdev=/dev/vdb")),
            // Waited for as the root is.
            (format!("logdev=UUID={late},rtdev=UUID={first}"), Some("logdev=/dev/vdc,rtdev=/dev/vdb")),
            // What nobody can name is the kernel's affair.
            ("logdev=/dev/mapper/log".to_owned(), Some("logdev=/dev/mapper/log")),
            (format!("logdev=UUID={none}"), None),
        ];
        for (flags, mounted) in rows {
            let mut fake = machine(&flags);
            let end = fake.boot();
            let Some(mounted) = mounted else {
                assert_eq!(end, Some(End::Exit(1)), "{flags}");
                assert!(!fake.calls.iter().any(|call| call.starts_with("mount /dev")), "{flags}");
                continue;
            };
            assert_eq!(end, Some(End::Exec("/sbin/init".into())), "{flags}: {:?}", fake.log);
            let call = format!("mount /dev/vda /root ext4 0x8001 \"{mounted}\"");
            assert!(fake.calls.contains(&call), "{flags}: {call}: {:?}", fake.log);
        }
    }
}
