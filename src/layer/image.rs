//! The root as an image in a file: `pintle.image=PATH`, on the file system that `root=` names.
//!
//! It is mounted read-only as what it was recognised to be: from a loop device, which the kernel frees with the mount; of
//! EROFS without one, where the kernel can (Linux 6.12, `CONFIG_EROFS_FS_BACKED_BY_FILE`).
//!
//! Source: loop(4); `loop_configure()` in drivers/block/loop.c, `erofs_fc_get_tree()` in fs/erofs/super.c.

use super::{OUTER, set_aside};
use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{Dev, Text};
use crate::device::find::{Found, Search};
use crate::device::sysfs;
use crate::disk::Disk;
use crate::error::Errno;
use crate::file;
use crate::identity::Type;
use crate::kernel::{Fd, Kernel, Result};
use crate::kmsg::Log;
use crate::message::Message;
use crate::probe;
use crate::request::Request;
use crate::root::{self, MOUNT_POINT};
use crate::z;
use linux_raw_sys::general::{AT_EMPTY_PATH, MS_RDONLY, MS_SILENT, O_PATH, O_RDONLY, O_RDWR, S_IFREG};

/// How often another loop device is asked for where somebody was faster. (Another /init may have left such a one behind.)
const MOST_TRIES: u32 = 16;

/// What their driver says of itself.
const LOOP_ALIAS: &[u8] = b"devname:loop-control";

/// What there are loop devices by, in a message.
const LOOP: &[u8] = b"/dev/loop-control (module loop)";

/// The image that is asked for.
#[cfg(feature = "layer-image")]
pub fn path<'a>(request: &Request<'a>) -> Option<&'a [u8]> {
    request.get(crate::request::Key::Image)
}

/// None, where images aren't built.
#[cfg(not(feature = "layer-image"))]
pub fn path<'a>(_: &Request<'a>) -> Option<&'a [u8]> {
    None
}

/// Where an image is asked for, mounts what it holds in the root's place, and what was mounted there at [`OUTER`].
pub fn mount<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'_>,
    work: &mut Work,
) -> core::result::Result<(), Failed> {
    let Some(path) = path(search.request) else { return Ok(()) };
    match open(log.kernel, path, work) {
        Err(errno) => log.failed(Message::Image, path, errno),
        Ok(None) => log.tell(Message::NoImage, path),
        Ok(Some(file)) => {
            let mounted = mount_file(log, search, file, work);
            log.kernel.close(file);
            return mounted;
        }
    }
    Err(Failed)
}

/// Opens the image, and looks what it holds: `work.identity`. `None`: nothing that can be mounted.
fn open<K: Kernel>(kernel: &mut K, path: &[u8], work: &mut Work) -> Result<Option<Fd>> {
    set_aside(kernel, OUTER)?;
    kernel.chdir(OUTER)?;
    kernel.path().set(path);
    // What isn't a file isn't opened: that alone can set off a device, or wait for ever.
    let place = file::open_in_root(kernel, O_PATH)?;
    let stat = kernel.statx(place, z!(c""), AT_EMPTY_PATH);
    kernel.close(place);
    if !stat?.is(S_IFREG) {
        return Ok(None);
    }
    let file = file::open_in_root(kernel, O_RDONLY)?;
    let size = file::size(kernel, file);
    let Work { windows, identity, .. } = work;
    probe::probe(&mut Disk::new(&mut kernel.source(file), windows, 0, size, 0), identity);
    if identity.is_mountable() {
        return Ok(Some(file));
    }
    kernel.close(file);
    Ok(None)
}

/// Mounts what is in `file`.
fn mount_file<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'_>,
    file: Fd,
    work: &mut Work,
) -> core::result::Result<(), Failed> {
    let kind = work.identity.kind;
    if kind == Type::Erofs && mount_erofs(log.kernel, file, &mut work.name) {
        work.fstype.set(work.identity.fstype());
        work.data.set(b"read-only");
        root::say(log, Message::Mounted, work);
        return Ok(());
    }
    // 0: as those of the disk, which direct I/O wants. ext may have smaller ones, and then no direct I/O.
    let block_bytes = if (Type::Ext2..=Type::Ext4).contains(&kind) { 512 } else { 0 };
    let mut attached = attach(log.kernel, file, block_bytes, &mut work.node);
    let Work { modules, path: [reader, ..], .. } = &mut *work;
    // Without the driver there is no such node.
    if attached == Err(Errno::ENOENT) && modules.load_alias(log, reader, LOOP_ALIAS, b"") {
        attached = attach(log.kernel, file, block_bytes, &mut work.node);
    }
    let (device, dev) = attached.map_err(|errno| {
        log.failed(Message::Image, LOOP, errno);
        Failed
    })?;
    let found = Found::new(log.kernel, device, dev);
    // `rootflags=` and `rootfstype=` are the outer file system's.
    let mut search = search.beside_device(log.kernel, b"", MOUNT_POINT);
    search.read_only = true;
    let mounted = root::mount(log, &mut search, Some(&found), work);
    // From here on only what was mounted keeps it.
    log.kernel.close(device);
    mounted
}

/// Mounts the EROFS in `file` by its path, which is `name` then; false where the kernel can't, or there is something wrong
/// with it, which the other way will say.
fn mount_erofs<K: Kernel>(kernel: &mut K, file: Fd, name: &mut Text) -> bool {
    if file::path_of(kernel, file, name).is_err() {
        return false;
    }
    let Some(source) = name.as_z_str() else { return false };
    kernel.mount(source, MOUNT_POINT, z!(c"erofs"), MS_RDONLY | MS_SILENT, z!(c"")).is_ok()
}

/// Attaches `file` to a loop device that is free, whose name is `name` then.
fn attach<K: Kernel>(kernel: &mut K, file: Fd, block_bytes: u32, name: &mut Text) -> Result<(Fd, Dev)> {
    let control = kernel.open(z!(c"/dev/loop-control"), O_RDWR)?;
    let mut attached = Err(Errno::EBUSY);
    for _ in 0..MOST_TRIES {
        attached = attach_one(kernel, control, file, block_bytes, name);
        if attached != Err(Errno::EBUSY) {
            break;
        }
    }
    kernel.close(control);
    attached
}

fn attach_one<K: Kernel>(
    kernel: &mut K,
    control: Fd,
    file: Fd,
    block_bytes: u32,
    name: &mut Text,
) -> Result<(Fd, Dev)> {
    name.set(b"loop");
    name.push_number(kernel.loop_ctl_get_free(control)?.into());
    let device = file::open_dev(kernel, name.as_bytes(), O_RDONLY)?;
    let attached = match sysfs::number(kernel, device, z!(c"")) {
        Some(dev) => kernel.loop_configure(device, file, block_bytes).map(|()| (device, dev)),
        None => Err(Errno::ENODEV),
    };
    if attached.is_err() {
        kernel.close(device);
    }
    attached
}
