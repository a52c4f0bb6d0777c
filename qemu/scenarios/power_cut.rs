//! The power goes at any moment of a boot of a root that is written to: the next boot is fine, and so is the file system
//! after it. 5 times; `PINTLE_POWER_CUTS=100` is what `scripts/test --full` asks for. `PINTLE_SEED` repeats the moments that
//! a failed test names, as far as a machine's seconds repeat.

use crate::guest::Guest;
use crate::harness::{Scratch, X86_64};
use crate::images::{RootDisk, init};
use crate::says::mounted;
use crate::tree::run;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

/// Writes now and then, and says so; in the end leaves the file system clean.
const WRITE: &str = "
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    mkdir -p /data/$i; for j in 1 2 3 4 5 6 7 8; do echo $i $j >/data/$i/new$j; mv /data/$i/new$j /data/$i/file$j; done
    sync
    rm -rf /data/$((i - 3))
done
mount -o remount,ro / && echo '== clean'
";

/// The kernel's own last words before pintle's first.
const START: &str = "Run /init as init process";

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|value| value.parse().ok())
}

/// xorshift64 (Marsaglia).
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn the_next_boot_is_fine() {
    let scratch = Scratch::new();
    let disk = RootDisk::new(&scratch, X86_64).init(&init(WRITE)).make();
    let guest = || Guest::new(X86_64).disk(&disk).append("root=/dev/vda rw");
    // How long a whole one takes from there on.
    let whole = || {
        let mut guest = guest().start();
        guest.wait_for(START, 120);
        let since = Instant::now();
        let ended = guest.end();
        let took = since.elapsed();
        ended.is_done();
        assert!(ended.says("== clean"));
        assert_eq!(ended.pintle(), [mounted("/dev/vda", "read-write")]);
        run("e2fsck", &["-fn", &disk]);
        took
    };
    let span = whole();
    let now = || SystemTime::UNIX_EPOCH.elapsed().map_or(1, |elapsed| elapsed.as_secs());
    let seed = number("PINTLE_SEED").unwrap_or_else(now);
    let mut state = seed.max(1);
    for cut in 1..=number("PINTLE_POWER_CUTS").unwrap_or(5) {
        let moment = span.mul_f64((next(&mut state) % 1000) as f64 / 1000.0);
        eprintln!("PINTLE_SEED={seed}: cut {cut} after {} of {} ms", moment.as_millis(), span.as_millis());
        let mut guest = guest().start();
        guest.wait_for(START, 120);
        sleep(moment.max(Duration::from_millis(1)));
        // QEMU is killed; what the guest has written so far is in the file.
        drop(guest);
        whole();
    }
}
