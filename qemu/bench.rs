//! `scripts/bench`: what boots cost, pintle's beside everybody else's. Its options are that script's.

#[path = "bench/chart.rs"]
mod chart;
#[path = "bench/contender.rs"]
mod contender;
#[path = "bench/growth.rs"]
mod growth;
#[path = "bench/guest.rs"]
mod guest;
#[path = "bench/hardware.rs"]
mod hardware;
#[path = "bench/image.rs"]
mod image;
#[path = "bench/options.rs"]
mod options;
#[path = "bench/profile.rs"]
mod profile;
#[path = "bench/ratio.rs"]
mod ratio;
#[path = "bench/report.rs"]
mod report;
#[path = "bench/shell.rs"]
mod shell;
#[path = "bench/tools.rs"]
mod tools;

use contender::{Contender, Outcome};
use guest::{Job, Sample};
use options::Options;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tools::Machine;

/// What can't be done, in one line.
type Result<T> = std::result::Result<T, String>;

/// As many guests at a time: each has one CPU, and counts its instructions, whatever else runs.
const GUESTS: usize = 2;

/// All that was measured of one job on one machine.
struct Table {
    arch: &'static str,
    /// What `uname -r` says.
    release: String,
    job: Job,
    rows: Vec<Contender>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    match options::parse(&arguments).and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            shell::say(&why);
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    if options.profile {
        return profile::run(options);
    }
    if options.redraw {
        let path = shell::folder().join(report::csv_of(options));
        let text = String::from_utf8_lossy(&shell::read(&path)?).into_owned();
        let tables = report::read_csv(&text).ok_or_else(|| format!("{} isn't what this made", path.display()))?;
        return publish(options, &tables);
    }
    let tables = measure_all(options, options.runs)?;
    if !options.check {
        return publish(options, &tables);
    }
    let mut over = ratio::over(&tables)?;
    if !over.is_empty() {
        shell::say("boots vary: once more, three times as many of each");
        over = ratio::over(&measure_all(options, 3 * options.runs)?)?;
    }
    if over.is_empty() { Ok(()) } else { Err(format!("too much: {}", over.join(", "))) }
}

/// All jobs on all machines, so many boots of each.
fn measure_all(options: &Options, runs: usize) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    for arch in &options.arches {
        for kernel in &options.kernels {
            let machine = Machine::make(arch, kernel, options.jobs.contains(&Job::Verity))?;
            for job in &options.jobs {
                tables.push(measure(options, &machine, *job, runs)?);
            }
        }
    }
    Ok(tables)
}

/// The report, and the charts, which are of jobs A and B.
fn publish(options: &Options, tables: &[Table]) -> Result<()> {
    report::write_all(options, tables)?;
    if options.name().0 == "bench" { chart::write_all(options, tables) } else { Ok(()) }
}

/// Boots each of the contenders of `job` so often.
fn measure(options: &Options, machine: &Machine, job: Job, runs: usize) -> Result<Table> {
    let mut rows = contender::all(options, machine, job)?;
    // Run by run, so that what disturbs the machine for a while disturbs one run of each.
    let boots: Vec<_> = (0..runs)
        .flat_map(|_| rows.iter().enumerate())
        .filter_map(|(place, row)| row.boot().map(|boot| (place, boot.clone())))
        .collect();
    let (next, samples) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..GUESTS {
            scope.spawn(|| {
                while let Some((place, boot)) = boots.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let sample = machine.boot(job, boot);
                    let mut samples = samples.lock().expect("no thread panics");
                    samples.push((*place, sample));
                    shell::progress(&format!(
                        "{} {} job {}: {} of {} boots",
                        machine.arch,
                        machine.release,
                        job.name(),
                        samples.len(),
                        boots.len()
                    ));
                }
            });
        }
    });
    shell::progress("");
    for (place, sample) in samples.into_inner().expect("no thread panics") {
        if let Some(row) = rows.get_mut(place) {
            row.add(sample);
        }
    }
    Ok(Table { arch: machine.arch, release: machine.release.clone(), job, rows })
}

impl Table {
    /// The samples of the row that is called so.
    fn samples(&self, name: &str, form: &str) -> &[Sample] {
        let row = self.rows.iter().find(|row| row.name == name && row.form == form);
        match row.map(|row| &row.outcome) {
            Some(Outcome::Measured(samples)) => samples,
            _ => &[],
        }
    }
}
