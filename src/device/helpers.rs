//! The children that look at devices for PID 1.
//!
//! To open or read a device that doesn't answer (a dying disk, a drive without a medium, suspended device-mapper) may
//! take for ever, and nothing can be done about it: the sleep is uninterruptible. So PID 1 never touches a device before
//! a child has seen it answer. Where the child gets no further another one takes over behind the device that it is
//! stuck at, and PID 1 goes on watching the clock.
//!
//! Measured on Linux 6.12 with suspended and dead devices: a child with descriptors of its own is the one means that
//! lets PID 1 execute the real init while a read is stuck. Threads and io_uring make the exec wait, RWF_NOWAIT blocks in
//! open(2), and a child that shares the table of descriptors leaves PID 1 to close a device whose pages stay locked.
//! It is left behind and not killed: a reader that is killed blocks the device's next opener. The price is 0.2 ms for a
//! fork, which touches as few pages as pintle does, once for all devices that are there.

use super::candidates;
use super::list::list_one;
use super::look::look;
use super::sysfs;
use crate::buffers::Work;
use crate::bytes::Dev;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::spec::{LAST_SPEC, Spec};
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

/// How long a child may be at one device before the others are looked at without it.
const PATIENCE_MS: u64 = 500;
/// Children at the same time: one that looks, the others stuck. Where they all are nothing more is looked at.
const MOST_CHILDREN: usize = 9;
/// Devices that one child finds at most.
pub const MOST_FOUND: usize = 8;
/// Set in the place of a root whose partition is flagged as read-only.
pub const READ_ONLY: u32 = 0x80;
/// Above them stands what it is.
const FORMAT_SHIFT: u32 = 8;
const PLACE: u32 = READ_ONLY - 1;

/// The place of what is a member of the root's btrfs: the kernel is told of it.
pub const MEMBER: u32 = LAST_SPEC + 1;

/// What they have in common. No number is ever written by two.
#[repr(C)]
pub struct Shared {
    /// Where in the list of devices the one stands that comes next.
    next: AtomicU32,
    /// The child that is in charge.
    charge: AtomicU32,
    /// What each child has found.
    finds: [[Find; MOST_FOUND]; MOST_CHILDREN],
}
/// A device, and the place of the root that names it.
type Find = [AtomicU32; 2];

