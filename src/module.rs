//! Kernel modules: which ones the image lists ([`list`]), where they are ([`dep`]), and loading them ([`load`], the one
//! file here that sees the kernel).

pub mod dep;
pub mod list;
pub mod load;
