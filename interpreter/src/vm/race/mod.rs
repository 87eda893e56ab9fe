//! Telling the tracer which memory each instruction touches, where it looks for data races.
//!
//! There is one place: before an instruction the dispatch loop comes here, where [`touch`] says by the opcode (and by the built-in, for
//! calls of those) what it is about to read and write. So handlers know nothing of races, and an engine whose tracer does not look for
//! any has none of this. A place that the collector has freed is forgotten by the tracer, since its number is used again.
//!
//! Accesses inside the prelude count as done where the user's code called it.

mod builtins;
mod dynamic;
mod names;
mod touch;

use super::engine::Engine;
use super::evidence;
use super::heap::Heap;
use super::machine::Machine;
use super::mark::Frames;
use crate::bytecode::{Code, Instr};
use scheduler::{At, Runtime};
use std::sync::Arc;
use touch::Touches;
use tracer::finding::{Access, Finding, RaceEvidence, Verdict};
use tracer::race::Race;
use tracer::race::location::Space;
use tracer::record::Tracer;

pub(super) use touch::touches;

/// Findings of races that a run keeps: a program that shares everything would drown in its report.
const MOST: usize = 1000;

/// What a machine that tells of accesses keeps.
#[derive(Debug, Default)]
pub struct Lookout {
    touches: Touches,
    /// Where the prelude's code is.
    prelude: Arc<[(u32, u32)]>,
    /// The tracer does not look for races although it could.
    off: bool,
}

impl Lookout {
    /// For a program.
    pub fn new(code: &Code) -> Self {
        let mut prelude: Vec<(u32, u32)> = Vec::new();
        for function in code.functions.iter().filter(|function| function.prelude) {
            match prelude.last_mut() {
                Some(last) if last.1 == function.start => last.1 = function.end,
                _ => prelude.push((function.start, function.end)),
            }
        }
        Self { touches: Touches::default(), prelude: prelude.into(), off: false }
    }

    /// Whether the tracer is told.
    #[inline(always)]
    pub fn is_on(&self) -> bool {
        !self.off
    }

    /// Tells the tracer, or does not.
    pub fn set_on(&mut self, on: bool) {
        self.off = !on;
    }

    fn in_prelude(&self, pc: u32) -> bool {
        self.prelude.iter().any(|&(start, end)| start <= pc && pc < end)
    }
}

/// Whether an object of the heap is still there.
fn is_alive(heap: &Heap, space: Space, slot: u32) -> bool {
    match space {
        Space::Global => true,
        Space::Cell | Space::Box => heap.has_cell(slot),
        Space::Record => heap.has_record(slot),
        Space::List => heap.has_list(slot),
        Space::Map | Space::Set => heap.has_table(slot),
    }
}

impl<E: Engine> Machine<E> {
    /// Tells the tracer what an instruction is about to touch. The running task is saved at it.
    #[inline(never)]
    pub(super) fn tell_accesses(&mut self, i: Instr) {
        let mut touches = std::mem::take(&mut self.lookout.touches);
        touches.clear();
        self.touched(i, &mut touches);
        if !touches.is_empty() {
            let site = self.user_site();
            let mut raced = false;
            for &(location, write) in touches.iter() {
                raced |= self.tr.access(site, self.clock, location, write);
            }
            if raced {
                self.report_races();
            }
        }
        self.lookout.touches = touches;
    }

    /// Where the running task stands in the user's code.
    fn user_site(&mut self) -> u32 {
        let pc = self.body(self.running).pc;
        if !self.lookout.in_prelude(pc) {
            return pc;
        }
        let lookout = &self.lookout;
        let body = &self.sched.task(self.running).body;
        Frames::of(&self.code, body).map(|frame| frame.pc).find(|&pc| !lookout.in_prelude(pc)).unwrap_or(pc)
    }

    /// Makes findings of the races that the tracer has found.
    #[cold]
    fn report_races(&mut self) {
        for race in self.tr.races() {
            // One report for each pair of lines: an assignment that reads and writes is one mistake.
            let lines = self.lines(&race.first, &race.second);
            let known = |finding: &Finding| {
                finding.race.as_ref().is_some_and(|known| self.lines(&known.first, &known.second) == lines)
            };
            if self.common.findings().len() >= MOST || self.common.findings().iter().any(known) {
                continue;
            }
            let finding = self.race_finding(race);
            let mut findings = self.common.findings();
            let site = finding.stack.first().map_or(0, |frame| frame.site.0);
            let at = At { site, clock: self.clock };
            self.sched.finding_event(&mut self.tr, at, findings.len() as u32, &finding);
            findings.push(finding);
        }
    }

    /// The source lines of two accesses, in order.
    fn lines(&self, first: &Access, second: &Access) -> [(u16, u32); 2] {
        let mut lines = [first.site, second.site].map(|site| {
            let span = self.code.spans.get(site.0 as usize);
            span.map_or((0, 0), |span| (span.file.0, self.code.sources.file(span.file).line_column(span.lo).line))
        });
        lines.sort_unstable();
        lines
    }

    fn race_finding(&self, race: Race) -> Finding {
        let Race { location, first, second } = race;
        let place = names::place(&self.code, &self.heap, location, [second.site, first.site]);
        let body = &self.sched.task(self.running).body;
        Finding {
            verdict: Verdict::Race,
            message: place.clone(),
            culprit: Some(second.task),
            stack: evidence::visible(&self.code, evidence::stack(&self.code, body)),
            tasks: Vec::new(),
            cycle: Vec::new(),
            clock: second.clock,
            event: second.event,
            race: Some(Box::new(RaceEvidence { place, first, second })),
        }
    }

    /// After a collection: numbers of freed objects will be used again.
    pub(super) fn forget_freed_places(&mut self) {
        let heap = &self.heap;
        self.tr.forget(&|space, slot| is_alive(heap, space, slot));
    }
}
