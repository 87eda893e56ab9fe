//! docs/diagnostics.md, derived from the table of codes.

use std::fmt::Write;

use super::{Code, Severity};

/// The page.
pub fn page() -> String {
    let mut page = String::from(
        "# Diagnostics\n\n\
         Every error and warning of the front ends. Generated from `interpreter/src/diagnostics/codes.rs`; do not edit.\n\
         To regenerate: `UPDATE=1 cargo test -p interpreter diagnostics_page`.\n",
    );
    let mut group = "";
    for &code in Code::ALL {
        let title = group_title(code);
        if title != group {
            group = title;
            // Writing to a String cannot fail.
            let _ = write!(page, "\n## {title}\n");
        }
        let _ = write!(page, "\n### {}: {}\n\n{}\n", code.id(), code.title(), code.explanation());
    }
    page
}

fn group_title(code: Code) -> &'static str {
    match (code.severity(), code.id().get(..3).unwrap_or_default()) {
        (Severity::Warning, _) => "Warnings",
        (_, "E01") => "Syntax",
        (_, "E02") => "Names, imports, declarations",
        (_, "E03") => "Types",
        (_, "E04") => "Ownership",
        (_, "E05") => "Async and tasks",
        _ => "Others",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagnostics_page_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics.md");
        let page = page();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &page).expect("the page can be written");
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            written == page,
            "docs/diagnostics.md is stale; regenerate it with `UPDATE=1 cargo test -p interpreter diagnostics_page`"
        );
    }
}
