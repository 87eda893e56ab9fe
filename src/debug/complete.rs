//! What a line that is being typed can become: commands, motions, events and conditions from their tables, names from the program
//! as it stands.

use super::breakpoint::{EVENTS, OTHERS, conditions};
use super::scan;
use super::table::{self, Form, Id, TABLE};
use tracer::inspect::Inspection;
use tracer::program::ProgramInfo;

/// The whole lines that this beginning can become with its last word ended; sorted, each once.
pub fn complete(line: &str, inspection: Option<&Inspection>, program: &ProgramInfo) -> Vec<String> {
    let piece = scan::commands(line).pop().filter(|_| !line.trim_end().ends_with(';'));
    let text = piece.map_or(String::new(), |piece| piece.text);
    let begins_word = line.is_empty() || line.ends_with(|c: char| c.is_whitespace() || c == ';');
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let word = if begins_word { "" } else { words.pop().unwrap_or("") };
    // In a comment the command has ended before the line.
    let Some(before) = line.strip_suffix(word).filter(|before| begins_word || !before.contains(" #")) else {
        return Vec::new();
    };
    let candidates = candidates(&words, inspection, program);
    let fitting = candidates.into_iter().filter(|name| name.starts_with(word) && name != word);
    let mut lines: Vec<String> = fitting.map(|name| format!("{before}{name}")).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

/// What can stand behind the words of a command.
fn candidates(words: &[&str], inspection: Option<&Inspection>, program: &ProgramInfo) -> Vec<String> {
    let names = |form: &dyn Fn(Form) -> bool| {
        TABLE.iter().filter(|row| form(row.form)).map(|row| row.name.to_string()).collect::<Vec<_>>()
    };
    let Some((first, rest)) = words.split_first() else { return names(&|form| form != Form::Back) };
    let Ok(row) = table::find(first, |row| row.form != Form::Back) else { return Vec::new() };
    let strings = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<_>>();
    let tasks = || {
        let tasks = inspection.iter().flat_map(|inspection| &inspection.tasks);
        tasks.map(|task| task.name.clone()).collect::<Vec<_>>()
    };
    let objects = || {
        // What is held or waited for is what people ask about; the program's own names say what else there is.
        let held = inspection.iter().flat_map(|inspection| &inspection.tasks).flat_map(|task| task.holds.clone());
        held.chain(program.object_names.iter().map(|(_, name)| name.clone())).collect::<Vec<_>>()
    };
    let variables = || {
        let variables = inspection.iter().flat_map(|inspection| &inspection.variables);
        variables.map(|variable| variable.name.clone()).collect::<Vec<_>>()
    };
    match (row.id, rest) {
        (Id::Back, []) => names(&|form| matches!(form, Form::Both | Form::Alone | Form::Back)),
        (Id::Back, [motion]) => match table::find(motion, |row| row.form != Form::Plain).map(|row| row.id) {
            Ok(Id::Write) => variables(),
            Ok(Id::Sent) => [variables(), objects()].concat(),
            Ok(Id::Taken | Id::Operation) => objects(),
            _ => Vec::new(),
        },
        (Id::Help, []) => names(&|_| true),
        (Id::Break, []) => {
            EVENTS.iter().map(|event| event.word).chain(OTHERS.iter().copied()).map(str::to_string).collect()
        }
        (Id::Break, ["fn"]) => program.functions.iter().map(|function| function.name.clone()).collect(),
        (Id::Break, ["blocks"]) | (Id::Break, [.., "by"]) => tasks(),
        (Id::Break, [event]) if EVENTS.iter().any(|known| known.word == *event) => {
            let spawns = *event == "spawn";
            let mut all = if spawns { tasks() } else { objects() };
            all.extend(conditions().filter_map(|(usage, _)| usage.split(' ').next()).map(str::to_string));
            all
        }
        (Id::Watch, []) | (Id::Print | Id::Eval | Id::Set, []) => variables(),
        (Id::Break, [_, ..]) | (Id::Watch, [_, ..]) => {
            conditions().filter_map(|(usage, _)| usage.split(' ').next()).map(str::to_string).collect()
        }
        (Id::Task, []) => tasks(),
        (Id::Object | Id::Operation, []) => objects(),
        (Id::Delete | Id::Enable | Id::Disable | Id::Where, []) => strings(&["all"]),
        (Id::Goto, []) => strings(&["step"]),
        _ if row.form == Form::Alone && rest.len() < 2 => strings(&["alone"]),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tracer::event::{Site, TaskId};
    use tracer::inspect::{TaskView, Variable};
    use tracer::model::state::TaskState;
    use tracer::program::FunctionInfo;

    #[test]
    fn the_last_word_is_ended_from_the_tables_and_the_program() {
        let task = |name: &str, holds: &[&str]| TaskView {
            id: TaskId(1),
            name: name.into(),
            path: String::new(),
            state: TaskState::Ready,
            waits: String::new(),
            on: None,
            since: 0,
            place: String::new(),
            site: Site(0),
            holds: holds.iter().map(|name| name.to_string()).collect(),
        };
        let variable = Variable {
            name: "total".into(),
            ty: "i64".into(),
            value: "3".into(),
            note: String::new(),
            parts: Vec::new(),
            part_count: 0,
        };
        let inspection = Inspection {
            tasks: vec![task("main", &[]), task("worker#3", &["fork[2]"])],
            variables: vec![variable],
            ..Inspection::default()
        };
        let program = Arc::new(ProgramInfo {
            functions: vec![FunctionInfo { name: "worker".into(), ..FunctionInfo::default() }],
            object_names: vec![(Site(3), "jobs".into())],
            ..ProgramInfo::default()
        });
        for (line, expected) in [
            ("brea", &["break", "breakpoints"][..]),
            ("break", &["breakpoints"]),
            ("step; und", &["step; undo"]),
            ("step;und", &["step;undo"]),
            ("back wr", &["back write"]),
            ("back write to", &["back write total"]),
            ("back taken f", &["back taken fork[2]"]),
            ("break se", &["break select", "break send"]),
            ("break send j", &["break send jobs"]),
            ("break send jobs wh", &["break send jobs when", "break send jobs where"]),
            ("break fn w", &["break fn worker"]),
            ("break lock m by w", &["break lock m by worker#3"]),
            ("task w", &["task worker#3"]),
            ("p t", &["p total"]),
            ("help und", &["help undo"]),
            ("line al", &["line alone"]),
            ("where ", &["where all"]),
            ("zzz x", &[]),
            ("step # un", &["step # undo"][..0]),
        ] {
            assert_eq!(complete(line, Some(&inspection), &program), expected, "{line}");
        }
        assert!(complete("", None, &program).len() > 30);
        assert!(complete("task ", None, &program).is_empty());
    }
}
