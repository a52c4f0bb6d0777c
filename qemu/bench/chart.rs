//! The figures as a chart (SVG): a bar for each, by stage, on a logarithmic axis.

use crate::contender::{Contender, Outcome};
use crate::guest::Sample;
use crate::options::Options;
use crate::report::{self, Spread, millions};
use crate::shell::{folder, published, say, write};
use crate::{Result, Table};
use std::fmt::Write;

const LEFT: f64 = 200.0;
const WIDTH: f64 = 620.0;
const RIGHT: f64 = 70.0;
const BAR: f64 = 14.0;
const STEP: f64 = 19.0;
/// The axis, in milliseconds.
const FROM: f64 = 0.1;
const TO: f64 = 10_000.0;

/// The parts of a bar: a name, a colour, and the figure in milliseconds, or millions of instructions, which is the same.
const STAGES: [(&str, &str, fn(&Sample) -> f64); 3] = [
    ("unpacking the image", "#8da0cb", |sample| sample.unpacking_ms),
    ("in the kernel, Run /init to the real init", "#66c2a5", |sample| millions(sample.kernel)),
    ("in user code", "#fc8d62", |sample| millions(sample.user)),
];

/// One chart for each architecture, of the first kernel.
pub(crate) fn write_all(options: &Options, tables: &[Table]) -> Result<()> {
    let made = report::made(options)?;
    for arch in &options.arches {
        let Some(first) = tables.iter().find(|table| table.arch == *arch) else { continue };
        let of_it: Vec<_> =
            tables.iter().filter(|table| table.arch == *arch && table.release == first.release).collect();
        let chart = draw(&of_it, &made);
        let name = format!("bench.{arch}.svg");
        write(&folder().join(&name), chart.as_bytes())?;
        say(&folder().join(&name).display().to_string());
        if options.publish {
            write(&published(&name), chart.as_bytes())?;
        }
    }
    Ok(())
}

fn place(milliseconds: f64) -> f64 {
    let share = (milliseconds.max(FROM) / FROM).log10() / (TO / FROM).log10();
    LEFT + WIDTH * share.min(1.0)
}

fn draw(tables: &[&Table], made: &str) -> String {
    let mut body = String::new();
    let mut y = 72.0;
    for ((name, colour, _), x) in STAGES.iter().zip([10.0, 170.0, 450.0]) {
        let _ = writeln!(
            body,
            "<rect x='{x}' y='48' width='11' height='11' fill='{colour}'/><text x='{}' y='58'>{name}</text>",
            x + 16.0
        );
    }
    for table in tables {
        let top = y;
        y += 20.0;
        let _ = writeln!(
            body,
            "<text x='10' y='{}' font-weight='bold'>Job {}: {}</text>",
            y - 4.0,
            table.job.name(),
            table.job.is_about()
        );
        for row in &table.rows {
            bar(&mut body, row, &mut y);
        }
        grid(&mut body, top + 20.0, y);
        y += 22.0;
    }
    let release = tables.first().map(|table| table.release.as_str()).unwrap_or_default();
    let arch = tables.first().map(|table| table.arch).unwrap_or_default();
    let width = LEFT + WIDTH + RIGHT;
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {y}' font-family='sans-serif' font-size='12' fill='#222'>\n\
         <rect width='100%' height='100%' fill='#fff'/>\n\
         <text x='10' y='18' font-size='14' font-weight='bold'>What an initramfs adds to the boot: {arch}, Linux {release}</text>\n\
         <text x='10' y='36'>Milliseconds of the guest, of a million instructions each, summed up on a logarithmic axis. {made}</text>\n\
         {body}</svg>\n"
    )
}

fn bar(body: &mut String, row: &Contender, y: &mut f64) {
    let Outcome::Measured(samples) = &row.outcome else { return };
    if row.bytes.is_none() || samples.is_empty() {
        return;
    }
    let mut end = 0.0;
    let _ = writeln!(
        body,
        "<text x='{}' y='{}' text-anchor='end'>{} ({})</text>",
        LEFT - 6.0,
        *y + 11.0,
        row.name,
        row.form
    );
    for (_, colour, figure) in STAGES {
        let from = place(end);
        end += Spread::of(samples, figure).map_or(0.0, |spread| spread.median);
        let length = (place(end) - from).max(0.0);
        let _ = writeln!(body, "<rect x='{from:.1}' y='{y}' width='{length:.1}' height='{BAR}' fill='{colour}'/>");
    }
    let _ = writeln!(body, "<text x='{:.1}' y='{}'>{end:.2}</text>", place(end) + 5.0, *y + 11.0);
    *y += STEP;
}

fn grid(body: &mut String, top: f64, bottom: f64) {
    let mut at = FROM;
    while at <= TO * 1.01 {
        let x = place(at);
        let _ =
            writeln!(body, "<line x1='{x:.1}' x2='{x:.1}' y1='{top}' y2='{bottom}' stroke='#bbb' stroke-width='0.5'/>");
        let _ = writeln!(
            body,
            "<text x='{x:.1}' y='{}' text-anchor='middle' font-size='10' fill='#777'>{at}</text>",
            bottom + 11.0
        );
        at *= 10.0;
    }
}
