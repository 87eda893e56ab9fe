//! The detail of the selection: what the views have no room to say about the task, channel, event or line that is picked.
//!
//! It is a list of short facts. Beside the view each takes a line of its own; below it, where there is room to the right but
//! not downwards, they share lines.

use crate::format::{count, duration, percent, plural, printable, width, wrap};
use crate::state::{Focus, State};
use crate::theme::Role;
use crate::views::timeline::rows::Group;
use crate::views::{View, channels, waits};
use crate::wording::{self, look};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tracer::event::{ObjectId, TaskId};
use tracer::finding::WaitReason;
use tracer::model::rates::ROWS;
use tracer::model::state::TaskState;

/// A title and lines.
pub struct Content {
    /// For the frame.
    pub title: Line<'static>,
    /// Not wider than was asked for.
    pub lines: Vec<Line<'static>>,
}

/// A fact: text and style.
struct Fact(String, Style);

#[derive(Default)]
struct Facts(Vec<Fact>);

impl Facts {
    fn say(&mut self, text: impl Into<String>) {
        self.styled(text, Style::new());
    }

    fn styled(&mut self, text: impl Into<String>, style: Style) {
        let text = text.into();
        if !text.is_empty() {
            self.0.push(Fact(text, style));
        }
    }
}

/// What there is to say about the selection in so many columns.
pub fn of(state: &State, columns: usize) -> Content {
    let mut facts = Facts::default();
    let title = match (state.view, state.selection.task, state.selection.object) {
        (View::Timeline, _, _) if state.timeline.group.is_some() => group(state, &mut facts),
        (View::Channels | View::Locks, _, Some(id)) => object(state, id, &mut facts),
        (View::Waits, _, Some(id)) if state.selection.focus == Focus::Object => object(state, id, &mut facts),
        (View::Events, _, _) => event(state, &mut facts),
        (View::Throughput, _, _) => throughput(state, &mut facts),
        (_, Some(id), _) => task(state, id, &mut facts),
        (_, None, Some(id)) => object(state, id, &mut facts),
        (_, None, None) => {
            facts.styled("Nothing is selected yet.", state.theme.dim());
            "selection".to_string()
        }
    };
    let title = Line::from(Span::styled(printable(&title), Style::new().add_modifier(Modifier::BOLD)));
    Content { title, lines: pack(state, facts, columns) }
}

/// Lays facts out: several to a line where the line is long.
fn pack(state: &State, facts: Facts, columns: usize) -> Vec<Line<'static>> {
    const GAP: &str = " · ";
    let shared = columns >= 56;
    let mut lines: Vec<Line<'static>> = Vec::new();
    let mut used = 0;
    for Fact(text, style) in facts.0 {
        let size = width(&text);
        if shared
            && used > 0
            && used + width(GAP) + size <= columns
            && let Some(line) = lines.last_mut()
        {
            line.spans.push(Span::styled(GAP, state.theme.dim()));
            line.spans.push(Span::styled(text, style));
            used += width(GAP) + size;
            continue;
        }
        for part in wrap(&text, columns.max(1)) {
            used = width(&part);
            lines.push(Line::from(Span::styled(part, style)));
        }
    }
    lines
}

fn group(state: &State, facts: &mut Facts) -> String {
    let Some(group) = state.timeline.group else { return String::new() };
    let Group { parent, function } = group;
    let Some(members) = state.timeline.rows.groups.get(&group) else { return String::new() };
    for &(n, what) in state.timeline.tally() {
        let (glyph, role) = look(what);
        let words = match what {
            TaskState::Blocked(reason) if reason != WaitReason::Sleep => format!("blocked: {}", reason.name()),
            other => other.name().to_string(),
        };
        facts.styled(format!("{glyph} {} {words}", count(n)), state.theme.style(role));
    }
    facts.say(format!("spawned by {}", state.task_name(parent)));
    let total = members.tasks.len();
    if total > crate::views::timeline::rows::SAMPLE {
        let sample = crate::views::timeline::rows::SAMPLE;
        facts.styled(format!("the strip is drawn from {sample} of them"), state.theme.dim());
    }
    facts.styled("g or Enter unfolds", state.theme.dim());
    format!("{} ×{}", state.function_name(function), count(total as u64))
}

