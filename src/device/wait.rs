//! Waiting for the root device: on the kernel's uevents, not by the clock.

use super::find;
use crate::bytes::{Text, TextBuf};
use crate::error::Errno;
use crate::kernel::{Fd, Kernel};
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::{Key, Request, Root};
use crate::uevent::Uevent;

/// The kernel's uevent is at most this long (`UEVENT_BUFFER_SIZE`, and the header).
const MESSAGE_BYTES: usize = 4096;
/// Room for some thousand uevents: a cold boot with many disks sends that many at once.
const SOCKET_BYTES: u32 = 2 << 20;
/// After so many messages the clock is read again.
const MESSAGES_A_ROUND: u32 = 256;
/// How often to look where the kernel has no netlink.
const RESCAN_MS: u64 = 100;
const FIRST_NOTICE_MS: u64 = 1_000;
const NOTICE_MS: u64 = 10_000;

/// Waits until the device is there, and puts its node into `node`; false when the time that `request` allows, counted
/// from `started_ms`, is up.
pub fn wait<K: Kernel>(
    log: &mut Log<'_, K>,
    request: &Request<'_>,
    root: &Root<'_>,
    started_ms: u64,
    node: &mut Text,
) -> bool {
    let delay_ms = u64::from(request.delay_s()) * 1_000;
    if delay_ms != 0 {
        sleep(log.kernel, delay_ms);
    }
    if find(log.kernel, root, node) {
        return true;
    }
    // Subscribed first, looked again then: what comes between the two is in the socket.
    let mut socket = log.kernel.uevent_socket(SOCKET_BYTES);
    let deadline_ms = match request.wait_s() {
        None => u64::MAX,
        Some(seconds) => started_ms + delay_ms + u64::from(seconds) * 1_000,
    };
    let mut notice_ms = log.kernel.clock_gettime() + FIRST_NOTICE_MS;
    let mut look = true;
    loop {
        if look && find(log.kernel, root, node) {
            return true;
        }
        let now_ms = log.kernel.clock_gettime();
        if now_ms >= deadline_ms {
            return false;
        }
        if now_ms >= notice_ms {
            notice_ms = now_ms + NOTICE_MS;
            say_waiting(log, request, now_ms - started_ms);
        }
        let pause_ms = deadline_ms.min(notice_ms) - now_ms;
        let listened = socket.and_then(|socket| listen(log.kernel, socket, pause_ms));
        look = listened.unwrap_or_else(|errno| {
            // Nothing more is to be had from this socket, and it must not make the loop spin.
            if socket != Err(Errno::ETIMEDOUT) {
                log.say(Message::Uevents, &[], Some(errno));
                socket = Err(Errno::ETIMEDOUT);
            }
            sleep(log.kernel, pause_ms.min(RESCAN_MS));
            true
        });
    }
}

/// Waits for messages and reads those that are there: whether one of them was of a new block device.
#[inline(never)]
fn listen<K: Kernel>(kernel: &mut K, socket: Fd, pause_ms: u64) -> Result<bool, Errno> {
    let mut buffer = [0; MESSAGE_BYTES];
    let mut look = false;
    if !kernel.ppoll(Some(socket), pause_ms)? {
        return Ok(false);
    }
    for _ in 0..MESSAGES_A_ROUND {
        match kernel.recvfrom(socket, &mut buffer) {
            // Any process may send to the group; only port 0 is the kernel.
            Ok((message, 0)) => look |= Uevent(message).is_new_block_device(),
            Ok(_) => {}
            Err(Errno::EAGAIN) => break,
            // Some were lost: look for oneself.
            Err(Errno::ENOBUFS) => look = true,
            Err(errno) => return Err(errno),
        }
    }
    Ok(look)
}

#[inline(never)]
fn say_waiting<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>, waited_ms: u64) {
    let (mut waited, mut limit) = (TextBuf::<20>::new(), TextBuf::<20>::new());
    waited.push_number(waited_ms / 1_000);
    let message = match request.wait_s() {
        None => Message::WaitForEver,
        Some(seconds) => {
            limit.push_number(u64::from(seconds) + u64::from(request.delay_s()));
            Message::Wait
        }
    };
    let root = request.get(Key::Root).unwrap_or_default();
    log.say(message, &[root, waited.as_bytes(), limit.as_bytes()], None);
}

/// Sleeps; a signal would only shorten it, and PID 1 has asked for none.
pub fn sleep<K: Kernel>(kernel: &mut K, milliseconds: u64) {
    let _ = kernel.ppoll(None, milliseconds);
}
