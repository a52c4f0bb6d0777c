//! The order in which modules are loaded, as modprobe(8) has it: what one needs first, by `modules.dep` and by `modules.softdep`.
//!
//! Source: `__kmod_module_get_probe_list()` and `__kmod_module_fill_softdep()` in libkmod-module.c, which call each other; here
//! what is left to do stands on a stack.

use super::alias;
use super::index::{Index, Mark, name_of};
use super::softdep;
use crate::bytes::{take_field, take_until};

/// So much may be left to do at a time. What a module needs beyond that isn't loaded, and the kernel says so of the module.
const MOST: usize = 1024;

/// What is to be done for a module stands above its place in the index: see to what it needs, unless that was done, and to itself
/// ([`FILL`]); see to what it would like before and after it, and load it in between; load it.
const PROBE: u16 = 0;
const FILL: u16 = 1 << 14;
const LOAD: u16 = 2 << 14;
const STEP: u16 = 3 << 14;

/// What is left to do, what comes next on top.
pub struct Order {
    depth: usize,
    stack: [u16; MOST],
}

impl Default for Order {
    fn default() -> Self {
        Self::new()
    }
}

impl Order {
    /// Nothing.
    pub const fn new() -> Self {
        Order { depth: 0, stack: [0; MOST] }
    }

    /// The module in that place is wanted.
    pub fn want(&mut self, place: u16) {
        self.push(PROBE | place);
    }

    #[inline(never)]
    fn push(&mut self, step: u16) {
        if let Some(slot) = self.stack.get_mut(self.depth) {
            *slot = step;
            self.depth += 1;
        }
    }

    /// The path of the next module to load; `None` where there is nothing left to do.
    pub fn next<'t>(
        &mut self,
        index: &mut Index<'t>,
        softdeps: Option<&[u8]>,
        aliases: Option<&[u8]>,
    ) -> Option<&'t [u8]> {
        loop {
            self.depth = self.depth.checked_sub(1)?;
            let depth = self.depth;
            let top = *self.stack.get(depth)?;
            let place = top & !STEP;
            let Some(mut needs) = index.line(place) else { continue };
            let path = take_until(&mut needs, b':').unwrap_or_default();
            match top & STEP {
                PROBE if index.mark(place, Mark::Seen) => {
                    self.push(FILL | place);
                    // The last one is loaded first.
                    while let need @ [_, ..] = take_field(&mut needs) {
                        if let Some(place) = index.find(name_of(need)) {
                            self.push(FILL | place);
                        }
                    }
                }
                FILL => {
                    let softdep = softdep::of(softdeps, name_of(path));
                    self.want_all(softdep, b"pre:", index, aliases);
                    self.push(LOAD | place);
                    self.want_all(softdep, b"post:", index, aliases);
                    // What was pushed comes in the order in which it was pushed.
                    let mut new = self.stack.get_mut(depth..self.depth).unwrap_or_default();
                    while let [first, rest @ .., last] = new {
                        core::mem::swap(first, last);
                        new = rest;
                    }
                }
                LOAD if index.mark(place, Mark::Loaded) => return Some(path),
                _ => {}
            }
        }
    }

    /// What stands in `softdep` behind `when` is wanted: a module's name, or else an alias, for all that have it, in their order
    /// (`kmod_module_new_from_lookup()`).
    #[inline(never)]
    fn want_all(&mut self, mut softdep: &[u8], when: &[u8], index: &Index<'_>, aliases: Option<&[u8]>) {
        let mut is_wanted = false;
        while let Some(name) = softdep::next(&mut softdep, when, &mut is_wanted) {
            let own = index.find(name);
            let mut rest = if own.is_some() { None } else { aliases };
            let mut place = own;
            loop {
                if let Some(place) = place {
                    self.want(place);
                }
                let Some((pattern, module)) = alias::next(&mut rest) else { break };
                place = if alias::fits(pattern, name) { index.find(module) } else { None };
            }
        }
    }
}
