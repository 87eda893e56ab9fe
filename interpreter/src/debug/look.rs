//! Looking into the stopped run from the side of the selected task and frame: names, variables, objects, expressions.

use super::deeds::Deed;
use super::evaluate::place::{self, Place, Print};
use super::evaluate::template::Template;
use super::evaluate::{self, Compiled, Where};
use super::request::Refused;
use super::session::Debugger;
use super::values::{Detail, Teller, locals, objects, tasks, told};
use super::view::View;
use super::{frames, names};
use crate::value::Value;
use tracer::event::{ObjectId, TaskId};
use tracer::inspect::{FrameView, Inspection, ObjectView, TaskView, Variable};
use tracer::program::Place as SourcePlace;

/// Frames of a stack that are shown at once.
const FRAMES: usize = 1000;

impl Debugger {
    fn view(&self) -> View<'_> {
        View::of(&self.travel.machine, &self.program)
    }

    /// Everything at once, for a screen.
    pub fn inspection(&mut self) -> Inspection {
        let moves = self.moves();
        let running = self.travel.running().map(|slot| TaskId(self.travel.machine.sched.task(slot).id));
        Inspection {
            at: self.at(),
            frontier: self.frontier(),
            clock: self.travel.machine.clock,
            time: self.travel.machine.sched.now(),
            reason: Some(self.reason().clone()),
            ended: self.ending(),
            running,
            selected: self.selected.map(TaskId),
            frame: self.frame,
            tasks: self.tasks(),
            moves,
            stack: self.selected.map(|id| self.stack_of(TaskId(id))).unwrap_or_default(),
            variables: self.variables(),
            breakpoints: self.breakpoints(),
            choices: self.travel.deeds().count() as u32,
            chosen: self.travel.chosen(),
        }
    }

    /// Live tasks by number.
    pub fn tasks(&self) -> Vec<TaskView> {
        tasks::views(&self.view())
    }

    /// A task's stack, the innermost frame first; of a very deep one the innermost part.
    pub fn stack_of(&self, task: TaskId) -> Vec<FrameView> {
        self.travel.slot(task.0).map(|slot| frames::views(&self.view(), slot, FRAMES)).unwrap_or_default()
    }

    /// The variables of the selected frame.
    pub fn variables(&self) -> Vec<Variable> {
        self.slot().map(|slot| locals::variables(&self.view(), slot, self.frame)).unwrap_or_default()
    }

    /// The globals, as the selected task sees them.
    pub fn globals(&self) -> Vec<Variable> {
        locals::globals(&self.view(), self.slot())
    }

    /// Every channel, lock, wait group …
    pub fn objects(&self) -> Vec<ObjectView> {
        told::views(&self.view())
    }

    /// Where the selected frame stands.
    pub fn place_of_frame(&self) -> Option<SourcePlace> {
        let machine = &self.travel.machine;
        let frame = frames::nth(&machine.code, &machine.sched.task(self.slot()?).body, self.frame)?;
        self.program.place(tracer::event::Site(frame.pc))
    }

    /// The live task with this name, path or number.
    pub(super) fn find_task(&self, name: &str) -> Result<TaskId, Refused> {
        let view = self.view();
        let mut found = view.sched.live_tasks().filter(|(slot, task)| {
            objects::task_name(&view, *slot) == name
                || task.id.to_string() == name
                || view.sched.task_path(*slot).is_some_and(|path| path.to_string() == name)
        });
        let (first, second) = (found.next(), found.next());
        match (first, second) {
            (Some((_, task)), None) => Ok(TaskId(task.id)),
            (None, _) => Err(Refused(format!("there is no live task `{name}`"))),
            (Some(_), Some(_)) => Err(Refused(format!("several tasks are called `{name}`: say one's number"))),
        }
    }

    /// Whether the task with this number has this name or path.
    pub(super) fn is_task(&self, id: u32, name: &str) -> bool {
        self.travel.slot(id).is_some() && self.find_task(name) == Ok(TaskId(id)) || self.task_name(id) == name
    }

    /// What the task with this number is called, also after its end.
    pub(super) fn task_name(&self, id: u32) -> String {
        let view = self.view();
        objects::task_of_number(&view, id)
    }

    /// What an object is called.
    pub(super) fn object_name(&self, id: ObjectId) -> String {
        names::find(&self.view(), id)
            .map_or_else(|| format!("object {}", id.0), |(kind, slot)| objects::name(&self.view(), kind, slot))
    }

    /// The object with this name, or that this variable of the selected frame holds.
    ///
    /// # Errors
    /// When there is none, or several.
    pub fn object_named(&self, name: &str) -> Result<ObjectId, Refused> {
        names::named(&self.view(), name, self.slot().map(|slot| (slot, self.frame))).map_err(Refused)
    }

    /// A value in a few words.
    pub(super) fn in_words(&self, value: Value) -> String {
        Teller::new(self.view(), 0, Detail::LINE).line(value)
    }

    /// What a task was waiting for before it was made ready, by name.
    pub(super) fn waited_for(&self, slot: u32) -> Option<String> {
        let view = self.view();
        let task = view.sched.task(slot);
        let kind = tasks::awaited_kind(task.reason)?;
        Some(objects::name(&view, kind, task.object))
    }

    // Expressions.

    /// The value of an expression in the selected frame; with `effects` functions that it calls may do anything, on a copy of the run.
    ///
    /// # Errors
    /// When it is wrong, or has effects that were not asked for.
    pub fn evaluate(&mut self, text: &str, effects: bool) -> Result<Variable, Refused> {
        let (_, slot) = self.task()?;
        let program = self.program.clone();
        evaluate::evaluate(&mut self.travel.machine, &program, Where::frame(slot, self.frame), text, effects)
    }

    /// Sets a variable, field, element …: from here on the run is another one.
    ///
    /// # Errors
    /// When there is no such place, or the value does not fit.
    pub fn set(&mut self, place: &str, value: &str) -> Result<Variable, Refused> {
        let (id, _) = self.task()?;
        self.by_hand(Deed::Set(id, self.frame, place.to_string(), value.to_string()))
    }

    /// Does something by hand that has something to show.
    fn by_hand(&mut self, deed: Deed) -> Result<Variable, Refused> {
        let shown = self.travel.do_by_hand(deed).map_err(Refused)?;
        shown.ok_or_else(|| Refused("there is nothing to show".into()))
    }

    /// Where a variable, field or element stands.
    pub(super) fn locate(&mut self, name: &str) -> Result<Place, Refused> {
        let (_, slot) = self.task()?;
        let program = self.program.clone();
        let found = place::locate(&mut self.travel.machine, &program, Where::frame(slot, self.frame), name)?;
        Ok(found.place)
    }

    /// What stands at a place now, as far as it tells one value from another; `None` where it is not there.
    pub(super) fn read(&self, place: &Place) -> Option<Print> {
        let view = self.view();
        place::read(&view, place).map(|value| place::print(&view, value))
    }

    /// The same in words.
    pub(super) fn shown(&self, place: &Place) -> String {
        place::read(&self.view(), place).map_or_else(|| "–".into(), |value| self.in_words(value))
    }

    /// Whether a test holds in the innermost frame of the task that runs (or of the selected one).
    pub(super) fn holds_here(&mut self, test: &Compiled, bind: &[(&str, Value)]) -> Result<bool, Refused> {
        let slot = self.travel.running().or_else(|| self.slot()).ok_or_else(|| Refused("nobody runs".into()))?;
        let program = self.program.clone();
        test.holds(&mut self.travel.machine, &program, Where { slot, frame: 0, bound: bind })
    }

    /// The text of a log point, with its expressions filled in.
    pub(super) fn filled(&mut self, log: &Template) -> Result<String, Refused> {
        let slot = self.travel.running().or_else(|| self.slot()).ok_or_else(|| Refused("nobody runs".into()))?;
        let program = self.program.clone();
        Ok(log.text(&mut self.travel.machine, &program, Where::frame(slot, 0)))
    }
}
