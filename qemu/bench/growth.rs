//! How the cost of a boot grows with what there is: block devices, partitions, modules, the command line.

use crate::Result;
use crate::contender;
use crate::guest::{Boot, Job, UUID, empty_disk};
use crate::report::millions;
use crate::shell::{folder, output, read, say, sbin, script};
use crate::tools::Machine;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Stdio;

/// One of the things, and what a boot with so many of it costs, in millions of instructions from `Run /init` on.
pub(crate) struct Curve {
    what: &'static str,
    points: Vec<(usize, f64)>,
}

/// What may be more than in proportion, of noise.
const TOLERANCE: f64 = 1.1;

pub(crate) fn measure(machine: &Machine) -> Result<Vec<Curve>> {
    let image = contender::pintle(machine, Job::A)?;
    let boot = |words: String| Boot { image: Some(image.clone()), words };
    let root = format!("root=UUID={UUID}");
    let mut curves = Vec::new();

    let mut points = Vec::new();
    for count in [1, 8, 64, 256] {
        say(&format!("{} {}: {count} block devices", machine.arch, machine.release));
        // Namespaces of one controller: the root is the last of them.
        let mut arguments = vec!["-device".into(), "nvme,serial=many,id=many,ioeventfd=off,max_ioqpairs=2".into()];
        for place in 1..count {
            arguments.extend(empty_disk(place));
            arguments.push("-device".into());
            arguments.push(format!("nvme-ns,bus=many,drive=empty{place},nsid={place}"));
        }
        arguments.push("-device".into());
        arguments.push(format!("nvme-ns,bus=many,drive=root,nsid={count}"));
        points.push((count, cost(machine, &boot(root.clone()), &machine.disk, Some(&arguments))?));
    }
    curves.push(Curve { what: "block devices", points });

    let mut points = Vec::new();
    for count in [1, 8, 32, 128] {
        say(&format!("{} {}: {count} partitions", machine.arch, machine.release));
        let disk = partitioned(machine, count)?;
        points.push((count, cost(machine, &boot(root.clone()), &disk, None)?));
        let _ = std::fs::remove_file(disk);
    }
    curves.push(Curve { what: "partitions", points });

    let mut points = Vec::new();
    for bytes in [64, 256, 1024, 1800] {
        say(&format!("{} {}: {bytes} bytes more of command line", machine.arch, machine.release));
        let mut words = root.clone();
        for place in 0..bytes / 16 {
            let _ = write!(words, " module{place:03}.x=yes");
        }
        points.push((bytes, cost(machine, &boot(words), &machine.disk, None)?));
    }
    curves.push(Curve { what: "bytes of command line", points });

    let mut points = Vec::new();
    for count in [1, 16, 128] {
        say(&format!("{} {}: {count} modules", machine.arch, machine.release));
        let image = with_modules(machine, count)?;
        let (calls, _) = machine.profile(Job::A, &Boot { image: Some(image), words: root.clone() })?;
        // What the kernel does with a module depends on the module.
        let own =
            calls.iter().map(|call| call.user + call.fault + if call.name == "finit_module" { 0 } else { call.kernel });
        points.push((count, millions(own.sum())));
    }
    curves.push(Curve { what: "modules (without finit_module)", points });
    Ok(curves)
}

fn cost(machine: &Machine, boot: &Boot, disk: &std::path::Path, devices: Option<&[String]>) -> Result<f64> {
    let sample = machine.boot_with(Job::A, boot, disk, devices)?;
    Ok(millions(sample.user + sample.kernel))
}

/// The root's disk as the last of so many partitions.
fn partitioned(machine: &Machine, count: usize) -> Result<PathBuf> {
    const MIB: usize = 1 << 20;
    let path = folder().join(format!("partitions.{}.img", machine.arch));
    let root = read(&machine.disk)?;
    let mut disk = vec![0; (count + 2) * MIB + root.len()];
    if let Some(place) = disk.get_mut(count * MIB..count * MIB + root.len()) {
        place.copy_from_slice(&root);
    }
    crate::shell::write(&path, &disk)?;
    let mut table = "label: gpt\n".to_owned();
    for place in 1..count {
        let _ = writeln!(table, "start={place}MiB, size=1MiB");
    }
    let _ = writeln!(table, "start={count}MiB, size={}MiB", root.len() / MIB);
    let mut sfdisk = sbin("sfdisk");
    let child = sfdisk
        .args(["--quiet", "--wipe", "never", "--wipe-partitions", "never"])
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| format!("sfdisk: {error}"))?;
    let written = child.stdin.take().map(|mut pipe| std::io::Write::write_all(&mut pipe, table.as_bytes()));
    let status = child.wait().map_err(|error| format!("sfdisk: {error}"))?;
    if !status.success() || !matches!(written, Some(Ok(()))) {
        return Err("sfdisk could not make the partitions".into());
    }
    Ok(path)
}

/// An image that loads so many modules which need no hardware and no other module.
fn with_modules(machine: &Machine, count: usize) -> Result<PathBuf> {
    let list = read(&machine.modules.join("modules.dep"))?;
    let list = String::from_utf8_lossy(&list);
    let alone = list.lines().filter_map(|line| line.trim_end().strip_suffix(':'));
    let names = alone.filter(|path| {
        ["/nls/", "kernel/crypto/", "kernel/lib/", "/net/sched/", "/netfilter/"]
            .iter()
            .any(|folder| path.contains(folder))
    });
    let names: Vec<_> = names.filter_map(|path| path.rsplit('/').next()?.split('.').next()).take(count).collect();
    if names.len() < count {
        return Err(format!("{} has only {} such modules", machine.release, names.len()));
    }
    let image = folder().join(format!("modules.{}.{count}", machine.arch));
    let mut command = script("scripts/mkinitramfs");
    command.args(["--arch", machine.arch, "--compress", "none", "--modules-dir"]).arg(&machine.modules);
    for name in names {
        command.args(["--module", name]);
    }
    output(command.arg("--output").arg(&image)).map(|_| image)
}

