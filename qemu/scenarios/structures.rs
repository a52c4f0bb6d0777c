//! The kernel's own structures in the memory of a guest that stands still. What they look like the kernel says itself, in
//! /sys/kernel/btf/vmlinux (Documentation/bpf/btf.rst), which bpftool reads.

use crate::harness::{output, sbin};
use crate::monitor::Monitor;
use std::collections::HashMap;
use std::path::Path;

/// More than any list has, and any path has names.
const MANY: usize = 1000;

/// Where the members of structures are.
pub(crate) struct Types {
    /// By the number that BTF gives a structure: names, numbers of types, offsets.
    members: HashMap<u32, Vec<(String, u32, usize)>>,
    numbers: HashMap<String, u32>,
}

impl Types {
    /// By a copy of that file. It may end in zeros.
    #[track_caller]
    pub(crate) fn new(btf: &Path) -> Types {
        let text = output(sbin("bpftool").args(["btf", "dump", "file"]).arg(btf)).unwrap_or_else(|why| panic!("{why}"));
        let mut types = Types { members: HashMap::new(), numbers: HashMap::new() };
        let mut current = 0;
        for line in text.lines() {
            // [982] STRUCT 'super_block' size=1472 vlen=64
            //         's_list' type_id=96 bits_offset=0
            let words: Vec<_> = line.split_whitespace().collect();
            match words.as_slice() {
                [number, "STRUCT" | "UNION", name, ..] => {
                    current = number.trim_matches(['[', ']']).parse().expect("the number of a type");
                    types.numbers.entry(name.trim_matches('\'').to_owned()).or_insert(current);
                }
                [name, of, offset, ..] if offset.starts_with("bits_offset=") => {
                    let number = |word: &str| word.split_once('=').and_then(|(_, value)| value.parse().ok());
                    let (of, bits) = number(of).zip(number(offset)).expect("a member");
                    let members = types.members.entry(current).or_default();
                    members.push((name.trim_matches('\'').to_owned(), of, bits as usize / 8));
                }
                _ => {}
            }
        }
        types
    }

    /// Also of a member of a structure inside it.
    #[track_caller]
    fn offset(&self, structure: &str, member: &str) -> u64 {
        let number = self.numbers.get(structure).unwrap_or_else(|| panic!("no structure {structure}"));
        self.find(*number, member).unwrap_or_else(|| panic!("no {member} in {structure}")) as u64
    }

    fn find(&self, structure: u32, member: &str) -> Option<usize> {
        let members = self.members.get(&structure)?;
        let own = members.iter().find(|(name, ..)| name == member).map(|(.., offset)| *offset);
        own.or_else(|| members.iter().find_map(|(_, of, offset)| Some(offset + self.find(*of, member)?)))
    }
}

/// The memory of a guest.
pub(crate) struct Memory<'m> {
    monitor: &'m mut Monitor,
    types: Types,
    file: &'m Path,
}

impl<'m> Memory<'m> {
    /// `file` is what it is read by.
    pub(crate) fn new(monitor: &'m mut Monitor, types: Types, file: &'m Path) -> Memory<'m> {
        Memory { monitor, types, file }
    }

    /// The type of a superblock.
    #[track_caller]
    pub(crate) fn fstype(&mut self, superblock: u64) -> String {
        let fstype = self.pointer(superblock, "super_block", "s_type");
        let name = self.pointer(fstype, "file_system_type", "name");
        self.text(name)
    }

    /// The paths of all inodes that it has.
    #[track_caller]
    pub(crate) fn inodes(&mut self, superblock: u64) -> Vec<String> {
        let head = superblock + self.types.offset("super_block", "s_inodes");
        let link = self.types.offset("inode", "i_sb_list");
        let mut paths = Vec::new();
        let mut next = self.read(head);
        while next != head {
            assert!(paths.len() < MANY, "no end of the list of inodes");
            paths.push(self.path(next - link));
            next = self.read(next);
        }
        paths.sort();
        paths
    }

    /// That of an inode, in its file system.
    fn path(&mut self, inode: u64) -> String {
        let first = self.pointer(inode, "inode", "i_dentry");
        if first == 0 {
            return "an inode without a name".to_owned();
        }
        let mut dentry = first - self.types.offset("dentry", "d_alias");
        let mut names = Vec::new();
        loop {
            let parent = self.pointer(dentry, "dentry", "d_parent");
            if parent == dentry {
                break;
            }
            assert!(names.len() < MANY, "no end of a path");
            let qstr = dentry + self.types.offset("dentry", "d_name");
            let name = self.pointer(qstr, "qstr", "name");
            names.push(self.text(name));
            dentry = parent;
        }
        names.reverse();
        format!("/{}", names.join("/"))
    }

    #[track_caller]
    fn pointer(&mut self, at: u64, structure: &str, member: &str) -> u64 {
        self.read(at + self.types.offset(structure, member))
    }

    #[track_caller]
    fn read(&mut self, at: u64) -> u64 {
        let bytes = self.monitor.memory(at, size_of::<u64>(), self.file);
        u64::from_le_bytes(bytes.try_into().expect("as many bytes as were asked for"))
    }

    /// A short one, up to its 0.
    #[track_caller]
    fn text(&mut self, at: u64) -> String {
        let bytes = self.monitor.memory(at, 32, self.file);
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }
}
