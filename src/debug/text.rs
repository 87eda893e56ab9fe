//! What the debugger says, in words: each function words one part of an [`Inspection`]. Every text ends its last line.

use std::fmt::Write;
use tracer::event::{Site, TaskId};
use tracer::finding::{Finding, Verdict};
use tracer::inspect::{BreakpointView, FrameView, Inspection, Move, ObjectView, Reason, TaskView, Variable};
use tracer::model::state::TaskState;
use tracer::names;
use tracer::program::{Place, ProgramInfo};
use tracer::report::Report;

/// Values longer than this are followed by their parts, a line each.
const LONG: usize = 60;

/// Tasks that a line of source names; the others are counted.
const NAMED: usize = 3;

/// Rows with their cells in columns; the last cell of a row is as long as it likes.
pub fn columns(rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        for (cell, width) in row.iter().zip(&mut widths).take(row.len().saturating_sub(1)) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, &width) in row.iter().zip(&widths) {
            let _ = write!(line, "{cell:<width$}");
            if width > 0 {
                line.push_str("  ");
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Where the run stands and why: a line, and the line of source.
pub fn standing(inspection: &Inspection, program: &ProgramInfo, findings: &[Finding]) -> String {
    let mut out = String::new();
    let why = inspection
        .reason
        .as_ref()
        .map_or_else(String::new, |reason| reason_words(reason, inspection, program, findings));
    if !why.is_empty() {
        let _ = write!(out, "{why}: ");
    }
    let task = inspection.running.and_then(|id| task(inspection, id));
    match task {
        Some(task) => out.push_str(&at(task, program)),
        None if inspection.ended.is_some() => out.push_str("nobody runs"),
        None if inspection.moves.is_empty() => out.push_str("nobody can run"),
        None => {
            let moves = counted(inspection.moves.len(), "move");
            let _ = write!(out, "a scheduling point, {moves} (`moves`)");
        }
    }
    let _ = writeln!(out, " · {}", when(inspection));
    let shown = task.or_else(|| inspection.selected.and_then(|id| self::task(inspection, id)));
    if let Some(shown) = shown {
        if task.is_none() {
            let _ = writeln!(out, "selected: {}", at(shown, program));
        }
        if let Some(line) = program.place(shown.site).and_then(|place| source(program, place)) {
            out.push_str(&line);
        }
    }
    out
}

/// The selected task and where it stands.
pub fn selected(inspection: &Inspection, program: &ProgramInfo) -> String {
    let Some(task) = inspection.selected.and_then(|id| self::task(inspection, id)) else {
        return "no task is selected\n".to_string();
    };
    let doing = if task.waits.is_empty() { state(task.state) } else { &task.waits };
    let line = program.place(task.site).and_then(|place| source(program, place)).unwrap_or_default();
    format!("{}, {doing}\n{line}", at(task, program))
}

/// The selected frame.
pub fn frame(inspection: &Inspection, program: &ProgramInfo) -> String {
    let Some(frame) = inspection.stack.get(inspection.frame) else { return String::new() };
    let line = program.place(frame.site).and_then(|place| source(program, place)).unwrap_or_default();
    format!("frame {}: {} at {}\n{line}", frame.index, frame.function, frame.place)
}

/// Where the selected frame stands.
pub fn selected_place(inspection: &Inspection, program: &ProgramInfo) -> Option<Place> {
    inspection.stack.get(inspection.frame).and_then(|frame| program.place(frame.site))
}

/// The program's output, marked as such.
pub fn marked(output: &str) -> String {
    output.lines().map(|line| format!("| {line}\n")).collect()
}

/// `worker#1 at pool.vex:12:5`.
fn at(task: &TaskView, program: &ProgramInfo) -> String {
    match program.place(task.site) {
        Some(_) => format!("{} at {}", task.name, task.place),
        None => task.name.clone(),
    }
}

/// `event 118 of 402, step 40211, 1.20 ms`.
fn when(inspection: &Inspection) -> String {
    let (at, end) = (inspection.at, inspection.frontier);
    let of = if end.step > at.step { format!(" of {}", end.event) } else { String::new() };
    format!("event {}{of}, step {}, {}", at.event, at.step, names::duration(inspection.time))
}

/// A place's line of source with its number.
fn source(program: &ProgramInfo, place: Place) -> Option<String> {
    let line = program.files.get(place.file as usize)?.text.lines().nth(place.line as usize - 1)?;
    Some(format!("{:>5} | {}\n", place.line, line.trim_end()))
}

/// The task with a number.
pub fn task(inspection: &Inspection, id: TaskId) -> Option<&TaskView> {
    inspection.tasks.binary_search_by_key(&id, |task| task.id).ok().map(|index| &inspection.tasks[index])
}

/// `1 move`, `3 moves`.
pub fn counted(number: usize, word: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {word}{plural}", names::count(number as u64))
}

fn reason_words(reason: &Reason, inspection: &Inspection, program: &ProgramInfo, findings: &[Finding]) -> String {
    match reason {
        Reason::Start => "the beginning of the run".to_string(),
        Reason::Done => String::new(),
        Reason::Breakpoint { ids } => {
            let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
            format!("breakpoint{} {}", if ids.len() == 1 { "" } else { "s" }, names::list(&ids))
        }
        Reason::Watch { id, name, old, new } => format!("watch {id}, {name} was {old} and is {new}"),
        Reason::Finding { index } => {
            let said = findings.get(*index).map(|finding| Report::new(program, findings).headline(finding));
            said.unwrap_or_else(|| "something was found wrong".to_string())
        }
        Reason::Ended => match &inspection.ended {
            Some(ended) if ended.verdict == Verdict::Ok => format!("the run is over, exit code {}", ended.exit_code),
            Some(ended) => format!("the run is over, {}, exit code {}", ended.verdict.name(), ended.exit_code),
            None => "the run is over".to_string(),
        },
        Reason::Beginning => "back at the beginning of the run".to_string(),
        Reason::Interrupted => "interrupted".to_string(),
        Reason::Nothing { why } => why.clone(),
    }
}

/// Who can run next.
pub fn moves(moves: &[Move]) -> String {
    let rows: Vec<_> = moves
        .iter()
        .map(|one| {
            let mark = if one.default { '>' } else { ' ' };
            let place = if one.place.is_empty() { String::new() } else { format!("at {}", one.place) };
            vec![format!("{mark} {}", one.number), one.who.clone(), one.does.clone(), one.effect.clone(), place]
        })
        .collect();
    columns(&rows)
}

/// A state in a word.
fn state(state: TaskState) -> &'static str {
    match state {
        TaskState::Ready => "ready",
        TaskState::Running => "running",
        TaskState::Blocked(_) => "blocked",
        TaskState::Done => "done",
        TaskState::Panicked => "panicked",
        TaskState::Cancelled => "cancelled",
    }
}

/// Live tasks.
pub fn tasks(inspection: &Inspection) -> String {
    let row = |task: &TaskView| {
        let mark = if inspection.selected == Some(task.id) { '>' } else { ' ' };
        let since = names::duration(inspection.clock.saturating_sub(task.since));
        let waits = task.waits.clone();
        let holds = if task.holds.is_empty() { String::new() } else { format!("holds {}", names::list(&task.holds)) };
        let state = match task.state {
            TaskState::Blocked(_) => format!("blocked {since}"),
            state => self::state(state).to_string(),
        };
        vec![format!("{mark} {}", task.id.0), task.name.clone(), state, waits, task.place.clone(), holds]
    };
    columns(&inspection.tasks.iter().map(row).collect::<Vec<_>>())
}

/// A stack, the selected frame marked.
pub fn stack(frames: &[FrameView], selected: Option<usize>) -> String {
    let row = |frame: &FrameView| {
        let mark = if selected == Some(frame.index) { '>' } else { ' ' };
        vec![format!("{mark} {}", frame.index), frame.function.clone(), frame.place.clone()]
    };
    columns(&frames.iter().map(row).collect::<Vec<_>>())
}

/// Variables, a line each.
pub fn variables(list: &[Variable]) -> String {
    list.iter().map(|one| variable(one, false)).collect()
}

/// A variable: `j: i64 = 6`; with `parts` also what it is made of, where its line cannot have it all.
pub fn variable(one: &Variable, parts: bool) -> String {
    let mut out = String::new();
    write_variable(one, parts, 0, &mut out);
    out
}

fn write_variable(one: &Variable, parts: bool, depth: usize, out: &mut String) {
    let ty = if one.ty.is_empty() { String::new() } else { format!(": {}", one.ty) };
    let note = if one.note.is_empty() { String::new() } else { format!("  ({})", one.note) };
    let _ = writeln!(out, "{:1$}{2}{ty} = {3}{note}", "", depth * 2, one.name, one.value);
    if parts && (one.value.chars().count() > LONG || one.value.contains('…')) {
        for part in &one.parts {
            write_variable(part, parts, depth + 1, out);
        }
        if one.part_count > one.parts.len() && !one.parts.is_empty() {
            let more = one.part_count - one.parts.len();
            let _ = writeln!(out, "{:1$}… and {2} more", "", depth * 2 + 2, names::count(more as u64));
        }
    }
}

/// Objects, a line each.
pub fn objects(list: &[ObjectView]) -> String {
    let row = |one: &ObjectView| {
        let facts: Vec<_> = one.facts.iter().map(|(word, value)| format!("{word} {value}")).collect();
        let waiting = match one.waiting.len() {
            0 => String::new(),
            n if n <= NAMED => format!("waiting: {}", one.waiting.join(", ")),
            n => format!("waiting: {} and {} more", one.waiting[..NAMED].join(", "), n - NAMED),
        };
        vec![one.name.clone(), one.kind.name().to_string(), facts.join(", "), waiting]
    };
    columns(&list.iter().map(row).collect::<Vec<_>>())
}

/// An object with everything about it.
pub fn object(one: &ObjectView) -> String {
    let mut out = format!("{} {}\n", one.kind.name(), one.name);
    let facts = one.facts.iter().map(|(word, value)| vec![format!("  {word}"), value.clone()]);
    let waiting =
        one.waiting.iter().enumerate().map(|(index, who)| vec![format!("  waiting {}", index + 1), who.clone()]);
    out.push_str(&columns(&facts.chain(waiting).collect::<Vec<_>>()));
    out
}

/// Breakpoints, watches, log points.
pub fn breakpoints(list: &[BreakpointView]) -> String {
    let row = |one: &BreakpointView| {
        let on = if one.enabled { "on" } else { "off" };
        let met = format!("met {}", if one.hits == 1 { "once".into() } else { counted(one.hits as usize, "time") });
        vec![one.id.to_string(), on.to_string(), one.text.clone(), met]
    };
    columns(&list.iter().map(row).collect::<Vec<_>>())
}

/// A line of a listing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ListedLine {
    /// From 1.
    pub line: u32,
    /// Its text.
    pub text: String,
    /// Whether the selected frame stands in it.
    pub current: bool,
    /// The breakpoints in it.
    pub breakpoints: Vec<u32>,
    /// The tasks that stand in it.
    pub tasks: Vec<String>,
}

