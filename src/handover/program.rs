//! What execve(2) finds in an executable: its architecture, and the interpreter that it wants.
//!
//! Source: elf(5), `load_elf_binary()` in fs/binfmt_elf.c, `load_script()` in fs/binfmt_script.c.

use crate::bytes::{take_field, until};
use crate::disk::{le16, le32, le64};

/// So much of a file is looked at: linkers put the program headers and the interpreter's path in front of all else.
pub(super) type Head = [u8; 4096];
/// `BINPRM_BUF_SIZE`: what doesn't stand in these is no part of a script's first line.
const LINE_BYTES: usize = 256;

/// `e_machine` of this architecture, and of the 32-bit one that most of its kernels execute too.
const MACHINE: u32 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
const MACHINE_32: u32 = if cfg!(target_arch = "x86_64") { 3 } else { 40 };

const PT_INTERP: u32 = 3;
/// `sizeof(Elf64_Phdr)`: the kernel takes no other `e_phentsize`.
const PHDR_BYTES: usize = 56;

/// Why nobody can execute a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unfit {
    /// No program, no script.
    NoFormat,
    /// Made for another architecture.
    Foreign,
}

/// The interpreter that the file which begins with `head` wants; empty where it wants none, names it further back, or is of
/// the 32-bit architecture, whose headers are others.
pub(super) fn interpreter(head: &Head) -> Result<&[u8], Unfit> {
    if let [b'#', b'!', line @ ..] = head {
        let mut line = until(line.get(..LINE_BYTES - 2).unwrap_or_default(), b'\n');
        let name = until(take_field(&mut line), 0);
        return if name.is_empty() { Err(Unfit::NoFormat) } else { Ok(name) };
    }
    if !head.starts_with(b"\x7fELF") {
        return Err(Unfit::NoFormat);
    }
    match le16(head, 18) {
        MACHINE => Ok(pt_interp(head).unwrap_or_default()),
        MACHINE_32 => Ok(b""),
        _ => Err(Unfit::Foreign),
    }
}

/// The path that the program header of type `PT_INTERP` leads to. Addresses past what was read are nowhere.
fn pt_interp(head: &Head) -> Option<&[u8]> {
    let place = |number: u64| usize::try_from(number).ok();
    let mut headers = head.get(place(le64(head, 32))?..)?;
    let mut left = le16(head, 56);
    while left > 0 {
        left -= 1;
        let (header, rest) = headers.split_first_chunk::<PHDR_BYTES>()?;
        if le32(header, 0) == PT_INTERP {
            // p_offset and p_filesz, which counts the NUL.
            let path = head.get(place(le64(header, 8))?..)?.get(..place(le64(header, 32))?)?;
            return path.split_last().map(|(_, path)| path);
        }
        headers = rest;
    }
    None
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An executable of this architecture that wants `interpreter`, or none.
    pub(crate) fn elf(interpreter: &str) -> Vec<u8> {
        program(MACHINE, interpreter)
    }

    /// One that no kernel of this architecture executes.
    pub(crate) fn foreign() -> Vec<u8> {
        program(8, "")
    }

    fn program(machine: u32, interpreter: &str) -> Vec<u8> {
        let mut bytes = vec![0; 256];
        let mut put = |at: usize, number: u64| bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        put(0, 0x0001_0102_464c_457f);
        put(16, 2 | u64::from(machine) << 16 | 1 << 32);
        put(32, 64);
        put(52, 64 | 56 << 16 | 3 << 32);
        // PT_PHDR, PT_INTERP, PT_LOAD
        put(64, 6);
        put(120, if interpreter.is_empty() { 1 } else { 3 });
        put(128, 256);
        put(152, interpreter.len() as u64 + 1);
        put(176, 1);
        bytes.extend(interpreter.bytes().chain([0]));
        bytes
    }

    #[test]
    fn interpreters() {
        let ld = "/lib64/ld-linux.so.2";
        let native = elf(ld);
        let with = |at: usize, byte: u8| {
            let mut bytes = native.clone();
            bytes[at] = byte;
            bytes
        };
        let (format, foreign) = (Err(Unfit::NoFormat), Err(Unfit::Foreign));
        let rows: Vec<(Vec<u8>, Result<&[u8], Unfit>)> = vec![
            (native.clone(), Ok(ld.as_bytes())),
            (elf(""), Ok(b"")),
            (program(MACHINE_32, ld), Ok(b"")),
            (super::tests::foreign(), foreign),
            (native[..4].to_vec(), foreign),
            (native[..64].to_vec(), Ok(b"")),
            // The table, the path and its end past what was read; no entry, and more than there are.
            (with(32 + 1, 0x10), Ok(b"")),
            (with(32 + 7, 0xff), Ok(b"")),
            (with(128 + 1, 0x10), Ok(b"")),
            (with(128 + 7, 0xff), Ok(b"")),
            (with(152 + 1, 0x10), Ok(b"")),
            (with(152 + 7, 0xff), Ok(b"")),
            (with(152, 0), Ok(b"")),
            (with(56, 1), Ok(b"")),
            (with(57, 0xff), Ok(ld.as_bytes())),
            (b"#!/bin/sh\necho".to_vec(), Ok(b"/bin/sh")),
            (b"#! \t/bin/sh -e\n".to_vec(), Ok(b"/bin/sh")),
            (b"#!/bin/sh".to_vec(), Ok(b"/bin/sh")),
            (b"#!/bin/sh\0x".to_vec(), Ok(b"/bin/sh")),
            (b"#!\n/bin/sh".to_vec(), format),
            (b"#!".to_vec(), format),
            ([b"#!/".to_vec(), vec![b'x'; 600]].concat(), Ok(&[&b"/"[..], &[b'x'; 253]].concat().leak()[..])),
            (b"".to_vec(), format),
            (b"#".to_vec(), format),
            (b"echo hello\n".to_vec(), format),
            (b"\x7fEL".to_vec(), format),
        ];
        for (start, expected) in rows {
            let mut head = [0; 4096];
            head[..start.len()].copy_from_slice(&start);
            assert_eq!(interpreter(&head), expected, "{}", start.escape_ascii());
        }
    }
}
