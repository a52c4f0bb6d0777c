//! A list of devices, each once, by number.

use crate::bytes::Dev;

/// Room for all that a large machine has; more are not looked at.
const MOST_DEVS: usize = 8192;

/// Devices in the order that they were added, and behind them a place that is empty.
pub struct Devs {
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
        Devs { devs: [None; MOST_DEVS] }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        let [first, ..] = &mut self.devs;
        *first = None;
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.get(0).is_none()
    }

    /// Adds `dev`, once.
    #[inline(never)]
    pub fn add(&mut self, dev: Dev) {
        let mut slots = self.devs.iter_mut();
        while let Some(slot) = slots.next()
            && *slot != Some(dev)
        {
            if slot.is_none()
                && let Some(end) = slots.next()
            {
                (*slot, *end) = (Some(dev), None);
                return;
            }
        }
    }

    /// The one in this place; `None` past the last.
    #[inline(never)]
    pub fn get(&self, place: usize) -> Option<Dev> {
        *self.devs.get(place)?
    }
}
