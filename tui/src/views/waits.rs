//! The wait-for graph: who waits for what, who holds it, and what is wrong with that, in a picture and in sentences.
//!
//! The graph is the tracer's ([`tracer::model::waits`]), at the moment. Rings come first, drawn as rings; then orphans, then main,
//! then the rest, one chain each. Tasks of one function that wait for the same thing share a chain. The sentences are those of
//! the report that `vex run` prints.

use super::View;
use super::list::reveal;
use crate::commands::Command;
use crate::draw::{empty, put};
use crate::format::{count, plural, wrap};
use crate::state::{Focus, State};
use crate::theme::Role;
use crate::update::Mouse;
use crate::widgets::chain::{self, Drawing, Part};
use crate::wording;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tracer::event::{ObjectId, TaskId};
use tracer::explain::sentences;
use tracer::finding::{ObjectKind, Verdict, WaitReason};
use tracer::model::now::TaskNow;
use tracer::model::state::TaskState;
use tracer::model::waits::{Edge, Graph, Node, Relation, Waiter};
use tracer::names::missing_phrase;
use tracer::report::Report;

/// Blocked tasks that are drawn at most; the rest is counted, and said.
const LIMIT: usize = 400;

/// What the graph remembers.
#[derive(Debug, Default)]
pub struct WaitsView {
    made_for: Option<Key>,
    picture: Picture,
    top: usize,
    reveal: bool,
}

impl WaitsView {
    /// The picture is to be made anew.
    pub fn findings_changed(&mut self) {
        self.made_for = None;
    }
}

/// What the picture depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    moment: u64,
    columns: u16,
}

#[derive(Debug, Default)]
struct Picture {
    /// Pieces of graph with their places.
    pieces: Vec<chain::Piece<Node>>,
    /// Rows of text between them.
    texts: Vec<(usize, String, Role)>,
    height: usize,
    cycles: usize,
    orphans: usize,
    waiting: usize,
}

/// The word of a verdict in a sentence.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Deadlock => "deadlock",
        Verdict::Leak => "leak",
        Verdict::Panic => "panic",
        Verdict::Assert => "failed assertion",
        Verdict::Race => "data race",
        Verdict::Livelock => "livelock",
        Verdict::TimeLimit => "time limit",
    }
}

/// What the frame says.
pub fn title(state: &State) -> Line<'static> {
    let picture = &state.waits.picture;
    let mut spans = vec![Span::raw(format!("wait-for graph at event {}", count(state.moment())))];
    if picture.cycles > 0 {
        spans.push(Span::styled(format!(" · {}", plural(picture.cycles as u64, "cycle")), state.theme.bold(Role::Bad)));
    }
    if picture.orphans > 0 {
        spans.push(Span::styled(
            format!(" · {}", plural(picture.orphans as u64, "orphan")),
            state.theme.bold(Role::Bad),
        ));
    }
    if state.follow {
        spans.push(Span::styled(" · follow", state.theme.style(Role::Running)));
    }
    Line::from(spans)
}

/// The picture is read from its top.
pub fn shown(state: &mut State) {
    state.waits.top = 0;
    state.waits.reveal = true;
}

/// Makes the picture anew where the moment, the findings or the width changed, and keeps the scroll position right.
pub fn settle(state: &mut State) {
    let room = state.room();
    let key = Key { moment: state.moment(), columns: room.width };
    if state.waits.made_for != Some(key) {
        let graph = match state.selection.event {
            Some(event) => state.store.waits_in(state.now(), event, LIMIT),
            None => state.store.waits(LIMIT),
        };
        state.waits.picture = picture(state, &graph, (room.width as usize).saturating_sub(4));
        state.waits.made_for = Some(key);
    }
    let rows = room.height as usize;
    if std::mem::take(&mut state.waits.reveal)
        && let Some(chosen) = chosen(state)
    {
        let y = state.waits.picture.pieces[chosen].y;
        // The row above comes along, so that a ring's arrows are seen.
        state.waits.top = reveal(reveal(state.waits.top, y.saturating_sub(1), rows), y, rows);
    }
    state.waits.top = state.waits.top.min(state.waits.picture.height.saturating_sub(rows));
}

