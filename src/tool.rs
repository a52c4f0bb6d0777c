//! The command-line forms: what pintle does where it is not the init of an initramfs, or somebody else's /init calls it by
//! the name of one.

use crate::buffers::Buffers;
use crate::bytes::{NOWHERE, basename, is, place_of};
use crate::kernel::{Fd, Kernel};
use crate::packed;
use crate::template::push_packed;

mod out;
mod pivot_root;
mod probe;
mod root;
mod run;
pub mod switch_root;

const USAGE: &[u8] = packed!(USAGE_TEXT);
const USAGE_TEXT: &[u8] = b"usage: init FORM [ARGUMENT...]\n\
pintle, the /init of a Linux initramfs, boots only as PID 1 of one, on Linux 5.10 or later. Other forms:\n\
  probe FILE...                what is on devices or in images, like blkid(8); exit status 2: nothing\n\
  root \"WORDS\"                 what these words of a kernel command line would boot here\n\
  pivot_root NEW_ROOT PUT_OLD  pivot_root(8)\n\
  switch_root [-c CONSOLE] NEW_ROOT INIT [ARG...]  switch_root(8), called by this name as PID 1\n\
  run [--proc] [--dev] [--user] NEW_ROOT [COMMAND [ARG...]]  run it, or /bin/sh, in another root\n\
  --help, --version\n";
const VERSION: &[u8] = concat!("pintle ", env!("CARGO_PKG_VERSION"), "\n").as_bytes();

/// The forms.
const FORMS: &[u8] = packed!(FORMS_TEXT);
const FORMS_TEXT: &[u8] = b"--help|--version|probe|root|pivot_root|switch_root|run";
const HELP: usize = 0;
const VERSION_FORM: usize = 1;
const PROBE: usize = 2;
const ROOT: usize = 3;
const PIVOT_ROOT: usize = 4;
const SWITCH_ROOT: usize = 5;
const RUN: usize = 6;

/// Runs the form that pintle is called by the name of, or that its first argument selects, and returns the exit status: 2
/// for none, with the usage on stderr. As PID 1, of a container say, it has no other.
pub fn run<K: Kernel>(kernel: &mut K, buffers: &mut Buffers) -> i32 {
    if kernel.getpid() == 1 {
        return usage(kernel);
    }
    let mut form = NOWHERE;
    if let Some(name) = kernel.take_argument() {
        form = place_of(FORMS, basename(name.to_bytes()));
    }
    if form == NOWHERE
        && let Some(word) = kernel.take_argument()
    {
        form = place_of(FORMS, word.to_bytes());
    }
    match form {
        NOWHERE => usage(kernel),
        _ if form == HELP || next_is(kernel, "--help") => say(kernel, Fd(1), USAGE, 0),
        VERSION_FORM => say(kernel, Fd(1), VERSION, 0),
        PROBE => probe::run(kernel, buffers),
        ROOT => root::run(kernel, buffers),
        PIVOT_ROOT => pivot_root::run(kernel, buffers),
        SWITCH_ROOT => out::fail(kernel, b"switch_root", b"/", b"not PID 1 of an initramfs"),
        RUN => run::run(kernel, buffers),
        _ => usage(kernel),
    }
}

/// Whether the first of the arguments that are left is `word`.
#[inline(never)]
fn next_is<K: Kernel>(kernel: &mut K, word: &str) -> bool {
    kernel.argument(0).is_some_and(|argument| is(argument.to_bytes(), word))
}

/// Writes `text`, which is packed; returns the exit status, `status` where that worked.
#[inline(never)]
fn say<K: Kernel>(kernel: &mut K, fd: Fd, text: &[u8], status: i32) -> i32 {
    push_packed(text, out::text(kernel));
    kernel.write_line(fd, 0).map_or(1, |_| status)
}

/// What there is, on standard error; returns the exit status of not being told what to do.
#[inline(never)]
fn usage<K: Kernel>(kernel: &mut K) -> i32 {
    say(kernel, Fd(2), USAGE, 2)
}

#[cfg(test)]
pub(crate) fn texts() -> Vec<&'static [u8]> {
    vec![USAGE_TEXT, FORMS_TEXT, out::KEYS_TEXT, run::OPTIONS_TEXT, run::STEPS_TEXT, pivot_root::REASONS_TEXT]
}