/// Where a child puts what it finds.
#[derive(Clone, Copy)]
pub struct Finds(&'static [Find; MOST_FOUND]);

impl Finds {
    /// The device `dev`, which has that `format`, is what the root in `place` of the list names.
    #[inline(never)]
    pub fn found(self, dev: Dev, place: u32, format: u32) {
        let place = place | format << FORMAT_SHIFT;
        for find in self.0 {
            if read(find).is_none_or(|known| known == (dev, place)) {
                let [slot, of] = find;
                of.store(place, Relaxed);
                slot.store(dev.pack(), Release);
                return;
            }
        }
    }
}

fn read([slot, of]: &Find) -> Option<(Dev, u32)> {
    Some((Dev::unpack(slot.load(Acquire))?, of.load(Relaxed)))
}

/// The children.
pub struct Children {
    /// The pidfds of those that are stuck, each readable when it has ended, and behind them the socket that the search
    /// listens to; [`Fd::NONE`] for none.
    pub polled: [Fd; MOST_CHILDREN + 1],
    /// Whether it does.
    pub listens: bool,
    /// The devices that they are stuck at.
    stuck_at: [Option<Dev>; MOST_CHILDREN],
    /// The number of the one that goes, which is in charge as long as it is this one.
    me: u32,
    /// Its place among those there are at the same time.
    child: usize,
}

impl Default for Children {
    fn default() -> Self {
        Self::new()
    }
}

impl Children {
    /// Not to be used before [`Children::clear`]: so they are no byte of the file.
    pub const fn new() -> Self {
        Children {
            polled: [Fd(0); MOST_CHILDREN + 1],
            listens: false,
            stuck_at: [None; MOST_CHILDREN],
            me: 0,
            child: 0,
        }
    }

    /// None yet.
    pub fn clear(&mut self) {
        self.polled.fill(Fd::NONE);
    }

    /// Whether one is stuck at the device.
    #[inline(never)]
    fn is_stuck_at(&self, dev: Dev) -> bool {
        let mut stuck = false;
        for (fd, at) in self.polled.iter().zip(&self.stuck_at) {
            stuck |= fd.0 >= 0 && *at == Some(dev);
        }
        stuck
    }

    /// Whether there is none in this place.
    fn is_free(&self, child: usize) -> bool {
        self.polled.get(child).is_some_and(|stuck| stuck.0 < 0)
    }

    /// Closes a descriptor that is polled.
    #[inline(never)]
    pub fn close<K: Kernel>(&mut self, kernel: &mut K, fd: Fd) {
        for slot in &mut self.polled {
            if *slot == fd {
                *slot = Fd::NONE;
            }
        }
        kernel.close(fd);
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new()
    }
}

impl Shared {
    /// Nothing found yet.
    pub const fn new() -> Self {
        let finds = [const { [const { [const { AtomicU32::new(0) }; 2] }; MOST_FOUND] }; MOST_CHILDREN];
        Shared { next: AtomicU32::new(0), charge: AtomicU32::new(0), finds }
    }

    /// The next device that was found for the root in `place`: `next` is where to go on.
    #[inline(never)]
    pub fn found(&self, place: u32, next: &mut usize) -> Option<Dev> {
        loop {
            let find = self.finds.as_flattened().get(*next)?;
            *next += 1;
            if let Some((dev, of)) = read(find)
                && of & PLACE == place
            {
                return Some(dev);
            }
        }
    }

    /// Whether the device was found as a partition that is flagged as read-only.
    pub fn is_read_only(&self, dev: Dev) -> bool {
        self.told(dev) & READ_ONLY != 0
    }

    /// What it was seen to be.
    pub fn format(&self, dev: Dev) -> u32 {
        self.told(dev) >> FORMAT_SHIFT
    }

    #[inline(never)]
    fn told(&self, dev: Dev) -> u32 {
        let mut told = 0;
        for find in self.finds.as_flattened() {
            if let Some((found, of)) = read(find)
                && found == dev
            {
                told = of | told & READ_ONLY;
            }
        }
        told
    }

    /// The device isn't what it was when it was found.
    pub fn forget(&self, dev: Dev) {
        for [slot, _] in self.finds.as_flattened() {
            if slot.load(Relaxed) == dev.pack() {
                slot.store(0, Relaxed);
            }
        }
    }

    /// What the root in `place` of the list was is another one now.
    pub fn forget_place(&self, place: u32) {
        for [slot, of] in self.finds.as_flattened() {
            if of.load(Relaxed) & PLACE == place {
                slot.store(0, Relaxed);
            }
        }
    }

    /// Whether the job was done for `dev`, which stands in `place` of the last list.
    pub fn is_done(&self, dev: Dev, place: usize, children: &Children) -> bool {
        place < self.next.load(Relaxed) as usize && !children.is_stuck_at(dev)
    }
}

/// Has each of `work.devs` looked at for `specs`, or listed where there are none, by children; returns when that is done
/// but for those that are stuck. Where one is stuck already none goes. They are put there before where they are to be `all`
/// that `specs` may be found on.
#[inline(never)]
pub fn run<K: Kernel>(log: &mut Log<'_, K>, specs: &mut [Spec<'_>], all: bool, work: &mut Work) {
    if all {
        candidates::all(log.kernel, specs, work);
    }
    let specs = &*specs;
    let Shared { next, charge, .. } = log.kernel.shared();
    next.store(0, Relaxed);
    while work.devs.get(next.load(Relaxed) as usize).is_some() {
        let Some(child) = (0..MOST_CHILDREN).find(|child| work.children.is_free(*child)) else {
            return;
        };
        let me = charge.load(Relaxed);
        (work.children.me, work.children.child) = (me, child);
        let Ok(pidfd) = log.fork(work, |log, work| go(log, specs, work)) else {
            // No process to be had: then without one.
            return go(log, specs, work);
        };
        loop {
            let before = next.load(Relaxed);
            if log.kernel.ppoll(&[pidfd], PATIENCE_MS).is_some() {
                log.kernel.waitid(pidfd);
                log.kernel.close(pidfd);
                break;
            }
            if next.load(Relaxed) == before {
                // If it goes on after all it ends behind the device that it is at.
                charge.store(me.wrapping_add(1), Relaxed);
                let at = work.devs.get((before as usize).wrapping_sub(1));
                let Children { polled, stuck_at, .. } = &mut work.children;
                if let (Some(stuck), Some(stuck_at)) = (polled.get_mut(child), stuck_at.get_mut(child)) {
                    (*stuck, *stuck_at) = (pidfd, at);
                }
                if let Some(dev) = at {
                    sysfs::name(log.kernel, dev, work);
                    log.tell(Message::Stuck, work.name.as_bytes());
                }
                break;
            }
        }
    }
}

/// What a child does.
#[inline(never)]
fn go<K: Kernel>(log: &mut Log<'_, K>, specs: &[Spec<'_>], work: &mut Work) {
    let Shared { next, charge, finds } = log.kernel.shared();
    let Some(finds) = finds.get(work.children.child) else { return };
    while charge.load(Relaxed) == work.children.me {
        let place = next.load(Relaxed);
        let Some(dev) = work.devs.get(place as usize) else { return };
        next.store(place + 1, Relaxed);
        if work.children.is_stuck_at(dev) {
            continue;
        }
        if specs.is_empty() {
            list_one(log, dev, work, true);
        } else {
            look(log.kernel, specs, dev, work, Finds(finds));
        }
    }
}
