//! `init probe` against `blkid -p`: the same images through both, and no difference in what they say.
//!
//!     cargo test --test identity                          all of them
//!     PINTLE_INIT=FILE cargo test --test identity         another program in the place of /init, which is not built then
//!
//! Every image is a plain file, made by the tools that make the real ones or, where those want a device, by hand. Nothing
//! is mounted and nothing here needs root. The images of other projects' tests come from `qemu/fetch images`. Where pintle
//! differs on purpose is told in `DEVIATIONS`, in `identity/compare.rs`.

#[path = "scenarios/harness.rs"]
#[allow(dead_code, reason = "what only guests need")]
mod harness;

#[path = "identity/compare.rs"]
mod compare;
#[path = "identity/image.rs"]
mod image;
#[path = "identity/oracle.rs"]
mod oracle;
#[path = "identity/said.rs"]
mod said;

#[path = "identity/containers.rs"]
mod containers;
#[path = "identity/ext.rs"]
mod ext;
#[path = "identity/fat.rs"]
mod fat;
#[path = "identity/linux.rs"]
mod linux;
#[path = "identity/md.rs"]
mod md;
#[path = "identity/optical.rs"]
mod optical;
#[path = "identity/several.rs"]
mod several;
#[path = "identity/small.rs"]
mod small;
#[path = "identity/tables.rs"]
mod tables;
#[path = "identity/third_party.rs"]
mod third_party;
#[path = "identity/volumes.rs"]
mod volumes;
#[path = "identity/windows.rs"]
mod windows;
