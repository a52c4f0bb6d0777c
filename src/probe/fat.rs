//! What FAT and exFAT share: a directory of entries of 32 bytes each, in a chain of clusters.
//!
//! Source: Microsoft's "FAT: General Overview of On-Disk Format" and "exFAT file system specification".

use crate::disk::Disk;

/// Entries that are looked at: the label's is one of the first, and 32 KiB of the budget are enough for it.
const MOST_ENTRIES: u32 = 1024;
const ENTRY_BYTES: usize = 32;
const FIRST_CLUSTER: u32 = 2;

const ATTR_VOLUME: u8 = 0x08;
const ATTR_DIR: u8 = 0x10;
const ATTR_EXT: u8 = 0x0f;
/// What the first letter of a deleted entry becomes.
pub(super) const DELETED_FLAG: u8 = 0xe5;
/// exFAT's entry of the label.
const VOLUME_LABEL: u8 = 0x83;

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
    /// Goes to the first entry that has a label; false where there is none.
    #[inline(never)]
    pub(super) fn find_label(&self, disk: &mut Disk<'_>) -> bool {
        let (mut cluster, mut within, mut left) = (self.cluster, 0, MOST_ENTRIES);
        while left != 0 {
            left -= 1;
            if within >= self.cluster_bytes {
                disk.base = self.fat;
                let Some(link) = disk.array(u64::from(cluster) * 4) else { break };
                cluster = u32::from_le_bytes(link) & self.mask;
                within = 0;
            }
            // The mark of a chain's end is far past the last cluster, and past the end of the disk.
            let Some(before) = cluster.checked_sub(FIRST_CLUSTER) else { break };
            disk.base = self.heap + u64::from(before) * u64::from(self.cluster_bytes) + u64::from(within);
            let Some(entry) = disk.bytes(0, ENTRY_BYTES).and_then(|entry| entry.first_chunk()) else { break };
            if entry[0] == 0 {
                break;
            }
            if if self.mask == !0 { entry[0] == VOLUME_LABEL } else { is_label(entry) } {
                return true;
            }
            within += 32;
        }
        false
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
