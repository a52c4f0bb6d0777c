//! Of the devices that a root's name fits, the one that is meant.

use super::find::Search;
use super::helpers::MOST_FOUND;
use super::{boot_disk, look, sysfs};
use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::Dev;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::Key;
use crate::spec::{By, LAST_SPEC};

/// Devices that one root's name fits, in the order they were found.
type Matches = [Option<Dev>; MOST_FOUND];

/// The device to take, and the place of the root that names it: of the first root that any device fits. `None`: there is
/// none yet.
pub fn choose<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &mut Search<'_>,
    work: &mut Work,
    chosen_place: &mut u32,
) -> Result<Option<Dev>, Failed> {
    for place in 0..LAST_SPEC {
        let by = search.by(place);
        match by {
            // What couldn't be mounted is still there.
            By::Nothing => continue,
            // It comes before those behind it.
            By::Source => break,
            _ => {}
        }
        *chosen_place = place;
        let mut matches = [None; MOST_FOUND];
        let count = gather(log, work, place, by, &mut matches);
        let chosen = if count != 0 && by == By::Type || count > 1 && !is_one_btrfs(log, &matches, work) {
            decide(log, search, work, &mut matches, by == By::Type)?
        } else {
            first(&matches)
        };
        if chosen.is_some() {
            return Ok(chosen);
        }
    }
    Ok(None)
}

#[inline(never)]
fn first(matches: &Matches) -> Option<Dev> {
    matches.iter().find_map(|dev| *dev)
}

/// The devices that the root in `place` fits, and their number: each once, none that another is made of, and no disk one of
/// whose partitions fits too (a hybrid image shows the same file system as both).
fn gather<K: Kernel>(log: &mut Log<'_, K>, work: &mut Work, place: u32, by: By, matches: &mut Matches) -> usize {
    let [reader, ..] = &mut work.path;
    let mut count = 0;
    let mut next = 0;
    while let Some(dev) = log.kernel.shared().found(place, &mut next) {
        if !matches.contains(&Some(dev))
            && (matches!(by, By::Name | By::Number) || !sysfs::is_held(log.kernel, dev, reader))
            && let Some(slot) = matches.get_mut(count)
        {
            *slot = Some(dev);
            count += 1;
        }
    }
    if count > 1 {
        for place in 0..MOST_FOUND {
            let Some(Some(dev)) = matches.get(place).copied() else { continue };
            let disk = sysfs::disk_of(log.kernel, dev, &mut work.list);
            if disk == dev {
                continue;
            }
            for slot in &mut *matches {
                if *slot == Some(disk) {
                    *slot = None;
                    count -= 1;
                }
            }
        }
    }
    count
}

/// Whether all of them are members of one btrfs, and no two the same.
fn is_one_btrfs<K: Kernel>(log: &mut Log<'_, K>, matches: &Matches, work: &mut Work) -> bool {
    // The members so far, and the file system's UUID.
    work.fstype.clear();
    for dev in matches {
        if let Some(dev) = *dev {
            look::identify(log.kernel, dev, work);
            let Work { identity, node, fstype: members, .. } = &mut *work;
            let (devices, member) = &identity.devices;
            let (known, uuid) = (members.as_bytes(), identity.uuid.as_bytes());
            if known.is_empty() {
                node.set(uuid);
            }
            if *devices < 2 || node.as_bytes() != uuid || known.as_chunks().0.contains(member) {
                return false;
            }
            members.push(member);
        }
    }
    true
}

/// Of several, or where nobody named a root (`discover`), the one on the disk that the firmware booted from. If it doesn't
/// say so: the root partition that nobody named on the only disk that has one and can't be removed. Where that leaves
/// several, the first if the command line allows it; otherwise names all of them, and none is taken.
#[inline(never)]
fn decide<K: Kernel>(
    log: &mut Log<'_, K>,
    search: &mut Search<'_>,
    work: &mut Work,
    matches: &mut Matches,
    discover: bool,
) -> Result<Option<Dev>, Failed> {
    let told = boot_disk::find(log, search.boots, work);
    let guess = discover && told.is_none();
    let mut disk = told.flatten();
    // Where one was named, just one is to be on the disk; discovered ones may be several, but all on one.
    let (mut chosen, mut others) = (None, if discover { 0 } else { -1 });
    for slot in &mut *matches {
        let Some(dev) = *slot else { continue };
        let on = sysfs::disk_of(log.kernel, dev, &mut work.list);
        if guess {
            if sysfs::of(log.kernel, on, b"removable", &mut work.list) != b"0" {
                *slot = None;
                continue;
            }
            disk = disk.or(Some(on));
        }
        let here = disk == Some(on);
        if here {
            chosen = chosen.or(Some(dev));
        }
        others += i32::from(if here { !discover } else { guess });
    }
    if others != 0 && search.request.get(Key::Duplicate).is_some() {
        (chosen, others) = (first(matches), 0);
    }
    if others != 0 {
        let text = search.text();
        for dev in &*matches {
            if let Some(dev) = *dev {
                sysfs::name(log.kernel, dev, work);
                log.say(Message::Match, &[text, work.name.as_bytes()]);
            }
        }
        log.tell(Message::Duplicate, text);
        return Err(Failed);
    }
    search.read_only |= chosen.is_some_and(|dev| log.kernel.shared().is_read_only(dev));
    Ok(chosen)
}
