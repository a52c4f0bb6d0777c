//! The packages that `scripts/package` makes: what is in them, what the hook of pintle-initramfs decides on made-up systems, and
//! what it leaves behind. Nothing is installed here; `scenarios/installed.rs` does that in a guest.

#[path = "scenarios/harness.rs"]
#[allow(dead_code, reason = "what only guests need")]
mod harness;

#[path = "packages/system.rs"]
mod system;

#[path = "packages/deb.rs"]
mod deb;
#[path = "packages/decides.rs"]
mod decides;
#[path = "packages/hooks.rs"]
mod hooks;
