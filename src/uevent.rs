//! What the kernel says of a device, in a netlink message or in a sysfs `uevent` file: `KEY=value` pairs.
//!
//! Source: `lib/kobject_uevent.c`, `block/genhd.c`, `block/partitions/core.c`.

use crate::bytes::{Dev, line_behind, take_number};

/// The text of one uevent. Its keys are `ACTION` and `SUBSYSTEM` (in messages only), `MAJOR`, `MINOR`, `DEVNAME` (the
/// node's name below /dev), `DEVTYPE` (`disk` or `partition`), `PARTN`, `PARTNAME` (folded to 7 bits by the kernel),
/// `PARTUUID` (from Linux 7 on).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uevent<'a>(pub &'a [u8]);

impl<'a> Uevent<'a> {
    /// What stands behind `start`, a key and its `=`, in the first pair that begins so; empty where there is none. (A label
    /// that a disk brings can't hold a separator: the kernel folds what isn't printable to `!`.)
    pub fn value(self, start: &[u8]) -> &'a [u8] {
        line_behind(self.0, start)
    }

    /// Whether that is `value`.
    #[inline(never)]
    pub fn says(self, start: &[u8], value: &[u8]) -> bool {
        self.value(start) == value
    }

    /// `MAJOR` and `MINOR`.
    pub fn dev(self) -> Option<Dev> {
        let number = |start: &[u8]| take_number(&mut self.value(start), 10);
        Dev::new(number(b"MAJOR=")?, number(b"MINOR=")?)
    }

    /// True for a message of a block device that is there now.
    pub fn is_new_block_device(self) -> bool {
        self.says(b"SUBSYSTEM=", b"block") && !self.says(b"ACTION=", b"remove")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 6] = ["DEVNAME", "DEVTYPE", "PARTN", "PARTNAME", "PARTUUID", "SEQNUM"];

    #[test]
    fn netlink_and_sysfs() {
        type Row = (&'static [u8], Option<Dev>, bool, [&'static str; 6]);
        let rows: &[Row] = &[
            (
                b"add@/devices/pci0000:00/virtio1/block/vda/vda1\0ACTION=add\0DEVPATH=/devices/pci0000:00/virtio1/block/\
vda/vda1\0SUBSYSTEM=block\0MAJOR=254\0MINOR=1\0DEVNAME=vda1\0DEVTYPE=partition\0DISKSEQ=9\0PARTN=1\0PARTNAME=a=b\0\
SEQNUM=7\0",
                Dev::new(254, 1),
                true,
                ["vda1", "partition", "1", "a=b", "", "7"],
            ),
            (
                b"MAJOR=259\nMINOR=3\nDEVNAME=nvme0n1p1\nDEVTYPE=partition\nPARTN=1\nPARTUUID=0f2a-01\n",
                Dev::new(259, 3),
                false,
                ["nvme0n1p1", "partition", "1", "", "0f2a-01", ""],
            ),
            // A label can't bring keys of its own.
            (b"DEVNAME=sda1\nPARTNAME=x\nDEVNAME=sdb1\nPARTNAME=y", None, false, ["sda1", "", "", "x", "", ""]),
            (b"", None, false, [""; 6]),
            (b"\n\n=\nx=", None, false, [""; 6]),
            (b"MAJOR=1", None, false, [""; 6]),
            (b"MINOR=1\n", None, false, [""; 6]),
            (b"MAJOR=x\nMINOR=1", None, false, [""; 6]),
            (b"MAJOR=4294967296\nMINOR=1", None, false, [""; 6]),
            (b"ACTION=change\0SUBSYSTEM=block\0", None, true, [""; 6]),
            (b"ACTION=remove\0SUBSYSTEM=block\0", None, false, [""; 6]),
            (b"ACTION=add\0SUBSYSTEM=net\0", None, false, [""; 6]),
        ];
        for (text, dev, new, values) in rows {
            let uevent = Uevent(text);
            assert_eq!((uevent.dev(), uevent.is_new_block_device()), (*dev, *new), "{}", text.escape_ascii());
            assert_eq!(
                KEYS.map(|key| uevent.value(format!("{key}=").as_bytes())),
                values.map(str::as_bytes),
                "{}",
                text.escape_ascii()
            );
        }
    }
}