pub(crate) fn table(text: &mut String, machine: &Machine, curves: &[Curve]) {
    let _ = write!(
        text,
        "\n## {} {}: growth\n\n| | number | instructions from `Run /init` on, M |\n|---|--:|--:|\n",
        machine.arch, machine.release
    );
    for curve in curves {
        for (number, cost) in &curve.points {
            let _ = writeln!(text, "| {} | {number} | {cost:.2} |", curve.what);
        }
    }
}

/// Whether one more costs no more, on the average, among the most than among fewer.
pub(crate) fn check(machines: &[(String, Vec<Curve>)]) -> Result<()> {
    let mut bad = Vec::new();
    for (machine, curves) in machines {
        for Curve { what, points } in curves {
            let Some((first, rest)) = points.split_first() else { continue };
            let slopes: Vec<_> = rest.iter().filter_map(|point| slope(first, point)).collect();
            // What grows by less than that is noise.
            if let [.., before, last] = &slopes[..]
                && *last > before.max(0.001) * TOLERANCE
            {
                bad.push(format!("{machine}: {what} ({before:.3}, then {last:.3} million instructions each)"));
            }
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(format!("grows faster than in proportion: {}", bad.join("; "))) }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn slope((n, cost): &(usize, f64), (more, dearer): &(usize, f64)) -> Option<f64> {
    Some((dearer - cost) / more.checked_sub(*n)? as f64)
}

/// The curves, each in a field of its own: what is in proportion is a straight line.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
pub(crate) fn chart(machines: &[(String, Vec<Curve>)]) -> String {
    const SIDE: f64 = 230.0;
    const GAP: f64 = 60.0;
    const COLOURS: [&str; 4] = ["#1f78b4", "#e31a1c", "#33a02c", "#ff7f00"];
    let fields = machines.first().map_or(0, |(_, curves)| curves.len());
    let (width, height) = (GAP + fields as f64 * (SIDE + GAP), SIDE + 110.0);
    let mut body = String::new();
    for field in 0..fields {
        let (left, bottom) = (GAP + field as f64 * (SIDE + GAP), SIDE + 40.0);
        let of_all = || machines.iter().filter_map(|(_, curves)| curves.get(field)).flat_map(|curve| &curve.points);
        let most_x = of_all().map(|point| point.0 as f64).fold(1.0, f64::max);
        let most_y = of_all().map(|point| point.1).fold(1.0, f64::max);
        let x = |number: usize| left + SIDE * number as f64 / most_x;
        let y = |cost: f64| bottom - SIDE * cost / most_y;
        let what = machines.first().and_then(|(_, curves)| curves.get(field)).map_or("", |curve| curve.what);
        let _ = writeln!(body, "<rect x='{left}' y='40' width='{SIDE}' height='{SIDE}' fill='none' stroke='#bbb'/>");
        let _ =
            writeln!(body, "<text x='{}' y='{}' text-anchor='middle'>{what}</text>", left + SIDE / 2.0, bottom + 32.0);
        for (place, (_, curves)) in machines.iter().enumerate() {
            let colour = COLOURS.get(place % COLOURS.len()).copied().unwrap_or("#000");
            let Some(curve) = curves.get(field) else { continue };
            let line: Vec<_> =
                curve.points.iter().map(|(number, cost)| format!("{:.1},{:.1}", x(*number), y(*cost))).collect();
            let _ = writeln!(
                body,
                "<polyline points='{}' fill='none' stroke='{colour}' stroke-width='1.5'/>",
                line.join(" ")
            );
            for (number, cost) in &curve.points {
                let _ = writeln!(body, "<circle cx='{:.1}' cy='{:.1}' r='2.5' fill='{colour}'/>", x(*number), y(*cost));
                if place == 0 {
                    let _ = writeln!(
                        body,
                        "<text x='{:.1}' y='{}' font-size='10' text-anchor='middle'>{number}</text>",
                        x(*number),
                        bottom + 14.0
                    );
                    let _ = writeln!(
                        body,
                        "<text x='{:.1}' y='{:.1}' font-size='10' text-anchor='end'>{cost:.1}</text>",
                        x(*number) - 4.0,
                        y(*cost) - 5.0
                    );
                }
            }
        }
    }
    for (place, (machine, _)) in machines.iter().enumerate() {
        let colour = COLOURS.get(place % COLOURS.len()).copied().unwrap_or("#000");
        let left = GAP + 260.0 * place as f64;
        let _ = writeln!(
            body,
            "<rect x='{left}' y='{}' width='11' height='11' fill='{colour}'/><text x='{}' y='{}'>{machine}</text>",
            height - 20.0,
            left + 16.0,
            height - 10.0
        );
    }
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' font-family='sans-serif' font-size='12' fill='#222'>\n\
         <rect width='100%' height='100%' fill='#fff'/>\n<text x='{GAP}' y='22' font-size='14' font-weight='bold'>Millions of \
         instructions from Run /init to the real init, by what there is</text>\n{body}</svg>\n"
    )
}
