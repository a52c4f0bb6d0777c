//! Device-mapper's requests and answers: `struct dm_ioctl` and, behind it, one `struct dm_target_spec` with the target's
//! parameters. Nothing here asks the kernel.
//!
//! Source: include/uapi/linux/dm-ioctl.h, drivers/md/dm-ioctl.c.

use crate::bytes::{Dev, Text, put};
use crate::kernel::Fd;
use core::mem::offset_of;

/// The numbers of the requests.
pub const DM_DEV_CREATE: u8 = 3;
/// Undoes it.
pub const DM_DEV_REMOVE: u8 = 4;
/// Without [`DM_SUSPEND_FLAG`](https://docs.kernel.org/admin-guide/device-mapper) it resumes: the table that was loaded
/// last is in force then.
pub const DM_DEV_SUSPEND: u8 = 6;
/// Loads a table.
pub const DM_TABLE_LOAD: u8 = 9;
/// Asks for it, with [`DM_STATUS_TABLE_FLAG`].
pub const DM_TABLE_STATUS: u8 = 12;
/// Asks for the version of the target that stands in the place of the name.
pub const DM_GET_TARGET_VERSION: u8 = 17;

/// The device can't be written to.
pub const DM_READONLY_FLAG: u8 = 1 << 0;
/// The parameters are asked for, not the state.
pub const DM_STATUS_TABLE_FLAG: u8 = 1 << 4;
/// A table is in force.
const DM_ACTIVE_PRESENT_FLAG: u32 = 1 << 5;
/// What is in use still goes when it no longer is.
pub const DM_DEFERRED_REMOVE: u32 = 1 << 17;

/// Both structures, with room for what the kernel answers. Numbers alone: any bytes are one.
#[repr(C)]
pub struct Page {
    version: [u32; 3],
    /// All of it, which the system call says itself.
    pub data_size: u32,
    data_start: u32,
    /// How many tables there are.
    target_count: u32,
    open_count: u32,
    flags: u32,
    event_nr: u32,
    padding: u32,
    dev: u64,
    name: [u8; 128],
    /// The device's name for ever.
    pub uuid: [u8; 129],
    data: [u8; 7],
    sector_start: u64,
    length: u64,
    status: u32,
    next: u32,
    target_type: [u8; 16],
    parameters: [u8; 4096 - PARAMETERS],
}

const HEAD_BYTES: usize = offset_of!(Page, sector_start);
const PARAMETERS: usize = 352;
const _: () = assert!(HEAD_BYTES == 312 && offset_of!(Page, parameters) == PARAMETERS && size_of::<Page>() == 4096);
const _: () = assert!(offset_of!(Page, flags) == 28 && offset_of!(Page, dev) == 40 && offset_of!(Page, uuid) == 176);

/// A mapping that is made: what is asked for and answered, and what it is to have.
pub struct Mapper {
    /// A request, or its answer.
    pub page: Page,
    /// Its UUID.
    pub uuid: Text,
    /// The target's parameters.
    pub parameters: Text,
    /// The name of a key that they may be about.
    pub key: Text,
    /// The devices that it is made of, open: that of the data, that of the hashes, and that with what corrects errors.
    pub devices: [(Fd, Option<Dev>); 3],
}

impl Mapper {
    /// None.
    pub const fn new() -> Self {
        Mapper {
            page: EMPTY,
            uuid: Text::new(),
            parameters: Text::new(),
            key: Text::new(),
            devices: [(Fd(0), None); 3],
        }
    }
}

impl Default for Mapper {
    fn default() -> Self {
        Self::new()
    }
}

const EMPTY: Page = Page {
    version: [0; 3],
    data_size: 0,
    data_start: 0,
    target_count: 0,
    open_count: 0,
    flags: 0,
    event_nr: 0,
    padding: 0,
    dev: 0,
    name: [0; 128],
    uuid: [0; 129],
    data: [0; 7],
    sector_start: 0,
    length: 0,
    status: 0,
    next: 0,
    target_type: [0; 16],
    parameters: [0; 4096 - PARAMETERS],
};

/// The request of that number: `_IOWR(0xfd, NUMBER, struct dm_ioctl)`.
#[allow(clippy::cast_possible_truncation, reason = "a constant")]
pub fn request(number: u8) -> u32 {
    const REQUESTS: u32 = 3 << 30 | (HEAD_BYTES as u32) << 16 | 0xfd << 8;
    REQUESTS | u32::from(number)
}

impl Page {
    /// Makes it a request about the device called `name`.
    #[inline(never)]
    #[allow(clippy::cast_possible_truncation, reason = "a constant")]
    pub fn fill(&mut self, name: &[u8], flags: u32) {
        *self = EMPTY;
        // Version 4.0, which every kernel of version 4 takes.
        self.version = [4, 0, 0];
        self.data_start = HEAD_BYTES as u32;
        self.flags = flags;
        put(&mut self.name, 0, name);
    }

    /// Adds the table: one `target`, that all of the device is mapped by.
    pub fn add_table(&mut self, target: &[u8], sectors: u64, parameters: &[u8]) {
        self.target_count = 1;
        self.length = sectors;
        put(&mut self.target_type, 0, target);
        put(&mut self.parameters, 0, parameters);
    }

    /// Whether the answer to [`DM_TABLE_STATUS`] tells of exactly that device, in force and read-only: its name, its UUID,
    /// its one target and that one's parameters, and its size.
    pub fn is(&self, name: &[u8], uuid: &[u8], target: &[u8], sectors: u64, parameters: &[u8]) -> bool {
        const IN_FORCE: u32 = DM_READONLY_FLAG as u32 | DM_ACTIVE_PRESENT_FLAG;
        self.flags & IN_FORCE == IN_FORCE
            && self.target_count == 1
            && self.sector_start == 0
            && self.length == sectors
            && has(&self.name, name)
            && has(&self.uuid, uuid)
            && has(&self.target_type, target)
            && has(&self.parameters, parameters)
    }

    /// The device's number, as the answer has it (`huge_encode_dev()`).
    #[allow(clippy::cast_possible_truncation, reason = "the upper half is that of numbers that there aren't")]
    pub fn dev(&self) -> Option<Dev> {
        let dev = self.dev as u32;
        Dev::new((dev >> 8) & 0xfff, dev & 0xff | (dev >> 12) & 0xfff00)
    }

    /// The version of the target that was asked for, from its major number of 1 on: that stands in front of it, behind the
    /// 4 bytes that say where the next one is.
    #[allow(clippy::cast_possible_truncation, reason = "the lower half")]
    pub fn minor_version(&self) -> u32 {
        self.length as u32
    }
}

/// Whether that text stands there, with its NUL.
#[inline(never)]
fn has(field: &[u8], text: &[u8]) -> bool {
    field.strip_prefix(text).is_some_and(|rest| rest.first() == Some(&0))
}

#[cfg(test)]
mod tests;