fn edges_from(graph: &Graph, node: Node) -> impl Iterator<Item = &Edge> {
    graph.edges.iter().filter(move |edge| edge.from == node)
}

fn node(state: &State, what: Node, edge: &str) -> chain::Node<Node> {
    let (text, round) = match what {
        Node::Task(id) => (state.task_name(id), true),
        Node::Object(id) => (object_text(state, id), false),
    };
    chain::Node { text, round, tag: what, edge: edge.to_string() }
}

/// An object with what matters about it: `wait group wg: 4 left`, `jobs: 3 of 3`.
pub fn object_text(state: &State, id: ObjectId) -> String {
    let name = state.object_name(id);
    let Some(object) = state.now().object(id) else { return name };
    let named =
        if name.starts_with(object.kind.name()) { name.clone() } else { format!("{} {name}", object.kind.name()) };
    match object.kind {
        ObjectKind::Channel if object.closed => format!("{name}: closed"),
        ObjectKind::Channel if object.size == 0 => format!("{name}: unbuffered"),
        ObjectKind::Channel => format!("{name}: {} of {}", count(object.level as u64), count(object.size as u64)),
        ObjectKind::WaitGroup => format!("{named}: {} left", count(object.level as u64)),
        ObjectKind::Barrier => format!("{named}: {} of {} there", object.level, object.size),
        ObjectKind::Semaphore => format!("{named}: {} of {} free", object.level, object.size),
        ObjectKind::Mutex => name,
        ObjectKind::RwLock | ObjectKind::Once | ObjectKind::Atomic | ObjectKind::Timer | ObjectKind::Context => named,
    }
}

fn picture(state: &State, graph: &Graph, columns: usize) -> Picture {
    let mut picture =
        Picture { cycles: graph.cycles.len(), waiting: graph.waiters.len() + graph.left_out, ..Picture::default() };
    picture.orphans = graph.waiters.iter().filter(|waiter| waiter.orphan).count();
    for ring in &graph.cycles {
        let nodes = ring_nodes(state, ring);
        picture.add(chain::ring(&nodes, columns), true);
    }
    // Orphans, then main, then the rest.
    let mut rest: Vec<&Waiter> = graph.waiters.iter().filter(|waiter| waiter.cycle.is_none()).collect();
    rest.sort_by_key(|waiter| (!waiter.orphan, waiter.task));
    let mut index = 0;
    while let Some(&waiter) = rest.get(index) {
        let alike = rest[index..].iter().take_while(|other| same_wait(state, waiter, other)).count().max(1);
        let last = rest[index + alike - 1];
        picture.add(chain::chain(&chain_nodes(state, graph, waiter, last, alike), columns), false);
        if waiter.orphan {
            let text = format!("   ✖ {}", missing_phrase(waiter.reason));
            picture.text(text, Role::Bad);
        }
        index += alike;
    }
    if graph.left_out > 0 {
        picture.text(format!("… and {} more waiting tasks", count(graph.left_out as u64)), Role::Dim);
    }
    explain(state, graph, &mut picture, columns);
    picture
}

/// Whether two tasks are of one function and wait for the same in the same way.
fn same_wait(state: &State, a: &Waiter, b: &Waiter) -> bool {
    let tasks = state.store.tasks();
    let function = |waiter: &Waiter| tasks.get(waiter.task).map(|task| task.function);
    let on = |waiter: &Waiter| state.now().task(waiter.task).map(|task| (task.on, task.arms.clone()));
    a.orphan == b.orphan && a.reason == b.reason && function(a) == function(b) && on(a) == on(b)
}

