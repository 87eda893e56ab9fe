//! Draws a frame: header, tabs, view, detail, keys. Reads the state, changes nothing; places come from [`crate::layout`].

use crate::commands::Command;
use crate::debugger::Standing;
use crate::detail;
use crate::format::{count, duration, fit, pad, plural, short_count, width};
use crate::layout::{Regions, SMALLEST, inside, tabs};
use crate::session::Status;
use crate::state::{PromptKind, Speed, State};
use crate::theme::Role;
use crate::views;
use crate::views::View;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tracer::finding::Verdict;

/// Draws everything.
pub fn draw(state: &State, buffer: &mut Buffer) {
    let size = (buffer.area.width, buffer.area.height);
    match Regions::of(size, state.view, state.show_detail) {
        Some(regions) => {
            header(state, buffer, regions.header);
            tab_line(state, buffer, regions.tabs);
            // The Debug view is made of panes with frames of their own.
            if state.view != View::Debug {
                let title = views::title(state);
                frame(state, buffer, regions.view, &title);
            }
            views::draw(state, buffer, regions.of_view(state.view));
            if let Some(area) = regions.detail {
                detail_pane(state, buffer, area, regions.beside);
            }
            key_line(state, buffer, regions.keys);
        }
        None => too_small(state, buffer),
    }
    state.theme.finish(buffer);
}

fn too_small(state: &State, buffer: &mut Buffer) {
    let area = buffer.area;
    let text = format!("vex needs {}×{}, this is {}×{}", SMALLEST.0, SMALLEST.1, area.width, area.height);
    for (y, line) in crate::format::wrap(&text, area.width as usize).iter().take(area.height as usize).enumerate() {
        put(buffer, area, 0, y as u16, line, state.theme.bold(Role::Warning));
    }
}

/// Writes text at a place relative to an area, cut at the area's edge; returns the column after it.
pub fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, text: &str, style: Style) -> u16 {
    if x >= area.width || y >= area.height || !buffer.area.contains(Position::new(area.x, area.y)) {
        return x;
    }
    let room = (area.width - x) as usize;
    buffer.set_stringn(area.x + x, area.y + y, text, room, style).0.saturating_sub(area.x)
}

/// Writes a styled line into a row of an area.
pub fn put_line(buffer: &mut Buffer, area: Rect, y: u16, line: &Line) {
    let mut x = 0;
    for span in &line.spans {
        x = put(buffer, area, x, y, &span.content, line.style.patch(span.style));
    }
}

/// Paints a style over a row of an area.
pub fn paint_row(buffer: &mut Buffer, area: Rect, y: u16, style: Style) {
    if y < area.height {
        buffer.set_style(Rect { y: area.y + y, height: 1, ..area }, style);
    }
}

/// A frame with a title on its upper edge.
pub fn frame(state: &State, buffer: &mut Buffer, area: Rect, title: &Line) {
    let style = state.theme.style(Role::Border);
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (right, bottom) = (area.width - 1, area.height - 1);
    for x in 1..right {
        put(buffer, area, x, 0, "─", style);
        put(buffer, area, x, bottom, "─", style);
    }
    for y in 1..bottom {
        put(buffer, area, 0, y, "│", style);
        put(buffer, area, right, y, "│", style);
    }
    for (x, y, corner) in [(0, 0, "┌"), (right, 0, "┐"), (0, bottom, "└"), (right, bottom, "┘")] {
        put(buffer, area, x, y, corner, style);
    }
    let top = Rect { x: area.x + 2, width: area.width.saturating_sub(4), height: 1, ..area };
    if title.width() > 0 {
        let mut padded = vec![Span::raw(" ")];
        padded.extend(title.spans.iter().cloned());
        padded.push(Span::raw(" "));
        put_line(buffer, top, 0, &Line::from(padded));
    }
}

fn detail_pane(state: &State, buffer: &mut Buffer, area: Rect, beside: bool) {
    let pane = inside(area);
    let content = detail::of(state, pane.width as usize);
    frame(state, buffer, area, &content.title);
    if !beside {
        let style = state.theme.style(Role::Border);
        put(buffer, area, 0, 0, "├", style);
        put(buffer, area, area.width - 1, 0, "┤", style);
    }
    let room = pane.height as usize;
    for (y, line) in content.lines.iter().take(room).enumerate() {
        put_line(buffer, pane, y as u16, line);
    }
    // What does not fit is said: a detail that ends in the middle of a sentence looks like a complete one.
    if content.lines.len() > room && room > 0 {
        let more = format!(" ▼ {}", plural((content.lines.len() - room) as u64, "line"));
        let x = pane.width.saturating_sub(width(&more) as u16);
        put(buffer, pane, x, (room - 1) as u16, &more, state.theme.style(Role::Key));
    }
}

