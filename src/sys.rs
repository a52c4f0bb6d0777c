//! The one place with `unsafe`: the system calls behind [`pintle::kernel::Kernel`], the entry, and the memory
//! functions that the compiler asks for. One thin function a call, under the kernel's name; no policy.

mod arch;
mod kernel;
mod memory;
mod panic;
mod start;

pub(crate) use start::Arguments;

/// The running Linux, and what it started this process with.
pub(crate) struct Linux {
    arguments: Arguments,
}

impl Linux {
    /// There is one for each process; [`start`] makes it.
    fn new(arguments: Arguments) -> Self {
        Linux { arguments }
    }

    /// For a panic, which has nobody to ask.
    #[cfg(not(panic_proof))]
    pub(crate) fn without_arguments() -> Self {
        Linux { arguments: Arguments::none() }
    }

    /// What this process was started with.
    pub(crate) fn arguments(&self) -> Arguments {
        self.arguments
    }
}
