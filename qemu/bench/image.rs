//! Images of an initramfs.

use crate::Result;
use crate::shell::{output, read};
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
        let beside = image.with_extension("rest");
        std::fs::write(&beside, rest).map_err(|error| format!("{}: {error}", beside.display()))?;
        let file = std::fs::File::open(&beside).map_err(|error| format!("{}: {error}", beside.display()))?;
        let pipe = Command::new(tool).arg("-dc").stdin(file).stdout(Stdio::piped()).spawn();
        let mut pipe = pipe.map_err(|error| format!("{tool}: {error}"))?;
        let from = pipe.stdout.take().ok_or("no pipe")?;
        let counted = output(Command::new("wc").arg("-c").stdin(from))?;
        let _ = (pipe.wait(), std::fs::remove_file(&beside));
        unpacked += counted.trim().parse::<u64>().map_err(|error| format!("wc: {error}"))?;
    }
    Ok((bytes.len() as u64, unpacked))
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
