//! dm-verity: a root, or a /usr, of which the kernel holds every block against a hash when it reads it.
//!
//! `roothash=` and `usrhash=` name it by what it contains; where its data and its hashes are follows from that, or from the
//! words of systemd's. With a root hash nothing unverified gets in: what would is refused, unless the image permits it
//! ([`crate::lock`]).
//!
//! Holds on entry: the device that the data are on is open. Makes true: the mapping is there, read-only, and is what was asked
//! for, and its first block is verified; or a line says why not, and there is none.
//!
//! Source: systemd-veritysetup-generator(8); Discoverable Partitions Specification; libcryptsetup for names and UUIDs.

use super::dm::{self, Mapper};
use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{Dev, Text, ZStr, part, put, take_prefix};
use crate::device::find::{Found, Search};
use crate::device::{look, sysfs};
use crate::disk::Disk;
use crate::error::Errno;
use crate::file;
use crate::identity::{IN_ORDER, push_uuid};
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::probe::UNKNOWN;
use crate::request::{Key, Permit, Request};
use crate::root::USR_POINT;
use crate::spec::By;
use crate::z;
use linux_raw_sys::general::O_RDWR;
use linux_raw_sys::ioctl::BLKSSZGET;
use options::{IGNORE, Options, base64, digits, is_yes};
use superblock::{ALGORITHM, Devices, UUID};
use table::Table;

pub mod options;
pub mod superblock;
pub mod table;

const CONTROL: ZStr<'_> = z!(c"/dev/mapper/control");
const MAPPER: &[u8] = b"/dev/mapper/";
/// Where udev has links to the root and to /usr.
const ROOT_NODE: ZStr<'_> = z!(c"/dev/mapper/root");
const USR_NODE: ZStr<'_> = z!(c"/dev/mapper/usr");
const TARGET: &[u8] = b"verity";
/// From this minor version on the target may have modes for what can't be read: Linux 6.12's has, some before have not.
const ERROR_MODES: u32 = 10;
/// The longest hash that there is.
const MOST_DIGEST: usize = 64;
/// What is said of it, in the order of [`Request::verity`].
const HASH: usize = 0;
const DATA: usize = 1;
const HASHES: usize = 2;
const OPTIONS: usize = 3;
/// The digits of a partition's UUID.
const UUID_DIGITS: usize = 32;

/// Whether a hash is given, and nobody has switched it off who may.
#[inline(never)]
pub fn is_wanted(request: &Request<'_>, of_usr: bool) -> bool {
    request.get(if of_usr { Key::UsrHash } else { Key::RootHash }).is_some()
        && (is_on(request) || !request.permits(Permit::NoVerity))
}

/// `systemd.verity=`, and its like for the initramfs alone: yes, unless one of them says otherwise.
#[inline(never)]
fn is_on(request: &Request<'_>) -> bool {
    [Key::SystemdVerity, Key::RdSystemdVerity]
        .into_iter()
        .all(|key| request.get(key).is_none_or(|value| is_yes(value) == Some(true)))
}

/// Has the device with the data looked for, if it is a verity device that is to be mounted: true then. Refused is whatever
/// else the command line says that would undo it, and beside a root that is one a /usr that is none. (Other layers ask for
/// themselves: [`Request::has_root_hash`].)
#[inline(never)]
pub fn name<K: Kernel>(log: &mut Log<'_, K>, search: &mut Search<'_>) -> Result<bool, Failed> {
    let (request, of_usr, word) = (search.request, is_usr(search), search.mount.device);
    if !is_wanted(request, of_usr) {
        if of_usr && is_wanted(request, false) && !request.permits(Permit::UnverifiedUsr) {
            return refuse(log, word);
        }
        return Ok(false);
    }
    if !is_on(request) {
        return refuse(log, b"systemd.verity=no");
    }
    if !word.is_empty() && word != node(of_usr).to_bytes() {
        return refuse(log, word);
    }
    let (hash, data) = (request.verity(of_usr, HASH), request.verity(of_usr, DATA));
    let uuid = hash.get(..UUID_DIGITS).unwrap_or_default();
    if uuid.is_empty() || digits(hash, &mut [0; MOST_DIGEST]).is_none_or(|length| length * 2 != hash.len()) {
        return fail(log, of_usr, hash, Errno::EINVAL);
    }
    (search.mount.is_list, search.read_only, search.is_verified) = (false, true, true);
    set_spec(log, search, data, uuid)?;
    Ok(true)
}

