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

use super::dm::{self, Mapper, Page};
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
use options::{IGNORE, base64, digits, is_yes};

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
const NO_DEVICE: (Fd, Option<Dev>) = (Fd::NONE, None);

/// Whether a hash is given, and nobody has switched it off who may.
#[inline(never)]
pub fn is_wanted(request: &Request<'_>, of_usr: bool) -> bool {
    request.get(if of_usr { Key::UsrHash } else { Key::RootHash }).is_some()
        && (is_on(request) || !request.permits(Permit::NoVerity))
}

/// `systemd.verity=`, and its like for the initramfs alone: yes, unless one of them says otherwise.
#[inline(never)]
fn is_on(request: &Request<'_>) -> bool {
    request.get(Key::SystemdVerity).is_none_or(is_yes) && request.get(Key::RdSystemdVerity).is_none_or(is_yes)
}

/// Has the device with the data looked for, if it is a verity device that is to be mounted: true then. Refused is whatever
/// else the command line says that would undo it, and beside a root that is one a /usr that is none. (Other layers ask for
/// themselves: [`Request::has_root_hash`].)
#[inline(never)]
pub fn name<K: Kernel>(log: &mut Log<'_, K>, search: &mut Search<'_>, work: &mut Work) -> Result<bool, Failed> {
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
    let hash = request.verity(of_usr, HASH);
    let room = work.page.get_mut(..MOST_DIGEST).unwrap_or_default();
    let Some((uuid, _)) = hash.split_at_checked(UUID_DIGITS) else {
        return fail(log, of_usr, hash, Errno::EINVAL);
    };
    if digits(hash, room).is_none_or(|length| length * 2 != hash.len() as u64) {
        return fail(log, of_usr, hash, Errno::EINVAL);
    }
    (search.mount.is_list, search.read_only, search.is_verified) = (false, true, true);
    set_spec(log, search, request.verity(of_usr, DATA), uuid)?;
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
    search.mount.device = word;
    if !word.is_empty() {
        if !super::name_any(search, word) {
            return fail(log, is_usr(search), word, Errno::EINVAL);
        }
        return Ok(());
    }
    search.mount.device = digits;
    let [.., spec, _] = &mut search.specs;
    (spec.by, spec.text) = (By::PartDigits, digits);
    Ok(())
}

/// Finds another device of it, by the same deadline, and opens it, in this place of the devices that it is made of.
#[inline(never)]
fn find<'a, K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'a>,
    word: &'a [u8],
    digits: &'a [u8],
    place: usize,
    work: &mut Work,
) -> Result<(), Failed> {
    let mut other = search.beside(log.kernel, search.mount, search.point);
    set_spec(log, &mut other, word, digits)?;
    // Hashes have a UUID, and are no file system.
    let [.., spec, _] = &mut other.specs;
    spec.any = true;
    let (found, _) = other.find(log, work)?;
    let found = found.ok_or(Failed)?;
    if let Some(slot) = work.mapper.devices.get_mut(place) {
        *slot = (found.fd, Some(found.dev));
    }
    Ok(())
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
    work.mapper.devices = [(found.fd, Some(found.dev)), NO_DEVICE, NO_DEVICE];
    found.fd = Fd::NONE;
    let made = make(log, search, found, work);
    // Once it is made it holds them itself.
    for (fd, _) in work.mapper.devices {
        if fd != Fd::NONE {
            log.kernel.close(fd);
        }
    }
    made
}