/// The lines of a file around one, with who and what is in them.
pub fn listing(program: &ProgramInfo, inspection: &Inspection, file: u16, around: u32) -> Vec<ListedLine> {
    /// Lines before and after.
    const AROUND: u32 = 5;
    let selected = selected_place(inspection, program);
    let place = |site: Site| program.place(site).filter(|place| place.file == file).map(|place| place.line);
    let text = program.files.get(file as usize).map_or("", |file| &file.text);
    let first = around.saturating_sub(AROUND).max(1);
    let lines =
        text.lines().zip(1..).skip(first as usize - 1).take_while(|(_, line)| *line <= around.saturating_add(AROUND));
    let mut listed: Vec<ListedLine> = lines
        .map(|(text, line)| ListedLine {
            line,
            text: text.trim_end().to_string(),
            current: selected.is_some_and(|place| place.file == file && place.line == line),
            breakpoints: Vec::new(),
            tasks: Vec::new(),
        })
        .collect();
    let index = |line: u32| line.checked_sub(first).map(|index| index as usize);
    for task in &inspection.tasks {
        if let Some(line) = place(task.site).and_then(index).and_then(|index| listed.get_mut(index)) {
            line.tasks.push(task.name.clone());
        }
    }
    for one in &inspection.breakpoints {
        let line = one.line.filter(|place| place.0 == file).and_then(|place| index(place.1));
        if let Some(line) = line.and_then(|index| listed.get_mut(index)) {
            line.breakpoints.push(one.id);
        }
    }
    listed
}

