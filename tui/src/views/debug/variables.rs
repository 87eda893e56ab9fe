//! The variables of the selected frame as rows: parts below what they are parts of, where that is unfolded.

use crate::debugger::path_of;
use crate::format::{count, plural};
use crate::state::State;
use tracer::inspect::Variable;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How deep it is in others.
    pub depth: usize,
    /// What to call it in an expression; `None` for a row that only says that there is more.
    pub path: Option<String>,
    /// Its name.
    pub name: String,
    /// Its type; may be empty.
    pub ty: String,
    /// Its value.
    pub value: String,
    /// What else there is to know.
    pub note: String,
    /// Whether it has parts to show.
    pub parts: bool,
    /// Whether they are shown.
    pub open: bool,
}

/// The rows, from above.
pub fn rows(state: &State) -> Vec<Row> {
    let mut out = Vec::new();
    if let Some(at) = state.inspection() {
        add(state, &at.variables, "", 0, &mut out);
    }
    out
}

fn add(state: &State, variables: &[Variable], parent: &str, depth: usize, out: &mut Vec<Row>) {
    for variable in variables {
        let path = path_of(parent, &variable.name);
        let open = !variable.parts.is_empty() && state.debug.open.contains(&path);
        out.push(Row {
            depth,
            path: Some(path.clone()),
            name: variable.name.clone(),
            ty: variable.ty.clone(),
            value: variable.value.clone(),
            note: variable.note.clone(),
            parts: !variable.parts.is_empty(),
            open,
        });
        if open {
            add(state, &variable.parts, &path, depth + 1, out);
            let more = variable.part_count.saturating_sub(variable.parts.len());
            if more > 0 {
                let name = format!("… {} more of {}", count(more as u64), plural(variable.part_count as u64, "part"));
                let row = Row {
                    depth: depth + 1,
                    path: None,
                    name,
                    ty: String::new(),
                    value: String::new(),
                    note: String::new(),
                    parts: false,
                    open: false,
                };
                out.push(row);
            }
        }
    }
}