fn task(state: &State, id: TaskId, facts: &mut Facts) -> String {
    let theme = &state.theme;
    let name = state.task_name(id);
    let Some(task) = state.store.tasks().get(id) else { return name };
    let now = state.now().task(id);
    match state.task_state(id) {
        None => facts.styled("not spawned yet at this event", theme.dim()),
        Some(what) => {
            let (glyph, role) = look(what);
            let since = now.map_or_else(String::new, |now| format!(" {}", duration(state.since(now.since))));
            facts.styled(format!("{glyph} {}{since}", what.name()), theme.bold(role));
        }
    }
    if let Some(now) = now {
        if let TaskState::Blocked(reason) = now.state {
            if reason != WaitReason::Sleep {
                facts.say(wording::wait(state, now));
            }
            let holders = state.now().object(ObjectId(now.on)).map_or(&[][..], |object| &object.holds);
            let lock = matches!(
                reason,
                WaitReason::Lock
                    | WaitReason::ReadLock
                    | WaitReason::WriteLock
                    | WaitReason::Semaphore
                    | WaitReason::Once
            );
            for hold in holders.iter().filter(|_| lock).take(3) {
                facts.say(format!("held by {} ({})", state.task_name(hold.task), duration(state.since(hold.since))));
            }
        }
        if !now.held.is_empty() {
            let held: Vec<String> = now.held.iter().take(4).map(|&id| state.object_name(id)).collect();
            let more = if now.held.len() > 4 { format!(" and {} more", now.held.len() - 4) } else { String::new() };
            facts.say(format!("holds {}{more}", held.join(", ")));
        }
    }
    trouble(state, id, facts);
    let site = now.map_or(task.site, |now| now.site);
    if let Some(place) = state.program.place(site) {
        facts.say(format!("at {}", state.short_place(site)));
        facts.styled(printable(state.line_text(place)), theme.style(Role::Type));
    }
    if let Some(event) = state.event_under_cursor().and_then(|event| state.store.event(event)) {
        facts.say(format!("event {}: {}", count(event.ordinal), wording::does(state, &event)));
        cause(state, event.ordinal, facts);
        effects(state, event.ordinal, facts);
    }
    if task.parent.0 != 0 {
        let place = state.short_place(task.spawned_at);
        facts.styled(format!("spawned by {} at {place}", state.task_name(task.parent)), theme.dim());
    }
    name
}

/// The findings that a task is part of, in short.
fn trouble(state: &State, id: TaskId, facts: &mut Facts) {
    let moment = state.moment();
    for finding in state.findings.iter().filter(|finding| finding.event.is_none_or(|event| event <= moment)) {
        let bad = state.theme.bold(Role::Bad);
        let closed = finding.event.map_or_else(String::new, |event| format!(", closed by event {}", count(event)));
        let index = finding.tasks.iter().position(|blocked| blocked.task.id == id);
        if index.is_some_and(|index| finding.cycle.contains(&index)) {
            facts.styled(format!("in a cycle of {}{closed}", finding.cycle.len()), bad);
        } else if index.is_some() {
            facts.styled(format!("never woken again: {}", waits::verdict_word(finding.verdict)), bad);
        } else if finding.culprit.is_some_and(|culprit| culprit.id == id) && !finding.message.is_empty() {
            facts.styled(format!("{}: {}", waits::verdict_word(finding.verdict), printable(&finding.message)), bad);
        }
    }
}

/// What an event goes back to, in words.
fn cause(state: &State, ordinal: u64, facts: &mut Facts) {
    let Some(cause) = state.store.cause(ordinal).and_then(|cause| state.store.event(cause)) else { return };
    let word = if cause.ordinal > ordinal { "until" } else { "because" };
    let text = format!("{word} {} (event {})", wording::sentence(state, &cause), count(cause.ordinal));
    facts.styled(text, state.theme.style(Role::Ready));
}

/// Effects that are told of.
const EFFECTS: usize = 3;

/// What an event led to, in words.
fn effects(state: &State, ordinal: u64, facts: &mut Facts) {
    let effects = state.store.effects(ordinal);
    for effect in effects.iter().take(EFFECTS).filter_map(|&effect| state.store.event(effect)) {
        // What is before it had waited for it.
        let word = if effect.ordinal < ordinal { "ends the wait:" } else { "so" };
        let text = format!("{word} {} (event {})", wording::sentence(state, &effect), count(effect.ordinal));
        facts.styled(text, state.theme.style(Role::Running));
    }
    if effects.len() > EFFECTS {
        facts.say(format!("and {} more", count((effects.len() - EFFECTS) as u64)));
    }
}

