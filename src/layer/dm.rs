//! Device-mapper's requests and answers: `struct dm_ioctl` and, behind it, one `struct dm_target_spec` with the target's
//! parameters, as bytes. Nothing here asks the kernel.
//!
//! Source: include/uapi/linux/dm-ioctl.h, drivers/md/dm-ioctl.c.

use crate::bytes::{self, Dev};
use crate::disk::{le32, le64};

/// Room for both ways.
pub type Page = [u8; 4096];

/// The requests, `_IOWR(0xfd, NUMBER, struct dm_ioctl)`.
pub const DM_DEV_CREATE: u32 = request(3);
/// Undoes it.
pub const DM_DEV_REMOVE: u32 = request(4);
/// Without [`DM_SUSPEND_FLAG`](https://docs.kernel.org/admin-guide/device-mapper) it resumes: the table that was loaded
/// last is in force then.
pub const DM_DEV_SUSPEND: u32 = request(6);
/// Loads a table.
pub const DM_TABLE_LOAD: u32 = request(9);
/// Asks for it, with [`DM_STATUS_TABLE_FLAG`].
pub const DM_TABLE_STATUS: u32 = request(12);
/// Asks for the version of the target that stands in the place of the name.
pub const DM_GET_TARGET_VERSION: u32 = request(17);

/// The device can't be written to.
pub const DM_READONLY_FLAG: u32 = 1 << 0;
/// The parameters are asked for, not the state.
pub const DM_STATUS_TABLE_FLAG: u32 = 1 << 4;
/// A table is in force.
const DM_ACTIVE_PRESENT_FLAG: u32 = 1 << 5;
/// What is in use still goes when it no longer is.
pub const DM_DEFERRED_REMOVE: u32 = 1 << 17;

const HEAD_BYTES: usize = 312;
const SPEC_BYTES: usize = 40;
/// Where the fields are.
const DATA_START: usize = 16;
const TARGET_COUNT: usize = 20;
const FLAGS: usize = 28;
const DEV: usize = 40;
const NAME: usize = 48;
const UUID: usize = 176;
const LENGTH: usize = HEAD_BYTES + 8;
const TARGET_TYPE: usize = HEAD_BYTES + 24;
const PARAMETERS: usize = HEAD_BYTES + SPEC_BYTES;

#[allow(clippy::cast_possible_truncation, reason = "constants")]
const fn request(number: u32) -> u32 {
    3 << 30 | (HEAD_BYTES as u32) << 16 | 0xfd << 8 | number
}

/// A request about the device called `name`.
#[inline(never)]
pub fn fill(page: &mut Page, name: &[u8], uuid: &[u8], flags: u32) {
    page.fill(0);
    // Version 4.0, which every kernel of version 4 takes; the size of the page is the caller's to say.
    put(page, 0, &[4]);
    put(page, DATA_START, &(HEAD_BYTES as u64).to_le_bytes());
    put(page, FLAGS, &flags.to_le_bytes());
    put(page, NAME, name);
    put(page, UUID, uuid);
}

/// Adds the table: one `target`, that all of the device is mapped by.
pub fn add_table(page: &mut Page, target: &[u8], sectors: u64, parameters: &[u8]) {
    put(page, TARGET_COUNT, &[1]);
    put(page, LENGTH, &sectors.to_le_bytes());
    put(page, TARGET_TYPE, target);
    put(page, PARAMETERS, parameters);
}

/// Whether the answer to [`DM_TABLE_STATUS`] tells of exactly that device, in force and read-only: its name, its UUID, its
/// one target and that one's parameters, and its size.
pub fn is(page: &Page, texts: [&[u8]; 4], sectors: u64) -> bool {
    const IN_FORCE: u32 = DM_READONLY_FLAG | DM_ACTIVE_PRESENT_FLAG;
    let mut places = [NAME, UUID, TARGET_TYPE, PARAMETERS].iter();
    le32(page, FLAGS) & IN_FORCE == IN_FORCE
        && le32(page, TARGET_COUNT) == 1
        && le64(page, HEAD_BYTES) == 0
        && le64(page, LENGTH) == sectors
        && texts.iter().all(|text| places.next().is_some_and(|at| has(page, *at, text)))
}

#[inline(never)]
fn put(page: &mut Page, at: usize, bytes: &[u8]) {
    bytes::put(page, at, bytes);
}

/// The device's number, as the answer has it (`huge_encode_dev()`).
pub fn dev(page: &Page) -> Option<Dev> {
    let dev = le32(page, DEV);
    Dev::new((dev >> 8) & 0xfff, dev & 0xff | (dev >> 12) & 0xfff00)
}

/// The version of the target that was asked for, from its major number of 1 on.
pub fn minor_version(page: &Page) -> u32 {
    le32(page, HEAD_BYTES + 8)
}

/// Whether that text stands at `at`, with its NUL.
#[inline(never)]
fn has(page: &Page, at: usize, text: &[u8]) -> bool {
    page.get(at..).and_then(|rest| rest.strip_prefix(text)).is_some_and(|rest| rest.first() == Some(&0))
}

#[cfg(test)]
mod tests;
