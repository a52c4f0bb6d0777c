//! What happens when the root can't be had or its init can't be run.

use crate::bytes::place_of;
use crate::device::find::sleep;
use crate::file;
use crate::handover;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::request::{FAILS, Key, Request};
use linux_raw_sys::general::{LINUX_REBOOT_CMD_HALT, LINUX_REBOOT_CMD_POWER_OFF, LINUX_REBOOT_CMD_RESTART};

/// How long the last line can be read before `pintle.fail=` takes it away.
const PAUSE_MS: u64 = 10_000;

/// What the kernel is told, in the order of [`FAILS`]; nothing, to panic.
const COMMANDS: [u32; 3] = [LINUX_REBOOT_CMD_RESTART, LINUX_REBOOT_CMD_POWER_OFF, LINUX_REBOOT_CMD_HALT];

/// Runs the image's /rescue on the console, if it has one, and waits for its end.
pub fn rescue<K: Kernel>(log: &mut Log<'_, K>) {
    const PATH: &[u8] = b"/rescue";
    let child = log.fork(&mut (), |log, ()| {
        let console = handover::open_console(log, handover::CONSOLE);
        handover::set_stdio(log.kernel, console);
        log.kernel.login_tty();
        let errno = file::execve(log.kernel, PATH);
        log.failed(Message::Rescue, PATH, errno);
    });
    match child {
        Ok(child) => drop(log.kernel.waitid(child)),
        Err(errno) => log.failed(Message::Rescue, PATH, errno),
    }
}

/// Ends the boot. By default PID 1 ends, and so the kernel panics: `panic=N` decides, as it does without an initramfs.
#[inline(never)]
pub fn give_up<K: Kernel>(log: &mut Log<'_, K>, request: &Request<'_>) -> ! {
    if let Some(what) = request.get(Key::Fail) {
        log.tell(Message::Fail, what);
        sleep(log.kernel, PAUSE_MS);
        log.kernel.sync();
        if let Some(command) = COMMANDS.get(place_of(FAILS, what)) {
            let errno = log.kernel.reboot(*command);
            log.failed(Message::Reboot, what, errno);
        }
    }
    log.say(Message::Panic, &[]);
    log.kernel.exit_group(1)
}
