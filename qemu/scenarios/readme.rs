//! The README, followed to the letter.

use crate::harness::{Place, X86_64, checkout};
use std::process::Command;

/// All blocks of commands, one behind the other.
#[test]
fn quick_embedded_by_hand() {
    X86_64.init();
    let _place = Place::take();
    let readme = std::fs::read_to_string(checkout().join("README.md")).expect("README.md");
    let blocks = readme.split("```sh\n").skip(1).filter_map(|block| Some(block.split_once("```")?.0));
    let commands: String = blocks.collect();
    assert_eq!(commands.lines().filter(|line| line.starts_with("target/init.x86_64 probe")).count(), 1, "all blocks");
    let shell = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &commands])
        .current_dir(checkout())
        .output()
        .expect("bash");
    let console = String::from_utf8_lossy(&shell.stdout);
    let stderr = String::from_utf8_lossy(&shell.stderr);
    assert!(shell.status.success(), "{commands}{stderr}{console}");
    for line in ["pintle: mounted /dev/nvme0n1 (ext4) read-only", "[/sbin/init]", "== done", "TYPE=\"ext4\""] {
        assert!(console.lines().any(|said| said.trim_end().ends_with(line)), "{line}:\n{console}");
    }
}
