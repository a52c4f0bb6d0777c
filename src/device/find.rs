//! The search: a look at all that is there, then at what the kernel's uevents tell of, not by the clock.

use super::choose::choose;
use super::helpers::MEMBER;
use super::{btrfs, candidates, helpers, look, sysfs};
use crate::boot::Failed;
use crate::buffers::Work;
use crate::bytes::{Dev, Text, ZStr};
use crate::error::Errno;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::module::coldplug;
use crate::request::{DEFAULT_WAIT, Key, Mount, Request};
use crate::root::MOUNT_POINT;
use crate::spec::{By, Spec, Specs, USR_SPEC, no_specs};
use crate::uevent::Uevent;
use linux_raw_sys::ioctl::BLKGETDISKSEQ;

/// How often to look where the kernel has no netlink.
const RESCAN_MS: u64 = 100;
/// The same of a server in the network that doesn't answer.
const RETRY_MS: u64 = 1_000;
const FIRST_NOTICE_MS: u64 = 1_000;
const NOTICE_MS: u64 = 10_000;
/// A notice that never comes.
const SILENT: u64 = u64::MAX;
/// Uevents that are taken in before the devices that they are of are looked at.
const MOST_UEVENTS: usize = 256;

/// What is looked for, and by whom. (The short fields first: they are reached with less code.)
#[repr(C)]
pub struct Search<'a> {
    /// The command line.
    pub request: &'a Request<'a>,
    /// What is to be mounted.
    pub mount: Mount<'a>,
    /// Where the root is mounted; /usr is one that is mounted elsewhere, with the options of mount(8).
    pub point: ZStr<'static>,
    /// Whether this is a boot: otherwise nothing is mounted, and nothing waited for.
    pub boots: bool,
    /// When pintle was started.
    started_ms: u64,
    /// When it is too late.
    pub deadline_ms: u64,
    /// When to say next that it takes time.
    notice_ms: u64,
    /// Why there is no netlink, until that was said.
    without_socket: Option<Errno>,
    /// The root is to be mounted read-only: the command line or the partition that was discovered says so.
    pub read_only: bool,
    /// A hash verifies it.
    pub is_verified: bool,
    /// The devices that were there have been looked at for being members of the root's btrfs.
    members_known: bool,
    /// The roots that are still to be tried.
    pub specs: Specs<'a>,
}

/// What was found.
pub struct Found {
    /// The device, open, so that it stays the one that it is.
    pub fd: Fd,
    /// Its number.
    pub dev: Dev,
    /// The number of what is attached to it (`BLKGETDISKSEQ`, from Linux 5.15 on; 0 before).
    diskseq: u64,
}

impl Found {
    /// A device that is open.
    #[inline(never)]
    pub fn new<K: Kernel>(kernel: &mut K, fd: Fd, dev: Dev) -> Self {
        Found { fd, dev, diskseq: look::ask(kernel, fd, BLKGETDISKSEQ) }
    }

    /// Whether the node at `path` is that device still, with the same attached to it.
    pub fn is_still<K: Kernel>(&self, kernel: &mut K, path: ZStr<'_>) -> bool {
        sysfs::number(kernel, Fd::CWD, path) == Some(self.dev)
            && look::ask(kernel, self.fd, BLKGETDISKSEQ) == self.diskseq
    }
}

impl<'a> Search<'a> {
    /// A search for nothing yet.
    pub fn new(request: &'a Request<'a>, started_ms: u64, boots: bool) -> Self {
        Search {
            request,
            mount: request.root(),
            specs: no_specs(),
            point: MOUNT_POINT,
            boots,
            started_ms,
            deadline_ms: 0,
            notice_ms: 0,
            without_socket: None,
            read_only: request.read_only(),
            is_verified: false,
            members_known: false,
        }
    }

    /// Waits for `rootdelay=`.
    pub fn begin<K: Kernel>(&mut self, log: &mut Log<'_, K>, work: &mut Work) {
        work.children.clear();
        if self.boots {
            let delay_ms = u64::from(self.request.delay_s()) * 1_000;
            if delay_ms != 0 {
                sleep(log.kernel, delay_ms);
            }
            let wait_s = self.request.wait_s();
            self.deadline_ms =
                wait_s.map_or(u64::MAX, |seconds| self.started_ms + delay_ms + u64::from(seconds) * 1_000);
        }
        self.notice_ms = log.kernel.clock_gettime() + FIRST_NOTICE_MS;
    }

    /// A search for what is mounted at `point`: /usr, say.
    #[inline(never)]
    pub fn beside<K: Kernel>(&self, kernel: &mut K, mount: Mount<'a>, point: ZStr<'static>) -> Self {
        // What was found for another one, before.
        kernel.shared().forget_place(USR_SPEC);
        Search {
            mount,
            specs: no_specs(),
            point,
            without_socket: None,
            read_only: self.request.read_only(),
            is_verified: false,
            members_known: false,
            ..*self
        }
    }

