//! What the command line says of modules: `MODULE.PARAMETER=VALUE`, as the kernel has it for those that are built in, and which ones
//! are not to be loaded.

use crate::bytes::{NOWHERE, Text, place_of, same_name, take_part, take_until};
use crate::cmdline::words;
use crate::packed;

/// Words whose value is a comma list of modules that are not to be loaded (modprobe.d(5), dracut.cmdline(7); the kernel itself
/// obeys `module_blacklist=`, and would answer EPERM).
const DENY: &[u8] = packed!(b"modprobe.blacklist|module_blacklist|rd.driver.blacklist");

/// Puts the module's parameters into `parameters`, each in quotes, as finit_module(2) takes them. Returns whether it is not to be
/// loaded for itself; where another one needs it, it is all the same.
#[inline(never)]
pub fn about(line: &[u8], module: &[u8], parameters: &mut Text) -> bool {
    parameters.clear();
    let mut denied = false;
    for word in words(line) {
        let mut value = word.value.unwrap_or_default();
        let mut name = word.name;
        if place_of(DENY, name) != NOWHERE {
            while let Some(name) = take_part(&mut value, b',') {
                denied |= same_name(name, module);
            }
        } else if take_until(&mut name, b'.').is_some_and(|before| same_name(before, module)) {
            parameters.push(b"\"");
            parameters.push(name);
            if word.value.is_some() {
                parameters.push(b"=");
                parameters.push(value);
            }
            parameters.push(b"\" ");
        }
    }
    denied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denied() {
        let line = b"quiet modprobe.blacklist=a,virtio-blk module_blacklist=b rd.driver.blacklist=,c, blacklist=d -- modprobe.blacklist=e";
        let rows = [("a", true), ("virtio_blk", true), ("b", true), ("c", true), ("d", false), ("e", false)];
        for (module, expected) in rows {
            assert_eq!(about(line, module.as_bytes(), &mut Text::new()), expected, "{module}");
        }
    }

    #[test]
    fn parameters_of_modules() {
        let line = b"root=a.b nvme.poll_queues=4 usb-storage.quirks=1:2:u,3:4:v usb_storage.delay_use=1 nvme_core.x \
\"nvme.s=a b\" nvme.t=\"c d\" nvme. -- nvme.late=1";
        let rows = [
            ("nvme", "\"poll_queues=4\" \"s=a b\" \"t=c d\" \"\" "),
            ("usb_storage", "\"quirks=1:2:u,3:4:v\" \"delay_use=1\" "),
            ("nvme_core", "\"x\" "),
            ("root", ""),
            ("ext4", ""),
        ];
        for (module, expected) in rows {
            let mut text = Text::new();
            assert!(!about(line, module.as_bytes(), &mut text));
            assert_eq!(text.as_bytes(), expected.as_bytes(), "{module}");
        }
    }
}
