//! speedscope's file format: the stacks of the profile as two flame graphs, on-CPU and off-CPU.
//!
//! The schema is `https://www.speedscope.app/file-format-schema.json`. Below off-CPU the innermost frame says why the task waited.

use super::Error;
use super::stacks::{self, Time};
use crate::profile::Profile;
use indexmap::IndexSet;
use serde::Serialize;
use std::io::Write;

#[derive(Serialize)]
struct File<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    exporter: &'a str,
    name: &'a str,
    #[serde(rename = "activeProfileIndex")]
    active: usize,
    shared: Shared<'a>,
    profiles: Vec<Sampled>,
}

#[derive(Serialize)]
struct Shared<'a> {
    frames: Vec<Frame<'a>>,
}

#[derive(Serialize)]
struct Frame<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    col: Option<u32>,
}

#[derive(Serialize)]
struct Sampled {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    unit: &'static str,
    #[serde(rename = "startValue")]
    start: u64,
    #[serde(rename = "endValue")]
    end: u64,
    samples: Vec<Vec<usize>>,
    weights: Vec<u64>,
}

pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> Result<(), Error> {
    // The reasons of waits are frames after those of the places.
    let mut reasons: IndexSet<&str> = IndexSet::new();
    let on_cpu = sampled("on-CPU", profile, &stacks::on_cpu(profile), &mut reasons);
    let off_cpu = sampled("off-CPU", profile, &stacks::off_cpu(profile), &mut reasons);

    let known = profile.sites.iter().map(|site| Frame {
        name: stacks::function(site).to_string(),
        file: Some(site.file.as_str()).filter(|file| !file.is_empty()),
        line: Some(site.line).filter(|&line| line > 0),
        col: Some(site.column).filter(|&column| column > 0),
    });
    let bare = |name: String| Frame { name, file: None, line: None, col: None };
    let mut frames: Vec<Frame> = known.collect();
    frames.push(bare("?".to_string()));
    frames.extend(reasons.iter().map(|reason| bare(format!("[{reason}]"))));
    let file = File {
        schema: "https://www.speedscope.app/file-format-schema.json",
        exporter: &profile.about.writer,
        name: &profile.about.title,
        active: usize::from(on_cpu.weights.is_empty()),
        shared: Shared { frames },
        profiles: vec![on_cpu, off_cpu],
    };
    serde_json::to_writer(&mut *out, &file)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// A flame graph.
fn sampled<'a>(name: &str, profile: &Profile, times: &[Time<'a>], reasons: &mut IndexSet<&'a str>) -> Sampled {
    let places = profile.sites.len();
    let (mut samples, mut weights, mut end) = (Vec::new(), Vec::new(), 0u64);
    for time in times {
        // A site that the table does not have is told like one without a name.
        let mut stack: Vec<usize> = time.sites.iter().rev().map(|&site| (site as usize).min(places)).collect();
        if !time.reason.is_empty() {
            stack.push(places + 1 + reasons.insert_full(time.reason).0);
        }
        samples.push(stack);
        weights.push(time.ns);
        end = end.saturating_add(time.ns);
    }
    let name = format!("{name}: {}", profile.about.title);
    Sampled { kind: "sampled", name, unit: "nanoseconds", start: 0, end, samples, weights }
}
