//! What the live tasks do, wait for and hold.

use tracer::finding::WaitReason;
use tracer::model::state::TaskState;

/// A task's state in the words of traces.
pub fn state_of(state: scheduler::State, reason: WaitReason) -> TaskState {
    match state {
        scheduler::State::Free | scheduler::State::Ended => TaskState::Done,
        scheduler::State::Ready => TaskState::Ready,
        scheduler::State::Running => TaskState::Running,
        scheduler::State::Blocked => TaskState::Blocked(reason),
    }
}
