//! The buffers. There is one set, in .bss: it costs no byte of the file, no page that isn't touched, and keeps the
//! stages' stack frames small.

use crate::bytes::Text;
use crate::device::devs::Devs;
use crate::device::helpers::Children;
use crate::device::look::{self, Partitions};
use crate::dirent::Reader;
use crate::disk::Windows;
use crate::identity::Identity;
#[cfg(feature = "layer-verity")]
use crate::layer::dm::Mapper;
#[cfg(feature = "layer-verity")]
use crate::layer::verity::superblock::Tree;
use crate::module::load::Modules;
use crate::partition::Partition;
use crate::times::Times;

/// Room for the longest command line of any architecture (`COMMAND_LINE_SIZE` is 2048 on these two), and for what
/// bootconfig may add (`XBC_DATA_MAX`, 32 KiB).
pub const CMDLINE_BYTES: usize = 40 * 1024;

/// Directories deeper than this keep their files when the initramfs is emptied: there is no heap to remember more, and
/// no recursion.
pub const MAX_DEPTH: usize = 24;

/// All of them.
#[repr(C)]
pub struct Buffers {
    /// What one stage after the other works with.
    pub work: Work,
    /// The kernel command line, which the request points into.
    pub cmdline: [u8; CMDLINE_BYTES],
    /// The root's mount options, where pintle has put devices into them.
    pub flags: Text,
    /// The new root's fstab, likewise. What is behind so much is not looked at.
    pub fstab: [u8; 16 * 1024],
}

/// What one stage after the other works with. (The small ones come first, where they are reached by the shortest code.)
#[repr(C)]
pub struct Work {
    /// The number of what is attached to the device that was read last (`BLKGETDISKSEQ`, from Linux 5.15 on; 0 before).
    pub diskseq: u64,
    /// What is on the device that was read last, by its place in the table of formats ([`crate::probe::probe_for`]).
    pub format: u32,
    /// When each stage had ended, in the order of [`crate::times::Stage`].
    pub times: Times,
    /// Who looks at devices.
    pub children: Children,
    /// The root device's node.
    pub node: Text,
    /// A name that is put together.
    pub name: Text,
    /// A file system's type.
    pub fstype: Text,
    /// Mount options.
    pub data: Text,
    /// What is on the device that was read last.
    pub identity: Identity,
    /// A mapping of device-mapper.
    #[cfg(feature = "layer-verity")]
    pub mapper: Mapper,
    /// What it is verified by.
    #[cfg(feature = "layer-verity")]
    pub tree: Tree,
    /// A partition of it.
    pub partition: Partition,
    /// Those of it that roots lead to.
    pub partitions: Partitions,
    /// A file of procfs or sysfs, or a uevent (`UEVENT_BUFFER_SIZE` is 2048).
    pub page: [u8; 4096],
    /// Devices that are to be looked at.
    pub devs: Devs,
    /// What is read of one.
    pub windows: Windows,
    /// The kernel's list of devices: some 2,000 of them.
    pub list: [u8; 64 * 1024],
    /// The image's modules.
    pub modules: Modules,
    /// Directories that are being read, each below the one before.
    pub path: [Reader; MAX_DEPTH],
}

impl Buffers {
    /// Empty ones.
    pub const fn new() -> Self {
        let work = Work {
            format: 0,
            page: [0; 4096],
            node: Text::new(),
            name: Text::new(),
            list: [0; 64 * 1024],
            devs: Devs::new(),
            windows: Windows::new(),
            identity: Identity::new(),
            #[cfg(feature = "layer-verity")]
            mapper: Mapper::new(),
            #[cfg(feature = "layer-verity")]
            tree: Tree::new(),
            partition: Partition::new(),
            partitions: look::NO_PARTITIONS,
            diskseq: 0,
            times: Times::new(),
            children: Children::new(),
            fstype: Text::new(),
            data: Text::new(),
            modules: Modules::new(),
            path: [const { Reader::new() }; MAX_DEPTH],
        };
        Buffers { cmdline: [0; CMDLINE_BYTES], flags: Text::new(), fstab: [0; 16 * 1024], work }
    }
}

impl Default for Buffers {
    fn default() -> Self {
        Self::new()
    }
}
