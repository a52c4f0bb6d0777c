//! From the kernel's initial stack to `main`.

use super::Linux;
use core::ffi::{CStr, c_char};
use pintle::buffers::Buffers;

/// The argument and environment vectors of this process.
///
/// Holds: `argv` points to `argc` pointers and a null pointer, and the environment's vector, likewise ended, follows
/// right behind it. All of it lives as long as the process; an exec writes the first pointer, nobody writes another.
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

    /// True when there is a first one, the name pintle was called by.
    pub(super) fn has_name(&self) -> bool {
        self.argc != 0
    }

    /// The argument behind that.
    pub(crate) fn first(&self) -> Option<&'static [u8]> {
        if self.argc < 2 {
            return None;
        }
        // SAFETY: below argc, and not the first: a pointer to a C string that the kernel put there, for good.
        let argument = unsafe { CStr::from_ptr(*self.argv.add(1)) };
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
    static mut BUFFERS: Buffers = Buffers::new();
    let buffers = &raw mut BUFFERS;
    // SAFETY: this runs once, in the only thread there is.
    crate::main(&mut Linux::new(arguments), unsafe { &mut *buffers })
}
