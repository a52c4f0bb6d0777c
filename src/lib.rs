//! pintle: the `/init` of a Linux initramfs, as a library of its parts.
//!
//! The boot is one straight line, [`boot::boot`]; each of its stages is a room off that corridor:
//!
//! - [`guard`]: whether to boot at all
//! - [`mounts`]: /dev, /proc, /sys, /run
//! - [`cmdline`] → [`request`]: bytes → words → what is asked for, on top of [`lock`], what the image says itself
//! - [`module`]: the kernel modules that the image lists
//! - [`spec`], [`uevent`] → [`device`]: the block device that the root is on, by
//!   [`disk`] → [`partition`], [`probe`]: bytes → partitions and contents
//! - [`layer`]: what is made of it
//! - [`root`]: its mount, and [`usr`]: that of its /usr
//! - [`layer`]: what the root is made of besides, an image in a file, a writable top
//! - [`handover`]: checks, pivot, detach, free, console, exec
//! - [`times`]: how long that took
//! - [`policy`]: what happens where it fails
//!
//! Everything goes through [`kernel::Kernel`], one method a system call; what pintle says, through [`kmsg`],
//! its texts in [`message`].
//! No heap, no recursion, no `unsafe`: the binary's `sys` has all of that there is. `#[inline(never)]` stands where
//! it was measured to make the binary smaller.

#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod boot;
pub mod buffers;
pub mod bytes;
pub mod cmdline;
pub mod crc;
pub mod device;
pub mod dirent;
pub mod disk;
pub mod error;
pub mod file;
pub mod guard;
pub mod handover;
pub mod identity;
pub mod kernel;
pub mod kmsg;
pub mod layer;
#[cfg(feature = "lock")]
pub mod lock;
pub mod message;
pub mod module;
pub mod mounts;
pub mod network;
pub mod pairs;
pub mod partition;
pub mod policy;
pub mod probe;
pub mod request;
pub mod root;
pub mod spec;
pub mod template;
pub mod times;
#[cfg(feature = "tool")]
pub mod tool;
pub mod uevent;
pub mod usr;
