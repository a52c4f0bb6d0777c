//! Images of an initramfs.

use crate::Result;
use crate::shell::read;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};

/// The bytes of an image, and those of the archives in it when they are unpacked.
pub(crate) fn sizes(image: &Path) -> Result<(u64, u64)> {
    let bytes = read(image)?;
    let mut rest = &bytes[..];
    let mut unpacked = 0;
    // What is not compressed may stand before what is: microcode does.
    while rest.starts_with(b"070701") {
        let length = archive(rest).ok_or_else(|| format!("{} ends within an archive", image.display()))?;
        unpacked += length as u64;
        rest = rest.get(length..).unwrap_or_default();
        while let [0, behind @ ..] = rest {
            rest = behind;
        }
    }
    let tool = match rest {
        [] => None,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("zstd"),
        [0x1f, 0x8b, ..] => Some("gzip"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("xz"),
        _ => return Err(format!("{} is compressed in a way that is not known here", image.display())),
    };
    if let Some(tool) = tool {
        // What pads an image at its end is nothing to the kernel, and to zstd an error.
        let padded = rest.ends_with(&[0; 4]);
        let counted = decompressed(tool, image, (bytes.len() - rest.len()) as u64, padded);
        unpacked += counted.map_err(|error| format!("{tool} of {}: {error}", image.display()))?;
    }
    Ok((bytes.len() as u64, unpacked))
}

/// How many bytes `tool` makes of the file from `start` on; where that is `padded` what it says in the end doesn't count.
fn decompressed(tool: &str, image: &Path, start: u64, padded: bool) -> std::io::Result<u64> {
    let mut file = File::open(image)?;
    file.seek(SeekFrom::Start(start))?;
    let mut child = Command::new(tool).arg("-dc").stdin(file).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let count = child.stdout.take().map_or(Ok(0), |mut pipe| std::io::copy(&mut pipe, &mut std::io::sink()));
    let status = child.wait()?;
    if status.success() || padded { count } else { Err(std::io::Error::other(status.to_string())) }
}

/// The length of the archive (cpio, newc) at the start of `bytes`, up to the end of its trailer.
fn archive(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let header = bytes.get(at..at + 110)?;
        let field = |place: usize| {
            let digits = std::str::from_utf8(header.get(place..place + 8)?).ok()?;
            usize::from_str_radix(digits, 16).ok()
        };
        let (size, name) = (field(54)?, field(94)?);
        let is_last = bytes.get(at + 110..)?.starts_with(b"TRAILER!!!\0");
        at = (at + 110 + name).next_multiple_of(4).checked_add(size)?.next_multiple_of(4);
        if is_last {
            return Some(at);
        }
    }
}
