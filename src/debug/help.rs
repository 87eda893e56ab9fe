//! `help`, and the reference in the user guide: both are the table of commands in other clothes.

use super::breakpoint::{EVENTS, PLACES, conditions};
use super::table::{Form, Group, Id, Row, TABLE};
use super::text::columns;

/// Every command in a line.
pub fn overview() -> String {
    let mut out = String::new();
    for &group in Group::ALL {
        out.push_str(group.title());
        out.push('\n');
        let rows = TABLE.iter().filter(|row| row.group == group);
        let rows: Vec<_> =
            rows.map(|row| vec![format!("  {}", row.usage()), row.aliases.join(" "), row.help.into()]).collect();
        out.push_str(&columns(&rows));
    }
    out.push_str(
        "Commands end at a line's end or at `;`, comments begin with `#`; the beginning of a name is enough where it is no\n\
         other's. `help COMMAND` says more.\n",
    );
    out
}

/// One command.
pub fn of(row: &Row) -> String {
    let mut out = format!("{}\n{}.\n", row.usage(), row.help);
    if !row.aliases.is_empty() {
        out.push_str(&format!("Also: {}\n", row.aliases.join(", ")));
    }
    if matches!(row.form, Form::Both | Form::Alone) {
        out.push_str(&format!("Against time: back {}\n", row.name));
    }
    if row.form == Form::Alone {
        out.push_str(&format!("While no other task runs: {} alone\n", row.name));
    }
    out.push_str(&format!("Example: {}\n", row.example));
    if matches!(row.id, Id::Break | Id::Watch) {
        out.push_str("Where:\n");
        let pairs = |pairs: &mut dyn Iterator<Item = (&str, &str)>| {
            let rows: Vec<_> = pairs.map(|(usage, help)| vec![format!("  {usage}"), help.to_string()]).collect();
            columns(&rows)
        };
        out.push_str(&pairs(&mut PLACES.iter().copied()));
        out.push_str("Conditions, in any order:\n");
        out.push_str(&pairs(&mut conditions()));
        out.push_str("Events (and the names in docs/events.md):\n");
        out.push_str(&pairs(&mut EVENTS.iter().map(|event| (event.word, event.help))));
    }
    out
}

/// The reference for the user guide.
#[cfg(test)]
pub fn reference() -> String {
    let mut out = String::new();
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    for &group in Group::ALL {
        out.push_str(&format!("### {}\n\n", group.title()));
        out.push_str("| command | also | does | example |\n| --- | --- | --- | --- |\n");
        for row in TABLE.iter().filter(|row| row.group == group) {
            let aliases: Vec<_> = row.aliases.iter().map(|alias| code(alias)).collect();
            let forms = match row.form {
                Form::Alone => " ↔ ⊙",
                Form::Both => " ↔",
                Form::Plain | Form::Way | Form::Back => "",
            };
            out.push_str(&format!(
                "| {}{forms} | {} | {} | {} |\n",
                code(&row.usage()),
                aliases.join(" "),
                row.help.replace('|', "\\|"),
                code(row.example)
            ));
        }
        out.push('\n');
    }
    let mut pairs = |title: &str, head: &str, pairs: &mut dyn Iterator<Item = (&str, &str)>| {
        out.push_str(&format!("### {title}\n\n| {head} | |\n| --- | --- |\n"));
        for (usage, help) in pairs {
            let usage: Vec<_> = usage.split(", ").map(code).collect();
            out.push_str(&format!("| {} | {help} |\n", usage.join(", ")));
        }
        out.push('\n');
    };
    pairs("Where a breakpoint can be", "breakpoint", &mut PLACES.iter().copied());
    pairs("Its conditions", "condition", &mut conditions());
    pairs("Words for events", "word", &mut EVENTS.iter().map(|event| (event.word, event.help)));
    out.trim_end().to_string() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference stands between these lines of the guide; the rest is written by hand.
    const BEGIN: &str =
        "<!-- From the table in src/debug/table.rs: `UPDATE=1 cargo test --bin vex debug` writes it anew. -->\n\n";
    const END: &str = "\n<!-- The end of what the table says. -->";

    #[test]
    fn the_guide_has_the_reference_that_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/how-to/debug.md");
        let page = std::fs::read_to_string(path).expect("the guide");
        let (before, rest) = page.split_once(BEGIN).expect("where the reference begins");
        let (found, after) = rest.split_once(END).expect("where the reference ends");
        let wanted = reference();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, format!("{before}{BEGIN}{wanted}{END}{after}")).expect("the guide");
        } else {
            assert!(
                found == wanted,
                "docs/how-to/debug.md is stale; `UPDATE=1 cargo test --bin vex debug` writes it anew"
            );
        }
    }

    #[test]
    fn help_has_every_command() {
        let all = overview();
        for row in TABLE {
            assert!(all.contains(&row.usage()) && all.contains(row.help), "{}", row.name);
            let one = of(row);
            assert!(one.contains(row.help) && one.contains(row.example), "{one}");
        }
        let breaks = of(super::super::table::row(Id::Break));
        assert!(breaks.contains("when held > DURATION") && breaks.contains("a value is sent"), "{breaks}");
    }
}
