//! What a panic does: in a release build, nothing, for none can happen, and the linker proves it.
//!
//! The handler calls a symbol that nothing defines. As long as the optimiser can show that no panic is reachable, the
//! call is gone with the handler and the link succeeds. `scripts/find-panic` names the place where it can't.

#[cfg(panic_proof)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    unsafe extern "C" {
        #[link_name = "a panic is reachable: scripts/find-panic says where"]
        safe fn a_panic_is_reachable() -> !;
    }
    a_panic_is_reachable()
}

#[cfg(not(panic_proof))]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    use core::fmt::Write;
    use pintle::kernel::{Fd, Kernel};

    /// Descriptor 2, unbuffered.
    struct Stderr(crate::sys::Linux);

    impl Write for Stderr {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            self.0.write(Fd(2), text.as_bytes()).map(drop).map_err(|_| core::fmt::Error)
        }
    }

    let mut stderr = Stderr(crate::sys::Linux::new());
    let _ = writeln!(stderr, "pintle: {info}");
    stderr.0.exit_group(101)
}
