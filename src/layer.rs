//! What a root may be made of besides a file system on a device. Each layer is one file, which says what it needs, and puts
//! what it makes where the root is mounted.
//!
//! Holds on entry: what `root=` names is mounted at [`MOUNT_POINT`]. Makes true: the root is, and what it is made of stays
//! mounted below /run/pintle; or a line says why not, and [`undo`] leaves nothing of it.

use crate::bytes::ZStr;
use crate::kernel::{Fd, Kernel, Result};
use crate::mounts::make_directory;
use crate::request::Request;
use crate::root::MOUNT_POINT;
use crate::z;
use linux_raw_sys::general::MNT_DETACH;
use top::Kind;

pub mod image;
#[cfg(feature = "layer-resume")]
pub mod resume;
pub mod top;

/// Where the file system stays that the root's image is on.
pub const OUTER: ZStr<'_> = z!(c"/run/pintle/outer");
/// The root below a writable top.
pub const LOWER: ZStr<'_> = z!(c"/run/pintle/lower");
/// What is written to instead.
pub const UPPER: ZStr<'_> = z!(c"/run/pintle/upper");

/// Makes one of the places.
#[inline(never)]
fn make_place<K: Kernel>(kernel: &mut K, place: ZStr<'_>) {
    make_directory(kernel, z!(c"/run/pintle"));
    make_directory(kernel, place);
}

/// Moves what is mounted at [`MOUNT_POINT`] to one of the places.
#[inline(never)]
fn set_aside<K: Kernel>(kernel: &mut K, place: ZStr<'_>) -> Result<()> {
    make_place(kernel, place);
    kernel.move_mount(Fd::CWD, MOUNT_POINT, Fd::CWD, place, 0)
}

/// Unmounts what the layers of a root that can't be booted have left, if it has any.
pub fn undo<K: Kernel>(kernel: &mut K, request: &Request<'_>) {
    if image::path(request).is_none() && top::of(request).kind == Kind::None {
        return;
    }
    let _ = kernel.chdir(z!(c"/"));
    for place in [MOUNT_POINT, UPPER, LOWER, OUTER] {
        let _ = kernel.umount2(place, MNT_DETACH);
    }
}

#[cfg(test)]
mod tests;
