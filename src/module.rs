//! Kernel modules: which ones the image lists ([`list`]), what the command line says of them ([`words`]), where they are
//! ([`index`]), what they are for ([`alias`]), in which order they are loaded ([`order`], [`softdep`]), and loading them ([`load`]):
//! by the list, and by the devices that are there ([`coldplug`]). The last two alone see the kernel.

pub mod alias;
pub mod coldplug;
pub mod index;
pub mod list;
pub mod load;
pub mod order;
pub mod softdep;
pub mod words;

#[cfg(test)]
mod tests;
