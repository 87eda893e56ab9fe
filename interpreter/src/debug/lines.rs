//! Lines of source and the instructions that begin them: what stepping by lines and breakpoints at lines go by.
//!
//! An instruction *leads* its line where control can come to it from another line, or into its function. A loop comes by its
//! leaders once a round, and a statement that was left for a call is not begun again when the call returns.

use crate::bytecode::Code;
use crate::bytecode::access::jump_target;
use crate::bytecode::ops::Flow;
use std::collections::BTreeMap;
use tracer::event::Site;
use tracer::program::ProgramInfo;

/// A file, as an index, and a line, from 1.
pub type Line = (u16, u32);

/// The lines of a program.
#[derive(Debug)]
pub struct Lines {
    /// The line of each instruction of the user's; `None` in the prelude.
    lines: Vec<Option<Line>>,
    leaders: Box<[bool]>,
    /// Leaders by line.
    by_line: BTreeMap<Line, Vec<u32>>,
}

impl Lines {
    /// Of a program.
    pub fn new(code: &Code, program: &ProgramInfo) -> Lines {
        let mut lines = vec![None; code.instrs.len()];
        for function in code.functions.iter().filter(|function| !function.prelude) {
            for pc in function.start..function.end {
                lines[pc as usize] = program.place(Site(pc)).map(|place| (place.file, place.line));
            }
        }
        let mut leaders = vec![false; lines.len()].into_boxed_slice();
        for function in code.functions.iter().filter(|function| !function.prelude) {
            let mut lead = |from: Option<u32>, to: u32| {
                let before = from.and_then(|pc| lines[pc as usize]);
                if let (Some(leads), Some(line)) = (leaders.get_mut(to as usize), lines.get(to as usize)) {
                    *leads |= line.is_some() && (from.is_none() || before != *line);
                }
            };
            lead(None, function.start);
            function.cleanups.iter().for_each(|cleanup| lead(None, cleanup.target));
            for pc in function.start..function.end {
                let instr = code.instrs[pc as usize];
                let flow = instr.op.flow();
                if matches!(flow, Flow::Next | Flow::Branch) && pc + 1 < function.end {
                    lead(Some(pc), pc + 1);
                }
                if let Some(target) = jump_target(pc, instr) {
                    lead(Some(pc), target as u32);
                }
                if flow == Flow::Table {
                    let table = code.tables.get(instr.c as usize);
                    table.into_iter().flatten().for_each(|&target| lead(Some(pc), target));
                }
            }
        }
        let mut by_line: BTreeMap<Line, Vec<u32>> = BTreeMap::new();
        for (pc, line) in (0..).zip(&lines).filter(|&(pc, _)| leaders[pc as usize]) {
            if let Some(line) = line {
                by_line.entry(*line).or_default().push(pc);
            }
        }
        Lines { lines, leaders, by_line }
    }

    /// The line of an instruction; `None` in the prelude.
    pub fn of(&self, pc: u32) -> Option<Line> {
        self.lines.get(pc as usize).copied().flatten()
    }

    /// The instructions that lead lines.
    pub fn leaders(&self) -> &[bool] {
        &self.leaders
    }

    /// The leaders of the line, or of the next one in the same file that has any; which line that is.
    pub fn at_or_after(&self, line: Line) -> Option<(Line, &[u32])> {
        let (&found, leaders) = self.by_line.range(line..).next()?;
        (found.0 == line.0).then_some((found, leaders))
    }
}
