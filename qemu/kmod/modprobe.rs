//! One kernel's modules, as pintle and as modprobe(8) load them.

use crate::harness::{Arch, Scratch, output, sbin};
use pintle::bytes::split_once;
use pintle::module::alias;
use pintle::module::index::Index;
use pintle::module::order::Order;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

pub(crate) struct Tree {
    /// What modprobe takes for `/`.
    root: PathBuf,
    release: String,
    dep: Vec<u8>,
    alias: Vec<u8>,
    softdep: Vec<u8>,
}

/// The lines of modules.alias: by the first bytes of their patterns those that have so many literal ones, and the others; each
/// with its number. (A look at all of them for each alias would take minutes.)
struct Lines<'t> {
    by_start: HashMap<&'t [u8], Vec<Line<'t>>>,
    others: Vec<Line<'t>>,
}
type Line<'t> = (usize, &'t [u8], &'t [u8]);

/// `pci:v00008086` and the letter behind it.
const START: usize = 14;

impl<'t> Lines<'t> {
    fn of(lines: &[(&'t [u8], &'t [u8])]) -> Lines<'t> {
        let mut all = Lines { by_start: HashMap::new(), others: Vec::new() };
        for (number, (pattern, module)) in lines.iter().enumerate() {
            let start = pattern.get(..alias::literal(pattern).min(START)).unwrap_or_default();
            // `-` and `_` are one.
            let list = if start.len() == START && !start.contains(&b'-') && !start.contains(&b'_') {
                all.by_start.entry(start).or_default()
            } else {
                &mut all.others
            };
            list.push((number, pattern, module));
        }
        all
    }

    /// The modules whose pattern stands for it, in their order.
    fn fits(&self, name: &[u8]) -> Vec<&'t [u8]> {
        let own = name.get(..START).and_then(|start| self.by_start.get(start));
        let lines = own.into_iter().flatten().chain(&self.others);
        let mut found: Vec<_> = lines.filter(|(_, pattern, _)| alias::fits(pattern, name)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, _, module)| *module).collect()
    }
}

impl Tree {
    /// That of a fetched kernel.
    #[track_caller]
    pub(crate) fn new(scratch: &Scratch, arch: Arch, kernel: &str) -> Tree {
        let release = arch.kernel_release(kernel);
        let root = scratch.path(&format!("kmod.{}", arch.name()));
        fs::create_dir_all(root.join("lib/modules")).expect("a directory");
        let modules = arch.kernel(kernel).join("modules");
        std::os::unix::fs::symlink(&modules, root.join("lib/modules").join(&release)).expect("a link");
        let read = |name| fs::read(modules.join(name)).expect("what depmod writes");
        Tree { root, release, dep: read("modules.dep"), alias: read("modules.alias"), softdep: read("modules.softdep") }
    }

    fn lines(&self) -> Vec<(&[u8], &[u8])> {
        let mut text = Some(self.alias.as_slice());
        std::iter::from_fn(|| alias::next(&mut text)).collect()
    }

    /// What stands in modules.alias before the modules' names.
    pub(crate) fn patterns(&self) -> Vec<String> {
        self.lines().iter().map(|(pattern, _)| String::from_utf8_lossy(pattern).into_owned()).collect()
    }

    /// Compares what both load for each of `aliases`, and in which order. Returns for how many that is anything.
    #[track_caller]
    pub(crate) fn check(&self, aliases: &[String]) -> usize {
        let lines = Lines::of(&self.lines());
        let mut index = Box::new(Index::new());
        index.read(&self.dep);
        let index = &index;
        let loads = AtomicUsize::new(0);
        thread::scope(|scope| {
            for part in aliases.chunks(aliases.len().div_ceil(2)) {
                let (lines, loads) = (&lines, &loads);
                scope.spawn(move || {
                    // What the same modules take is found out once: a fresh index is most of the time.
                    let mut known = HashMap::new();
                    for alias in part {
                        let wanted = wanted(index, lines, alias.as_bytes());
                        let own = known.entry(wanted).or_insert_with_key(|wanted| self.own(wanted));
                        assert_eq!(*own, modprobe(&self.root, &self.release, alias), "{alias}");
                        loads.fetch_add(usize::from(!own.is_empty()), Ordering::Relaxed);
                    }
                });
            }
        });
        loads.into_inner()
    }

    /// What a boot loads for these modules, in that order.
    fn own(&self, wanted: &[u16]) -> Vec<String> {
        let mut paths = Vec::new();
        if wanted.is_empty() {
            return paths;
        }
        let (mut index, mut order) = (Box::new(Index::new()), Order::new());
        index.read(&self.dep);
        for place in wanted {
            order.want(*place);
            while let Some(path) = order.next(&mut index, Some(&self.softdep), Some(&self.alias)) {
                paths.push(String::from_utf8_lossy(path).into_owned());
            }
        }
        paths
    }
}

/// The modules that a boot wants for a device that says that of itself.
fn wanted(index: &Index<'_>, lines: &Lines<'_>, name: &[u8]) -> Vec<u16> {
    let fit = lines.fits(name);
    if fit.is_empty() && !name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)) {
        return Vec::new();
    }
    // A module's own name comes before what it may be an alias for.
    match index.find(name) {
        Some(place) => vec![place],
        None => fit.iter().filter_map(|module| index.find(module)).collect(),
    }
}

/// What modprobe would load, each once; nothing where it knows no such module.
fn modprobe(root: &Path, release: &str, name: &str) -> Vec<String> {
    // -C: none of this machine's own settings.
    let mut command = sbin("modprobe");
    command.args(["-C", "/dev/null", "-S", release, "--show-depends", "-d"]).arg(root).arg("--").arg(name);
    let Ok(text) = output(&mut command) else { return Vec::new() };
    let folder = format!("insmod {}/lib/modules/{release}/", root.display());
    let mut paths: Vec<String> = Vec::new();
    for line in text.lines() {
        let Some(path) = line.strip_prefix(&folder) else { continue };
        let path =
            split_once(path.as_bytes(), b' ').map_or(path, |(path, _)| std::str::from_utf8(path).unwrap_or_default());
        if !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    paths
}
