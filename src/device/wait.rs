//! Waiting for the root device: on the kernel's uevents, not by the clock.

use super::{check, find};
use crate::buffers::Work;
use crate::bytes::Text;
use crate::error::Errno;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::{Key, Request, Root};
use crate::uevent::Uevent;

/// How often to look where the kernel has no netlink.
const RESCAN_MS: u64 = 100;
const FIRST_NOTICE_MS: u64 = 1_000;
const NOTICE_MS: u64 = 10_000;

/// Waits until the device is there, and puts its node into `work.node`; false when the time that `request` allows, counted
/// from `started_ms`, is up.
pub fn wait<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    root: &Root<'_>,
    started_ms: u64,
    work: &mut Work,
) -> bool {
    let delay_ms = u64::from(request.delay_s()) * 1_000;
    if delay_ms != 0 {
        sleep(log.kernel, delay_ms);
    }
    if find(log.kernel, root, work) {
        return true;
    }
    // Subscribed first, looked again then: what comes between the two is in the socket.
    let mut socket = match log.kernel.uevent_socket() {
        Ok(socket) => Some(socket),
        Err(errno) => {
            without_socket(log, errno);
            None
        }
    };
    let deadline_ms = match request.wait_s() {
        None => u64::MAX,
        Some(seconds) => started_ms + delay_ms + u64::from(seconds) * 1_000,
    };
    let mut notice_ms = log.kernel.clock_gettime() + FIRST_NOTICE_MS;
    let mut found = find(log.kernel, root, work);
    while !found {
        let now_ms = log.kernel.clock_gettime();
        if now_ms >= deadline_ms {
            break;
        }
        if now_ms >= notice_ms {
            notice_ms = now_ms + NOTICE_MS;
            say_waiting(log, request, now_ms - started_ms);
        }
        let pause_ms = deadline_ms.min(notice_ms) - now_ms;
        found = match socket.map(|socket| listen(log.kernel, root, socket, pause_ms, work)) {
            Some(Ok(found)) => found,
            Some(Err(errno)) => {
                // Messages were lost, or none will come: from now on by the clock.
                without_socket(log, errno);
                socket = None;
                find(log.kernel, root, work)
            }
            None => {
                sleep(log.kernel, pause_ms.min(RESCAN_MS));
                find(log.kernel, root, work)
            }
        };
    }
    found
}

fn without_socket<K: Kernel>(log: &mut Log<'_, K>, errno: Errno) {
    log.failed(Message::Uevents, b"netlink", errno);
}

/// Waits for a message, at most for `pause_ms`: whether it is of the root's device.
fn listen<K: Kernel>(
    kernel: &mut K,
    root: &Root<'_>,
    socket: Fd,
    pause_ms: u64,
    work: &mut Work,
) -> Result<bool, Errno> {
    if !kernel.ppoll(Some(socket), pause_ms)? {
        return Ok(false);
    }
    let (message, port) = kernel.recvfrom(socket, &mut work.page)?;
    let uevent = Uevent(message);
    // Any process may send to the group; only port 0 is the kernel.
    Ok(port == 0 && uevent.is_new_block_device() && check(kernel, root, uevent, &mut work.node))
}

fn say_waiting<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>, waited_ms: u64) {
    let mut waited = Text::new();
    waited.push_number(u32::try_from(waited_ms / 1_000).unwrap_or(u32::MAX));
    let limit = match request.get(Key::Wait) {
        None => b"180",
        Some(limit) => limit,
    };
    let root = request.get(Key::Root).unwrap_or_default();
    log.say(Message::Waiting, &[root, waited.as_bytes(), limit]);
}

/// Sleeps; a signal would only shorten it, and PID 1 has asked for none.
pub fn sleep<K: Kernel>(kernel: &mut K, milliseconds: u64) {
    let _ = kernel.ppoll(None, milliseconds);
}
