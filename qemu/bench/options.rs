//! The options.

use crate::Result;
use crate::guest::Job;

pub(crate) struct Options {
    pub(crate) arches: Vec<&'static str>,
    pub(crate) kernels: Vec<String>,
    pub(crate) jobs: Vec<Job>,
    pub(crate) runs: usize,
    /// Those that are measured; none: all.
    pub(crate) peers: Vec<String>,
    /// Only what the ratios are held against, and no report.
    pub(crate) check: bool,
    /// Not what a boot costs, but where and why.
    pub(crate) profile: bool,
    /// Nothing is measured: report and charts are made again of what was.
    pub(crate) redraw: bool,
    /// Report and charts go into the checkout too.
    pub(crate) publish: bool,
}

impl Options {
    /// Whether this contender was asked for.
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.peers.is_empty() || self.peers.iter().any(|peer| peer == name)
    }

    /// What the files are called, and the title of the report: jobs C and D have one of their own.
    pub(crate) fn name(&self) -> (&'static str, &'static str) {
        match self.jobs.first() {
            Some(job) if job.is_layered() => ("layers", "What boots cost whose root has layers"),
            Some(job) if job.is_of_hardware() => ("hardware", "What boots cost from an image for all machines"),
            _ => ("bench", "What boots cost"),
        }
    }
}

/// Those that `--quick` leaves, beside the floor.
const QUICK: [&str; 3] = ["limit", "pintle", "tiny-initramfs"];
pub(crate) const ARCHES: [&str; 2] = ["aarch64", "x86_64"];

pub(crate) fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        arches: ARCHES.to_vec(),
        kernels: vec!["6.12".into(), "7".into()],
        jobs: vec![Job::A, Job::B],
        runs: 5,
        peers: Vec::new(),
        check: false,
        profile: false,
        redraw: false,
        publish: false,
    };
    let mut words = arguments.iter().flat_map(|word| match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") => vec![option, value],
        _ => vec![word.as_str()],
    });
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value (--help tells)"));
        match word {
            "--arch" => options.arches = vec![arch(value()?)?],
            "--kernel" => options.kernels = list(value()?),
            "--layers" => options.jobs = Job::ALL.into_iter().filter(|job| job.is_layered()).collect(),
            "--hardware" => {
                options.jobs = Job::ALL.into_iter().filter(|job| job.is_of_hardware()).collect();
                options.kernels = vec!["6.12-full".into()];
                options.runs = 1;
            }
            "--runs" => options.runs = number(value()?)?,
            "--peers" => options.peers = list(value()?),
            "--quick" => {
                options.peers = QUICK.map(String::from).to_vec();
                options.kernels.truncate(1);
                options.runs = 3;
            }
            "--check" => {
                options.peers = QUICK[..2].iter().copied().map(String::from).collect();
                options.kernels.truncate(1);
                options.runs = 2;
                options.check = true;
            }
            "--profile" => options.profile = true,
            "--redraw" => options.redraw = true,
            "--publish" => options.publish = true,
            _ => return Err(format!("unknown option: {word} (--help tells)")),
        }
    }
    Ok(options)
}

fn arch(name: &str) -> Result<&'static str> {
    let name = match name {
        "arm64" => "aarch64",
        "amd64" => "x86_64",
        _ => name,
    };
    let known = ARCHES.into_iter().find(|arch| *arch == name);
    known.ok_or_else(|| format!("unknown architecture: {name} (aarch64 or x86_64)"))
}

fn list(text: &str) -> Vec<String> {
    text.split(',').filter(|word| !word.is_empty()).map(String::from).collect()
}

fn number(text: &str) -> Result<usize> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| format!("--runs wants a number, not {text}"))
}
