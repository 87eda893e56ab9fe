//! The states of a task and the table of legal transitions.

use crate::finding::WaitReason;

/// What a task is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskState {
    /// It could run, but has no worker.
    Ready,
    /// It runs.
    Running,
    /// It waits.
    Blocked(WaitReason),
    /// It returned.
    Done,
    /// It panicked.
    Panicked,
    /// It was cancelled.
    Cancelled,
}

const FIRST_BLOCKED: u8 = 5;

/// Groups of states between which the table of transitions speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not created yet.
    New,
    /// [`TaskState::Ready`].
    Ready,
    /// [`TaskState::Running`].
    Running,
    /// [`TaskState::Blocked`].
    Blocked,
    /// Any of the three ends.
    Ended,
}

/// The legal transitions, each with what causes it.
pub const TRANSITIONS: &[(Phase, Phase, &str)] = &[
    (Phase::New, Phase::Ready, "spawned"),
    (Phase::Ready, Phase::Running, "switched to"),
    (Phase::Running, Phase::Ready, "preempted, or let others run"),
    (Phase::Running, Phase::Blocked, "an operation cannot go on"),
    (Phase::Blocked, Phase::Ready, "woken or cancelled"),
    (Phase::Blocked, Phase::Running, "a C call or I/O operation ended on its own worker"),
    (Phase::Running, Phase::Ended, "returned, panicked or was cancelled"),
];

impl TaskState {
    /// Number of states, counting each wait reason.
    pub const COUNT: usize = FIRST_BLOCKED as usize + WaitReason::ALL.len();

    /// A number below [`TaskState::COUNT`].
    pub fn code(self) -> u8 {
        match self {
            TaskState::Ready => 0,
            TaskState::Running => 1,
            TaskState::Done => 2,
            TaskState::Panicked => 3,
            TaskState::Cancelled => 4,
            TaskState::Blocked(reason) => FIRST_BLOCKED + reason as u8,
        }
    }

    /// The state of a code.
    pub fn from_code(code: u8) -> Option<TaskState> {
        Some(match code {
            0 => TaskState::Ready,
            1 => TaskState::Running,
            2 => TaskState::Done,
            3 => TaskState::Panicked,
            4 => TaskState::Cancelled,
            _ => TaskState::Blocked(*WaitReason::ALL.get(usize::from(code - FIRST_BLOCKED))?),
        })
    }

    /// Its group.
    pub fn phase(self) -> Phase {
        match self {
            TaskState::Ready => Phase::Ready,
            TaskState::Running => Phase::Running,
            TaskState::Blocked(_) => Phase::Blocked,
            TaskState::Done | TaskState::Panicked | TaskState::Cancelled => Phase::Ended,
        }
    }

    /// Whether the task is over.
    pub fn ended(self) -> bool {
        self.phase() == Phase::Ended
    }

    /// The word of views: `ready`, `running`, `blocked`, `sleeping`, `done`.
    pub fn name(self) -> &'static str {
        match self {
            TaskState::Ready => "ready",
            TaskState::Running => "running",
            TaskState::Blocked(WaitReason::Sleep) => "sleeping",
            TaskState::Blocked(_) => "blocked",
            TaskState::Done => "done",
            TaskState::Panicked => "panicked",
            TaskState::Cancelled => "cancelled",
        }
    }
}

/// The table by phases, for a test in constant time.
const LEGAL: [[bool; 5]; 5] = {
    let mut legal = [[false; 5]; 5];
    let mut row = 0;
    while row < TRANSITIONS.len() {
        legal[TRANSITIONS[row].0 as usize][TRANSITIONS[row].1 as usize] = true;
        row += 1;
    }
    legal
};

/// Whether a task may go from one state (`None` before it is created) to another.
#[inline]
pub fn legal(from: Option<TaskState>, to: TaskState) -> bool {
    let from = from.map_or(Phase::New, TaskState::phase);
    LEGAL[from as usize][to.phase() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_a_code_of_its_own() {
        for code in 0..TaskState::COUNT as u8 {
            assert_eq!(TaskState::from_code(code).map(TaskState::code), Some(code));
        }
        assert_eq!(TaskState::from_code(TaskState::COUNT as u8), None);
        assert_eq!(TaskState::from_code(255), None);
    }

    #[test]
    fn nothing_follows_an_end_and_only_a_spawn_comes_first() {
        for code in 0..TaskState::COUNT as u8 {
            let state = TaskState::from_code(code).unwrap();
            assert!(!legal(Some(TaskState::Done), state));
            assert_eq!(legal(None, state), state == TaskState::Ready);
        }
        assert!(!legal(Some(TaskState::Blocked(WaitReason::Recv)), TaskState::Done));
    }
}