/// A listing in words: `>` where the selected frame stands, `*` at breakpoints, tasks behind the line.
pub fn list(lines: &[ListedLine]) -> String {
    let mut out = String::new();
    let width = lines.iter().map(|line| line.text.chars().count()).max().unwrap_or(0);
    for line in lines {
        let current = if line.current { '>' } else { ' ' };
        let stop = if line.breakpoints.is_empty() { ' ' } else { '*' };
        let tasks = match line.tasks.len() {
            0 => String::new(),
            n if n <= NAMED => format!("  <- {}", line.tasks.join(", ")),
            n => format!("  <- {} and {} more", line.tasks[..NAMED].join(", "), names::count((n - NAMED) as u64)),
        };
        let text = format!("{current}{stop}{:>5} | {:<width$}{tasks}", line.line, line.text);
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

/// Where the run stands, at length.
pub fn info(inspection: &Inspection, findings: usize) -> String {
    let mut rows = vec![
        vec!["event".to_string(), inspection.at.event.to_string()],
        vec!["step".to_string(), inspection.at.step.to_string()],
        vec!["time".to_string(), names::duration(inspection.time)],
        vec![
            "known up to".to_string(),
            format!("event {}, step {}", inspection.frontier.event, inspection.frontier.step),
        ],
    ];
    let name = |id: Option<TaskId>| id.and_then(|id| task(inspection, id)).map_or("nobody", |task| &task.name);
    rows.push(vec!["running".to_string(), name(inspection.running).to_string()]);
    rows.push(vec!["selected".to_string(), format!("{}, frame {}", name(inspection.selected), inspection.frame)]);
    let words = ["running", "ready", "blocked", "done", "panicked", "cancelled"];
    let counts =
        words.iter().map(|&word| (inspection.tasks.iter().filter(|task| state(task.state) == word).count(), word));
    let counts: Vec<_> =
        counts.filter(|(n, _)| *n > 0).map(|(n, word)| format!("{} {word}", names::count(n as u64))).collect();
    let total = names::count(inspection.tasks.len() as u64);
    rows.push(vec![
        "live tasks".to_string(),
        if counts.is_empty() { total } else { format!("{total}: {}", counts.join(", ")) },
    ]);
    rows.push(vec!["choices by hand".to_string(), inspection.choices.to_string()]);
    rows.push(vec!["breakpoints".to_string(), inspection.breakpoints.len().to_string()]);
    rows.push(vec!["findings".to_string(), findings.to_string()]);
    columns(&rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracer::event::ObjectId;
    use tracer::finding::{ObjectKind, WaitReason};
    use tracer::inspect::{Coordinate, Ended};
    use tracer::program::SourceText;

    fn program() -> ProgramInfo {
        let text = (1..=20).map(|line| format!("    line({line})  \n")).collect::<String>();
        let place = |line| Place { file: 0, line, column: 5 };
        ProgramInfo {
            files: vec![SourceText { path: "p.vex".into(), text: text.into() }],
            places: (0..=20).map(place).collect(),
            ..ProgramInfo::default()
        }
    }

    fn a_task(id: u32, name: &str, line: u32, state: TaskState) -> TaskView {
        TaskView {
            id: TaskId(id),
            name: name.into(),
            path: name.into(),
            state,
            waits: String::new(),
            on: None,
            since: 1_000_000,
            place: format!("p.vex:{line}:5"),
            site: Site(line),
            holds: Vec::new(),
        }
    }

    fn inspection() -> Inspection {
        let blocked = TaskView {
            waits: "to lock m".into(),
            holds: vec!["a".into(), "b".into()],
            ..a_task(3, "worker#1", 12, TaskState::Blocked(WaitReason::Lock))
        };
        Inspection {
            at: Coordinate { step: 40211, event: 118 },
            frontier: Coordinate { step: 40211, event: 118 },
            clock: 3_000_000,
            time: 1_200_000,
            reason: Some(Reason::Breakpoint { ids: vec![1] }),
            running: Some(TaskId(1)),
            selected: Some(TaskId(1)),
            tasks: vec![a_task(1, "main", 10, TaskState::Running), blocked],
            stack: vec![FrameView { index: 0, function: "main".into(), place: "p.vex:10:5".into(), site: Site(10) }],
            breakpoints: vec![BreakpointView {
                id: 1,
                text: "break 10".into(),
                line: Some((0, 10)),
                enabled: true,
                hits: 1,
            }],
            ..Inspection::default()
        }
    }

    fn stands(change: impl FnOnce(&mut Inspection)) -> String {
        let mut inspection = inspection();
        change(&mut inspection);
        standing(&inspection, &program(), &[])
    }

    #[test]
    fn where_it_stands_is_why_who_where_and_when() {
        let here = "main at p.vex:10:5 · event 118, step 40211, 1.20 ms\n   10 |     line(10)\n";
        assert_eq!(stands(|_| ()), format!("breakpoint 1: {here}"));
        assert_eq!(stands(|at| at.reason = Some(Reason::Done)), here);
        assert_eq!(
            stands(|at| at.reason = Some(Reason::Beginning)),
            format!("back at the beginning of the run: {here}")
        );
        let why = Reason::Nothing { why: "there is no such channel".into() };
        assert_eq!(stands(|at| at.reason = Some(why)), format!("there is no such channel: {here}"));
        let watch = Reason::Watch { id: 2, name: "x".into(), old: "3".into(), new: "4".into() };
        assert_eq!(stands(|at| at.reason = Some(watch)), format!("watch 2, x was 3 and is 4: {here}"));
        assert!(
            stands(|at| at.reason = Some(Reason::Breakpoint { ids: vec![1, 3] })).starts_with("breakpoints 1 and 3: ")
        );
        assert!(stands(|at| at.frontier.step += 1).contains("event 118 of 118, step"));
        let point = stands(|at| {
            at.running = None;
            at.selected = Some(TaskId(3));
            at.reason = Some(Reason::Done);
            at.moves = vec![Move {
                number: 1,
                task: None,
                who: "time".into(),
                does: String::new(),
                effect: String::new(),
                place: String::new(),
                default: true,
            }];
        });
        let said = "a scheduling point, 1 move (`moves`) · event 118, step 40211, 1.20 ms\n";
        assert_eq!(point, format!("{said}selected: worker#1 at p.vex:12:5\n   12 |     line(12)\n"));
        let ended = stands(|at| {
            (at.running, at.selected, at.reason) = (None, None, Some(Reason::Ended));
            at.ended = Some(Ended { verdict: Verdict::Deadlock, exit_code: 102 });
        });
        assert_eq!(ended, "the run is over, deadlock, exit code 102: nobody runs · event 118, step 40211, 1.20 ms\n");
    }

    #[test]
    fn lists_stand_in_columns() {
        assert_eq!(
            tasks(&inspection()),
            "> 1  main      running                     p.vex:10:5\n\
             \u{20} 3  worker#1  blocked 2.00 ms  to lock m  p.vex:12:5  holds a and b\n"
        );
        assert_eq!(stack(&inspection().stack, Some(0)), "> 0  main  p.vex:10:5\n");
        assert_eq!(breakpoints(&inspection().breakpoints), "1  on  break 10  met once\n");
        let one = |number, who: &str, effect: &str, default| Move {
            number,
            task: Some(TaskId(number)),
            who: who.into(),
            does: "receives 7 from jobs".into(),
            effect: effect.into(),
            place: "p.vex:3:5".into(),
            default,
        };
        assert_eq!(
            moves(&[one(1, "main", "", true), one(2, "worker#1", "unblocks main", false)]),
            "> 1  main      receives 7 from jobs                 at p.vex:3:5\n\
             \u{20} 2  worker#1  receives 7 from jobs  unblocks main  at p.vex:3:5\n"
        );
        let channel = ObjectView {
            id: ObjectId(1),
            kind: ObjectKind::Channel,
            name: "jobs".into(),
            facts: vec![("capacity".into(), "4".into()), ("buffer".into(), "[7, 8]".into())],
            waiting: vec!["main to send 9".into()],
        };
        assert_eq!(
            object(&channel),
            "channel jobs\n  capacity   4\n  buffer     [7, 8]\n  waiting 1  main to send 9\n"
        );
        assert_eq!(objects(&[channel]), "jobs  channel  capacity 4, buffer [7, 8]  waiting: main to send 9\n");
    }

    #[test]
    fn a_listing_marks_the_frame_breakpoints_and_tasks() {
        let lines = listing(&program(), &inspection(), 0, 11);
        assert_eq!(lines.len(), 11);
        let text = list(&lines);
        assert!(text.contains(">*   10 |     line(10)  <- main\n"), "{text}");
        assert!(text.contains("     12 |     line(12)  <- worker#1\n"), "{text}");
        assert!(text.starts_with("      6 |     line(6)\n") && text.ends_with("     16 |     line(16)\n"), "{text}");
        assert!(listing(&program(), &inspection(), 0, 1000).is_empty());
        assert!(listing(&program(), &inspection(), 7, u32::MAX).is_empty());
        assert_eq!(listing(&program(), &inspection(), 0, 1).first().map(|line| line.line), Some(1));
    }

    #[test]
    fn long_values_are_followed_by_their_parts() {
        let part = |name: &str| Variable {
            name: name.into(),
            ty: String::new(),
            value: "1".into(),
            note: String::new(),
            parts: Vec::new(),
            part_count: 0,
        };
        let mut one = Variable {
            name: "xs".into(),
            ty: "[i64]".into(),
            value: "[1, 1, …]".into(),
            note: "shared".into(),
            parts: vec![part("[0]"), part("[1]")],
            part_count: 1500,
        };
        assert_eq!(variables(std::slice::from_ref(&one)), "xs: [i64] = [1, 1, …]  (shared)\n");
        let long = "xs: [i64] = [1, 1, …]  (shared)\n  [0] = 1\n  [1] = 1\n  … and 1 498 more\n";
        assert_eq!(variable(&one, true), long);
        one.value = "[1, 1]".into();
        assert_eq!(variable(&one, true), "xs: [i64] = [1, 1]  (shared)\n");
    }
}
