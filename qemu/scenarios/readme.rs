//! The README, followed to the letter.

use crate::harness::{Place, X86_64, checkout};
use std::process::Command;

/// The block of commands under "Embed it by hand".
#[test]
fn quick_embedded_by_hand() {
    X86_64.init();
    let _place = Place::take();
    let readme = std::fs::read_to_string(checkout().join("README.md")).expect("README.md");
    let (_, block) = readme.split_once("```sh\n").expect("a block of commands");
    let (commands, _) = block.split_once("```").expect("its end");
    let shell =
        Command::new("bash").args(["-euo", "pipefail", "-c", commands]).current_dir(checkout()).output().expect("bash");
    let console = String::from_utf8_lossy(&shell.stdout);
    let stderr = String::from_utf8_lossy(&shell.stderr);
    assert!(shell.status.success(), "{commands}{stderr}{console}");
    for line in ["pintle: mounted /dev/nvme0n1 (ext4) read-only", "[/sbin/init]", "== done"] {
        assert!(console.lines().any(|said| said.trim_end().ends_with(line)), "{line}:\n{console}");
    }
}