/// Makes it, of the devices that the mapper's are then.
#[inline(never)]
fn make<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &Search<'_>,
    found: &mut Found,
    work: &mut Work,
) -> Result<(), Failed> {
    let of_usr = is_usr(search);
    let request = search.request;
    let hash = request.verity(of_usr, HASH);
    let mut texts = options::DEFAULTS;
    work.tree.clear();
    if let Err(option) = options::read(request.verity(of_usr, OPTIONS), &mut work.tree, &mut texts) {
        return fail(log, of_usr, option, Errno::EINVAL);
    }
    if work.tree.words & IGNORE != 0 && !request.permits(Permit::IgnoreCorruption) {
        return refuse(log, b"ignore-corruption");
    }
    let uuid = hash.split_at(hash.len().saturating_sub(UUID_DIGITS)).1;
    find(log, search, request.verity(of_usr, HASHES), uuid, 1, work)?;
    if !texts[1].is_empty() {
        find(log, search, texts[1], b"", 2, work)?;
        work.tree.words |= table::FEC;
    }

    let Work { mapper: Mapper { devices, uuid: id, parameters, key, .. }, tree, windows, list, .. } = work;
    let [data, hashes, fec] = devices;
    let hashes_bytes = file::size(log.kernel, hashes.0);
    let data_bytes = file::size(log.kernel, data.0);
    let covered = if fec.1 == hashes.1 { tree.fec_offset() } else { hashes_bytes };
    let mut algorithm = texts[0];
    if tree.is_on_device() {
        let sector = look::ask(log.kernel, hashes.0, BLKSSZGET);
        let mut source = log.kernel.source(hashes.0);
        let mut disk = Disk::new(&mut source, windows, 0, hashes_bytes, sector);
        disk.seek(tree.offset());
        superblock::read(disk.sector(), tree);
        algorithm = superblock::algorithm(&tree.sb);
    }
    if superblock::check(&mut tree.numbers, algorithm, hash.len() / 2, data_bytes, hashes_bytes, covered).is_none() {
        log.tell(Message::NoTree, search.text());
        return Err(Failed);
    }
    if !search.boots {
        return Ok(());
    }

    table::put_head(tree, algorithm, hash, devices, parameters);
    let uuid = tree.uuid();
    id.set(b"CRYPT-VERITY-");
    id.push_hexes(uuid);
    key.set(b"cryptsetup:");
    if let Some(uuid) = uuid.first_chunk() {
        id.push_byte(b'-');
        push_uuid(key, uuid, IN_ORDER);
        key.push_byte(b'-');
    }
    id.push(kind(of_usr));
    key.push(kind(of_usr));
    if !texts[2].is_empty() {
        tree.words |= table::KEY;
        if let Err(errno) = add_signature(log.kernel, texts[2], key, list) {
            return fail(log, of_usr, b"root-hash-signature", errno);
        }
    }
    let dev = map(log, of_usr, work)?;
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
fn add_signature<K: Kernel>(kernel: &mut K, mut word: &[u8], key: &mut Text, list: &mut [u8]) -> Result<(), Errno> {
    let length = if take_prefix(&mut word, b"base64:") {
        base64(word, list).ok_or(Errno::EINVAL)?
    } else {
        file::read(kernel, b"%", &[word], list)? as usize
    };
    let key = key.as_z_str().ok_or(Errno::ENAMETOOLONG)?;
    kernel.add_key(key, list.get(..length).unwrap_or_default())
}

/// What the kernel is asked, one after the other, and with what flags: the target's version, and by what name the device is to
/// be known; a table that leaves it to who reads to say that a block doesn't match, and its coming into force; the one that was
/// asked for, likewise; and what it has then.
///
/// So where already the first block doesn't match, as with another version's hashes, that is a boot that fails like any other,
/// with a line of its own, and none that the kernel stops.
const STEPS: [(u8, u8); 7] = [
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
/// The first one of the table that was asked for.
const STRICT: usize = 4;

/// Makes the mapping, whose number it returns; its name below /dev then stands in `work.name`.
fn map<K: Kernel>(log: &mut Log<'_, K>, of_usr: bool, work: &mut Work) -> Result<Dev, Failed> {
    let control = match log.kernel.open(CONTROL, O_RDWR) {
        Ok(control) => control,
        Err(errno) => return fail(log, of_usr, b"module dm-mod", errno),
    };
    let made = go(log, of_usr, control, work);
    log.kernel.close(control);
    made
}

#[inline(never)]
fn ask<K: Kernel>(kernel: &mut K, control: Fd, request: u8, page: &mut Page) -> Result<(), Errno> {
    kernel.ioctl_dm(control, dm::request(request), page)
}

/// Goes the steps.
#[inline(never)]
fn go<K: Kernel>(log: &mut Log<'_, K>, of_usr: bool, control: Fd, work: &mut Work) -> Result<Dev, Failed> {
    let (mut on_error, mut step) = (false, 0);
    let kind = kind(of_usr);
    let mut name = TARGET;
    let sectors = work.tree.data_bytes() >> 9;
    let head = work.mapper.parameters.as_bytes().len();
    let mut dev = None;
    while let Some((request, flags)) = STEPS.get(step).copied() {
        let Mapper { page, uuid, parameters, key, devices } = &mut work.mapper;
        page.fill(name, flags.into());
        if request == dm::DM_DEV_CREATE {
            put(&mut page.uuid, 0, uuid.as_bytes());
        }
        if request == dm::DM_TABLE_LOAD {
            parameters.cut(head);
            table::push_words(&work.tree, step == STRICT, on_error, devices[2].1, key.as_bytes(), parameters);
            page.add_table(TARGET, sectors, parameters.as_bytes());
        }
        let mut asked = ask(log.kernel, control, request, page);
        // Every answer about it has it.
        dev = page.dev();
        if request == dm::DM_GET_TARGET_VERSION {
            // None of that name.
            asked = asked.map_err(|_| Errno::ENODEV);
            on_error = page.minor_version() >= ERROR_MODES;
            name = kind;
        }
        if step == STRICT && on_error && asked == Err(Errno::EINVAL) {
            // An option that it doesn't know, or what the next attempt fails of too.
            on_error = false;
            continue;
        }
        if request == dm::DM_TABLE_STATUS
            && asked.is_ok()
            && !page.is(kind, uuid.as_bytes(), TARGET, sectors, parameters.as_bytes())
        {
            // A table that was cut off is none that was asked for either.
            asked = Err(Errno::EBADMSG);
        }
        if let Err(errno) = asked {
            return fail(log, of_usr, part(STEP_NAMES, b'|', step), errno);
        }
        step += 1;
        if step == STRICT
            && let Some(dev) = dev
        {
            sysfs::name(log.kernel, dev, work);
            if file::read_dev(log.kernel, work.name.as_bytes(), &mut work.page).is_err() {
                log.tell(Message::NoMatch, kind);
                return Err(Failed);
            }
        }
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
        let _ = ask(kernel, control, dm::DM_DEV_REMOVE, page);
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