/// A ring of tasks, with the object between each and the next where there is one.
fn ring_nodes(state: &State, ring: &[TaskId]) -> Vec<chain::Node<Node>> {
    let mut nodes = Vec::new();
    for &id in ring {
        let task = state.now().task(id);
        let (relation, object) = task.map_or((Relation::WaitsFor, None), wanted);
        nodes.push(node(state, Node::Task(id), relation.name()));
        if let Some(object) = object {
            let held = state.now().object(object).is_some_and(|object| !object.holds.is_empty());
            let back = if held { Relation::HeldBy } else { Relation::ReservedFor };
            nodes.push(node(state, Node::Object(object), back.name()));
        }
    }
    nodes
}

/// How a task of a ring waits, and for which object; none where it waits for a task itself.
fn wanted(task: &TaskNow) -> (Relation, Option<ObjectId>) {
    match task.state {
        TaskState::Blocked(WaitReason::Await | WaitReason::Select) => (Relation::WaitsFor, None),
        TaskState::Blocked(_) => (Relation::Wants, Some(ObjectId(task.on))),
        _ => (Relation::WaitsFor, None),
    }
}

/// A waiting task (or several alike), what it waits for, and who holds that.
fn chain_nodes(state: &State, graph: &Graph, first: &Waiter, last: &Waiter, alike: usize) -> Vec<chain::Node<Node>> {
    let edges: Vec<&Edge> = edges_from(graph, Node::Task(first.task)).collect();
    let mut start = node(state, Node::Task(first.task), edges.first().map_or("waits", |edge| edge.relation.name()));
    let last = state.task_name(last.task);
    match alike {
        ..2 => {}
        2 => start.text = format!("{} and {last}", start.text),
        _ => start.text = format!("{} … {last}: {} tasks", start.text, count(alike as u64)),
    }
    let mut nodes = vec![start];
    match edges.as_slice() {
        [] => nodes.extend(nothing_to_wait_for(state, first)),
        [only] => {
            let mut target = node(state, only.to, "");
            let holders: Vec<&Edge> = edges_from(graph, only.to).collect();
            if let Node::Task(id) = only.to {
                target.text = with_state(state, id);
            }
            if let Some(holder) = holders.first() {
                target.edge = holder.relation.name().to_string();
                nodes.push(target);
                let mut end = node(state, holder.to, "");
                if let Node::Task(id) = holder.to {
                    end.text = with_state(state, id);
                }
                if holders.len() > 1 {
                    end.text.push_str(&format!(" and {} more", holders.len() - 1));
                }
                nodes.push(end);
            } else {
                nodes.push(target);
            }
        }
        several => {
            // A select: its arms share a box.
            nodes[0].edge = "selects".to_string();
            let arms: Vec<String> = match state.now().task(first.task) {
                Some(task) => task.arms.iter().map(|&arm| wording::arm_words(state, arm)).collect(),
                None => Vec::new(),
            };
            let to = several[0].to;
            nodes.push(chain::Node { text: arms.join(" | "), round: false, tag: to, edge: String::new() });
        }
    }
    nodes
}

/// A wait without an edge: an empty select, a C call.
fn nothing_to_wait_for(state: &State, waiter: &Waiter) -> Option<chain::Node<Node>> {
    let task = state.now().task(waiter.task)?;
    let text = wording::wait(state, task);
    Some(chain::Node { text, round: false, tag: Node::Task(waiter.task), edge: String::new() })
}

/// A task that others wait for, with what it does itself.
fn with_state(state: &State, id: TaskId) -> String {
    let what = state.task_state(id).map_or("", |state| state.name());
    format!("{} {what}", state.task_name(id))
}

