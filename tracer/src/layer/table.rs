//! The program's table as it becomes known: places, functions and names, each put in when it is first met.
//!
//! Entries are only added, so that a site or function number means the same in every version of the table. What the sources
//! say (the text itself, what the variable of a `let` is called) is looked up by the thread that writes the file, never by
//! the program's own ([`Table::wanted`], [`Table::learn`]).

use super::places::{Found, Here};
use super::source;
use crate::event::Site;
use crate::program::{FunctionInfo, Place, ProgramInfo, SourceText};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Sites have 24 bits in a record.
const SITES: usize = 1 << 24;

/// Stacks that may wait to be understood, or have been.
const STACKS: usize = 1 << 16;

/// What is not known until somebody has read a source file.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// A file's text.
    Text { file: u16, path: String },
    /// What the object made at a place is called.
    Object { site: u32, place: Place },
    /// Where a stack is; `object` where something was made there.
    Stack { site: u32, stack: Vec<usize>, object: bool },
    /// What the task spawned at a place is called.
    Function { index: u32, place: Place },
}

/// See the module.
#[derive(Debug)]
pub(super) struct Table {
    program: ProgramInfo,
    files: FxHashMap<String, u16>,
    sites: FxHashMap<Place, u32>,
    functions: FxHashMap<(String, Place), u32>,
    /// Sites of stacks whose places are not known yet, or were learned later.
    stacks: FxHashMap<Vec<usize>, u32>,
    names: BTreeMap<u32, String>,
    wanted: Vec<Wanted>,
    changed: bool,
}

impl Table {
    /// An empty table: site 0 is no place.
    pub(super) fn new() -> Self {
        Self {
            program: ProgramInfo { places: vec![Place::default()], ..ProgramInfo::default() },
            files: FxHashMap::default(),
            sites: FxHashMap::default(),
            functions: FxHashMap::default(),
            stacks: FxHashMap::default(),
            names: BTreeMap::new(),
            wanted: Vec::new(),
            changed: true,
        }
    }

    /// A place in a file; line 0 (unknown) where there is no room for more files.
    pub(super) fn place(&mut self, path: &str, line: u32, column: u32) -> Place {
        let file = match self.files.get(path) {
            Some(&file) => file,
            None => {
                let Ok(file) = u16::try_from(self.program.files.len()) else { return Place::default() };
                self.files.insert(path.to_string(), file);
                self.program.files.push(SourceText { path: path.to_string(), text: Arc::from("") });
                self.wanted.push(Wanted::Text { file, path: path.to_string() });
                self.changed = true;
                file
            }
        };
        Place { file, line, column }
    }

    /// The site of a place; 0 (none) where there is no room for more.
    pub(super) fn site(&mut self, place: Place) -> u32 {
        if place.line == 0 {
            return 0;
        }
        if let Some(&site) = self.sites.get(&place) {
            return site;
        }
        let site = self.program.places.len();
        if site >= SITES {
            return 0;
        }
        self.program.places.push(place);
        self.sites.insert(place, site as u32);
        self.changed = true;
        site as u32
    }

    /// The site where an object is made, whose name is to be looked up.
    pub(super) fn object_site(&mut self, place: Place) -> u32 {
        let before = self.program.places.len();
        let site = self.site(place);
        if site as usize == before {
            self.wanted.push(Wanted::Object { site, place });
        }
        site
    }

    /// The site of where something happens; `object` where it is made there. 0 where that is not known.
    pub(super) fn here(&mut self, here: Here, object: bool) -> u32 {
        match here {
            Here::Nowhere => 0,
            Here::Site(site) => {
                if object && !self.names.contains_key(&site) {
                    let place = self.program.places.get(site as usize).copied().unwrap_or_default();
                    self.wanted.push(Wanted::Object { site, place });
                }
                site
            }
            Here::Stack(stack) => {
                if let Some(&site) = self.stacks.get(&stack) {
                    return site;
                }
                let site = self.program.places.len();
                if site >= SITES || self.stacks.len() >= STACKS {
                    return 0;
                }
                self.program.places.push(Place::default());
                self.stacks.insert(stack.clone(), site as u32);
                self.wanted.push(Wanted::Stack { site: site as u32, stack, object });
                site as u32
            }
        }
    }

