//! From the kernel's initial stack to `main`.

use super::Linux;
use core::ffi::{CStr, c_char};
use pintle::buffers::Buffers;
use pintle::bytes::{Text, ZStr};
use pintle::kmsg::Line;

/// The argument and environment vectors of this process.
///
/// Holds: `argv` points to `argc` pointers and a null pointer, and the environment's vector, likewise ended, follows
/// right behind it; argc itself, or a pointer that [`shift`] has left behind, stands before it. All of it lives as long as
/// the process; an exec writes the first pointer, or the one before it, nobody writes another.
/// [`shift`] leaves what is behind the first ones, of which the same holds.
#[derive(Clone, Copy)]
pub(super) struct Arguments {
    argc: usize,
    argv: *mut *const c_char,
}

impl Arguments {
    /// The vector, with `name` as the first of them, which replaces the one that is there.
    pub(super) fn named(&self, name: *const c_char) -> *const *const c_char {
        let place = if self.argc == 0 { self.argv.wrapping_sub(1) } else { self.argv };
        // SAFETY: a place of the vector, or what stands before it: one that [`shift`] has left behind, or argc, both of which
        // nobody looks at any more.
        unsafe { *place = name };
        place
    }

    /// The argument in place `index`; 0 is the first.
    pub(super) fn get(&self, index: usize) -> Option<ZStr<'static>> {
        if index >= self.argc {
            return None;
        }
        // SAFETY: below argc: a pointer to a C string that the kernel put there, for good.
        let argument = unsafe { CStr::from_ptr(*self.argv.add(index)) };
        Some(ZStr::of(argument))
    }

    /// The variable in place `index` of the environment.
    pub(super) fn variable(&self, index: usize) -> Option<ZStr<'static>> {
        let mut place = self.envp();
        for _ in 0..index {
            // SAFETY: no null pointer, behind which the vector would end.
            unsafe {
                if (*place).is_null() {
                    return None;
                }
                place = place.add(1);
            }
        }
        // SAFETY: a pointer of the vector, or the one that ends it.
        let variable = unsafe { *place };
        // SAFETY: a C string that the kernel put there, for good.
        (!variable.is_null()).then(|| ZStr::of(unsafe { CStr::from_ptr(variable) }))
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

/// A vector without arguments, and with the environment that the kernel gives by itself (`envp_init` in init/main.c). An
/// exec writes the first pointer.
static mut BARE: [*const c_char; 5] =
    [core::ptr::null(), core::ptr::null(), c"HOME=/".as_ptr(), c"TERM=linux".as_ptr(), core::ptr::null()];

/// That environment.
pub(super) fn environment() -> *const *const c_char {
    Arguments { argc: 1, argv: (&raw mut BARE).cast() }.envp()
}

/// Leaves nothing of what this process was started with.
pub(super) fn forget() {
    // SAFETY: nobody holds a reference to it; of the vector the same holds as of the kernel's.
    unsafe { ARGUMENTS = Arguments { argc: 1, argv: (&raw mut BARE).cast() } };
}

/// The line that the log is writing, likewise.
static mut LINE: Line = Line::new();

/// The line that the log is writing.
pub(super) fn line(_: &mut Linux) -> &mut Line {
    let line = &raw mut LINE;
    // SAFETY: the one reference there is: it borrows the process's one `Linux`. (A panic's doesn't write to the log.)
    unsafe { &mut *line }
}

/// The path that is being put together, likewise.
static mut PATH: Text = Text::new();

/// The path that is being put together.
pub(super) fn path(_: &mut Linux) -> &mut Text {
    let path = &raw mut PATH;
    // SAFETY: the one reference there is: it borrows the process's one `Linux`. (A panic's opens nothing.)
    unsafe { &mut *path }
}

/// What this process was started with, and [`shift`] has left.
pub(super) fn arguments() -> Arguments {
    // SAFETY: the only thread there is holds no reference to it.
    unsafe { ARGUMENTS }
}

/// Leaves the arguments behind the first, if there is one.
pub(super) fn shift() {
    let Arguments { argc, argv } = arguments();
    if argc != 0 {
        // SAFETY: below argc, behind which the null pointer stands; nobody holds a reference to it.
        unsafe { ARGUMENTS = Arguments { argc: argc - 1, argv: argv.add(1) } };
    }
}
