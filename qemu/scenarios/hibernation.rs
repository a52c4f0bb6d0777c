//! A guest that is really hibernated to its swap: it comes back with all that ran; or its image is used up, discarded, or
//! keeps everybody from mounting its root.

use crate::ended::Ended;
use crate::guest::Guest;
use crate::harness::{Aarch64, Arch, Scratch, X86_64, output, sbin};
use crate::images::{RootDisk, init};
use crate::says::{PANIC, mounted};
use std::fs;

const UUID: &str = "70696e74-6c65-4000-8000-00000000005a";
/// Where the signature stands, in pages of 4 KiB.
const SIGNATURE: std::ops::Range<usize> = 4086..4096;

/// With `HIBERNATE=1` on the command line it hibernates, and after it shows that a process is alive which only this boot has
/// started.
const SLEEPER: &str = "
if [ \"$HIBERNATE\" ]; then
    (count=0; while :; do count=$((count + 1)); echo $count >/run/counter; sleep 0.1; done) &
    counter=$!
    swapon \"$HIBERNATE\" && sleep 1
    cat /proc/sys/kernel/random/uuid >/run/token
    before=$(cat /run/counter)
    echo \"token $(cat /run/token)\"
    sync
    echo 0 >/sys/power/image_size
    echo shutdown >/sys/power/disk
    echo disk >/sys/power/state || echo 'it does not hibernate'
    echo '== resumed'
    echo \"token $(cat /run/token)\"
    after=$(cat /run/counter)
    sleep 1
    kill -0 $counter && [ \"$before\" -le \"$after\" ] && [ \"$after\" -lt \"$(cat /run/counter)\" ] && echo 'the counter counts on'
    swapoff \"$HIBERNATE\"
fi
";

/// A root that can hibernate, and its swap.
struct Machine<'s> {
    scratch: &'s Scratch,
    arch: Arch,
    root: String,
    swap: String,
    kernel: &'static str,
}

impl<'s> Machine<'s> {
    fn new(scratch: &'s Scratch, arch: Arch, kernel: &'static str) -> Machine<'s> {
        let root = RootDisk::new(scratch, arch).init(&init(SLEEPER)).make();
        let swap = scratch.path("swap.img").display().to_string();
        fs::File::create(&swap).and_then(|file| file.set_len(256 << 20)).expect("a file for the swap");
        output(sbin("mkswap").args(["-q", "-U", UUID, &swap])).unwrap_or_else(|why| panic!("{why}"));
        Machine { scratch, arch, root, swap, kernel }
    }

    fn guest(&self, words: &str) -> Guest {
        let Machine { arch, root, swap, kernel, .. } = self;
        let words = format!("root=/dev/vda rw resume=UUID={UUID} {words}");
        Guest::new(*arch).kernel(kernel).disk(root).disk(swap).append(&words).timeout(300)
    }

    /// Hibernates; returns what tells that boot from others.
    fn hibernate(&self) -> String {
        let ended = self.guest("HIBERNATE=/dev/vdb").run();
        ended.has_powered_off();
        assert!(!ended.says("it does not hibernate") && !ended.has_line("== resumed"));
        assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-write")]);
        assert_eq!(self.signature(), "S1SUSPEND\0");
        ended.last("token ").to_owned()
    }

    fn signature(&self) -> String {
        let swap = fs::read(&self.swap).expect("the swap");
        String::from_utf8_lossy(swap.get(SIGNATURE).unwrap_or_default()).into_owned()
    }

    /// The same disks once more.
    fn copy(&self) -> Machine<'s> {
        let copy = |file: &str| {
            let copy = self.scratch.path("copy.img").display().to_string();
            output(std::process::Command::new("cp").args(["--sparse=always", file, &copy]))
                .unwrap_or_else(|why| panic!("{why}"));
            copy
        };
        Machine { root: copy(&self.root), swap: copy(&self.swap), ..*self }
    }
}

/// It went on where it was.
#[track_caller]
fn check_resumed(ended: &Ended, token: &str) {
    ended.is_done();
    assert_eq!(ended.section("resumed"), [&format!("token {token}"), "the counter counts on"]);
    // It mounted nothing: the one line would be in the other kernel's log.
    assert!(!ended.pintle().iter().any(|line| line.starts_with("mounted")), "{:?}", ended.pintle());
}

fn same(one: &str, other: &str) -> bool {
    output(std::process::Command::new("cmp").args(["--silent", one, other])).is_ok()
}

#[test]
fn comes_back_on_x86_64_6_12() {
    let scratch = Scratch::new();
    let machine = Machine::new(&scratch, X86_64, "6.12");
    let token = machine.hibernate();
    let copy = machine.copy();

    // Nobody mounts its root.
    let ended = machine.guest("noresume").run();
    ended.has_failed();
    let still =
        "resume: vdb: a hibernation image is on it (not tried), pintle.discard-hibernation would clear it: giving up";
    assert_eq!(ended.pintle(), [still, PANIC]);
    assert!(same(&machine.root, &copy.root) && same(&machine.swap, &copy.swap), "a disk has changed");

    check_resumed(&machine.guest("").run(), &token);
    assert_eq!(machine.signature(), "SWAPSPACE2");

    // The kernel takes no image of a machine with other memory; by then it is used up, and the boot goes on.
    let other = copy.copy();
    let ended = other.guest("").memory(640).run();
    ended.is_done();
    let gone = "resume: vdb: the kernel could not, and the image is used up: going on without it";
    assert_eq!(ended.pintle(), [gone, &mounted("/dev/vda", "read-write")]);
    assert_eq!(other.signature(), "SWAPSPACE2");

    // Discarded: ten bytes, and a swap as it was.
    let mut expected = fs::read(&copy.swap).expect("the swap");
    let ended = copy.guest("pintle.discard-hibernation").run();
    ended.is_done();
    assert_eq!(ended.pintle(), ["resume: vdb: the hibernation image is cleared", &mounted("/dev/vda", "read-write")]);
    expected.splice(SIGNATURE, *b"SWAPSPACE2");
    assert!(fs::read(&copy.swap).expect("the swap") == expected);
}

#[test]
fn comes_back_on_aarch64_7() {
    let scratch = Scratch::new();
    let machine = Machine::new(&scratch, Aarch64, "7");
    let token = machine.hibernate();
    check_resumed(&machine.guest("").run(), &token);
}
