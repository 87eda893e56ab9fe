//! Why the run stands, in a sentence; and what there is to say where the list of moves is empty.

use super::places::Pane;
use crate::debugger::Standing;
use crate::format::{count, plural, printable};
use crate::state::State;
use crate::theme::Role;
use tracer::inspect::{Inspection, Move, Reason};
use tracer::report::Report;

/// Why it stands, and what colour that has.
pub fn standing(state: &State) -> (Role, String) {
    let Some(debugger) = &state.debugger else { return (Role::Dim, String::new()) };
    if let Some(busy) = &debugger.busy {
        let text = match debugger.interrupting {
            true => format!("Stopping `{busy}` …"),
            false => format!("Running: {busy} … Esc interrupts"),
        };
        return (Role::Running, printable(&text));
    }
    let Some(at) = &debugger.at else { return (Role::Dim, "Starting the program …".into()) };
    if state.debug.focus == Pane::Moves
        && let Some(one) = at.moves.get(state.debug.chosen_move)
    {
        return (Role::Title, format!("▶ {}", move_words(one)));
    }
    let (role, mut text) = reason(state, at);
    let ahead = at.frontier.event.saturating_sub(at.at.event);
    if ahead > 0 {
        text.push_str(&format!(" · {} known ahead", plural(ahead, "event")));
    }
    (role, printable(&text))
}

/// A place without the folder; nothing where it is not known.
pub fn short_place(place: &str) -> String {
    match place {
        "?" => String::new(),
        place => printable(place.rsplit('/').next().unwrap_or(place)),
    }
}

/// The same with a capital at its beginning: it is a sentence.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

/// A move in full: `3 main closes jobs, unblocks worker#3, at pool.vex:18:5`.
fn move_words(one: &Move) -> String {
    let mut text = format!("{} {} {}", one.number, one.who, one.does);
    for more in [&one.effect, &short_place(&one.place)] {
        if !more.is_empty() {
            text.push_str(&format!(" · {more}"));
        }
    }
    if one.default {
        text.push_str(" · what the schedule would choose");
    }
    printable(&text)
}

fn reason(state: &State, at: &Inspection) -> (Role, String) {
    let place = || place_words(state, at);
    match &at.reason {
        _ if at.ended.is_some() => ended(state, at),
        None | Some(Reason::Start) => (Role::Title, format!("The run has not begun. {}", place())),
        Some(Reason::Beginning) => {
            (Role::Title, format!("This is the beginning of the run, nothing is before it. {}", place()))
        }
        Some(Reason::Breakpoint { ids }) => {
            let words = ids.iter().map(|id| match at.breakpoints.iter().find(|one| one.id == *id) {
                Some(one) => format!("Breakpoint {id}: {} (met {})", one.text, times(one.hits)),
                None => format!("Breakpoint {id}"),
            });
            (Role::Warning, format!("{}. {}", words.collect::<Vec<_>>().join("; "), place()))
        }
        Some(Reason::Watch { id, name, old, new }) => {
            (Role::Warning, format!("Watch {id}: {name} was {old}, is {new}. {}", place()))
        }
        Some(Reason::Finding { index }) => {
            let text = match state.findings.get(*index) {
                Some(finding) => Report::of_store(&state.store).headline(finding),
                None => "Something is wrong".into(),
            };
            (Role::Bad, format!("{}. {}", sentence(&text), place()))
        }
        Some(Reason::Interrupted) => (Role::Warning, format!("Interrupted. {}", place())),
        Some(Reason::Nothing { why }) => {
            (Role::Warning, format!("{}. {}", sentence(why.trim_end_matches('.')), place()))
        }
        Some(Reason::Done | Reason::Ended) => (Role::Title, place()),
    }
}

/// `once`, `3 times`.
fn times(n: u64) -> String {
    match n {
        1 => "once".into(),
        n => format!("{} times", count(n)),
    }
}

fn ended(state: &State, at: &Inspection) -> (Role, String) {
    let (standing, words) = state.standing_words();
    let headline = state.findings.first().map(|finding| Report::of_store(&state.store).headline(finding));
    let code = at.ended.as_ref().map_or(0, |ended| ended.exit_code);
    match (standing, headline) {
        (Standing::Bad, Some(headline)) => {
            (Role::Bad, format!("The run is over: {headline}. Exit code {code}. ! shows why"))
        }
        (Standing::Bad, None) => (Role::Bad, format!("The run has {words}. E, W and C go back")),
        (_, Some(headline)) => (Role::Warning, format!("The run is over, exit code {code}: {headline}. ! shows why")),
        (_, None) => (Role::Running, format!("The run has {words}. E, W and C go back")),
    }
}

/// Who runs and where: `worker#1 runs, at pool.vex:12:5`.
fn place_words(state: &State, at: &Inspection) -> String {
    let name =
        |id| at.tasks.iter().find(|task| task.id == id).map_or_else(|| state.task_name(id), |task| task.name.clone());
    let place = |id| at.tasks.iter().find(|task| task.id == id).map_or(String::new(), |task| short_place(&task.place));
    match at.running {
        Some(id) => {
            let mut text = format!("{} runs", name(id));
            if !place(id).is_empty() {
                text.push_str(&format!(", at {}", place(id)));
            }
            if let Some(other) = at.selected.filter(|other| *other != id) {
                text.push_str(&format!("; {} is selected", name(other)));
            }
            text
        }
        None => match at.moves.len() as u64 {
            0 => "Nobody can run".into(),
            1 => "Nobody runs; 1 can be next (p)".into(),
            n => format!("Nobody runs; one of {} can be next: p, then its number", count(n)),
        },
    }
}

/// What the list of moves says where it is empty.
pub fn no_moves(state: &State) -> String {
    let Some(at) = state.inspection() else { return String::new() };
    if at.ended.is_some() {
        return "The run is over. W goes back to the last point where somebody was chosen.".into();
    }
    match at.running {
        Some(id) => format!(
            "{} runs, nobody is to be chosen. w goes on to where somebody is, W back; P lets it make room here.",
            state.task_name(id)
        ),
        None => "Nobody can run.".into(),
    }
}