/// Has one device looked for: by a word, or, where that is empty, as a partition, by the digits of its UUID.
#[inline(never)]
fn set_spec<'a, K: Kernel>(
    log: &mut Log<'_, K>,
    search: &mut Search<'a>,
    word: &'a [u8],
    digits: &'a [u8],
) -> Result<(), Failed> {
    let of_usr = is_usr(search);
    let [.., spec, _] = &mut search.specs;
    (spec.by, spec.text) = (By::PartDigits, digits);
    search.mount.device = digits;
    if !word.is_empty() {
        search.mount.device = word;
        if spec.parse(word, b"").is_err() || spec.by == By::Source {
            return fail(log, of_usr, word, Errno::EINVAL);
        }
    }
    Ok(())
}

/// Finds another device of it, by the same deadline.
#[inline(never)]
fn find<'a, K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'a>,
    word: &'a [u8],
    digits: &'a [u8],
    work: &mut Work,
) -> Result<Found, Failed> {
    let mut other = search.beside(log.kernel, search.mount, search.point);
    set_spec(log, &mut other, word, digits)?;
    // Hashes have a UUID, and are no file system.
    let [.., spec, _] = &mut other.specs;
    spec.any = true;
    let (found, _) = other.find(log, work)?;
    found.ok_or(Failed)
}

/// Makes of the data that were `found`, for what is to be verified, the mapping of them. Its name then stands in `work.node`,
/// what is on it in `work.identity`. Where that is only talked about there is none, and nothing is held.
pub fn put_on<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'_>,
    found: Option<&mut Found>,
    work: &mut Work,
) -> Result<(), Failed> {
    if !search.is_verified {
        return Ok(());
    }
    let Some(found) = found else { return Err(Failed) };
    // Once it is made it holds them itself.
    let mut held = [core::mem::replace(&mut found.fd, Fd::NONE), Fd::NONE, Fd::NONE];
    let made = make(log, search, found, &mut held, work);
    for fd in held {
        if fd != Fd::NONE {
            log.kernel.close(fd);
        }
    }
    made
}

/// Makes it, of the devices that are `held` then.
#[inline(never)]
fn make<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'_>,
    found: &mut Found,
    held: &mut [Fd; 3],
    work: &mut Work,
) -> Result<(), Failed> {
    let of_usr = is_usr(search);
    let request = search.request;
    let hash = request.verity(of_usr, HASH);
    let mut options = Options::new();
    if let Err(option) = options.read(request.verity(of_usr, OPTIONS)) {
        return fail(log, of_usr, option, Errno::EINVAL);
    }
    if options.flags & IGNORE != 0 && !request.permits(Permit::IgnoreCorruption) {
        return refuse(log, b"ignore-corruption");
    }
    let [data_fd, hashes_fd, fec_fd] = held;
    let uuid = hash.get(hash.len().saturating_sub(UUID_DIGITS)..).unwrap_or_default();
    let hashes = find(log, search, request.verity(of_usr, HASHES), uuid, work)?;
    *hashes_fd = hashes.fd;
    let mut fec = None;
    if !options.fec_device().is_empty() {
        let found = find(log, search, options.fec_device(), b"", work)?;
        *fec_fd = found.fd;
        fec = Some(found.dev);
    }

    let mut digest = [0; MOST_DIGEST];
    let length = digits(hash, &mut digest).unwrap_or(0);
    let hashes_bytes = log.kernel.lseek_end(hashes.fd).unwrap_or(0);
    let sb = &mut [0; 512];
    let on_device = options.on_device();
    let has_uuid = if on_device == Some(true) {
        let sector = look::ask(log.kernel, hashes.fd, BLKSSZGET);
        let mut source = log.kernel.source(hashes.fd);
        let disk = &mut Disk::new(&mut source, &mut work.windows, 0, hashes_bytes, sector);
        disk.seek(options.offset());
        *sb = *disk.sector();
        Some(true)
    } else {
        options.put_superblock(sb)
    };
    let devices = Devices {
        bytes: [log.kernel.lseek_end(*data_fd).unwrap_or(0), hashes_bytes],
        offset: options.offset(),
        on_device: on_device == Some(true),
        digest: length,
    };
    let (Some(has_uuid), Some(tree)) = (has_uuid, superblock::parse(sb, &devices)) else {
        log.say(Message::NoTree, &[kind(of_usr), search.text()]);
        return Err(Failed);
    };
    if !search.boots {
        return Ok(());
    }

    let mut key = Text::new();
    let uuid = if has_uuid { sb.get(UUID..ALGORITHM).unwrap_or_default() } else { b"" };
    let id = &mut work.mapper.uuid;
    id.set(b"CRYPT-VERITY-");
    id.push_hexes(uuid);
    if has_uuid {
        id.push_byte(b'-');
    }
    id.push(kind(of_usr));
    if !options.signature().is_empty() {
        key.push(b"cryptsetup:");
        if let Some(uuid) = uuid.first_chunk() {
            push_uuid(&mut key, uuid, IN_ORDER);
            key.push_byte(b'-');
        }
        key.push(kind(of_usr));
        if let Err(errno) = add_signature(log.kernel, options.signature(), &mut key, work) {
            return fail(log, of_usr, b"root-hash-signature", errno);
        }
    }
    let table = &Table {
        tree: &tree,
        options: &options,
        digest: digest.get(..length).unwrap_or_default(),
        devs: [found.dev, hashes.dev],
        fec,
        covered: if fec == Some(hashes.dev) { options.fec()[0] } else { hashes_bytes },
        key: key.as_bytes(),
    };
    let dev = map(log, of_usr, table, work)?;
    // What is on it is asked of it, so that this is verified too.
    work.format = UNKNOWN;
    let Some(fd) = look::read(log.kernel, &[], false, dev, work) else {
        return fail(log, of_usr, b"open", Errno::ENODEV);
    };
    work.node.set(work.name.as_bytes());
    *found = Found::new(log.kernel, fd, dev);
    Ok(())
}