/// The sentences below the graph: the findings made up to the moment, or that nothing is wrong.
fn explain(state: &State, graph: &Graph, picture: &mut Picture, columns: usize) {
    let moment = state.moment();
    let report = Report::of_store(&state.store);
    let made = state.findings.iter().filter(|finding| finding.event.is_none_or(|event| event <= moment));
    let mut any = false;
    for finding in made.filter(|finding| !finding.tasks.is_empty()) {
        any = true;
        let role = if finding.verdict == Verdict::Leak { Role::Warning } else { Role::Bad };
        picture.gap();
        let mut head = report.headline(finding);
        if let Some(event) = finding.event {
            head.push_str(&format!(", closed by event {}", count(event)));
        }
        picture.paragraph("✖ ", &head, role, columns);
        for sentence in report.sentences(finding) {
            picture.paragraph("  ", &sentence, Role::Dim, columns);
        }
    }
    if any && let Some(command) = &state.description.replay {
        picture.paragraph("  ", &format!("Again: {command}"), Role::Dim, columns);
    }
    if !any && !graph.cycles.is_empty() {
        // The ring has closed; the scheduler's word on it may still be on its way.
        picture.gap();
        for sentence in sentences(&state.store, graph) {
            picture.paragraph("✖ ", &sentence, Role::Bad, columns);
        }
    } else if !any && !graph.waiters.is_empty() {
        picture.gap();
        let counts = state.now().counts();
        let able = counts.of(TaskState::Running)
            + counts.of(TaskState::Ready)
            + counts.of(TaskState::Blocked(WaitReason::Sleep));
        let text = format!(
            "Nothing wrong here: {} of {} can go on.",
            plural(able as u64, "task"),
            count(counts.alive() as u64)
        );
        if able > 0 {
            picture.paragraph("", &text, Role::Dim, columns);
        }
    }
}

impl Picture {
    fn add(&mut self, drawing: Drawing<Node>, airy: bool) {
        if airy {
            self.gap();
        }
        for mut piece in drawing.pieces {
            piece.y += self.height;
            self.pieces.push(piece);
        }
        self.height += drawing.height;
        if airy {
            self.height += 1;
        }
    }

    /// A blank row, unless there is one.
    fn gap(&mut self) {
        let used =
            |y: usize| self.pieces.iter().rev().any(|piece| piece.y == y) || self.texts.iter().any(|text| text.0 == y);
        if self.height > 0 && used(self.height - 1) {
            self.height += 1;
        }
    }

    fn text(&mut self, text: String, role: Role) {
        self.texts.push((self.height, text, role));
        self.height += 1;
    }

    fn paragraph(&mut self, mark: &str, text: &str, role: Role, columns: usize) {
        let indent = crate::format::width(mark);
        for (i, line) in wrap(text, columns.saturating_sub(indent)).into_iter().enumerate() {
            let start = if i == 0 { mark.to_string() } else { " ".repeat(indent) };
            self.text(start + &line, role);
        }
    }
}

/// The piece that the selection points at.
fn chosen(state: &State) -> Option<usize> {
    let target = match state.selection.focus {
        Focus::Task => Node::Task(state.selection.task?),
        Focus::Object => Node::Object(state.selection.object?),
    };
    state.waits.picture.pieces.iter().position(|piece| piece.part == Part::Node(target))
}

/// A command of this view.
pub fn command(state: &mut State, command: Command) {
    let page = state.room().height.saturating_sub(1).max(1) as usize;
    match command {
        Command::Up | Command::Left => walk(state, false),
        Command::Down | Command::Right => walk(state, true),
        Command::PageUp => state.waits.top = state.waits.top.saturating_sub(page),
        Command::PageDown => state.waits.top += page,
        Command::First => state.waits.top = 0,
        Command::Last => state.waits.top = usize::MAX / 2,
        Command::Next => state.step_event(true),
        Command::Previous => state.step_event(false),
        Command::Open => open(state),
        _ => {}
    }
}

fn choose(state: &mut State, target: Node) {
    match target {
        Node::Task(id) => {
            state.select_task(id);
            state.selection.line = None;
        }
        Node::Object(id) => state.select_object(id),
    }
    state.waits.reveal = true;
}

