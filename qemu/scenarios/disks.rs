//! Disks with partition tables, as fdisk and sfdisk write them.

use crate::harness::{Scratch, output, sbin};
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::process::Stdio;

const MIB: u64 = 1 << 20;

/// A disk that is to be made. Each partition starts at a MiB and takes whole ones.
pub(crate) struct Disk<'s> {
    scratch: &'s Scratch,
    sector: u32,
    least_mib: u64,
    script: String,
    contents: Vec<(u64, Vec<u8>)>,
    mib: u64,
    logical: bool,
}

impl<'s> Disk<'s> {
    pub(crate) fn gpt(scratch: &'s Scratch) -> Self {
        Disk::new(scratch, "label: gpt\n")
    }

    /// `id` is the disk's signature, of which the partitions have their PARTUUIDs.
    pub(crate) fn mbr(scratch: &'s Scratch, id: &str) -> Self {
        Disk::new(scratch, &format!("label: dos\nlabel-id: 0x{id}\n"))
    }

    fn new(scratch: &'s Scratch, head: &str) -> Self {
        Disk {
            scratch,
            sector: 512,
            least_mib: 0,
            script: head.to_owned(),
            contents: Vec::new(),
            mib: 1,
            logical: false,
        }
    }

    pub(crate) fn sector(self, sector: u32) -> Self {
        Disk { sector, ..self }
    }

    /// Of so many MiB at least.
    pub(crate) fn size(self, mib: u64) -> Self {
        Disk { least_mib: mib, ..self }
    }

    /// A partition with these fields of sfdisk's, and a copy of the file `content` in it; with none it has one empty MiB.
    pub(crate) fn part(mut self, fields: &str, content: &str) -> Self {
        let content = if content.is_empty() { Vec::new() } else { fs::read(content).expect("a partition's content") };
        // A logical partition has its own table before it.
        self.mib += u64::from(self.logical);
        let size = (content.len() as u64).div_ceil(MIB).max(1);
        self.script += &format!("start={}MiB, size={size}MiB", self.mib);
        if !fields.is_empty() {
            self.script += &format!(", {fields}");
        }
        self.script.push('\n');
        self.contents.push((self.mib * MIB, content));
        self.mib += size;
        self
    }

    /// The partitions that follow are in an extended one, the rest of the disk, as numbers 5 and up.
    pub(crate) fn extended(mut self) -> Self {
        self.script += &format!("start={}MiB, type=5\n", self.mib);
        self.logical = true;
        self
    }

    #[track_caller]
    pub(crate) fn make(self) -> String {
        let path = self.scratch.path("disk.img");
        let mut disk = File::create(&path).expect("a file for the disk");
        // The last MiB is for GPT's second copy.
        disk.set_len((self.mib + 1).max(self.least_mib) * MIB).expect("room for it");
        let script = self.scratch.file("table", self.script.as_bytes(), 0o644);
        let made = if self.sector == 512 {
            let script = File::open(script).expect("the table");
            output(sbin("sfdisk").arg("--quiet").arg(&path).stdin(Stdio::from(script)))
        } else {
            // sfdisk takes the sectors of an image file to be of 512 bytes.
            let commands = self.scratch.file("commands", format!("I\n{}\nw\n", script.display()).as_bytes(), 0o644);
            let commands = File::open(commands).expect("the commands");
            let size = self.sector.to_string();
            output(sbin("fdisk").args(["--sector-size", &size]).arg(&path).stdin(Stdio::from(commands)))
        };
        made.unwrap_or_else(|why| panic!("{why}"));
        for (offset, content) in self.contents {
            disk.seek(SeekFrom::Start(offset)).and_then(|_| disk.write_all(&content)).expect("a partition's content");
        }
        path.display().to_string()
    }
}

/// Overwrites what is at `offset` of a disk.
#[track_caller]
pub(crate) fn overwrite(disk: &str, offset: u64, bytes: &[u8]) {
    let file = File::options().write(true).open(disk);
    file.and_then(|mut file| file.seek(SeekFrom::Start(offset)).and_then(|_| file.write_all(bytes))).expect("to write");
}
