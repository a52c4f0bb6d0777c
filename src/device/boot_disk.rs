//! The disk that the firmware booted from, as the boot loader tells: the EFI variable `LoaderDevicePartUUID`.
//!
//! Source: systemd's Boot Loader Interface; Documentation/filesystems/efivarfs.rst.

use super::{helpers, sysfs};
use crate::buffers::Work;
use crate::bytes::{Dev, Text};
use crate::error::Errno;
use crate::file;
use crate::identity::{Encoding, push_label};
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::module::load;
use crate::spec::{By, LAST_SPEC, Spec};
use crate::z;
use linux_raw_sys::general::{MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY};

const VARIABLE: &[u8] = b"/sys/firmware/efi/efivars/LoaderDevicePartUUID-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
/// The variable's attributes come before its value.
const ATTRIBUTES: usize = 4;

/// That disk: `None` where no boot loader has told, `Some(None)` where it isn't there.
pub fn find<K: Kernel>(log: &mut Log<'_, K>, boots: bool, work: &mut Work) -> Option<Option<Dev>> {
    let length = read(log, boots, work).ok()?;
    let mut uuid = Text::new();
    push_label(&mut uuid, work.page.get(ATTRIBUTES..length as usize)?, Encoding::Utf16Le);
    let specs = &mut [Spec { place: LAST_SPEC, ..Spec::new(By::PartUuid, uuid.as_bytes()) }];
    helpers::run(log, specs, true, work);
    let mut disk = None;
    let mut next = 0;
    while let Some(partition) = log.kernel.shared().found(LAST_SPEC, &mut next) {
        disk = Some(sysfs::disk_of(log.kernel, partition, &mut work.list));
    }
    Some(disk)
}

/// Reads the variable into `work.page`: a UUID in UTF-16. Returns its length.
fn read<K: Kernel>(log: &mut Log<'_, K>, may_mount: bool, work: &mut Work) -> Result<u32, Errno> {
    let point = z!(c"/sys/firmware/efi/efivars");
    let fstype = z!(c"efivarfs");
    let (mut mounted, mut loaded) = (false, false);
    loop {
        let value = file::read(log.kernel, VARIABLE, &[], &mut work.page);
        if mounted {
            // The real system mounts it as it likes.
            let _ = log.kernel.umount2(point, 0);
        }
        if mounted || !may_mount || value != Err(Errno::ENOENT) {
            return value;
        }
        let flags = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY;
        match log.kernel.mount(fstype, point, fstype, flags, z!(c"")) {
            Ok(()) => mounted = true,
            Err(Errno::ENODEV) if !loaded => {
                load::load(log, work, fstype.to_bytes());
                loaded = true;
            }
            // Not a directory where the firmware is no EFI; mounted already, without this one.
            Err(Errno::ENOENT | Errno::EBUSY) => return value,
            Err(errno) => {
                log.failed(Message::Mount, point.to_bytes(), errno);
                return value;
            }
        }
    }
}
