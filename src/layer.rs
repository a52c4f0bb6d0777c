//! What a root may be made of besides a file system on a device. Each layer is one file, which says what it needs, and puts
//! what it makes where the root is mounted.
//!
//! Holds on entry: what `root=` names is mounted at [`MOUNT_POINT`]. Makes true: the root is, and what it is made of stays
//! mounted below /run/pintle; or a line says why not, and [`undo`] leaves nothing of it.

use crate::bytes::ZStr;
#[cfg(any(feature = "layer-verity", feature = "layer-journal", feature = "layer-resume"))]
use crate::device::find::Search;
use crate::kernel::{Fd, Kernel, Result};
use crate::mounts::make_directory;
use crate::request::Request;
use crate::root::MOUNT_POINT;
#[cfg(any(feature = "layer-verity", feature = "layer-journal", feature = "layer-resume"))]
use crate::spec::By;
use crate::z;
use linux_raw_sys::general::MNT_DETACH;
use top::Kind;

#[cfg(feature = "layer-verity")]
pub mod dm;
#[cfg(feature = "layer-fsck")]
pub mod fsck;
pub mod image;
#[cfg(feature = "layer-journal")]
pub mod journal;
#[cfg(feature = "layer-resume")]
pub mod resume;
pub mod top;
#[cfg(feature = "layer-verity")]
pub mod verity;

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
    if image::path(request).is_none() && top::kind(request) == Kind::None {
        return;
    }
    let _ = kernel.chdir(z!(c"/"));
    let mut unmount = |place| {
        let _ = kernel.umount2(place, MNT_DETACH);
    };
    unmount(MOUNT_POINT);
    unmount(UPPER);
    unmount(LOWER);
    unmount(OUTER);
}

/// Has what `word` names looked for, whatever it holds; false where it names no device.
#[cfg(any(feature = "layer-verity", feature = "layer-journal", feature = "layer-resume"))]
#[inline(never)]
fn name_any<'a>(search: &mut Search<'a>, word: &'a [u8]) -> bool {
    let [.., slot, _] = &mut search.specs;
    slot.any = true;
    slot.parse(word, b"").is_ok() && slot.by != By::Source
}

/// In its place where it isn't built: nothing is checked.
#[cfg(not(feature = "layer-fsck"))]
pub mod fsck {
    use crate::boot::Failed;
    use crate::buffers::Work;
    use crate::device::find::{Found, Search};
    use crate::kernel::Kernel;
    use crate::kmsg::Log;

    /// There is nothing to do it with.
    pub fn check<K: Kernel>(_: &mut Log<'_, K>, _: &Search<'_>, _: Option<&Found>, _: &mut Work) -> Result<(), Failed> {
        Ok(())
    }
}

/// In its place where it isn't built: a root hash that nothing looks at is a refused boot.
#[cfg(not(feature = "layer-verity"))]
pub mod verity {
    use crate::boot::Failed;
    use crate::buffers::Work;
    use crate::device::find::{Found, Search};
    use crate::kernel::Kernel;
    use crate::kmsg::Log;
    use crate::message::Message;
    use crate::request::{Key, Request};

    /// Whether somebody asks for it.
    pub fn is_wanted(request: &Request<'_>, of_usr: bool) -> bool {
        !of_usr && (request.has_root_hash() || request.get(Key::UsrHash).is_some())
    }

    /// Nothing, unless somebody asks for it.
    pub fn name<K: Kernel>(log: &mut Log<'_, K>, search: &mut Search<'_>, _: &mut Work) -> Result<bool, Failed> {
        if !is_wanted(search.request, false) {
            return Ok(false);
        }
        log.say(Message::NoVerity, &[]);
        Err(Failed)
    }

    /// Nothing.
    pub fn put_on<K: Kernel>(
        _: &mut Log<'_, K>,
        _: &Search<'_>,
        _: Option<&mut Found>,
        _: &mut Work,
    ) -> Result<(), Failed> {
        Ok(())
    }

    /// Nothing.
    pub fn take_off<K: Kernel>(_: &mut K, _: &Request<'_>, _: bool, _: &mut Work) {}
}

#[cfg(test)]
mod tests;