/// Parts of the header: the text, its style, and how dispensable it is (the highest number goes first).
struct Part(String, Style, u8);

/// The part that has a shorter form.
const SHRINKS: u8 = 4;

fn header(state: &State, buffer: &mut Buffer, area: Rect) {
    let theme = &state.theme;
    let plain = Style::new();
    let columns = area.width as usize;
    let mut parts = vec![Part("vex".into(), theme.bold(Role::Title), 6)];
    let title = std::path::Path::new(&state.description.title);
    let name = title.file_name().map_or(state.description.title.clone(), |name| name.to_string_lossy().into_owned());
    parts.push(Part(fit(&crate::format::printable(&name), columns / 3), plain.add_modifier(Modifier::BOLD), 0));
    if state.debugger.is_some() {
        debugger_parts(state, &mut parts);
        return lay_out(state, buffer, area, parts);
    }
    let (text, style) = state_word(state);
    parts.push(Part(text, style, 0));
    if !state.description.live && state.store.is_archived() {
        parts.push(Part("recording".into(), theme.bold(Role::Title), 3));
    }
    if let Some(text) = speed_word(state) {
        parts.push(Part(text, theme.style(Role::Warning), 2));
    }
    let clock = if state.store.is_virtual() { "virtual" } else { "real" };
    let end = duration(state.end_time());
    // A run that ended in trouble has said its time there.
    let twice = matches!(state.status, Status::Finished(_)) && parts[2].0.ends_with(&end);
    parts.push(Part(format!("{clock} {end}"), plain, if twice { 5 } else { 1 }));
    parts.push(Part(state.task_summary(), plain, SHRINKS));
    let workers = state.store.workers().len().max(state.engine.workers().count());
    if workers > 1 {
        parts.push(Part(plural(workers as u64, "worker"), plain, 5));
    }
    parts.push(Part(plural(state.store.len(), "event"), plain, 2));
    if matches!(state.status, Status::Running) {
        parts.push(Part(format!("{}/s", short_count(state.rate)), plain, 5));
    }
    let dropped = if state.dropped > 0 { theme.bold(Role::Warning) } else { theme.dim() };
    parts.push(Part(format!("{} dropped", count(state.dropped)), dropped, if state.dropped > 0 { 2 } else { 5 }));
    if !state.description.mode.is_empty() {
        parts.push(Part(state.description.mode.clone(), theme.dim(), 7));
    }
    lay_out(state, buffer, area, parts);
}

/// Of a debugged run: why it stands, where, what was chosen by hand.
fn debugger_parts(state: &State, parts: &mut Vec<Part>) {
    let theme = &state.theme;
    let (standing, words) = state.standing_words();
    let (glyph, role) = match standing {
        Standing::Busy => ("●", Role::Running),
        Standing::Stopped => ("∥", Role::Ready),
        Standing::Ended => ("●", Role::Running),
        Standing::Bad => ("✖", Role::Bad),
    };
    parts.push(Part(format!("{glyph} {words}"), theme.bold(role), 0));
    let Some(at) = state.inspection() else { return };
    let events = match at.at.event < at.frontier.event {
        true => format!("event {} of {}", count(at.at.event), count(at.frontier.event)),
        false => format!("event {}", count(at.at.event)),
    };
    parts.push(Part(events, Style::new(), 1));
    parts.push(Part(format!("step {}", count(at.at.step)), Style::new(), 3));
    if at.choices > 0 {
        parts.push(Part(plural(u64::from(at.choices), "choice"), theme.bold(Role::Key), 2));
    }
    let time = duration(state.store.time_of_clock(at.clock));
    parts.push(Part(format!("virtual {time}"), Style::new(), 5));
    parts.push(Part(plural(at.tasks.len() as u64, "live task"), Style::new(), 6));
    if state.dropped > 0 {
        parts.push(Part(format!("{} dropped", count(state.dropped)), theme.bold(Role::Warning), 2));
    }
    if !state.description.mode.is_empty() {
        parts.push(Part(state.description.mode.clone(), theme.dim(), 7));
    }
}

