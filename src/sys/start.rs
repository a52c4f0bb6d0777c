//! From the kernel's initial stack to `main`.

use super::Linux;
use core::ffi::{CStr, c_char};

/// The argument and environment vectors of this process.
///
/// Holds: `argv` points to `argc` pointers to C strings and a null pointer, and the environment's vector, likewise
/// ended, follows right behind it; all of it lives as long as the process and nobody else writes to it.
#[derive(Clone, Copy)]
pub(crate) struct Arguments {
    argc: usize,
    pub(super) argv: *mut *const c_char,
}

impl Arguments {
    /// No arguments; not to be executed with.
    #[cfg(not(panic_proof))]
    pub(super) fn none() -> Self {
        Arguments { argc: 0, argv: core::ptr::null_mut() }
    }

    /// The argument at `place`, 0 being the name pintle was called by.
    pub(crate) fn get(&self, place: usize) -> Option<&'static [u8]> {
        if place >= self.argc {
            return None;
        }
        // SAFETY: below argc, the vector holds pointers to C strings that live as long as the process.
        let argument = unsafe { CStr::from_ptr(*self.argv.add(place)) };
        Some(argument.to_bytes())
    }

    /// The environment vector.
    pub(super) fn envp(&self) -> *const *const c_char {
        // SAFETY: argc pointers and a null pointer stand before it in the same array.
        unsafe { self.argv.add(self.argc + 1) }
    }
}

/// Called by `_start` with the stack pointer that the kernel set: argc, argv, NULL, envp, NULL (execve(2), and the
/// psABI of either architecture).
///
/// # Safety
///
/// `stack` is that pointer, and this is the first that runs.
pub(super) unsafe extern "C" fn start(stack: *mut usize) -> ! {
    // SAFETY: the kernel put argc at the stack pointer, and the vectors above it.
    let arguments = unsafe { Arguments { argc: *stack, argv: stack.add(1).cast() } };
    crate::main(&mut Linux::new(arguments))
}
