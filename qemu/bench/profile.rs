//! Where pintle's own time goes, and how it grows.

use crate::Result;
use crate::contender;
use crate::growth;
use crate::guest::{Boot, Call, Job, UUID};
use crate::options::Options;
use crate::report::millions;
use crate::shell::{folder, published, say, write};
use crate::tools::Machine;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What ends at each look at the clock (`src/times.rs`; the search looks once more, when it begins).
const STAGES: [&str; 7] = [
    "exec of /init, guard, /proc",
    "other mounts, command line, modules",
    "search begins",
    "root's device",
    "mount",
    "init checked",
    "handover, exec of the real init",
];
const MOST_FUNCTIONS: usize = 40;

pub(crate) fn run(options: &Options) -> Result<()> {
    let mut text = String::new();
    let mut curves = Vec::new();
    for arch in &options.arches {
        for kernel in &options.kernels {
            let machine = Machine::make(arch, kernel, false)?;
            for job in [Job::A, Job::B] {
                say(&format!("{arch} {}: where the time goes, job {}", machine.release, job.name()));
                let image = contender::pintle(&machine, job)?;
                let boot = Boot { image: Some(image), words: format!("root=UUID={UUID}") };
                let (calls, functions) = machine.profile(job, &boot)?;
                let _ = write!(text, "\n## {arch} {}, job {}: {}\n", machine.release, job.name(), job.is_about());
                by_stage(&mut text, &calls);
                by_call(&mut text, &calls);
                by_function(&mut text, &functions);
                one_by_one(&mut text, &calls);
            }
            let grown = growth::measure(&machine)?;
            growth::table(&mut text, &machine, &grown);
            curves.push((format!("{arch} {}", machine.release), grown));
        }
    }
    print!("{text}");
    write(&folder().join("profile.md"), text.as_bytes())?;
    let chart = growth::chart(&curves);
    write(&folder().join("growth.svg"), chart.as_bytes())?;
    if options.publish {
        write(&published("profile.md"), format!("# Where pintle's time goes\n{text}").as_bytes())?;
        write(&published("growth.svg"), chart.as_bytes())?;
    }
    say(&format!("{0}/profile.md, {0}/growth.svg", folder().display()));
    growth::check(&curves)
}

/// Calls, instructions of user code, of the kernel in calls, and of page faults and interrupts; page faults.
#[derive(Default)]
struct Sum {
    calls: u64,
    user: u64,
    kernel: u64,
    fault: u64,
    faults: u64,
}

impl Sum {
    fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.user += call.user;
        self.kernel += call.kernel;
        self.fault += call.fault;
        self.faults += call.faults;
    }

    fn row(&self, text: &mut String, name: &str) {
        let all = millions(self.user + self.kernel + self.fault);
        let [user, kernel, fault] = [self.user, self.kernel, self.fault].map(millions);
        let (calls, faults) = (self.calls, self.faults);
        let _ = writeln!(text, "| {name} | {calls} | {user:.3} | {kernel:.3} | {fault:.3} | {faults} | {all:.3} |");
    }
}

const HEAD: &str =
    "| calls | user, M | in calls, M | in faults, M | faults | all, M |\n|---|--:|--:|--:|--:|--:|--:|\n";

fn by_stage(text: &mut String, calls: &[Call]) {
    let _ = write!(text, "\n| stage {HEAD}");
    let stages = calls.split_inclusive(|call| call.name == "clock_gettime");
    for (place, stage) in stages.enumerate() {
        let mut sum = Sum::default();
        stage.iter().for_each(|call| sum.add(call));
        sum.row(text, STAGES.get(place).unwrap_or(&"?"));
    }
}

fn by_call(text: &mut String, calls: &[Call]) {
    let mut sums: BTreeMap<&str, Sum> = BTreeMap::new();
    for call in calls {
        sums.entry(&call.name).or_default().add(call);
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(sum.user + sum.kernel + sum.fault));
    let _ = write!(text, "\n| system call {HEAD}");
    for (name, sum) in sums {
        sum.row(text, name);
    }
}

fn by_function(text: &mut String, functions: &[(u64, String)]) {
    let _ = write!(text, "\n| function of the kernel | instructions, M |\n|---|--:|\n");
    for (instructions, name) in functions.iter().take(MOST_FUNCTIONS) {
        let _ = writeln!(text, "| {name} | {:.3} |", millions(*instructions));
    }
}

fn one_by_one(text: &mut String, calls: &[Call]) {
    let _ = write!(
        text,
        "\n| no. | system call | user before | kernel | in faults before and within | faults |\n|--:|---|--:|--:|--:|--:|\n"
    );
    for (place, Call { name, user, kernel, fault, faults }) in calls.iter().enumerate() {
        let _ = writeln!(text, "| {} | {name} | {user} | {kernel} | {fault} | {faults} |", place + 1);
    }
}
