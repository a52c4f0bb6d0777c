//! What FAT and exFAT share: a directory of entries of 32 bytes each, in a chain of clusters.
//!
//! Source: Microsoft's "FAT: General Overview of On-Disk Format" and "exFAT file system specification".

use crate::disk::Disk;
use crate::identity::{Encoding, Identity, push_label};

/// Entries that are looked at: the label's is one of the first, and 32 KiB of the budget are enough for it.
const MOST_ENTRIES: u32 = 1024;
const ENTRY_BYTES: usize = 32;
const FIRST_CLUSTER: u32 = 2;

const ATTR_VOLUME: u8 = 0x08;
const ATTR_DIR: u8 = 0x10;
const ATTR_EXT: u8 = 0x0f;
/// What the first letter of a deleted entry becomes.
const DELETED_FLAG: u8 = 0xe5;
const NAME_BYTES: usize = 11;
/// exFAT's entry of the label.
const VOLUME_LABEL: u8 = 0x83;
/// Of UTF-16.
const VOLUME_LABEL_BYTES: usize = 22;

/// The root directory.
pub(crate) struct Directory {
    /// Where the table is that links the clusters, in bytes.
    pub(super) fat: u64,
    /// The bits of its entries that are in use: all of them in exFAT; 0 where the directory is all in its first cluster.
    pub(super) mask: u32,
    /// Where the first cluster is, number 2, in bytes.
    pub(super) heap: u64,
    pub(super) cluster_bytes: u32,
    /// The directory's first cluster.
    pub(super) cluster: u32,
}

impl Directory {
    /// The UUID is the serial number, and the label the one of the first entry that has one, if there is any.
    #[inline(never)]
    pub(super) fn identify(&self, disk: &mut Disk<'_>, identity: &mut Identity, serial: u32) {
        if serial != 0 {
            identity.uuid.push_digits((serial >> 16).into(), 4, b'A');
            identity.uuid.push_byte(b'-');
            identity.uuid.push_digits(serial.into(), 4, b'A');
        }
        let (mut cluster, mut within, mut left) = (self.cluster, 0, MOST_ENTRIES);
        // What can't be read ends the search.
        let failed = disk.failed;
        while left != 0 {
            left -= 1;
            if within >= self.cluster_bytes {
                disk.base = self.fat;
                cluster = disk.u32(u64::from(cluster) * 4) & self.mask;
                within = 0;
            }
            // The mark of a chain's end is far past the last cluster, and past the end of the disk.
            let Some(before) = cluster.checked_sub(FIRST_CLUSTER) else { break };
            disk.base = self.heap + u64::from(before) * u64::from(self.cluster_bytes) + u64::from(within);
            let [entry] = disk.bytes(0, ENTRY_BYTES).as_chunks::<ENTRY_BYTES>().0 else { break };
            let (first, second) = (entry[0], entry[1]);
            if first == 0 {
                break;
            }
            if self.mask == !0 {
                if first == VOLUME_LABEL {
                    let length = usize::from(second) * 2;
                    identity.label_at(disk, 2, length.min(VOLUME_LABEL_BYTES), Encoding::Utf16Le);
                    break;
                }
            } else if is_label(entry) {
                let mut name = &entry[..NAME_BYTES];
                // What would mark the entry as deleted is stored as 5.
                if let [5, rest @ ..] = name {
                    identity.label.push_byte(DELETED_FLAG);
                    name = rest;
                }
                push_label(&mut identity.label, name, Encoding::Bytes);
                break;
            }
            within += 32;
        }
        disk.failed = failed;
    }
}

/// Whether an entry of FAT is the label's: not a part of a long name, nor a file's.
fn is_label(entry: &[u8; ENTRY_BYTES]) -> bool {
    let attr = entry[11];
    let start = [entry[20], entry[21], entry[26], entry[27]];
    entry[0] != DELETED_FLAG
        && start == [0; 4]
        && attr & 0x3f != ATTR_EXT
        && attr & (ATTR_VOLUME | ATTR_DIR) == ATTR_VOLUME
}