fn lay_out(state: &State, buffer: &mut Buffer, area: Rect, mut parts: Vec<Part>) {
    let plain = Style::new();
    let columns = area.width as usize;
    // What is least important goes first; before events and clock go, the tasks by state shrink to their number.
    let size = |parts: &[Part]| parts.iter().map(|part| width(&part.0) + 3).sum::<usize>();
    while size(&parts) > columns + 2 {
        let Some(worst) = (0..parts.len()).max_by_key(|&i| parts[i].2).filter(|&i| parts[i].2 > 0) else { break };
        if parts[worst].2 == SHRINKS {
            parts[worst] = Part(state.task_total(), plain, 3);
        } else {
            parts.remove(worst);
        }
    }
    let mut x = 1;
    for part in &parts {
        x = put(buffer, area, x, 0, &part.0, part.1) + 3;
    }
}

/// The state of the run: a glyph and a word, and for trouble since when.
fn state_word(state: &State) -> (String, Style) {
    let theme = &state.theme;
    let trouble = state.findings.first();
    let at =
        trouble.map_or(String::new(), |finding| format!(" at {}", duration(state.store.time_of_clock(finding.clock))));
    match &state.status {
        Status::Starting => ("○ starting".into(), theme.dim()),
        Status::Finished(ending) => match ending.verdict {
            // A recording without the end of the run.
            Verdict::Ok if !state.description.live && !ending.note.is_empty() => {
                (format!("○ {}", ending.note), theme.bold(Role::Warning))
            }
            Verdict::Ok if ending.exit_code == 0 => ("● finished ok".into(), theme.bold(Role::Running)),
            Verdict::Ok => (format!("● finished, exit code {}", ending.exit_code), theme.bold(Role::Warning)),
            Verdict::Deadlock => (format!("● DEADLOCK{at}"), theme.bold(Role::Bad)),
            Verdict::Leak => (format!("● LEAK{at}"), theme.bold(Role::Warning)),
            Verdict::Panic => (format!("✖ PANICKED{at}"), theme.bold(Role::Bad)),
            Verdict::Assert => (format!("✖ ASSERT FAILED{at}"), theme.bold(Role::Bad)),
            Verdict::Race => (format!("● DATA RACE{at}"), theme.bold(Role::Bad)),
            Verdict::Livelock => (format!("● LIVELOCK{at}"), theme.bold(Role::Bad)),
            Verdict::TimeLimit => ("● time limit".into(), theme.bold(Role::Warning)),
        },
        Status::Paused | Status::Running => {
            let paused = state.status == Status::Paused;
            let word = if paused { "∥ paused" } else { "● running" };
            match trouble {
                Some(finding) => {
                    (format!("{word}, {}{at}", views::waits::verdict_word(finding.verdict)), theme.bold(Role::Bad))
                }
                None => (word.into(), theme.bold(if paused { Role::Ready } else { Role::Running })),
            }
        }
    }
}

fn speed_word(state: &State) -> Option<String> {
    match state.speed {
        _ if matches!(state.status, Status::Finished(_)) => None,
        Speed::Full => None,
        Speed::Events(n) => Some(format!("slow: {}/s", plural(n, "event"))),
    }
}

fn tab_line(state: &State, buffer: &mut Buffer, area: Rect) {
    for (view, text, x) in tabs(area.width, state.debugger.is_some()) {
        let (digit, name) = text.split_at(1);
        let chosen = view == state.view;
        let style = if chosen { Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED) } else { Style::new() };
        if chosen {
            put(buffer, area, x - 1, 0, " ", style);
        }
        let next = put(buffer, area, x, 0, digit, if chosen { style } else { state.theme.style(Role::Key) });
        let end = put(buffer, area, next, 0, name, style);
        if chosen {
            put(buffer, area, end, 0, " ", style);
        }
    }
}

