//! Tasks: who runs where, who is blocked in what, and what may wake whom.

use super::Checker;
use crate::event::{Kind, TaskId};
use crate::events::Event;

/// A task that was spawned.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub state: State,
    /// What woke it out of a select, until it says which arm that was.
    pub committed: Option<u32>,
}

/// What a task does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Ready,
    /// On this worker.
    Running(u32),
    Blocked(Wait),
    Ended,
}

/// What a task is blocked in: the operation, its object, and a select's arms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wait {
    pub kind: Kind,
    pub object: u32,
    pub arms: Vec<(Kind, u32)>,
}

impl Wait {
    /// Whether this kind of operation (for an arm: or the arm that stands for it) on this object may end the wait.
    fn is_for(&self, kind: Kind, object: u32) -> bool {
        (self.kind == kind && self.object == object)
            || arm_of(kind).is_some_and(|kind| self.arms.contains(&(kind, object)))
    }

    fn is_on(&self, object: u32) -> bool {
        (self.object == object && self.kind != Kind::SelectWait) || self.arms.iter().any(|arm| arm.1 == object)
    }
}

/// The arm of a select that waits for the same as an operation.
fn arm_of(kind: Kind) -> Option<Kind> {
    Some(match kind {
        Kind::Recv => Kind::SelectRecvArm,
        Kind::Send => Kind::SelectSendArm,
        Kind::Sleep => Kind::SelectTimerArm,
        Kind::Await => Kind::SelectFutureArm,
        _ => return None,
    })
}

/// Events that a task does itself, while it runs. Others happen in nobody's name (timers and what they set off), or
/// finish an operation in which the task has just blocked or ended (arms, further wakes).
fn is_own(kind: Kind) -> bool {
    use Kind::*;
    !matches!(
        kind,
        Switch
            | Wake
            | TaskCancel
            | SelectRecvArm
            | SelectSendArm
            | SelectTimerArm
            | SelectFutureArm
            | TimerFire
            | TimerSet
            | TimerStop
            | ContextCancel
            | Close
            | Publish
            | Collect
            | Finding
            | Sample
            | CallEnd
            | IoEnd
    )
}

impl Checker {
    pub(super) fn state(&self, task: u32) -> Option<&State> {
        self.tasks.get(&task).map(|task| &task.state)
    }

    fn set(&mut self, task: u32, state: State) {
        if let Some(task) = self.tasks.get_mut(&task) {
            task.state = state;
        }
    }

    /// Who does something must be running, here.
    pub(super) fn runs(&mut self, at: &Event) {
        // The run's first task is spawned by nobody.
        let first = at.task.0 == 0 && matches!(at.kind, Kind::TaskSpawn | Kind::AsyncSpawn);
        if !is_own(at.kind) || first {
            return;
        }
        let why = match self.state(at.task.0) {
            Some(&State::Running(worker)) if worker == at.worker => return,
            Some(State::Running(worker)) => {
                format!("on worker {}, but its task {} runs on {worker}", at.worker, at.task.0)
            }
            Some(State::Ready) => format!("of task {}, which has no worker", at.task.0),
            Some(State::Blocked(wait)) => format!("of task {}, which is blocked in {}", at.task.0, wait.kind.name()),
            Some(State::Ended) => format!("of task {} after its end", at.task.0),
            None => format!("of task {} before it was spawned", at.task.0),
        };
        self.wrong(at, why);
    }

    pub(super) fn spawn(&mut self, at: &Event) {
        let task = Task { state: State::Ready, committed: None };
        let before = self.tasks.insert(at.object, task);
        self.must(at, before.is_none(), || format!("of task {}, which was spawned before", at.object));
    }

    pub(super) fn switch(&mut self, at: &Event) {
        let worker = at.worker as usize;
        let left = std::mem::replace(&mut self.running[worker], TaskId(at.object));
        let still = self.state(left.0) == Some(&State::Running(at.worker)) && left.0 != 0;
        self.must(at, !still, || format!("away from task {}, which has not stopped", left.0));
        if at.object == 0 {
            return;
        }
        let why = match self.state(at.object) {
            Some(State::Ready) => None,
            // What it waited for is nobody's event; its own end of the operation follows.
            Some(State::Blocked(wait)) if matches!(wait.kind, Kind::CallBegin | Kind::IoBegin) => None,
            Some(State::Running(worker)) => Some(format!("to task {}, which runs on worker {worker}", at.object)),
            Some(State::Blocked(wait)) => {
                Some(format!("to task {}, which nobody has woken from {}", at.object, wait.kind.name()))
            }
            Some(State::Ended) => Some(format!("to task {} after its end", at.object)),
            None => Some(format!("to task {} before it was spawned", at.object)),
        };
        if let Some(why) = why {
            self.wrong(at, why);
        }
        self.set(at.object, State::Running(at.worker));
    }

    pub(super) fn stop(&mut self, at: &Event) {
        self.set(at.task.0, State::Ready);
    }

