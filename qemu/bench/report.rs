//! The figures as Markdown for people, and as CSV, a line a boot.

use crate::contender::{Contender, FLOOR, Outcome};
use crate::guest::{Job, Sample};
use crate::hardware;
use crate::options::{ARCHES, Options};
use crate::shell::{folder, output, published, say, write};
use crate::{Result, Table};
use std::fmt::Write;
use std::process::Command;

/// What everything else is made of.
pub(crate) fn csv_of(options: &Options) -> String {
    format!("{}.csv", options.name().0)
}

/// Median, least and most.
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    most: f64,
}

impl Spread {
    pub(crate) fn of(samples: &[Sample], figure: impl Fn(&Sample) -> f64) -> Option<Spread> {
        let mut figures: Vec<f64> = samples.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        let median = f64::midpoint(*figures.get((figures.len().max(1) - 1) / 2)?, *figures.get(figures.len() / 2)?);
        Some(Spread { median, least: *figures.first()?, most: *figures.last()? })
    }

    /// With as many decimals; the half of what lies between the extremes behind it, where that can be seen.
    fn show(&self, decimals: usize) -> String {
        let half = format!("{:.decimals$}", (self.most - self.least) / 2.0);
        let shown = format!("{:.decimals$}", self.median);
        if half.trim_matches(['0', '.']).is_empty() { shown } else { format!("{shown} ±{half}") }
    }
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
pub(crate) fn millions(number: u64) -> f64 {
    number as f64 / 1e6
}

const HEAD: &str = "\
| | form | image | unpacked | programs | total − floor, M | unpack, ms | user, M | kernel, M | loading, M | calls | faults | execs | \
Run → init, ms | start → init, ms | − floor, ms | lost, KiB |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

/// What the columns are.
const LEGEND: &str = "\
Bytes of the image, of the archives in it, and of the programs that are its init. *total*: all instructions from
`start_kernel()` to the first one of the real init, in millions; *floor*: the same boot without an initramfs. *unpack*: guest
time from `Trying to unpack` to `Freeing initrd memory`. From the kernel's `Run /init` to the real init's first instruction:
instructions of *user* code and of the *kernel*, what of the latter is *loading* of modules, system *calls*, page *faults*,
*execs*, guest time. *lost*: memory that is free without an initramfs, and isn't here. Guest time counts instructions, a nanosecond each, and what the guest waits: with
NVMe that depends on this machine, so that instructions are what is to be compared there. Medians, ± is half of the spread; of
*total* the least, since some boots take 2.4 million more before any program runs. Where the kernel can't mount the root there is no
boot without an initramfs. What pintle has *lost* are the kernel's own slabs, of the superblocks and mounts that it hands over, and the
page of /run/pintle/times.
";

pub(crate) fn write_all(options: &Options, tables: &[Table]) -> Result<()> {
    if !options.redraw {
        write(&folder().join(csv_of(options)), csv(tables).as_bytes())?;
    }
    let mut text = about(options, tables)?;
    for table in tables {
        let _ = write!(
            text,
            "\n**{} {}, job {}: {}**\n\n{HEAD}",
            table.arch,
            table.release,
            table.job.name(),
            table.job.is_about()
        );
        for row in &table.rows {
            text.push_str(&line(table, row));
        }
    }
    hardware::table(&mut text, tables);
    let _ = write!(text, "\n{LEGEND}");
    print!("{text}");
    let (name, title) = options.name();
    write(&folder().join(format!("{name}.md")), text.as_bytes())?;
    say(&format!("{0}/{name}.md, {0}/{name}.csv", folder().display()));
    if options.publish {
        let file = if name == "bench" { "report.md".into() } else { format!("{name}.md") };
        write(&published(&file), format!("# {title}\n\n{text}").as_bytes())?;
    }
    Ok(())
}

/// How many boots there were of each.
fn runs(tables: &[Table]) -> usize {
    let rows = tables.iter().flat_map(|table| &table.rows);
    rows.map(|row| if let Outcome::Measured(samples) = &row.outcome { samples.len() } else { 0 }).max().unwrap_or(0)
}

/// With what, and when.
pub(crate) fn made(options: &Options) -> Result<String> {
    let qemu = output(Command::new("qemu-system-x86_64").arg("--version"))?;
    let date = output(Command::new("date").args(["-u", "+%F", "-r"]).arg(folder().join(csv_of(options))))?;
    let qemu = qemu.lines().next().and_then(|line| line.split(' ').nth(3)).unwrap_or("?").to_owned();
    Ok(format!("QEMU {qemu}, {date}."))
}

/// What was measured, with what and when.
fn about(options: &Options, tables: &[Table]) -> Result<String> {
    let boots = match runs(tables) {
        1 => "One boot".into(),
        runs => format!("{runs} boots"),
    };
    let mut text = format!("{} {boots} of each, `-icount shift=0,sleep=off`.", made(options)?);
    let mut versions: Vec<_> = tables.iter().flat_map(|table| &table.rows).map(|row| row.version.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    versions.retain(|version| !version.is_empty());
    if !versions.is_empty() {
        let _ = write!(text, " Debian's {}.", versions.join(", "));
    }
    text.push('\n');
    Ok(text)
}

fn line(table: &Table, row: &Contender) -> String {
    let mut text = format!("| {} | {} |", row.name, row.form);
    match row.bytes {
        Some(bytes) => bytes.iter().for_each(|bytes| {
            let _ = write!(text, " {} |", grouped(*bytes));
        }),
        None => text.push_str(" | | |"),
    }
    let samples = match &row.outcome {
        Outcome::Measured(samples) => samples,
        Outcome::Failed(why) => {
            let _ = writeln!(text, " {} ||||||||||||", why.replace('|', "/"));
            return text;
        }
    };
    let floor = table.samples(FLOOR, "-");
    let less = |figure: &dyn Fn(&Sample) -> f64, decimals: usize| {
        let floor = Spread::of(floor, figure)?.median;
        Some(Spread::of(samples, |sample| figure(sample) - floor)?.show(decimals))
    };
    let own = |figure: &dyn Fn(&Sample) -> f64, decimals: usize| Some(Spread::of(samples, figure)?.show(decimals));
    let over = total(samples).map(|own| format!("{:.2}", own - total(floor).unwrap_or(0.0)));
    let cells = [
        over,
        own(&|sample| sample.unpacking_ms, 2),
        own(&|sample| millions(sample.user), 3),
        own(&|sample| millions(sample.kernel), 2),
        own(&|sample| millions(sample.loading), 2),
        own(&|sample| count(sample.calls), 0),
        own(&|sample| count(sample.faults), 0),
        own(&|sample| count(sample.execs), 0),
        own(&|sample| sample.entry_ms - sample.run_ms, 2),
        own(&|sample| sample.entry_ms, 1),
        less(&|sample| sample.entry_ms, 1),
        less(&|sample| -count(sample.free_kib), 0),
    ];
    for cell in cells {
        let _ = write!(text, " {} |", cell.unwrap_or_default());
    }
    text.push('\n');
    text
}

/// The least of all instructions, in millions: before any program runs the kernel takes a step that not every boot takes.
pub(crate) fn total(samples: &[Sample]) -> Option<f64> {
    Some(Spread::of(samples, |sample| millions(sample.total))?.least)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(number: u64) -> f64 {
    number as f64
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What [`csv`] made, read back: `None` where it is something else.
pub(crate) fn read_csv(text: &str) -> Option<Vec<Table>> {
    let mut tables: Vec<Table> = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<_> = line.splitn(23, ',').collect();
        let [arch, release, job, name, form, version, image, unpacked, programs, _, figures @ .., failed] = &fields[..]
        else {
            return None;
        };
        let arch = ARCHES.into_iter().find(|known| known == arch)?;
        let job = Job::ALL.into_iter().find(|known| known.name() == *job)?;
        let is_it = |table: &Table| (table.arch, table.release.as_str(), table.job) == (arch, *release, job);
        if !tables.last().is_some_and(is_it) {
            tables.push(Table { arch, release: (*release).into(), job, rows: Vec::new() });
        }
        let rows = &mut tables.last_mut()?.rows;
        if rows.last().is_none_or(|row| (row.name.as_str(), row.form.as_str()) != (*name, *form)) {
            let bytes = [image, unpacked, programs].map(|bytes| bytes.parse().ok());
            let bytes = if let [Some(image), Some(unpacked), Some(programs)] = bytes {
                Some([image, unpacked, programs])
            } else {
                None
            };
            rows.push(Contender::new([name, version, form], bytes, Ok(None)));
        }
        let sample = || -> Option<Sample> {
            let [entry_ms, run_ms, unpacking_ms, counts @ ..] = figures else { return None };
            let mut counts = counts.iter().map(|count| count.parse().ok());
            let mut count = || counts.next()?;
            Some(Sample {
                entry_ms: entry_ms.parse().ok()?,
                run_ms: run_ms.parse().ok()?,
                unpacking_ms: unpacking_ms.parse().ok()?,
                total: count()?,
                user: count()?,
                kernel: count()?,
                loading: count()?,
                waiting: count()?,
                calls: count()?,
                faults: count()?,
                execs: count()?,
                free_kib: count()?,
            })
        };
        rows.last_mut()?.add(sample().ok_or_else(|| failed.trim_matches('"').to_owned()));
    }
    Some(tables)
}

fn csv(tables: &[Table]) -> String {
    let mut text = "arch,kernel,job,name,form,version,image,unpacked,programs,run,entry_ms,run_ms,unpacking_ms,total,user,kernel_side,loading,waiting,\
                    calls,faults,execs,free_kib,failed\n"
        .to_owned();
    for table in tables {
        for row in &table.rows {
            let mut start = format!(
                "{},{},{},{},{},{}",
                table.arch,
                table.release,
                table.job.name(),
                row.name,
                row.form,
                row.version
            );
            for place in 0..3 {
                let bytes = row.bytes.and_then(|bytes| bytes.get(place).copied());
                let _ = write!(start, ",{}", bytes.map(|bytes| bytes.to_string()).unwrap_or_default());
            }
            match &row.outcome {
                Outcome::Failed(why) => {
                    let _ = writeln!(text, "{start},,,,,,,,,,,,,,\"{}\"", why.replace('"', "'"));
                }
                Outcome::Measured(samples) => {
                    for (run, s) in samples.iter().enumerate() {
                        let _ = writeln!(
                            text,
                            "{start},{},{:.6},{:.3},{:.3},{},{},{},{},{},{},{},{},{},",
                            run + 1,
                            s.entry_ms,
                            s.run_ms,
                            s.unpacking_ms,
                            s.total,
                            s.user,
                            s.kernel,
                            s.loading,
                            s.waiting,
                            s.calls,
                            s.faults,
                            s.execs,
                            s.free_kib
                        );
                    }
                }
            }
        }
    }
    text
}
