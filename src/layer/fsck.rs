//! The checker of the file system on the device, where the image carries one: it runs before the mount, on the console, and
//! asks nothing.
//!
//! Holds on entry: the device was found, and nothing is mounted from it. Makes true: it has been checked, or need not be, or a
//! line says why it wasn't; or errors are left, and it is not to be mounted.
//!
//! Source: fsck(8), of the exit status; systemd-fsck@.service(8), of the words, of what follows from the status, and of
//! /run/initramfs/fsck-root; e2fsck(8), fsck.f2fs(8), jfs_fsck(8), of the options.

use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{NOWHERE, Text, ZStr, is, place_of};
use crate::device::find::{Found, Search};
use crate::device::sysfs;
use crate::error::Errno;
use crate::file;
use crate::handover::{CONSOLE, open_console, set_stdio};
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::mounts::make_directory;
use crate::request::Key;
use crate::z;
use linux_raw_sys::general::{LINUX_REBOOT_CMD_RESTART, O_CREAT, O_PATH, O_WRONLY};

/// The checker of a type.
const PATH: &[u8] = file::paths::FSCK;
/// What `fsck.repair=` may say, but for the default, `preen`.
const REPAIRS: &[u8] = b"yes|no";
/// Types whose checkers take `-f`, to look at what is said to be clean too, and, up to ext4, `-C0`, to draw how far they are.
const FORCED: &[u8] = b"ext2|ext3|ext4|f2fs|jfs";
const EXT4: usize = 2;

/// The bits of an exit status; one from 128 on is a signal's.
const REBOOT: i32 = 2;
const LEFT: i32 = 4;
const BROKEN: i32 = 8;
const SIGNAL: i32 = 128;

/// Checks the file system, if there is something to do it with. An error is one that must not be mounted.
pub fn check<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'_>,
    found: Option<&Found>,
    work: &mut Work,
) -> Result<(), Failed> {
    let request = search.request;
    let mode = request.get(Key::FsckMode).unwrap_or_default();
    let Work { node, name, identity, list, .. } = work;
    let fstype = identity.fstype();
    let Some(found) = found else { return Ok(()) };
    // What a hash verifies nobody may write to.
    if !search.boots || fstype.is_empty() || is(mode, "skip") || request.has_root_hash() {
        return Ok(());
    }
    match file::open(log.kernel, PATH, &[fstype], O_PATH) {
        Ok(checker) => log.kernel.close(checker),
        Err(errno) => {
            if errno != Errno::ENOENT {
                log.failed(Message::Fsck, fstype, errno);
            }
            return Ok(());
        }
    }
    if sysfs::of(log.kernel, found.dev, b"ro", list) == b"1" {
        return Ok(());
    }
    name.set(b"/dev/");
    name.push(node.as_bytes());
    let place = place_of(FORCED, fstype);
    let none = z!(c"");
    let repair = match place_of(REPAIRS, request.get(Key::FsckRepair).unwrap_or_default()) {
        0 => z!(c"-y"),
        1 => z!(c"-n"),
        _ => z!(c"-p"),
    };
    let force = if place != NOWHERE && is(mode, "force") { z!(c"-f") } else { none };
    let bar = if place <= EXT4 { z!(c"-C0") } else { none };
    log.say(Message::Checks, &[name.as_bytes(), fstype]);
    let status = run(log, fstype, [repair, force, bar], name);
    let device = name.as_bytes();
    let mut text = Text::new();
    text.push_number(status.unsigned_abs().into());
    let objects = &[device, text.as_bytes()];
    if status < SIGNAL && status & LEFT != 0 {
        log.say(Message::ErrorsLeft, objects);
        return Err(Failed);
    }
    if status < SIGNAL && status & REBOOT != 0 {
        log.say(Message::FsckReboots, objects);
        log.kernel.sync();
        let errno = log.kernel.reboot(LINUX_REBOOT_CMD_RESTART);
        log.failed(Message::Reboot, device, errno);
        return Err(Failed);
    }
    if status > 1 {
        log.say(Message::NotChecked, objects);
        return Ok(());
    }
    // systemd does it once more otherwise.
    make_directory(log.kernel, z!(c"/run/initramfs"));
    let point = search.point.relative().to_bytes();
    if let Ok(mark) = file::open(log.kernel, file::paths::CHECKED, &[point], O_CREAT | O_WRONLY) {
        log.kernel.close(mark);
    }
    Ok(())
}

/// Runs the checker to its end; returns its exit status.
fn run<K: Kernel>(log: &mut Log<'_, K>, fstype: &[u8], [repair, force, bar]: [ZStr<'_>; 3], device: &mut Text) -> i32 {
    let child = log.fork(device, |log, device| {
        let console = open_console(log, CONSOLE);
        set_stdio(log.kernel, console);
        let Some(device) = device.as_z_str() else { return };
        file::set_path(log.kernel, PATH, &[fstype]);
        let errno = log.kernel.execve_with(&[repair, force, bar, device]);
        log.failed(Message::Fsck, device.to_bytes(), errno);
        log.kernel.exit_group(BROKEN);
    });
    match child {
        Ok(child) => {
            let status = log.kernel.waitid(child);
            log.kernel.close(child);
            status
        }
        Err(errno) => {
            log.failed(Message::Fsck, device.as_bytes(), errno);
            BROKEN
        }
    }
}

#[cfg(test)]
mod tests;
