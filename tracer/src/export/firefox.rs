//! The Firefox Profiler's processed profile: two threads, on-CPU and off-CPU, with the stacks of the profile.
//!
//! A profile has no times of its own, so the samples stand side by side on the time axis, each as long as what it stands for. The crate that
//! builds the tables only knows whole weights; they are put in afterwards as exact milliseconds.

use super::Error;
use super::stacks::{self, Time};
use crate::profile::Profile;
use fx::{CategoryColor, CategoryPairHandle, CpuDelta, FrameFlags, ReferenceTimestamp, SamplingInterval, Timestamp};
use fxprof_processed_profile as fx;
use serde_json::Value;
use std::io::Write;
use std::time::Duration;

pub(super) fn write(profile: &Profile, out: &mut dyn Write) -> Result<(), Error> {
    let started = Duration::from_millis(profile.about.started.unwrap_or(0));
    let started = ReferenceTimestamp::from_duration_since_unix_epoch(started);
    let (on_cpu, off_cpu) = (stacks::on_cpu(profile), stacks::off_cpu(profile));
    let sum = |part: fn(&Time) -> u64| on_cpu.iter().fold(0u64, |sum, time| sum.saturating_add(part(time)));
    let (samples, ns) = (sum(|time| time.count), sum(|time| time.ns));
    let interval = SamplingInterval::from_nanos((ns / samples.max(1)).max(1));
    let mut file = fx::Profile::new(&profile.about.title, started, interval);
    file.set_symbolicated(true);
    let start = Timestamp::from_nanos_since_reference(0);
    let process = file.add_process(&profile.about.title, 1, start);

    let rows = [("on-CPU", &on_cpu, CategoryColor::Green), ("off-CPU", &off_cpu, CategoryColor::Orange)];
    for (index, (name, times, colour)) in (1..).zip(rows) {
        let thread = file.add_thread(process, index, start, false);
        file.set_thread_name(thread, name);
        file.set_thread_samples_weight_type(thread, fx::WeightType::TracingMs);
        file.add_initial_visible_thread(thread);
        let category = file.add_category(name, colour).into();
        add(&mut file, thread, category, profile, times, index == 1);
    }
    let mut document = serde_json::to_value(&file)?;
    for thread in document["threads"].as_array_mut().into_iter().flatten() {
        let times = if thread["name"] == "on-CPU" { &on_cpu } else { &off_cpu };
        let weights = times.iter().map(|time| Value::from(time.ns as f64 / 1e6));
        thread["samples"]["weight"] = weights.collect();
    }
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")?;
    Ok(())
}

/// Adds a sample for each stack.
fn add(
    file: &mut fx::Profile,
    thread: fx::ThreadHandle,
    category_pair: CategoryPairHandle,
    profile: &Profile,
    times: &[Time],
    runs: bool,
) {
    let mut at = 0u64;
    for time in times {
        let names = stacks::names(profile, time);
        let frames: Vec<fx::FrameInfo> = names
            .iter()
            .map(|name| fx::FrameInfo {
                frame: fx::Frame::Label(file.intern_string(name)),
                category_pair,
                flags: FrameFlags::empty(),
            })
            .collect();
        let stack = file.intern_stack_frames(thread, frames.into_iter());
        let cpu = if runs { CpuDelta::from_nanos(time.ns) } else { CpuDelta::ZERO };
        file.add_sample(thread, Timestamp::from_nanos_since_reference(at), stack, cpu, 1);
        at = at.saturating_add(time.ns);
    }
}
