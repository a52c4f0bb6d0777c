//! The root device: found by what the kernel and the device itself say of it, or waited for.
//!
//! Holds on entry: /dev and /sys are mounted as far as they could be. Makes true: the device that the command line names
//! is open, and known by its node and its content; or it is known not to come in time.

pub mod boot_disk;
pub mod btrfs;
pub mod candidates;
pub mod choose;
pub mod devs;
pub mod find;
pub mod helpers;
pub mod list;
pub mod look;
pub mod sysfs;

#[cfg(test)]
pub(crate) mod tests;