/// The next or the last box, in reading order.
fn walk(state: &mut State, forward: bool) {
    let mut order: Vec<(usize, usize, Node)> = Vec::new();
    for piece in &state.waits.picture.pieces {
        if let Part::Node(target) = piece.part {
            order.push((piece.y, piece.x, target));
        }
    }
    order.sort_unstable();
    let here = chosen(state).map(|index| (state.waits.picture.pieces[index].y, state.waits.picture.pieces[index].x));
    let at = here.and_then(|here| order.iter().position(|&(y, x, _)| (y, x) == here));
    let next = match at {
        Some(at) if forward => (at + 1).min(order.len().saturating_sub(1)),
        Some(at) => at.saturating_sub(1),
        None => 0,
    };
    match order.get(next) {
        Some(&(.., target)) if Some(next) != at => choose(state, target),
        // Past the last box there may be text to read.
        _ => state.waits.top = state.waits.top.saturating_add_signed(if forward { 1 } else { -1 }),
    }
}

fn open(state: &mut State) {
    match (state.selection.focus, state.selection.object) {
        (Focus::Object, Some(id)) if state.store.channels().get(id).is_some() => state.show(View::Channels),
        (Focus::Object, Some(id)) if state.store.locks().get(id).is_some() => state.show(View::Locks),
        (Focus::Object, Some(_)) => state.show_made(),
        _ => {
            state.selection.line = None;
            state.show(View::Source);
        }
    }
}

/// What the mouse did at a place of the view.
pub fn pointer(state: &mut State, mouse: Mouse, x: u16, y: u16) {
    match mouse {
        Mouse::Wheel(by) => state.waits.top = state.waits.top.saturating_add_signed(by as isize * 2),
        Mouse::Click => {
            let (x, y) = ((x as usize).saturating_sub(2), y as usize + state.waits.top);
            let hit = state.waits.picture.pieces.iter().find_map(|piece| match piece.part {
                Part::Node(target)
                    if piece.y == y && (piece.x..piece.x + crate::format::width(&piece.text)).contains(&x) =>
                {
                    Some(target)
                }
                _ => None,
            });
            if let Some(target) = hit {
                choose(state, target);
            }
        }
        Mouse::Sideways(_) | Mouse::Zoom(_) => {}
    }
}

/// Draws the view.
pub fn draw(state: &State, buffer: &mut Buffer, area: Rect) {
    let picture = &state.waits.picture;
    if picture.waiting == 0 && picture.texts.is_empty() {
        let what = if state.store.is_empty() { "No events yet" } else { "Nobody waits for anybody at this event" };
        let how = "Tasks that wait for a lock, a channel, a wait group or each other are drawn here with what they wait for. \
                   f goes to the newest event, : to any other.";
        return empty(state, buffer, area, what, how);
    }
    let theme = &state.theme;
    let place = Rect { x: area.x + 2, width: area.width.saturating_sub(3), ..area };
    let visible = |y: usize| y.checked_sub(state.waits.top).filter(|&y| y < area.height as usize).map(|y| y as u16);
    let chosen = chosen(state).map(|index| picture.pieces[index].part);
    for piece in &picture.pieces {
        let Some(y) = visible(piece.y) else { continue };
        let style = match piece.part {
            Part::Node(Node::Task(id)) => {
                let (_, role) = state.task_state(id).map_or((' ', Role::Dim), wording::look);
                theme.bold(role)
            }
            Part::Node(Node::Object(_)) => Style::new().add_modifier(Modifier::BOLD),
            Part::Line => theme.style(Role::Border),
            Part::Label => theme.dim(),
        };
        let style = if Some(piece.part) == chosen { style.add_modifier(Modifier::REVERSED) } else { style };
        put(buffer, place, piece.x as u16, y, &piece.text, style);
    }
    for (y, text, role) in &picture.texts {
        let Some(y) = visible(*y) else { continue };
        // Sentences are read: they are plain text; only what is wrong is red.
        let style = match role {
            Role::Dim => Style::new(),
            role => theme.bold(*role),
        };
        put(buffer, place, 0, y, text, style);
    }
    if picture.height > area.height as usize + state.waits.top {
        let more = picture.height - area.height as usize - state.waits.top;
        let text = format!(" ▼ {} more ", plural(more as u64, "row"));
        let x = area.width.saturating_sub(text.chars().count() as u16 + 1);
        put(buffer, area, x, area.height - 1, &text, theme.style(Role::Key));
    }
}
