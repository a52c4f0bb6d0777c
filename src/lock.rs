//! The image's own settings, /etc/pintle.conf: what they say the command line has no say in, and `lock=yes` leaves it none
//! but what they list. For images that are signed or measured as a whole, where the command line isn't.
//!
//! A line holds one word of the command line, `KEY=VALUE` or a bare `KEY`, or one of the file's own:
//!
//! - `lock=yes`, or `no`: no other words than these have an effect
//! - `allow=KEY,KEY`: and those that these are of
//! - `permit=NAME,NAME`: what a root hash otherwise refuses ([`crate::request::Permit`])
//!
//! Blanks around a line, a key and a value are none of it; quotes are bytes as others. An empty line, and one that begins with
//! `#`, say nothing. A line that is nothing of that, and a second one of a kind, is refused, and with it the boot: what the
//! image wants is not known then.
//!
//! Holds on entry: nothing but the image. Makes true: the request holds what the file says; an init will be given nothing
//! that the command line says where that is locked.

use crate::boot::Failed;
use crate::bytes::{NOWHERE, Text, place_of, take_part, take_until, trim};
use crate::error::Errno;
use crate::file;
use crate::kernel::Kernel;
use crate::kmsg::Log;
use crate::message::Message;
use crate::packed;
use crate::request::{self, Request, place_and_value};

const PATH: &[u8] = b"/etc/pintle.conf";

/// The file's own keys, in the order of [`Bits`].
const OWN: &[u8] = b"lock|allow|permit";
/// The values of the first.
const SWITCH: &[u8] = b"no|yes";
const YES: u64 = 2;
/// The values of the last, in the order of [`request::Permit`].
const PERMITS: &[u8] = packed!(PERMITS_TEXT);
pub(crate) const PERMITS_TEXT: &[u8] = b"persistent-overlay|resume|ignore-corruption|no-verity|unverified-usr";

/// What the lines before have said, a bit each: which of [`SWITCH`] of the words allowed, of the permits; and of what kinds
/// they were, the file's own from [`OWN_KINDS`] on.
type Bits = [u64; 4];
const OWN_KINDS: usize = 61;
const _: () = assert!(request::KINDS <= OWN_KINDS);

/// What the kernel gives an init by itself.
const ENVIRONMENT: &[u8] = packed!(b"HOME=/|TERM=linux");

/// Reads the settings into `request`. Without the file there are none.
pub fn read<'a, K: Kernel>(log: &mut Log<'_, K>, request: &mut Request<'a>) -> Result<(), Failed> {
    match file::map(log.kernel, PATH, &[]) {
        Ok(text) => {
            if let Err((number, line)) = parse(text, request) {
                let mut place = Text::new();
                place.push_number(number.into());
                log.say(Message::BadSetting, &[place.as_bytes(), line]);
                return Err(Failed);
            }
        }
        Err(Errno::ENOENT) => {}
        Err(errno) => {
            log.failed(Message::ReadSettings, PATH, errno);
            return Err(Failed);
        }
    }
    if request.is_locked() {
        forget_arguments(log);
    }
    Ok(())
}

/// What the kernel makes arguments and environment of an init of are words of the command line that it doesn't know.
fn forget_arguments<K: Kernel>(log: &mut Log<'_, K>) {
    let mut place = 1;
    while let Some(argument) = log.kernel.argument(place) {
        log.tell(Message::Fixed, argument.to_bytes());
        place += 1;
    }
    place = 0;
    while let Some(variable) = log.kernel.variable(place) {
        // What the kernel gives by itself.
        if place_of(ENVIRONMENT, variable.to_bytes()) == NOWHERE {
            log.tell(Message::Fixed, variable.to_bytes());
        }
        place += 1;
    }
    log.kernel.forget_arguments();
}

/// Reads settings; the error is the number of the line that is none, and the line. What those before it say holds.
pub fn parse<'a>(mut text: &'a [u8], request: &mut Request<'a>) -> Result<(), (u32, &'a [u8])> {
    let mut bits = [0; 4];
    let mut number = 0;
    while let Some(line) = take_part(&mut text, b'\n') {
        number += 1;
        let line = trim(line);
        if !matches!(line, [] | [b'#', ..]) && read_line(line, request, &mut bits).is_none() {
            return Err((number, line));
        }
    }
    let [switch, allowed, permits, kinds] = bits;
    request.settle(switch & YES != 0, allowed, permits, kinds);
    Ok(())
}

/// Reads one line; `None` for what is none.
fn read_line<'a>(line: &'a [u8], request: &mut Request<'a>, bits: &mut Bits) -> Option<()> {
    let mut value = line;
    let name = take_until(&mut value, b'=');
    let given = name.map(|_| trim(value));
    let name = trim(name.unwrap_or(line));
    let own = place_of(OWN, name);
    let [own_bits @ .., kinds] = bits;
    let kind = if let Some(bits) = own_bits.get_mut(own) {
        let names = [SWITCH, request::KEYS, PERMITS].get(own)?;
        let mut list = given?;
        // Once at least: no value is none.
        loop {
            let place = place_of(names, trim(take_part(&mut list, b',').unwrap_or_default()));
            if place == NOWHERE {
                return None;
            }
            *bits |= 1 << (place & 63);
            if list.is_empty() {
                break;
            }
        }
        OWN_KINDS + own
    } else {
        let (place, value) = place_and_value(name, given)?;
        request.set(place, value);
        place
    };
    let kind = 1 << (kind & 63);
    let is_new = *kinds & kind == 0;
    *kinds |= kind;
    is_new.then_some(())
}

#[cfg(test)]
mod tests;
