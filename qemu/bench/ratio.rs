//! What no change may make worse: pintle's cost beside the floor and the limit.

use crate::contender::{FLOOR, PLAIN};
use crate::guest::{Job, Sample};
use crate::report::{self, Spread, millions};
use crate::shell::say;
use crate::{Result, Table};

/// Job A, the root by UUID: millions of instructions more than without an initramfs.
const MOST_OVER_FLOOR: f64 = 1.8;
/// Job B: as many more than the hard-coded init takes; what comes before `Run /init` is left aside, but for the unpacking.
const MOST_OVER_LIMIT: f64 = 1.6;

/// The jobs in which it costs too much.
pub(crate) fn over(tables: &[Table]) -> Result<Vec<String>> {
    let mut bad = Vec::new();
    for table in tables {
        let name = format!("{} job {}", table.arch, table.job.name());
        let median = |who: &str, form: &str, figure: &dyn Fn(&Sample) -> f64| {
            let spread = Spread::of(table.samples(who, form), figure);
            spread.map(|spread| spread.median).ok_or_else(|| format!("{name}: {who} did not boot"))
        };
        let total = |who: &str, form: &str| {
            report::total(table.samples(who, form)).ok_or_else(|| format!("{name}: {who} did not boot"))
        };
        let own = |sample: &Sample| millions(sample.user + sample.kernel) + sample.unpacking_ms;
        let (what, is, most) = match table.job {
            Job::A => {
                let over = total("pintle", PLAIN)? - total(FLOOR, "-")?;
                ("million instructions over the floor", over, MOST_OVER_FLOOR)
            }
            _ => {
                let over = median("pintle", PLAIN, &own)? - median("limit", PLAIN, &own)?;
                ("million instructions over the hard-coded init", over, MOST_OVER_LIMIT)
            }
        };
        say(&format!("{name}: {is:.3} {what}, at most {most}"));
        if is > most {
            bad.push(name);
        }
    }
    Ok(bad)
}
