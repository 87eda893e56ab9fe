//! What a trace needs to know of the program to speak of lines and names: the engine fills it once, before the run.

use crate::event::Site;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use std::sync::Arc;

/// One source file, with its text, so that a view can show it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct SourceText {
    /// Path as given by the user.
    pub path: String,
    /// The text.
    pub text: Arc<str>,
}

/// A place in a source file; line and column count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Place {
    /// Index into [`ProgramInfo::files`].
    pub file: u16,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// A function of the program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct FunctionInfo {
    /// The name people know it by: `worker`, `Point.norm`; a `go { .. }` block is named after the function around it (`main.go`).
    pub name: String,
    /// Where it is defined.
    pub place: Place,
    /// The sites of its code; empty where unknown.
    #[serde(default)]
    pub sites: Range<u32>,
}

/// Names and places of a program.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ProgramInfo {
    /// Source files; the first is the one the user named.
    pub files: Vec<SourceText>,
    /// Functions, by the index that spawn records carry.
    pub functions: Vec<FunctionInfo>,
    /// Source place of each site (index of an instruction), by [`Site`]; sites past the end have none.
    pub places: Vec<Place>,
    /// Sites that make an object and the variable or field that it is made for (`jobs`, `fork`), sorted by site.
    pub object_names: Vec<(Site, String)>,
    /// Names of the modules' variables, by number; only of runs that look for races, whose events speak of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub globals: Vec<String>,
}

impl ProgramInfo {
    /// The source place of a site.
    pub fn place(&self, site: Site) -> Option<Place> {
        self.places.get(site.0 as usize).copied().filter(|place| place.line > 0)
    }

    /// `path:line:column` of a site, or `?` where it has none.
    pub fn locate(&self, site: Site) -> String {
        match self.place(site) {
            Some(p) => format!("{}:{}:{}", self.files.get(p.file as usize).map_or("?", |f| &f.path), p.line, p.column),
            None => "?".to_string(),
        }
    }

    /// The index of the function that a site is in.
    pub fn function_of(&self, site: Site) -> Option<u32> {
        // Functions stand in the order of their code; a few may have none.
        let after = self.functions.partition_point(|function| function.sites.start <= site.0);
        let found = |index: &usize| self.functions.get(*index).is_some_and(|function| function.sites.contains(&site.0));
        let near = (0..after).rev().take(4).find(found);
        near.or_else(|| (0..self.functions.len()).find(found)).map(|index| index as u32)
    }

    /// The name that the program gives to the object made at a site.
    pub fn object_name(&self, site: Site) -> Option<&str> {
        let found = self.object_names.binary_search_by_key(&site, |entry| entry.0).ok()?;
        Some(&self.object_names[found].1)
    }
}
