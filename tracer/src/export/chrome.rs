//! The JSON of Chrome's `about:tracing`, which Perfetto and many other viewers read: a track for each task.
//!
//! Complete events (`X`) say what a task did for a while, flows (`s`, `f`) lead from a send to its receive and from whoever woke a task to
//! it, counters (`C`) are channel lengths and running tasks, instants (`i`) are output, panics, markers and findings. Times are microseconds
//! with three decimals: exact nanoseconds.

use super::timeline::{self, Counter, Instant, Slice, Viewer};
use super::{Error, Input};
use crate::event::{Kind, TaskId};
use crate::finding::WaitReason;
use crate::model::state::TaskState;
use crate::program::ProgramInfo;
use crate::trace::Trace;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use std::fmt;
use std::io::{self, Write};

pub(super) fn write(trace: &dyn Trace, input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    write!(out, "{{\"displayTimeUnit\":\"ns\",\"otherData\":")?;
    serde_json::to_writer(&mut *out, trace.about())?;
    write!(out, ",\"traceEvents\":[")?;
    let mut chrome = Chrome { out, program: trace.program(), first: true, waiting: FxHashMap::default() };
    chrome.metadata("process_name", None, json!({ "name": format!("vex: {}", trace.about().title) }))?;
    timeline::show(trace, &input.range, &mut chrome)?;
    writeln!(chrome.out, "\n]}}")?;
    Ok(())
}

/// The process that all tasks are in.
const PROCESS: u32 = 1;

struct Chrome<'a> {
    out: &'a mut dyn Write,
    program: &'a ProgramInfo,
    first: bool,
    /// Ends of flows at the very beginning of a slice that is not written yet: they belong to it only if they stand after it.
    waiting: FxHashMap<TaskId, Vec<Flow>>,
}

#[derive(Clone, Copy)]
struct Flow {
    phase: char,
    id: u64,
    time: u64,
}

/// Nanoseconds as microseconds.
struct Micros(u64);

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// A text as JSON.
struct Json<'a>(&'a str);

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}

impl Chrome<'_> {
    fn next(&mut self) -> io::Result<()> {
        let separator = if std::mem::take(&mut self.first) { "\n" } else { ",\n" };
        self.out.write_all(separator.as_bytes())
    }

    fn metadata(&mut self, name: &str, task: Option<TaskId>, args: Value) -> io::Result<()> {
        self.next()?;
        let task = task.map_or(0, |task| task.0);
        write!(self.out, "{{\"ph\":\"M\",\"pid\":{PROCESS},\"tid\":{task},\"name\":\"{name}\",\"args\":{args}}}")
    }

    fn flow(&mut self, task: TaskId, flow: Flow) -> io::Result<()> {
        self.next()?;
        let Flow { phase, id, time } = flow;
        let bind = if phase == 'f' { ",\"bp\":\"e\"" } else { "" };
        let (pid, tid, time) = (PROCESS, task.0, Micros(time));
        write!(
            self.out,
            "{{\"ph\":\"{phase}\",\"pid\":{pid},\"tid\":{tid},\"ts\":{time},\"id\":{id},\"cat\":\"cause\",\"name\":\"cause\"{bind}}}"
        )
    }

    /// Writes a flow's end now if the slice that it belongs to began before it, or else behind that slice.
    fn flow_in(&mut self, task: TaskId, flow: Flow, began: Option<u64>) -> io::Result<()> {
        if began.is_some_and(|began| began < flow.time) {
            return self.flow(task, flow);
        }
        self.waiting.entry(task).or_default().push(flow);
        Ok(())
    }
}

/// The group of a state, by which viewers colour and filter.
fn category(state: TaskState) -> &'static str {
    match state {
        TaskState::Blocked(WaitReason::Sleep) => "sleeping",
        state => state.name(),
    }
}

impl Viewer for Chrome<'_> {
    fn task(&mut self, task: TaskId, name: &str, _time: u64) -> io::Result<()> {
        self.metadata("thread_name", Some(task), json!({ "name": name }))?;
        self.metadata("thread_sort_index", Some(task), json!({ "sort_index": task.0 }))
    }

    fn begin(&mut self, task: TaskId, slice: &Slice, from: Option<u64>, to: Option<u64>) -> io::Result<()> {
        let flows = from.map(|id| ('f', id)).into_iter().chain(to.map(|id| ('s', id)));
        for (phase, id) in flows {
            self.flow_in(task, Flow { phase, id, time: slice.start }, None)?;
        }
        Ok(())
    }

    fn end(&mut self, task: TaskId, slice: &Slice, time: u64) -> io::Result<()> {
        self.next()?;
        let (start, length) = (Micros(slice.start), Micros(time.saturating_sub(slice.start)));
        let (name, category, tid, event) = (Json(&slice.label), category(slice.state), task.0, slice.event);
        write!(
            self.out,
            "{{\"ph\":\"X\",\"pid\":{PROCESS},\"tid\":{tid},\"ts\":{start},\"dur\":{length},\"name\":{name},\"cat\":\"{category}\",\
             \"args\":{{\"event\":{event}"
        )?;
        if self.program.place(slice.site).is_some() {
            write!(self.out, ",\"at\":{}", Json(&self.program.locate(slice.site)))?;
        }
        self.out.write_all(b"}}")?;
        for flow in self.waiting.remove(&task).unwrap_or_default() {
            self.flow(task, flow)?;
        }
        Ok(())
    }

    fn instant(&mut self, task: TaskId, at: &Instant, from: &[u64], to: Option<u64>) -> io::Result<()> {
        let flows = from.iter().map(|&id| ('f', id)).chain(to.map(|id| ('s', id)));
        for (phase, id) in flows {
            self.flow_in(task, Flow { phase, id, time: at.time }, Some(at.slice))?;
        }
        let told = matches!(
            at.event.kind,
            Kind::Output | Kind::ErrorOutput | Kind::Panic | Kind::Marker | Kind::Finding | Kind::ContextCancel
        );
        if !told {
            return Ok(());
        }
        self.next()?;
        let (name, time, tid, event) = (at.event.kind.name(), Micros(at.time), task.0, at.event.ordinal);
        write!(
            self.out,
            "{{\"ph\":\"i\",\"pid\":{PROCESS},\"tid\":{tid},\"ts\":{time},\"s\":\"t\",\"name\":\"{name}\",\"cat\":\"program\",\
             \"args\":{{\"event\":{event},\"about\":{}}}}}",
            Json(&at.about)
        )
    }

    fn counter(&mut self, counter: &Counter, time: u64, value: u64) -> io::Result<()> {
        self.next()?;
        let (name, of) = match counter {
            Counter::Running => ("running tasks".to_string(), "tasks"),
            Counter::Length(_, channel) => (format!("length of {channel}"), "length"),
        };
        let (name, time) = (Json(&name), Micros(time));
        write!(
            self.out,
            "{{\"ph\":\"C\",\"pid\":{PROCESS},\"ts\":{time},\"name\":{name},\"args\":{{\"{of}\":{value}}}}}"
        )
    }
}
