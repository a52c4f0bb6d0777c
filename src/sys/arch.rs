//! `_start`, per architecture: the stack pointer becomes the first argument, the frame chain ends here.

use core::arch::naked_asm;

/// The entry point.
///
/// # Safety
///
/// For the kernel alone.
#[cfg(target_arch = "x86_64")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
#[unsafe(link_section = ".text._start")]
unsafe extern "C" fn _start() -> ! {
    // The psABI: rsp is 16-byte aligned at entry, and must be so again before a call; rbp ends the frame chain.
    naked_asm!("xor ebp, ebp", "mov rdi, rsp", "call {start}", "ud2", start = sym super::start::start)
}

/// The entry point.
///
/// # Safety
///
/// For the kernel alone.
#[cfg(target_arch = "aarch64")]
#[unsafe(no_mangle)]
#[unsafe(naked)]
#[unsafe(link_section = ".text._start")]
unsafe extern "C" fn _start() -> ! {
    // The psABI: sp is 16-byte aligned always; x29 and x30 end the frame chain.
    naked_asm!("mov x29, xzr", "mov x30, xzr", "mov x0, sp", "b {start}", start = sym super::start::start)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!(
    "pintle has no _start for this architecture yet: one function in src/sys/arch.rs, its emulation in linker/build.rs"
);
