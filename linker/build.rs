//! Link arguments for the binary alone: link flags in rustflags would reach the build scripts of dependencies.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=linker");
    let var = |name| env::var(name).unwrap_or_default();
    let arch = var("CARGO_CFG_TARGET_ARCH");
    let script = format!("{}/linker/init.ld", var("CARGO_MANIFEST_DIR"));

    let mut args = vec![
        "-nostartfiles".to_string(),
        "-nostdlib".to_string(),
        "-static".to_string(),
        "-no-pie".to_string(),
        // One linker for every pair of host and target: the layout does not depend on the machine that builds.
        "-fuse-ld=lld".to_string(),
        "-Wl,--build-id=none".to_string(),
        "-Wl,--no-eh-frame-hdr".to_string(),
        "-Wl,--gc-sections".to_string(),
        // Of strings that end alike the shorter one is the end of the longer one.
        "-Wl,-O2".to_string(),
        "-Wl,-z,norelro".to_string(),
        // Kernels with 64 KiB pages exist on aarch64.
        "-Wl,-z,max-page-size=65536".to_string(),
        format!("-Wl,-T,{script}"),
    ];
    // The host's cc driver passes its own emulation first; lld takes the last one.
    let emulation = match arch.as_str() {
        "aarch64" => "aarch64linux",
        _ => "elf_x86_64",
    };
    args.push(format!("-Wl,-m,{emulation}"));
    for arg in args {
        println!("cargo::rustc-link-arg-bin=init={arg}");
    }

    // In a release build the panic handler refers to a symbol that nothing defines: see src/sys/panic.rs.
    if var("PROFILE") == "release" {
        println!("cargo::rustc-cfg=panic_proof");
    }
}