    /// A search for what is on `device`, of any type.
    #[inline(never)]
    pub fn beside_device<'s, K: Kernel>(
        &'s self,
        kernel: &mut K,
        device: &'s [u8],
        point: ZStr<'static>,
    ) -> Search<'s> {
        self.beside(kernel, Mount::of_usr(device, b"", b""), point)
    }

    /// A search for what a hibernation image may be on, without a word of its own.
    #[cfg(feature = "layer-resume")]
    pub fn of_resume<'s, K: Kernel>(&'s self, kernel: &mut K, device: &'s [u8]) -> Search<'s> {
        let mut search = self.beside_device(kernel, device, self.point);
        search.notice_ms = SILENT;
        search
    }

    /// Whether it isn't too late to ask a server once more; sleeps before.
    pub fn may_ask<K: Kernel>(&mut self, log: &mut Log<'_, K>) -> bool {
        sleep(log.kernel, RETRY_MS);
        self.now_ms(log).is_some()
    }

    /// The time, unless it is too late. Now and then it is said what is waited for.
    #[inline(never)]
    fn now_ms<K: Kernel>(&mut self, log: &mut Log<'_, K>) -> Option<u64> {
        let now_ms = log.kernel.clock_gettime();
        if now_ms >= self.deadline_ms {
            return None;
        }
        if now_ms >= self.notice_ms {
            self.notice_ms = now_ms + NOTICE_MS;
            let mut seconds = Text::new();
            seconds.push_number((now_ms - self.started_ms) / 1_000);
            let limit = self.request.get(Key::Wait).unwrap_or(DEFAULT_WAIT);
            log.say(Message::Waiting, &[self.text(), seconds.as_bytes(), limit]);
        }
        Some(now_ms)
    }

    /// Whether there is a root left to try.
    pub fn has_specs(&self) -> bool {
        self.specs.iter().any(|spec| spec.by != By::Nothing)
    }

    /// What the root in this place is looked for by.
    pub fn by(&self, place: u32) -> By {
        self.specs.get(place as usize).map_or(By::Nothing, |spec| spec.by)
    }

    /// The root in this place is not to be tried any more. Returns its name.
    fn take(&mut self, place: u32) -> &'a [u8] {
        let [.., own] = &mut self.specs;
        own.by = By::Nothing;
        self.specs.get_mut(place as usize).map_or(b"", |spec| {
            spec.by = By::Nothing;
            spec.text
        })
    }

    /// What the command line calls the root.
    #[inline(never)]
    pub fn text(&self) -> &'a [u8] {
        let word = self.mount.device;
        if word.is_empty() { b"the root partition" } else { word }
    }

    /// Finds the device of the first of the roots that are to be tried, by the deadline, and takes that one off the list;
    /// returns the name too. `None` for a root that is no device. The device's node then stands in `work.node`, its content
    /// in `work.identity`.
    pub fn find<K: Kernel>(
        &mut self,
        log: &mut Log<'_, K>,
        work: &mut Work,
    ) -> Result<(Option<Found>, &'a [u8]), Failed> {
        let mut all = true;
        let (found, place) = loop {
            helpers::run(log, &mut self.specs, all, work);
            let mut place = 0;
            if let Some(dev) = choose(log, self, work, &mut place)? {
                match hold(log.kernel, &self.specs, dev, place, work) {
                    None => log.kernel.shared().forget(dev),
                    Some(fd) => {
                        let diskseq = work.diskseq;
                        if self.is_complete(log, dev, work) {
                            break (Some(Found { fd, dev, diskseq }), place);
                        }
                        log.kernel.close(fd);
                        // Any device with a content may be what is missing. (No label holds a NUL.)
                        let [.., last] = &mut self.specs;
                        (last.by, last.text) = (By::Label, b"\0");
                    }
                }
            }
            let source = self.specs.iter().position(|spec| spec.by == By::Source);
            if let Some(place) = source.and_then(|place| place.try_into().ok()) {
                break (None, place);
            }
            all = self.wait(log, work)?;
        };
        let name = self.take(place);
        if found.is_none() {
            work.node.set(name);
            work.identity.clear();
        }
        Ok((found, name))
    }

    /// Whether the devices of the file system on `dev` are all there: but for btrfs it has one. Those in `work.devs` are new.
    fn is_complete<K: Kernel>(&mut self, log: &mut Log<'_, K>, dev: Dev, work: &mut Work) -> bool {
        if work.identity.devices.0 < 2 {
            return true;
        }
        let uuid = work.identity.uuid.clone();
        let of_it = &mut [Spec { place: MEMBER, ..Spec::new(By::Uuid, uuid.as_bytes()) }];
        let first = !core::mem::replace(&mut self.members_known, true);
        helpers::run(log, of_it, first, work);
        let node = work.node.as_bytes();
        let missing = btrfs::control(log.kernel, btrfs::BTRFS_IOC_DEVICES_READY, node, &mut work.data);
        if missing == 0 {
            // Where there was no child to be had the last of the others is what was looked at.
            look::identify(log.kernel, dev, work);
        } else if first {
            log.tell(Message::Incomplete, node);
        }
        missing == 0
    }

    /// Waits for something new, and puts the devices that it is of into `work.devs`; true when all have to be looked at: by
    /// the clock, or once more, since only now it is listened to what comes. (Most boots needn't: all is there.)
    fn wait<K: Kernel>(&mut self, log: &mut Log<'_, K>, work: &mut Work) -> Result<bool, Failed> {
        work.devs.clear();
        loop {
            if let Some(errno) = self.without_socket.take() {
                // Messages were lost, or none will come: from now on by the clock.
                log.failed(Message::Uevents, b"netlink", errno);
                return Ok(true);
            }
            let Some(now_ms) = self.now_ms(log) else {
                if self.notice_ms != SILENT {
                    log.failed(Message::FindRoot, self.text(), Errno::ETIMEDOUT);
                }
                return Err(Failed);
            };
            if !core::mem::replace(&mut work.children.listens, true) {
                match log.kernel.uevent_socket() {
                    Ok(fd) => *socket(work) = fd,
                    Err(errno) => self.without_socket = Some(errno),
                }
                return Ok(true);
            }
            let socket = *socket(work);
            let due_ms = work.modules.due_in_ms(now_ms);
            if due_ms == 0 {
                if coldplug::step(log, socket.0 >= 0, work) {
                    return Ok(true);
                }
                continue;
            }
            let most_ms = due_ms.min(if socket.0 < 0 { RESCAN_MS } else { u64::MAX });
            let pause_ms = most_ms.min(self.deadline_ms.min(self.notice_ms) - now_ms);
            let Some(fd) = log.kernel.ppoll(&work.children.polled, pause_ms) else {
                if socket.0 < 0 {
                    return Ok(true);
                }
                continue;
            };
            if fd == socket {
                match listen(log, fd, &mut self.specs, work) {
                    Err(errno) => self.without_socket = Some(errno),
                    Ok(()) if work.devs.is_empty() => continue,
                    Ok(()) => return Ok(false),
                }
            } else {
                // One that was stuck has ended, and may have found something.
                log.kernel.waitid(fd);
            }
            work.children.close(log.kernel, fd);
            if fd != socket {
                return Ok(false);
            }
        }
    }
}

