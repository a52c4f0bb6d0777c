//! Device-mapper, as far as one mapping of one target goes.

use super::{Block, Fake};
use crate::bytes::Dev;
use crate::error::Errno;
use crate::kernel::{Fd, Result};

/// A mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) minor: u32,
    /// Loaded, and in force: sectors, target, parameters.
    loaded: Option<(u64, String, String)>,
    pub(crate) table: Option<(u64, String, String)>,
}

fn text(page: &[u8], at: usize) -> String {
    let bytes = page[at..].split(|byte| *byte == 0).next().expect("a NUL");
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

fn number(page: &[u8], at: usize, length: usize) -> u64 {
    page[at..at + length].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn put_dev(page: &mut [u8; 4096], minor: u32) {
    page[40..48].copy_from_slice(&(u64::from(252u32) << 8 | u64::from(minor)).to_le_bytes());
}

impl Fake {
    /// `ctl_ioctl()`: what each request says, and what becomes of it. It is checked against the layout of the header by
    /// places that were counted once more.
    pub(super) fn dm_ioctl(&mut self, fd: Fd, request: u32, page: &mut [u8; 4096]) -> Result<()> {
        let name = text(page, 48);
        let what = match request {
            0xc138_fd03 => "create",
            0xc138_fd04 => "remove",
            0xc138_fd06 => "resume",
            0xc138_fd09 => "load",
            0xc138_fd0c => "status",
            0xc138_fd11 => "version",
            _ => panic!("{request:#x}"),
        };
        let flags = number(page, 28, 4);
        let mut line = format!("dm {} {what} {name} {flags:#x}", fd.0);
        if what == "load" {
            line += &format!(" {} {} {}", number(page, 320, 8), text(page, 336), text(page, 352));
        }
        self.call(line)?;
        assert_eq!((number(page, 0, 4), number(page, 4, 4), number(page, 16, 4)), (4, 0, 312));
        if what == "version" {
            let minor = *self.targets.get(name.as_str()).ok_or(Errno::EINVAL)?;
            page[316..328].copy_from_slice(&[1, minor, 0].map(u32::to_le_bytes).concat());
            return Ok(());
        }
        let place = self.mappings.iter().position(|mapping| mapping.name == name);
        if what == "create" {
            if place.is_some() {
                return Err(Errno::EBUSY);
            }
            let minor = u32::try_from(self.mappings.len()).expect("few");
            self.mappings.push(Mapping { name, uuid: text(page, 176), minor, ..Mapping::default() });
            put_dev(page, minor);
            return Ok(());
        }
        let place = place.ok_or(Errno::new(6))?;
        let mapping = &mut self.mappings[place];
        // `__dev_status()`: not only of what was created.
        put_dev(page, mapping.minor);
        match what {
            "remove" => drop(self.mappings.remove(place)),
            "load" => {
                assert_eq!(flags & 1, 1, "verity is read-only");
                mapping.loaded = Some((number(page, 320, 8), text(page, 336), text(page, 352)));
            }
            "resume" => {
                mapping.table = mapping.loaded.take();
                let minor = mapping.minor;
                self.map_block(minor);
            }
            _ => {
                let (sectors, target, parameters) = mapping.table.clone().expect("a table");
                assert_eq!(flags, 0x10);
                page[20] = 1;
                page[28] = 0x31;
                let uuid = mapping.uuid.clone();
                page[176..176 + uuid.len()].copy_from_slice(uuid.as_bytes());
                page[312..].fill(0);
                page[320..328].copy_from_slice(&sectors.to_le_bytes());
                page[336..336 + target.len()].copy_from_slice(target.as_bytes());
                page[352..352 + parameters.len()].copy_from_slice(parameters.as_bytes());
            }
        }
        Ok(())
    }

    /// The device is there, with what the data device holds.
    fn map_block(&mut self, minor: u32) {
        let name: &'static str = format!("dm-{minor}").leak();
        let parameters =
            &self.mappings.iter().find(|one| one.minor == minor).expect("it").table.as_ref().expect("a table").2;
        let data = parameters.split(' ').nth(1).and_then(|dev| Dev::parse(dev.as_bytes())).expect("a data device");
        let bytes = self.tree.values().find(|file| file.rdev == Some(data)).expect("the data").bytes.clone();
        let block = Block::disk(name, (252, minor), bytes);
        for (fstype, path, file) in block.files() {
            self.tree.insert(format!("@{fstype}{path}"), file);
        }
    }
}