/// Makes the signature a key that the kernel finds by that name.
fn add_signature<K: Kernel>(kernel: &mut K, mut word: &[u8], key: &mut Text, work: &mut Work) -> Result<(), Errno> {
    let list = &mut work.list;
    let length = if take_prefix(&mut word, b"base64:") {
        base64(word, list).ok_or(Errno::EINVAL)?
    } else {
        file::read(kernel, b"%", &[word], list)? as usize
    };
    let key = key.as_z_str().ok_or(Errno::ENAMETOOLONG)?;
    kernel.add_key(key, list.get(..length).unwrap_or_default())
}

/// What the kernel is asked, one after the other: the target's version, and by what name the device is to be known; a table
/// that leaves it to who reads to say that a block doesn't match, and its coming into force; the one that was asked for,
/// likewise; and what it has then.
///
/// So where already the first block doesn't match, as with another version's hashes, that is a boot that fails like any other,
/// with a line of its own, and none that the kernel stops.
const STEPS: [(u32, u32); 7] = [
    (dm::DM_GET_TARGET_VERSION, 0),
    (dm::DM_DEV_CREATE, 0),
    (dm::DM_TABLE_LOAD, dm::DM_READONLY_FLAG),
    (dm::DM_DEV_SUSPEND, 0),
    (dm::DM_TABLE_LOAD, dm::DM_READONLY_FLAG),
    (dm::DM_DEV_SUSPEND, 0),
    (dm::DM_TABLE_STATUS, dm::DM_STATUS_TABLE_FLAG),
];
/// Their names, in that order.
const STEP_NAMES: &[u8] = b"module dm-verity|create|load|resume|load|resume|status";

/// Makes the mapping, whose number it returns; its name below /dev then stands in `work.name`.
fn map<K: Kernel>(log: &mut Log<'_, K>, of_usr: bool, table: &Table<'_>, work: &mut Work) -> Result<Dev, Failed> {
    let control = match log.kernel.open(CONTROL, O_RDWR) {
        Ok(control) => control,
        Err(errno) => return fail(log, of_usr, b"module dm-mod", errno),
    };
    let made = go(log, of_usr, control, table, work);
    log.kernel.close(control);
    made
}