/// The last line: a question being answered, a message, or the keys that work here.
fn key_line(state: &State, buffer: &mut Buffer, area: Rect) {
    let theme = &state.theme;
    if let Some(prompt) = &state.prompt {
        let help = match prompt.kind {
            _ if !state.choices.is_empty() => state.choices.join("  "),
            PromptKind::Debug => "Enter does it · Tab ends the word · ↑↓ earlier ones · Esc takes back".into(),
            PromptKind::GoTo | PromptKind::Filter => "Enter accepts · Esc takes back".into(),
        };
        let x = put(buffer, area, 1, 0, prompt.kind.label(), theme.bold(Role::Key));
        // The end of a long answer is what is being typed: show that.
        let room = (area.width.saturating_sub(x + 3)) as usize;
        let skip = prompt.text.chars().count().saturating_sub(room);
        let shown: String = prompt.text.chars().skip(skip).collect();
        let x = put(buffer, area, x + 1, 0, &shown, Style::new());
        let x = put(buffer, area, x, 0, " ", Style::new().add_modifier(Modifier::REVERSED));
        put(buffer, area, x + 2, 0, &fit(&help, area.width.saturating_sub(x + 3) as usize), theme.dim());
        return;
    }
    let mut x = 1;
    if let Some(notice) = &state.notice {
        let text = fit(notice, area.width.saturating_sub(2) as usize);
        x = put(buffer, area, x, 0, &text, theme.bold(Role::Warning)) + 3;
    }
    if state.notice.is_none()
        && state.debugger.is_none()
        && state.paused()
        && state.follow
        && let Some(event) = state.store.event(state.moment())
    {
        // What the last step did.
        let text = format!("{}: {}", count(event.ordinal), crate::wording::sentence(state, &event));
        x = put(buffer, area, x, 0, &fit(&text, area.width as usize / 2), theme.bold(Role::Ready)) + 3;
    }
    // The way out and the way to help have their place at the end, whatever else there is room for.
    let size = |hint: &Hint| width(&hint.0) + 1 + width(&hint.1) + 2;
    let (hints, last) = hints(state);
    let mut room = (area.width as usize).saturating_sub(x as usize + last.iter().map(size).sum::<usize>());
    let fitting = hints.into_iter().filter(|hint| match room.checked_sub(size(hint)) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    });
    let shown: Vec<Hint> = fitting.collect();
    for (keys, hint) in shown.iter().chain(&last) {
        x = put(buffer, area, x, 0, keys, theme.style(Role::Key));
        x = put(buffer, area, x + 1, 0, hint, Style::new()) + 2;
    }
}

/// Keys, and a word for what they do.
type Hint = (String, String);

/// Keys and words for the last line, what is special here first; and those that always come last.
fn hints(state: &State) -> (Vec<Hint>, Vec<Hint>) {
    let pair = |command: Command| (command.keys()[0].label(), command.hint().to_string());
    let mut last = vec![pair(Command::Help), pair(Command::Quit)];
    let mut out: Vec<Hint> = Vec::new();
    let mut hint = |keys: &str, word: &str| out.push((keys.to_string(), word.to_string()));
    if state.view == views::View::Help {
        hint("↑↓", "scroll");
        hint("Esc", "close");
        last.remove(0);
        return (out, last);
    }
    let live = state.description.live && !matches!(state.status, Status::Finished(_));
    if state.debugger.is_some() {
        if state.inspection().is_some_and(|at| at.ended.is_some()) && !state.findings.is_empty() {
            hint("!", "finding");
        }
        if state.view != View::Debug {
            hint("D", "debug");
            hint(".", "event");
            hint("G", "go here");
        }
    } else if live {
        hint("Space", if state.paused() { "go on" } else { "pause" });
        if state.paused() {
            hint(".", "step");
        }
        hint("<>", "speed");
    } else if !state.findings.is_empty() {
        hint("!", "finding");
    }
    for &(keys, word) in views::hints(state) {
        hint(keys, word);
    }
    if state.view == views::View::Timeline {
        out.push(pair(Command::Waits));
    }
    if !state.trail.is_empty() {
        out.push(pair(Command::Back));
    }
    (out, last)
}

/// Says in the middle of an empty view what would fill it, and how.
pub fn empty(state: &State, buffer: &mut Buffer, area: Rect, what: &str, how: &str) {
    let columns = (area.width as usize).saturating_sub(4).min(76);
    let mut lines: Vec<(String, Style)> = crate::format::wrap(what, columns)
        .into_iter()
        .map(|line| (line, Style::new().add_modifier(Modifier::BOLD)))
        .collect();
    lines.extend(crate::format::wrap(how, columns).into_iter().map(|line| (line, state.theme.dim())));
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    for (i, (line, style)) in lines.iter().enumerate() {
        let x = (area.width as usize).saturating_sub(width(line)) / 2;
        put(buffer, area, x as u16, top + i as u16, line, *style);
    }
}

/// A line of pieces for a table: each padded to its width, numbers to the right.
pub fn cells(pieces: &[(&str, usize, bool)]) -> String {
    let texts: Vec<String> = pieces
        .iter()
        .map(
            |(text, columns, right)| if *right { crate::format::pad_left(text, *columns) } else { pad(text, *columns) },
        )
        .collect();
    texts.join("  ")
}
