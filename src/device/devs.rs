//! A list of devices, each once, by number.

use crate::bytes::Dev;

/// Room for all that a large machine has; more are not looked at.
const MOST_DEVS: usize = 8192;

/// Devices in the order that they were added.
pub struct Devs {
    count: usize,
    devs: [Option<Dev>; MOST_DEVS],
}

impl Default for Devs {
    fn default() -> Self {
        Self::new()
    }
}

impl Devs {
    /// None.
    pub const fn new() -> Self {
        Devs { count: 0, devs: [None; MOST_DEVS] }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.count = 0;
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds `dev`, once.
    #[inline(never)]
    pub fn add(&mut self, dev: Dev) {
        for (place, slot) in self.devs.iter_mut().enumerate() {
            if place == self.count {
                *slot = Some(dev);
                self.count += 1;
                return;
            }
            if *slot == Some(dev) {
                return;
            }
        }
    }

    /// The one in this place; `None` past the last.
    #[inline(never)]
    pub fn get(&self, place: usize) -> Option<Dev> {
        *self.devs.get(..self.count)?.get(place)?
    }
}