    /// A file as the program's own places call it (`src/main.rs`), which the debug information knows by its whole path.
    fn known_as(&self, path: &str) -> String {
        let ends = |known: &&SourceText| path.strip_suffix(known.path.as_str()).is_some_and(|head| head.ends_with('/'));
        if let Some(known) = self.program.files.iter().find(ends) {
            return known.path.clone();
        }
        let folder = std::env::current_dir().unwrap_or_default();
        let inside = std::path::Path::new(path).strip_prefix(folder).ok();
        inside.map_or_else(|| path.to_string(), |inside| inside.to_string_lossy().into_owned())
    }

    /// A function by its name, and for those without one by their place.
    pub(super) fn function(&mut self, name: &str, place: Place) -> u32 {
        let key = if name.is_empty() { (String::new(), place) } else { (name.to_string(), Place::default()) };
        if let Some(&index) = self.functions.get(&key) {
            return index;
        }
        let index = self.program.functions.len() as u32;
        let name = if name.is_empty() {
            let path = self.program.files.get(place.file as usize).map_or("task", |file| &file.path);
            self.wanted.push(Wanted::Function { index, place });
            format!("{}:{}", path.rsplit(['/', '\\']).next().unwrap_or(path), place.line)
        } else {
            name.to_string()
        };
        self.program.functions.push(FunctionInfo { name, place, ..FunctionInfo::default() });
        self.functions.insert(key, index);
        self.changed = true;
        index
    }

    /// What the writer should look up; it is told once.
    pub(super) fn wanted(&mut self) -> Vec<Wanted> {
        std::mem::take(&mut self.wanted)
    }

    /// What the sources say of `wanted`, which have been read into `texts`.
    pub(super) fn learn(&mut self, wanted: &[Wanted], found: &FxHashMap<u32, Found>, texts: &source::Texts) {
        for want in wanted {
            match want {
                Wanted::Stack { site, object, .. } => {
                    let Some(found) = found.get(site) else { continue };
                    let place = self.place(&self.known_as(&found.path), found.line, found.column);
                    if let Some(entry) = self.program.places.get_mut(*site as usize) {
                        *entry = place;
                        self.changed = true;
                    }
                    // Its text may have to be read first.
                    if *object {
                        self.wanted.push(Wanted::Object { site: *site, place });
                    }
                }
                Wanted::Text { file, path } => {
                    if let (Some(entry), Some(text)) = (self.program.files.get_mut(*file as usize), texts.get(path)) {
                        entry.text = text.clone();
                        self.changed = true;
                    }
                }
                Wanted::Object { site, place } => {
                    if let Some(name) = self.text(*place, texts).and_then(|text| source::variable(text, *place)) {
                        self.names.insert(*site, name);
                        self.changed = true;
                    }
                }
                Wanted::Function { index, place } => {
                    let name = self.text(*place, texts).and_then(|text| source::task(text, *place));
                    let Some(mut name) = name else { continue };
                    if self.program.functions.iter().any(|function| function.name == name) {
                        name = format!("{name}:{}", place.line);
                    }
                    if let Some(function) = self.program.functions.get_mut(*index as usize) {
                        function.name = name;
                        self.changed = true;
                    }
                }
            }
        }
    }

    fn text<'a>(&self, place: Place, texts: &'a source::Texts) -> Option<&'a str> {
        texts.get(&self.program.files.get(place.file as usize)?.path).map(|text| &**text)
    }

    /// The table, where it has changed since it was last asked for.
    pub(super) fn news(&mut self) -> Option<ProgramInfo> {
        std::mem::take(&mut self.changed).then(|| {
            let object_names = self.names.iter().map(|(&site, name)| (Site(site), name.clone())).collect();
            ProgramInfo { object_names, ..self.program.clone() }
        })
    }
}