/// The kernel's uevents; -1 where there is no netlink.
fn socket(work: &mut Work) -> &mut Fd {
    let [.., socket] = &mut work.children.polled;
    socket
}

/// Takes in the messages that are there.
fn listen<K: Kernel>(log: &mut Log<'_, K>, socket: Fd, specs: &mut Specs<'_>, work: &mut Work) -> Result<(), Errno> {
    for _ in 0..MOST_UEVENTS {
        let length = match log.kernel.recvfrom(socket, &mut work.page) {
            Err(Errno::EAGAIN) => break,
            length => length?,
        };
        let uevent = Uevent(work.page.get(..length as usize).unwrap_or_default());
        if uevent.is_new_block_device()
            && let Some(dev) = uevent.dev()
        {
            candidates::consider(log.kernel, specs, dev, uevent, &mut work.devs, &mut work.list);
        }
        if let modalias @ [_, ..] = uevent.value(b"MODALIAS=") {
            work.modules.take(log, modalias);
        }
    }
    work.modules.plug(log);
    Ok(())
}

/// Opens the device that the root in `place` names; its name then stands in `work.node`, what is on it in
/// `work.identity`. `None`: it is gone, another one by now, or its content is.
fn hold<K: Kernel>(kernel: &mut K, specs: &Specs<'_>, dev: Dev, place: u32, work: &mut Work) -> Option<Fd> {
    work.format = kernel.shared().format(dev);
    let fd = look::read(kernel, specs, false, dev, work)?;
    work.node.set(work.name.as_bytes());
    if let Some(spec) = specs.get(place as usize)
        && spec.by.is_content()
        && !spec.is_content(&work.identity)
    {
        kernel.close(fd);
        return None;
    }
    Some(fd)
}

/// Sleeps; a signal would only shorten it, and PID 1 has asked for none.
pub fn sleep<K: Kernel>(kernel: &mut K, milliseconds: u64) {
    kernel.ppoll(&[], milliseconds);
}
