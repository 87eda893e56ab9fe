//! Mutexes and read-write locks: hand-off in order, writers not starved, try-locks.

use crate::driver::{ends, run, says};
use scheduler::Next;
use tracer::event::{Category, Kind};

#[test]
fn unlocking_hands_the_mutex_to_the_first_who_waits() {
    let run = ends(
        "main: mutex m; lock m; go a; go b; yield; unlock m; yield; try-lock m\n\
         a: lock m; say has; yield; unlock m\n\
         b: lock m; say has; yield; unlock m",
        "a:has main:not-now b:has",
    );
    assert_eq!(
        run.events(|kind| kind.category() == Category::Lock),
        "mutex.make mutex.lock mutex.lock! mutex.lock! mutex.unlock>2 mutex.try-lock-fail mutex.unlock>3 mutex.unlock"
    );
}

#[test]
fn try_lock_never_waits() {
    ends("main: mutex m; try-lock m; try-lock m; unlock m; try-lock m", "main:locked main:not-now main:locked");
}

#[test]
fn a_mutex_excludes_on_every_seed() {
    let text = "main: mutex m; wg w 3; go a; go a; go a; wait w\n\
                a: lock m; say in; work 3; say out; unlock m; add w -1";
    for seed in 0..200 {
        let run = run(text, seed);
        assert_eq!((run.end, run.said.as_str()), (Next::Finished, "a:in a:out a:in a:out a:in a:out"), "seed {seed}");
    }
}

#[test]
fn locking_twice_waits_for_itself() {
    let run = says("main: mutex m; lock m; lock m", "");
    assert_eq!(run.stuck(), "deadlock: main lock <main> [holds mutex from 1] ring main");
}

#[test]
fn readers_share_and_a_writer_excludes() {
    ends(
        "main: rwlock l; go r; go r; go w; sleep 1\n\
         r: read l; say in; yield; yield; say out; unread l\n\
         w: write l; say in; yield; say out; unwrite l",
        "r:in r:in r:out r:out w:in w:out",
    );
}

#[test]
fn a_waiting_writer_holds_back_later_readers() {
    let run = ends(
        "main: rwlock l; read l; go w; go r; yield; say leaves; unread l; yield\n\
         w: write l; say in; yield; say out; unwrite l\n\
         r: read l; say in; unread l",
        "main:leaves w:in w:out r:in",
    );
    assert_eq!(
        run.events(|kind| kind.category() == Category::Lock),
        "rwlock.make rwlock.read rwlock.write! rwlock.read! rwlock.read-unlock>2 rwlock.write-unlock>3 rwlock.read-unlock"
    );
}

#[test]
fn a_leaving_writer_lets_all_waiting_readers_in() {
    let run = ends(
        "main: rwlock l; write l; go r; go r; go r; yield; unwrite l\n\
         r: read l; say in; unread l",
        "r:in r:in r:in",
    );
    assert_eq!(
        run.events(|kind| matches!(kind, Kind::WriteUnlock | Kind::Wake)),
        "rwlock.write-unlock>2 task.wake>3 task.wake>4"
    );
}

#[test]
fn upgrading_waits_for_itself() {
    let run = says("main: rwlock l; read l; write l", "");
    assert_eq!(run.stuck(), "deadlock: main write <main> [holds rwlock from 1] ring main");
}

#[test]
fn what_nobody_holds_cannot_be_released() {
    ends("main: open; mutex m; free m; lock m; free m; free m; try-lock m", "main:not-held main:not-held main:locked");
    ends(
        "main: open; rwlock l; free-read l; free-write l; read l; read l; free-write l; free-read l; free-read l; \
         free-read l; write l; free-read l; free-write l; free-write l",
        "main:not-held main:not-held main:not-held main:not-held main:not-held main:not-held",
    );
}

#[test]
fn an_open_lock_is_released_by_whoever_reaches_it() {
    // The ring of owners is no deadlock: the third task lets the first one go on.
    ends(
        "main: open; mutex m; wg w 1; lock m; go a; lock m; say again; add w -1; wait w\n\
         a: sleep 10; free m",
        "main:again",
    );
    ends(
        "main: open; mutex m; mutex n; wg w 2; go a; go b; go c; wait w\n\
         a: lock m; yield; lock n; say a; add w -1\n\
         b: lock n; yield; lock m; say b; add w -1\n\
         c: sleep 10; free m; free n; sleep 10; free m; free n",
        "b:b a:a",
    );
}

#[test]
fn open_locks_that_nobody_can_release_any_more_are_a_deadlock() {
    let run = says("main: open; mutex m; lock m; lock m", "");
    assert_eq!(run.stuck(), "deadlock: main lock <main> [holds mutex from 2] ring main");
    let run = says("main: open; rwlock l; read l; write l", "");
    assert_eq!(run.stuck(), "deadlock: main write <main> [holds rwlock from 2] ring main");
}