    /// The task blocks in this operation.
    pub(super) fn block(&mut self, at: &Event) {
        let wait = Wait { kind: at.kind, object: at.object, arms: Vec::new() };
        if let Some(task) = self.tasks.get_mut(&at.task.0) {
            task.state = State::Blocked(wait);
            task.committed = None;
        }
    }

    pub(super) fn arm(&mut self, at: &Event) {
        let task = self.tasks.get_mut(&at.task.0).map(|task| &mut task.state);
        match task {
            Some(State::Blocked(wait)) if wait.kind == Kind::SelectWait => wait.arms.push((at.kind, at.object)),
            _ => self.wrong(at, format!("of task {}, which is not blocked in a select", at.task.0)),
        }
    }

    pub(super) fn commit(&mut self, at: &Event) {
        let Some(by) = self.tasks.get_mut(&at.task.0).and_then(|task| task.committed.take()) else { return };
        self.must(at, by == at.object, || format!("to object {}, but object {by} woke the select", at.object));
    }

    /// The task that an operation names as woken must be blocked in the other side of it: in this kind of operation on this
    /// object. 0 is nobody.
    pub(super) fn woken(&mut self, at: &Event, task: u32, kind: Kind, object: u32) {
        if task != 0 {
            self.wake(at, task, object, |wait| wait.is_for(kind, object), || format!("{} on {object}", kind.name()));
        }
    }

    /// The task must be blocked, in whatever.
    pub(super) fn woken_anyhow(&mut self, at: &Event, task: u32) {
        if let Some(State::Blocked(wait)) = self.state(task) {
            let wait = wait.clone();
            self.leaves(task, &wait);
        }
        self.wake(at, task, at.object, |_| true, || "anything".to_string());
    }

    fn wake(&mut self, at: &Event, id: u32, by: u32, fits: impl Fn(&Wait) -> bool, wanted: impl Fn() -> String) {
        let Some(task) = self.tasks.get_mut(&id) else {
            return self.wrong(at, format!("wakes task {id}, which was not spawned"));
        };
        let why = match &task.state {
            State::Blocked(wait) if fits(wait) => {
                task.committed = (wait.kind == Kind::SelectWait).then_some(by);
                task.state = State::Ready;
                return;
            }
            State::Blocked(wait) => {
                let (kind, object) = (wait.kind.name(), wait.object);
                format!("wakes task {id}, which is blocked in {kind} on {object} and not in {}", wanted())
            }
            state => format!("wakes task {id} from {}, but that is not blocked: {state:?}", wanted()),
        };
        self.wrong(at, why);
        self.set(id, State::Ready);
    }

    /// A wake of its own record. Its object says from what; 0 is the end of a task.
    pub(super) fn woken_by_record(&mut self, at: &Event) {
        let object = at.arg;
        if let Some(State::Blocked(wait)) = self.state(at.object)
            && object != 0
        {
            let wait = wait.clone();
            self.may_be_woken(at, &wait, object);
        } else if let Some(State::Blocked(wait)) = self.state(at.object) {
            let wait = wait.clone();
            self.leaves(at.object, &wait);
        }
        let foreign = self.foreign;
        let outside = |wait: &Wait| matches!(wait.kind, Kind::IoBegin | Kind::CallBegin);
        let fits = |wait: &Wait| match object {
            0 => foreign || wait.is_for(Kind::Await, at.task.0),
            _ => wait.is_on(object) || (foreign && outside(wait)),
        };
        // Of a task's end the object is the task.
        let by = if object == 0 { at.task.0 } else { object };
        self.wake(at, at.object, by, fits, || format!("a wait for {object}"));
    }

    pub(super) fn cancel(&mut self, at: &Event) {
        // A task that is not blocked goes on until its next wait.
        if at.arg != 0 {
            if let Some(State::Blocked(wait)) = self.state(at.arg) {
                let wait = wait.clone();
                self.leaves(at.arg, &wait);
            }
            self.wake(at, at.arg, 0, |_| true, || "anything".to_string());
            if let Some(task) = self.tasks.get_mut(&at.arg) {
                task.committed = None;
            }
        }
    }

    pub(super) fn end(&mut self, at: &Event) {
        self.set(at.task.0, State::Ended);
        self.woken(at, at.object, Kind::Await, at.task.0);
    }

    pub(super) fn wait_for_task(&mut self, at: &Event) {
        let ended = self.state(at.object) == Some(&State::Ended);
        if at.blocked {
            self.must(at, !ended, || format!("blocks on task {}, which has ended", at.object));
            self.block(at);
        } else {
            self.must(at, ended, || format!("is over before the end of task {}", at.object));
        }
    }

    /// A call or an I/O operation of the current task is over: it may have blocked its task meanwhile.
    pub(super) fn external_end(&mut self, at: &Event) {
        if let Some(State::Blocked(wait)) = self.state(at.task.0)
            && matches!(wait.kind, Kind::CallBegin | Kind::IoBegin)
        {
            self.set(at.task.0, State::Running(at.worker));
        }
    }
}
