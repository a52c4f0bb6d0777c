//! The memory functions that compiled code calls and nobody else defines without a libc (mem*(3), `bcmp`, `strlen`).
//!
//! The compiler knows these loops by their shape and would make each a call of itself; what keeps it from that is a
//! place that it has to take for unknown at every turn.

use core::arch::asm;

/// `at`, but the compiler can't know. (`black_box` does the same by way of the stack.)
#[inline(always)]
fn unknown(mut at: usize) -> usize {
    // SAFETY: no instruction.
    unsafe { asm!("/* {0} */", inout(reg) at, options(pure, nomem, nostack, preserves_flags)) };
    at
}

/// # Safety
///
/// memcpy(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    // SAFETY: the caller vouches for `length` bytes at both, apart from each other.
    unsafe { copy_up(to, from, length) };
    to
}

/// # Safety
///
/// memmove(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= length {
        // SAFETY: the caller vouches for `length` bytes at both; no byte of `from` is written before it is read.
        unsafe { copy_up(to, from, length) };
    } else {
        for at in (0..length).rev() {
            // SAFETY: below `length`; from the end on, for `to` is inside `from`'s bytes.
            unsafe { *to.add(at) = *from.add(unknown(at)) };
        }
    }
    to
}

/// # Safety
///
/// memset(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8 {
    let [byte, ..] = byte.to_le_bytes();
    // SAFETY: the caller vouches for `length` bytes.
    unsafe { fill(to, byte, length) };
    to
}

/// # Safety
///
/// memcmp(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    for at in 0..length {
        // SAFETY: the caller vouches for `length` bytes at both.
        let (one, other) = unsafe { (*one.add(unknown(at)), *other.add(at)) };
        if one != other {
            return i32::from(one) - i32::from(other);
        }
    }
    0
}

/// # Safety
///
/// bcmp(3): memcmp(3), but only whether they differ.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    // SAFETY: the same contract.
    unsafe { memcmp(one, other, length) }
}

/// # Safety
///
/// strlen(3).
#[unsafe(no_mangle)]
unsafe extern "C" fn strlen(text: *const u8) -> usize {
    let mut length = 0;
    // SAFETY: the caller vouches for a NUL; nothing is read behind it.
    while unsafe { *text.add(unknown(length)) } != 0 {
        length += 1;
    }
    length
}

#[cfg(target_arch = "x86_64")]
unsafe fn copy_up(to: *mut u8, from: *const u8, length: usize) {
    // SAFETY: `length` bytes at both are the caller's word; the direction flag is clear by the psABI.
    unsafe {
        asm!("rep movsb", inout("rcx") length => _, inout("rdi") to => _, inout("rsi") from => _,
            options(nostack, preserves_flags));
    }
}

#[cfg(target_arch = "x86_64")]
unsafe fn fill(to: *mut u8, byte: u8, length: usize) {
    // SAFETY: `length` bytes are the caller's word; the direction flag is clear by the psABI.
    unsafe {
        asm!("rep stosb", inout("rcx") length => _, inout("rdi") to => _, in("al") byte,
            options(nostack, preserves_flags));
    }
}

#[cfg(not(target_arch = "x86_64"))]
unsafe fn copy_up(to: *mut u8, from: *const u8, length: usize) {
    for at in 0..length {
        // SAFETY: below `length`, the caller's word for both.
        unsafe { *to.add(at) = *from.add(unknown(at)) };
    }
}

/// By eight bytes at a time, as long as there are so many: what is filled is mostly pages.
#[cfg(not(target_arch = "x86_64"))]
unsafe fn fill(mut to: *mut u8, byte: u8, mut length: usize) {
    let eight = u64::from_le_bytes([byte; 8]);
    while length >= 8 {
        // SAFETY: eight bytes of `length`, the caller's word.
        unsafe {
            to.cast::<u64>().write_unaligned(eight);
            to = to.add(8);
        }
        length = unknown(length - 8);
    }
    for at in 0..length {
        // SAFETY: below `length`, the caller's word.
        unsafe { *to.add(unknown(at)) = byte };
    }
}
