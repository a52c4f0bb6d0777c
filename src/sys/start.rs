//! From the kernel's initial stack to `main`.

use super::Linux;
use core::ffi::{CStr, c_char};
use pintle::buffers::Buffers;
use pintle::kmsg::Line;

/// The argument and environment vectors of this process.
///
/// Holds: `argv` points to `argc` pointers and a null pointer, and the environment's vector, likewise ended, follows
/// right behind it. All of it lives as long as the process; an exec writes the first pointer, nobody writes another.
/// [`shift`] leaves what is behind the first ones, of which the same holds.
#[derive(Clone, Copy)]
pub(super) struct Arguments {
    argc: usize,
    pub(super) argv: *mut *const c_char,
}

impl Arguments {
    /// True when there is a first one, the name pintle was called by.
    pub(super) fn has_name(&self) -> bool {
        self.argc != 0
    }

    /// The argument in place `index`; 0 is the first.
    pub(super) fn get(&self, index: usize) -> Option<&'static [u8]> {
        if index >= self.argc {
            return None;
        }
        // SAFETY: below argc: a pointer to a C string that the kernel put there, for good.
        let argument = unsafe { CStr::from_ptr(*self.argv.add(index)) };
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
    // SAFETY: the kernel put argc at the stack pointer, and the vectors above it; nothing else runs yet.
    unsafe { ARGUMENTS = Arguments { argc: *stack, argv: stack.add(1).cast() } };
    // Where everybody knows it to be, it isn't carried along either.
    static mut LINUX: Linux = Linux::new();
    static mut BUFFERS: Buffers = Buffers::new();
    let (linux, buffers) = (&raw mut LINUX, &raw mut BUFFERS);
    // SAFETY: this runs once, in the only thread there is.
    unsafe { crate::main(&mut *linux, &mut *buffers) }
}

/// What [`start`] was given. In one place, and not carried along by everybody who makes a system call.
static mut ARGUMENTS: Arguments = Arguments { argc: 0, argv: core::ptr::null_mut() };

/// The line that the log is writing, likewise.
static mut LINE: Line = Line::new();

/// The line that the log is writing.
pub(super) fn line(_: &mut Linux) -> &mut Line {
    let line = &raw mut LINE;
    // SAFETY: the one reference there is: it borrows the process's one `Linux`. (A panic's doesn't write to the log.)
    unsafe { &mut *line }
}

/// What this process was started with, and [`shift`] has left.
pub(super) fn arguments() -> Arguments {
    // SAFETY: the only thread there is holds no reference to it.
    unsafe { ARGUMENTS }
}

/// Leaves the arguments behind the first `count`, if there are so many.
pub(super) fn shift(count: usize) {
    let Arguments { argc, argv } = arguments();
    let count = count.min(argc);
    // SAFETY: no more than argc, behind which the null pointer stands; nobody holds a reference to it.
    unsafe { ARGUMENTS = Arguments { argc: argc - count, argv: argv.add(count) } };
}