fn event(state: &State, facts: &mut Facts) -> String {
    let Some(event) = state.store.event(state.moment()) else { return "event".to_string() };
    facts.styled(wording::sentence(state, &event), Style::new().add_modifier(Modifier::BOLD));
    facts.say(format!("at {}", duration(state.store.time_of_clock(event.clock))));
    facts.styled(event.kind.name().to_string() + if event.blocked { ", blocked" } else { "" }, state.theme.dim());
    if let Some(place) = state.program.place(event.site).filter(|_| !event.kind.is_bookkeeping()) {
        facts.say(format!("at {}", state.short_place(event.site)));
        facts.styled(printable(state.line_text(place)), state.theme.style(Role::Type));
    }
    cause(state, event.ordinal, facts);
    effects(state, event.ordinal, facts);
    // The first sentence of the kind's documentation; what follows speaks of fields of records.
    let doc = event.kind.doc().trim();
    let end = doc.find(['.', ';']).unwrap_or(doc.len());
    facts.styled(format!("{}.", &doc[..end]), state.theme.dim());
    format!("event {}", count(event.ordinal))
}

/// The row of the Throughput view that the cursor is on.
fn throughput(state: &State, facts: &mut Facts) -> String {
    use crate::views::throughput::{Pick, describe_operation, describe_worker};
    let (title, lines) = match state.throughput.pick {
        Pick::Operation(row) => (ROWS[row].name.to_string(), describe_operation(state, row)),
        Pick::All => ("all workers".to_string(), describe_worker(state, None)),
        Pick::Worker(number) => (format!("worker W{number}"), describe_worker(state, Some(number))),
    };
    lines.into_iter().for_each(|(text, style)| facts.styled(text, style));
    title
}

fn object(state: &State, id: ObjectId, facts: &mut Facts) -> String {
    let name = state.object_name(id);
    let Some(object) = state.store.objects().get(id) else { return name };
    if let Some(channel) = state.store.channels().get(id) {
        let buffer = if channel.capacity == 0 {
            "unbuffered".into()
        } else {
            format!("capacity {}", count(channel.capacity as u64))
        };
        facts.say(buffer);
        if let Some((full, empty)) = channels::shares(state, channel).filter(|_| channel.capacity > 0) {
            let style = if full > 0.5 { state.theme.bold(Role::Warning) } else { Style::new() };
            facts.styled(format!("full {} of the time", percent(full)), style);
            facts.say(format!("empty {}", percent(empty)));
        }
        facts.say(format!("{} sent, {} received", count(channel.sent), count(channel.received)));
        if let Some(wait) = channels::average_wait(channel) {
            facts.say(format!("{} for it, {} on average", plural(channel.waits, "wait"), duration(wait)));
        }
        if let Some(clock) = channel.closed {
            facts.say(format!("closed at {}", duration(state.store.time_of_clock(clock))));
        }
    } else {
        facts.say(waits::object_text(state, id));
        if let Some(now) = state.now().object(id) {
            for hold in now.holds.iter().take(3) {
                facts.say(format!("held by {} for {}", state.task_name(hold.task), duration(state.since(hold.since))));
            }
        }
        if let Some(lock) = state.store.locks().get(id) {
            facts.say(format!("taken {}, {} after a wait", plural(lock.acquired, "time"), count(lock.contended)));
            if lock.contended > 0 {
                facts.say(format!("longest wait {}", duration(lock.longest_wait)));
            }
        }
    }
    waiters(state, id, facts);
    facts.styled(
        format!("made by {} at {}", state.task_name(object.made_by), state.short_place(object.made_at)),
        state.theme.dim(),
    );
    let kind = object.kind.name();
    if name.starts_with(kind) { name } else { format!("{kind} {name}") }
}

/// Who waits on an object: the first few by name.
fn waiters(state: &State, id: ObjectId, facts: &mut Facts) {
    const NAMED: usize = 4;
    use tracer::model::now::Arm;
    let waits = |task: &&tracer::model::now::TaskNow| match task.state {
        TaskState::Blocked(WaitReason::Select) => {
            task.arms.iter().any(|arm| matches!(arm, Arm::Recv(on) | Arm::Send(on) if *on == id))
        }
        TaskState::Blocked(WaitReason::Await | WaitReason::Io | WaitReason::Sleep) => false,
        TaskState::Blocked(_) => task.on == id.0,
        _ => false,
    };
    let mut tasks: Vec<(u64, TaskId, TaskState)> =
        state.now().tasks().filter(waits).map(|task| (task.since, task.id, task.state)).collect();
    tasks.sort_unstable_by_key(|task| (task.0, task.1));
    for &(since, task, what) in tasks.iter().take(NAMED) {
        let (glyph, role) = look(what);
        let text = format!("{glyph} {} waits {}", state.task_name(task), duration(state.since(since)));
        facts.styled(text, state.theme.style(role));
    }
    if tasks.len() > NAMED {
        facts.say(format!("and {} more", count((tasks.len() - NAMED) as u64)));
    }
}
