//! The one place with `unsafe`: the system calls behind [`pintle::kernel::Kernel`], the entry, and the memory
//! functions that the compiler asks for. One thin function a call, under the kernel's name; no policy.

mod arch;
mod kernel;
mod memory;
mod panic;
mod start;

use pintle::kmsg::Line;

/// The running Linux. It holds nothing: a pointer to it is never passed on in the compiled program.
pub(crate) struct Linux(());

impl Linux {
    /// There is one for each process; [`start`] makes it, and a panic another.
    pub(crate) const fn new() -> Self {
        Linux(())
    }

    /// The line that the log is writing.
    pub(crate) fn log_line(&mut self) -> &mut Line {
        start::line(self)
    }

    /// What this process was started with.
    fn arguments(&self) -> start::Arguments {
        start::arguments()
    }
}
