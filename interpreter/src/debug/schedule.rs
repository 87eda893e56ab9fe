//! The schedule of a debugged run: where it comes from, and what it is by now.

use super::session::Debugger;
use super::travel::Deed;
use crate::bytecode::Code;
use scheduler::Oracle;
use scheduler::schedule::{Schedule, Script};
use tracer::program::ProgramInfo;
