//! The profile while it is being filled: places and stacks are written out once and referred to by index.

use crate::event::Site;
use crate::profile::{Advice, Flag, FrameInfo, Profile, SiteInfo};
use crate::program::ProgramInfo;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A profile that is being filled.
#[derive(Debug, Default)]
pub struct Out {
    /// What there is of it so far.
    pub profile: Profile,
    program: Arc<ProgramInfo>,
    sites: FxHashMap<Site, u32>,
    places: FxHashMap<SiteInfo, u32>,
    frames: FxHashMap<FrameInfo, u32>,
}

impl Out {
    pub(super) fn new(program: Arc<ProgramInfo>) -> Self {
        Self { program, ..Self::default() }
    }

    /// The index of a site's place: several instructions may stand in one.
    pub fn site(&mut self, site: Site) -> u32 {
        if let Some(&index) = self.sites.get(&site) {
            return index;
        }
        let place = self.program.place(site);
        let function = self.program.function_of(site).and_then(|index| self.program.functions.get(index as usize));
        let info = SiteInfo {
            file: place
                .and_then(|place| self.program.files.get(usize::from(place.file)))
                .map_or_else(String::new, |file| file.path.clone()),
            line: place.map_or(0, |place| place.line),
            column: place.map_or(0, |place| place.column),
            // Where there is no code there is no function either: nothing is made up.
            function: if place.is_some() {
                function.map_or_else(String::new, |info| info.name.clone())
            } else {
                String::new()
            },
        };
        let next = self.profile.sites.len() as u32;
        let index = *self.places.entry(info.clone()).or_insert(next);
        if index == next {
            self.profile.sites.push(info);
        }
        self.sites.insert(site, index);
        index
    }

    /// The index of a call.
    pub fn frame(&mut self, frame: FrameInfo) -> u32 {
        let next = self.profile.frames.len() as u32;
        let index = *self.frames.entry(frame.clone()).or_insert(next);
        if index == next {
            self.profile.frames.push(frame);
        }
        index
    }

    /// Adds a sentence.
    pub fn advise(&mut self, analysis: &str, sentence: String) {
        self.profile.advice.push(Advice { analysis: analysis.to_string(), sentence });
    }

    /// Adds a red flag.
    pub fn flag(&mut self, flag: Flag) {
        self.profile.flags.push(flag);
    }
}
