//! What execve(2) finds in an executable: its architecture, and the interpreter that it wants.
//!
//! Source: elf(5), `load_elf_binary()` in fs/binfmt_elf.c, `load_script()` in fs/binfmt_script.c.

use crate::bytes::trim;

/// So much of a file is looked at: linkers put the program headers and the interpreter's path in front of all else.
pub(super) const HEAD_BYTES: usize = 1024;
/// `BINPRM_BUF_SIZE`: what doesn't stand in these is no part of a script's first line.
const LINE_BYTES: usize = 256;

/// `e_machine` of this architecture, and of the 32-bit one that most of its kernels execute too.
#[cfg(target_arch = "x86_64")]
const MACHINES: [usize; 2] = [62, 3];
#[cfg(target_arch = "aarch64")]
const MACHINES: [usize; 2] = [183, 40];

const E_MACHINE: usize = 18;
const ELFCLASS64: usize = 2;
const PT_INTERP: usize = 3;

const NO_FORMAT: &[u8] = b"ENOEXEC (no format of this kernel)";

/// The places of the fields that depend on the class: `e_phoff`, `e_phentsize` (`e_phnum` follows it), `p_offset` and
/// `p_filesz`; the bytes of those that are offsets and sizes.
struct Class {
    phoff: usize,
    phentsize: usize,
    offset: usize,
    filesz: usize,
    width: usize,
}
const CLASS_32: Class = Class { phoff: 28, phentsize: 42, offset: 4, filesz: 16, width: 4 };
const CLASS_64: Class = Class { phoff: 32, phentsize: 54, offset: 8, filesz: 32, width: 8 };

/// The interpreter that the file which begins with `head` wants; empty where it wants none, or names it further back. The
/// error says why nobody can execute it.
pub(super) fn interpreter(head: &[u8]) -> Result<&[u8], &'static [u8]> {
    if let [b'#', b'!', line @ ..] = head {
        let line = line.get(..LINE_BYTES - 2).unwrap_or(line);
        let line = trim(line.split(|&byte| byte == b'\n').next().unwrap_or_default());
        let name = line.split(|byte| matches!(byte, b' ' | b'\t' | 0)).next().unwrap_or_default();
        return if name.is_empty() { Err(NO_FORMAT) } else { Ok(name) };
    }
    if !head.starts_with(b"\x7fELF") {
        return Err(NO_FORMAT);
    }
    if !MACHINES.contains(&number(head, E_MACHINE, 2)) {
        return Err(b"made for another architecture");
    }
    let class = if number(head, 4, 1) == ELFCLASS64 { &CLASS_64 } else { &CLASS_32 };
    let entry_bytes = number(head, class.phentsize, 2);
    let mut entry = number(head, class.phoff, class.width);
    for _ in 0..number(head, class.phentsize + 2, 2) {
        let Some(header) = head.get(entry..) else { break };
        if number(header, 0, 4) == PT_INTERP {
            let path = head.get(number(header, class.offset, class.width)..);
            let path = path.and_then(|path| path.get(..number(header, class.filesz, class.width)));
            return Ok(path.and_then(<[u8]>::split_last).map_or(b"", |(_, path)| path));
        }
        entry = entry.wrapping_add(entry_bytes);
    }
    Ok(b"")
}

/// The little-endian number of so many bytes; 0 where they aren't there.
#[inline(never)]
fn number(bytes: &[u8], at: usize, width: usize) -> usize {
    let field = bytes.get(at..).and_then(|rest| rest.get(..width)).unwrap_or_default();
    field.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An executable of this architecture that wants `interpreter`, or none.
    pub(crate) fn elf(interpreter: &str) -> Vec<u8> {
        program(MACHINES[0], &CLASS_64, interpreter)
    }

    /// One that no kernel of this architecture executes.
    pub(crate) fn foreign() -> Vec<u8> {
        program(8, &CLASS_64, "")
    }

    fn program(machine: usize, class: &Class, interpreter: &str) -> Vec<u8> {
        let mut bytes = vec![0; 256];
        let wide = class.width == 8;
        let (header, entry) = if wide { (64, 56) } else { (52, 32) };
        let mut put = |at: usize, width: usize, number: usize| {
            bytes[at..at + width].copy_from_slice(&number.to_le_bytes()[..width]);
        };
        put(0, 4, 0x464c_457f);
        put(4, 1, if wide { 2 } else { 1 });
        put(18, 2, machine);
        put(class.phoff, class.width, header);
        put(class.phentsize, 2, entry);
        put(class.phentsize + 2, 2, 3);
        // PT_PHDR, PT_INTERP, PT_LOAD
        put(header, 4, 6);
        put(header + entry, 4, if interpreter.is_empty() { 1 } else { 3 });
        put(header + entry + class.offset, class.width, 256);
        put(header + entry + class.filesz, class.width, interpreter.len() + 1);
        put(header + 2 * entry, 4, 1);
        bytes.extend(interpreter.bytes());
        bytes.push(0);
        bytes
    }

    #[test]
    fn interpreters() {
        let ld = "/lib64/ld-linux.so.2";
        let native = elf(ld);
        let cut = |length: usize| native[..length].to_vec();
        // An entry that points past the head, with a size past it, and a table that does.
        let mut far = native.clone();
        far[64 + 56 + 8 + 2] = 1;
        let mut long = native.clone();
        long[64 + 56 + 32 + 7] = 0xff;
        let mut behind = native.clone();
        behind[32 + 6] = 0xff;
        let mut endless = native.clone();
        endless[54..58].fill(0xff);
        let format = Err(NO_FORMAT);
        let rows: Vec<(Vec<u8>, Result<&[u8], &'static [u8]>)> = vec![
            (native.clone(), Ok(ld.as_bytes())),
            (elf(""), Ok(b"")),
            (program(MACHINES[1], &CLASS_32, "/lib/ld.so"), Ok(b"/lib/ld.so")),
            (program(MACHINES[1], &CLASS_32, ""), Ok(b"")),
            (foreign(), Err(b"made for another architecture")),
            (cut(4), Err(b"made for another architecture")),
            (cut(64), Ok(b"")),
            (cut(270), Ok(b"")),
            (far, Ok(b"")),
            (long, Ok(b"")),
            (behind, Ok(b"")),
            (endless, Ok(b"")),
            (b"#!/bin/sh\necho".to_vec(), Ok(b"/bin/sh")),
            (b"#! \t/bin/sh -e\n".to_vec(), Ok(b"/bin/sh")),
            (b"#!/bin/sh".to_vec(), Ok(b"/bin/sh")),
            (b"#!\n/bin/sh".to_vec(), format),
            (b"#!".to_vec(), format),
            ([b"#!/".to_vec(), vec![b'x'; 600]].concat(), Ok(&[&b"/"[..], &[b'x'; 253]].concat().leak()[..])),
            (b"".to_vec(), format),
            (b"#".to_vec(), format),
            (b"echo hello\n".to_vec(), format),
            (b"\x7fEL".to_vec(), format),
        ];
        for (head, expected) in rows {
            assert_eq!(interpreter(&head), expected, "{}", head.escape_ascii());
        }
    }
}
