//! A block device, and all that the kernel says of it.

use super::{File, dir, disk, file};

/// A block device: its name, numbers, what its uevent says besides, its bytes, and the disk that it is a partition of.
#[derive(Clone)]
pub(crate) struct Block {
    pub(crate) name: &'static str,
    pub(crate) dev: (u32, u32),
    pub(crate) uevent: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) disk: Option<(&'static str, (u32, u32))>,
    /// Sectors that sysfs tells of, where they aren't those of the bytes.
    pub(crate) sectors: Option<u64>,
    pub(crate) removable: bool,
    /// The device that is made of it, and the one that is made of its disk.
    pub(crate) holder: Option<&'static str>,
    disk_holder: Option<&'static str>,
    /// What stands above a disk in sysfs with a number of its own: an NVMe controller, a character device.
    pub(crate) controller: Option<(u32, u32)>,
}

/// What /proc/partitions says of a block device: its line from a time on, `None` where it has no room.
#[derive(Clone)]
pub(super) struct Listed {
    pub(super) at_ms: u64,
    pub(super) dev: (u32, u32),
    disk: Option<(u32, u32)>,
    line: Option<String>,
}

impl Listed {
    /// Lets the list have another name of it.
    pub(super) fn rename(&mut self, name: &str) {
        if let Some((line, _)) = self.line.as_ref().and_then(|line| line.rsplit_once(' ')) {
            self.line = Some(format!("{line} {name}\n"));
        }
    }
}

/// The file, by what is never torn apart in reading: the head, and each disk with its partitions (`show_partition()` in
/// block/genhd.c). Without a disk there is no head.
pub(super) fn partitions<'l>(listed: impl Iterator<Item = &'l Listed> + Clone) -> Vec<String> {
    let is_there = |dev| listed.clone().any(|other| other.dev == dev);
    let mut records = Vec::new();
    for disk in listed.clone().filter(|one| !one.disk.is_some_and(is_there)) {
        if records.is_empty() {
            records.push("major minor  #blocks  name\n\n".into());
        }
        let Some(line) = &disk.line else { continue };
        let parts = listed.clone().filter(|part| part.disk == Some(disk.dev)).filter_map(|part| part.line.as_deref());
        records.push(line.clone() + &parts.collect::<String>());
    }
    records
}

impl Block {
    pub(crate) fn disk(name: &'static str, dev: (u32, u32), bytes: Vec<u8>) -> Self {
        let (sectors, removable, holder, disk_holder, controller) = (None, false, None, None, None);
        Block { name, dev, uevent: "", bytes, disk: None, sectors, removable, holder, disk_holder, controller }
    }

    /// A partition of this disk, with what the uevent says of it.
    pub(crate) fn partition(&self, name: &'static str, minor: u32, uevent: &'static str, bytes: Vec<u8>) -> Self {
        let mut block = Block::disk(name, (self.dev.0, minor), bytes);
        (block.uevent, block.disk, block.disk_holder) = (uevent, Some((self.name, self.dev)), self.holder);
        block
    }

    pub(crate) fn uevent(&self) -> String {
        let Block { name, dev: (major, minor), uevent, .. } = self;
        let devtype = if self.disk.is_some() { "partition" } else { "disk" };
        format!("MAJOR={major}\nMINOR={minor}\nDEVNAME={name}\nDEVTYPE={devtype}\n{uevent}")
    }

    /// The netlink message that tells of it.
    pub(crate) fn message(&self) -> Vec<u8> {
        let name = self.name;
        let head = format!("add@/devices/{name}\nACTION=add\nDEVPATH=/devices/{name}\nSUBSYSTEM=block\n");
        (head + &self.uevent()).replace('\n', "\0").into_bytes()
    }

    fn sectors(&self) -> u64 {
        self.sectors.unwrap_or(self.bytes.len().max(65536 * 512) as u64 / 512)
    }

    /// What stands of it in /proc/partitions from then on, in units of 1 KiB.
    pub(super) fn listed(&self, at_ms: u64) -> Listed {
        let Block { name, dev: (major, minor), .. } = self;
        let blocks = self.sectors() / 2;
        let line = (self.sectors() != 0).then(|| format!("{major:4}  {minor:7} {blocks:10} {name}\n"));
        Listed { at_ms, dev: self.dev, disk: self.disk.map(|(_, dev)| dev), line }
    }

    /// All that stands in sysfs and devtmpfs of it, by the mount's name and the path.
    pub(crate) fn files(&self) -> Vec<(&'static str, String, File)> {
        let Block { name, dev: (major, minor), bytes, .. } = self;
        let number = format!("/dev/block/{major}:{minor}");
        let attribute = |text: &str| file(0o444, format!("{text}\n"));
        let uevent = file(0o644, self.uevent());
        let mut files = vec![
            ("devtmpfs", format!("/{name}"), disk(*major, *minor, bytes)),
            ("sysfs", number.clone(), dir()),
            ("sysfs", format!("{number}/size"), attribute(&self.sectors().to_string())),
            ("sysfs", format!("{number}/uevent"), uevent),
            ("sysfs", format!("{number}/dev"), attribute(&format!("{major}:{minor}"))),
            ("sysfs", format!("{number}/holders"), dir()),
        ];
        files.extend(self.holder.map(|holder| ("sysfs", format!("{number}/holders/{holder}"), dir())));
        if self.holder.or(self.disk_holder).is_some() {
            files.push(("sysfs", "/devices/virtual/block".into(), dir()));
        }
        let Some((_, (disk_major, disk_minor))) = self.disk else {
            files.push(("sysfs", format!("{number}/removable"), attribute(if self.removable { "1" } else { "0" })));
            let controller = self.controller.map(|(major, minor)| attribute(&format!("{major}:{minor}")));
            files.extend(controller.map(|dev| ("sysfs", format!("{number}/../dev"), dev)));
            return files;
        };
        files.push(("sysfs", format!("{number}/partition"), attribute(&minor.wrapping_sub(disk_minor).to_string())));
        let parent = format!("{disk_major}:{disk_minor}");
        files.push(("sysfs", format!("{number}/../dev"), attribute(&parent)));
        files.push(("sysfs", format!("{number}/../holders"), dir()));
        files.extend(self.disk_holder.map(|holder| ("sysfs", format!("{number}/../holders/{holder}"), dir())));
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_proc_partitions() {
        let disk = Block::disk("sda", (8, 0), vec![]);
        let mut empty = Block::disk("loop0", (7, 0), vec![]);
        empty.sectors = Some(0);
        let partition = disk.partition("sda1", 1, "", vec![]);
        let blocks = [partition, empty, Block::disk("nvme0n1", (259, 12), vec![]), disk];
        let listed = blocks.map(|block| block.listed(0));
        let expected = "major minor  #blocks  name

 259       12      32768 nvme0n1
   8        0      32768 sda
   8        1      32768 sda1
";
        assert_eq!(partitions(listed.iter()).concat(), expected);
        assert_eq!(partitions([].iter()).concat(), "");
    }
}