/// Goes the steps.
#[inline(never)]
fn go<K: Kernel>(
    log: &mut Log<'_, K>,
    of_usr: bool,
    control: Fd,
    table: &Table<'_>,
    work: &mut Work,
) -> Result<Dev, Failed> {
    let (mut dev, mut on_error, mut step) = (None, false, 0);
    let kind = kind(of_usr);
    let sectors = table.tree.data_blocks << (table.tree.bits[0] & 63) >> 9;
    while let Some((request, flags)) = STEPS.get(step).copied() {
        let Mapper { page, uuid, parameters } = &mut work.mapper;
        page.fill(if step == 0 { TARGET } else { kind }, flags);
        if step == 1 {
            put(&mut page.uuid, 0, uuid.as_bytes());
        }
        if request == dm::DM_TABLE_LOAD {
            table.put(step == 4, on_error, parameters);
            page.add_table(TARGET, sectors, parameters.as_bytes());
        }
        let mut asked = log.kernel.ioctl_dm(control, request, page);
        match step {
            // None of that name.
            0 => {
                asked = asked.map_err(|_| Errno::ENODEV);
                on_error = page.minor_version() >= ERROR_MODES;
            }
            1 => dev = page.dev(),
            // An option that it doesn't know, or what the next attempt fails of too.
            4 if on_error && asked == Err(Errno::EINVAL) => {
                on_error = false;
                continue;
            }
            3 if asked.is_ok() => {
                if let Some(dev) = dev {
                    sysfs::name(log.kernel, dev, work);
                }
                let read = file::read_dev(log.kernel, work.name.as_bytes(), &mut work.page);
                if read.is_err() {
                    log.tell(Message::NoMatch, kind);
                    return Err(Failed);
                }
            }
            // A table that was cut off is none that was asked for either.
            6 if asked.is_ok() && !page.is(kind, uuid.as_bytes(), TARGET, sectors, parameters.as_bytes()) => {
                asked = Err(Errno::EBADMSG);
            }
            _ => {}
        }
        if let Err(errno) = asked {
            return fail(log, of_usr, part(STEP_NAMES, b'|', step), errno);
        }
        step += 1;
    }
    work.data.set(b"../");
    work.data.push(work.name.as_bytes());
    if let Some(target) = work.data.as_z_str() {
        // Who comes later looks there for whether it is done.
        let _ = log.kernel.symlinkat(target, node(of_usr));
    }
    dev.ok_or(Failed)
}

/// Undoes the mapping of a boot that came to nothing, now, or as soon as nobody has it open.
#[inline(never)]
pub fn take_off<K: Kernel>(kernel: &mut K, request: &Request<'_>, of_usr: bool, work: &mut Work) {
    if is_wanted(request, of_usr)
        && let Ok(control) = kernel.open(CONTROL, O_RDWR)
    {
        let page = &mut work.mapper.page;
        page.fill(kind(of_usr), dm::DM_DEFERRED_REMOVE);
        let _ = kernel.ioctl_dm(control, dm::DM_DEV_REMOVE, page);
        let _ = kernel.unlinkat(Fd::CWD, node(of_usr), 0);
        kernel.close(control);
    }
}

/// Which of the two it is.
#[inline(never)]
fn is_usr(search: &Search<'_>) -> bool {
    search.point == USR_POINT
}

/// Its node below /dev/mapper.
#[inline(never)]
fn node(of_usr: bool) -> ZStr<'static> {
    if of_usr { USR_NODE } else { ROOT_NODE }
}

/// What it is called there: `root` or `usr`.
#[inline(never)]
fn kind(of_usr: bool) -> &'static [u8] {
    node(of_usr).to_bytes().get(MAPPER.len()..).unwrap_or_default()
}

/// Says what went wrong with what.
#[inline(never)]
fn fail<K: Kernel, T>(log: &mut Log<'_, K>, of_usr: bool, what: &[u8], errno: Errno) -> Result<T, Failed> {
    log.failed(if of_usr { Message::VerityUsr } else { Message::VerityRoot }, what, errno);
    Err(Failed)
}

/// Says that it would let in what nothing verifies.
fn refuse<K: Kernel, T>(log: &mut Log<'_, K>, word: &[u8]) -> Result<T, Failed> {
    log.tell(Message::Unverified, word);
    Err(Failed)
}

#[cfg(test)]
mod tests;
