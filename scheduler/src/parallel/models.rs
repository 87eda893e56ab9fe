//! Models of what the parallel runtime does without locks, or with locks of its own: loom runs each in all interleavings (up to a number of
//! preemptions, where said) and with all reorderings that the memory orderings allow, on the runtime's own code.
//!
//! `RUSTFLAGS="--cfg loom" cargo test -p scheduler --release --lib models`, see docs/verification.md.
//!
//! A lost wake-up shows as a deadlock, a missing ordering as a data race on the model's cells.

use super::lock::Lock;
use super::mutex::MutexCell;
use super::select::lock_all;
use super::task::TaskCell;
use super::world::{Parked, World};
use crate::objects::Holder;
use crate::queue::{Entry, PLAIN};
use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;

/// Runs a model in all interleavings with at most so many preemptions.
fn model(preemptions: usize, run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(run);
}

/// Something that only one thread may touch at a time; loom tells when two do.
struct Data(UnsafeCell<u32>);

#[expect(unsafe_code, reason = "the models are there to find out whether the accesses are exclusive")]
// SAFETY: every access goes through loom's cell, which checks it.
unsafe impl Sync for Data {}

impl Data {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    #[expect(unsafe_code, reason = "as above")]
    fn touch(&self) -> u32 {
        // SAFETY: loom checks that nobody else accesses the cell.
        self.0.with_mut(|value| unsafe {
            *value += 1;
            *value
        })
    }
}

mod lock {
    use super::*;

    #[test]
    fn excludes_and_hands_over_what_was_written() {
        model(3, || {
            let lock = Arc::new(Lock::new(Data::new()));
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let lock = Arc::clone(&lock);
                    thread::spawn(move || {
                        lock.lock().touch();
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(lock.lock().touch(), 3);
        });
    }

    #[test]
    fn all_of_a_select_are_taken_in_one_order() {
        model(3, || {
            let locks = Arc::new([Lock::new(Data::new()), Lock::new(Data::new())]);
            let threads: Vec<_> = [[0, 1, 0], [1, 0, 1]]
                .into_iter()
                .map(|slots| {
                    let locks = Arc::clone(&locks);
                    thread::spawn(move || {
                        let all = lock_all(slots.to_vec(), |slot| locks.get(slot as usize));
                        assert_eq!(all.len(), 2, "each is taken once");
                        all.iter().for_each(|(_, guard)| {
                            guard.touch();
                        });
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }
}

mod world {
    use super::*;

    /// Work is published while a worker goes idle: it is found. With `searches` that worker looks for work elsewhere before.
    fn nothing_is_lost(searches: bool) {
        model(3, move || {
            let world = Arc::new(World::new(2));
            let work = Arc::new(AtomicBool::new(false));
            let idler = {
                let (world, work) = (Arc::clone(&world), Arc::clone(&work));
                thread::spawn(move || {
                    loop {
                        if searches && world.search(1) {
                            if work.load(Ordering::Relaxed) {
                                world.found();
                                break;
                            }
                            world.gave_up();
                        }
                        if work.load(Ordering::Relaxed) {
                            break;
                        }
                        world.park(1, || work.load(Ordering::Relaxed), false, None);
                    }
                })
            };
            work.store(true, Ordering::Relaxed);
            world.notify();
            idler.join().unwrap();
        });
    }

    #[test]
    fn no_wake_up_is_lost_on_the_way_to_sleep() {
        nothing_is_lost(false);
    }

    #[test]
    fn no_wake_up_is_lost_to_a_worker_that_gives_up_its_search() {
        nothing_is_lost(true);
    }

    #[test]
    fn stopping_excludes_running_and_waking_workers() {
        model(2, || {
            let world = Arc::new(World::new(2));
            let data = Arc::new(Data::new());
            let other = {
                let (world, data) = (Arc::clone(&world), Arc::clone(&data));
                thread::spawn(move || {
                    data.touch();
                    if world.wants_attention() {
                        world.safepoint();
                    }
                    data.touch();
                    while world.park(1, || false, false, None) == Parked::Woken {
                        data.touch();
                    }
                    data.touch();
                })
            };
            world.stopped(|| data.touch());
            world.wake_one();
            world.stopped(|| data.touch());
            world.finish();
            world.retire();
            other.join().unwrap();
        });
    }

    #[test]
    fn two_stop_the_world_one_after_the_other() {
        model(3, || {
            let world = Arc::new(World::new(2));
            let data = Arc::new(Data::new());
            let other = {
                let (world, data) = (Arc::clone(&world), Arc::clone(&data));
                thread::spawn(move || {
                    world.stopped(|| data.touch());
                    world.retire();
                })
            };
            world.stopped(|| data.touch());
            world.retire();
            other.join().unwrap();
        });
    }

    #[test]
    fn who_is_away_does_not_hold_up_a_stop_and_comes_back_after_it() {
        model(3, || {
            let world = Arc::new(World::new(2));
            let data = Arc::new(Data::new());
            let back = Arc::new(AtomicBool::new(false));
            let other = {
                let (world, data, back) = (Arc::clone(&world), Arc::clone(&data), Arc::clone(&back));
                thread::spawn(move || {
                    world.away(|| {
                        // Comes back only after the stop has begun.
                        while !back.load(Ordering::Relaxed) {
                            thread::yield_now();
                        }
                    });
                    data.touch();
                    world.retire();
                })
            };
            world.stopped(|| {
                back.store(true, Ordering::Relaxed);
                data.touch();
            });
            world.retire();
            other.join().unwrap();
        });
    }

    #[test]
    fn exactly_one_is_told_that_nobody_runs_and_nobody_runs_until_it_has_decided() {
        model(2, || {
            let world = Arc::new(World::new(2));
            let running = Arc::new(AtomicU32::new(2));
            let deciding = Arc::new(AtomicBool::new(false));
            let worker = |number: u32| {
                let (world, running, deciding) = (Arc::clone(&world), Arc::clone(&running), Arc::clone(&deciding));
                move || {
                    let mut told = 0;
                    loop {
                        running.fetch_sub(1, Ordering::Relaxed);
                        match world.park(number, || false, true, None) {
                            Parked::Quiet => {
                                told += 1;
                                deciding.store(true, Ordering::Relaxed);
                                assert_eq!(running.load(Ordering::Relaxed), 0);
                                deciding.store(false, Ordering::Relaxed);
                                world.finish();
                                return told;
                            }
                            Parked::Woken => {
                                running.fetch_add(1, Ordering::Relaxed);
                                assert!(!deciding.load(Ordering::Relaxed));
                            }
                            Parked::Over => return told,
                        }
                    }
                }
            };
            let other = thread::spawn(worker(1));
            // Somebody outside, as a timer would, wakes one of them without work.
            let waker = {
                let world = Arc::clone(&world);
                thread::spawn(move || world.wake_one())
            };
            let told = worker(0)();
            let told = told + other.join().unwrap();
            waker.join().unwrap();
            assert_eq!(told, 1);
        });
    }

    #[test]
    fn whoever_is_idle_learns_of_the_end() {
        model(3, || {
            let world = Arc::new(World::new(2));
            let other = {
                let world = Arc::clone(&world);
                thread::spawn(move || while world.park(1, || false, true, None) != Parked::Over {})
            };
            world.finish();
            other.join().unwrap();
            assert!(world.is_over());
        });
    }
}

mod wait {
    use super::*;

    type Cell = TaskCell<u32, ()>;

    #[test]
    fn of_two_who_claim_one_wins_and_sees_what_the_task_wrote() {
        model(3, || {
            let task = Arc::new((Cell::default(), Data::new()));
            let contenders: Vec<_> = (0..2)
                .map(|_| {
                    let task = Arc::clone(&task);
                    thread::spawn(move || {
                        let Some(ticket) = task.0.wait().under_way() else { return 0 };
                        let won = task.0.wait().claim(ticket);
                        if won {
                            // The task is mine now.
                            assert!(task.1.touch() > 1);
                        }
                        u32::from(won)
                    })
                })
                .collect();
            task.1.touch();
            let ticket = task.0.wait().begin();
            let won: u32 = contenders.into_iter().map(|thread| thread.join().unwrap()).sum();
            assert!(won <= 1);
            assert_eq!(task.0.wait().is_under_way(ticket), won == 0);
        });
    }

    #[test]
    fn an_entry_of_an_earlier_wait_claims_nothing() {
        model(3, || {
            let task = Arc::new(Cell::default());
            let ticket = task.wait().begin();
            let late = {
                let task = Arc::clone(&task);
                thread::spawn(move || task.wait().claim(ticket))
            };
            let early = task.wait().claim(ticket);
            let next = if early { task.wait().begin() } else { ticket + 1 };
            let late = late.join().unwrap();
            assert!(early != late);
            assert_eq!((next, task.wait().is_under_way(next)), (ticket + 1, early));
        });
    }

    #[test]
    fn who_cancels_and_who_parks_see_each_other() {
        model(3, || {
            let task = Arc::new((Cell::default(), Data::new()));
            let canceller = {
                let task = Arc::clone(&task);
                thread::spawn(move || {
                    let claimed = task.0.cancel();
                    if claimed.is_some() {
                        task.1.touch();
                    }
                    claimed.is_some()
                })
            };
            task.1.touch();
            let ticket = task.0.wait().begin();
            // From here on the task is somebody else's, unless this claims it.
            let itself = task.0.cancels_itself(ticket);
            if itself {
                task.1.touch();
            }
            assert!(canceller.join().unwrap() != itself, "exactly one of them cancels it");
            assert!(!task.0.wait().is_under_way(ticket));
        });
    }

    #[test]
    fn a_partner_and_a_canceller_wake_a_task_once() {
        model(2, || {
            // The queue of the object in which the task waits.
            let task = Arc::new((Cell::default(), Data::new(), Lock::new(None::<u32>)));
            let partner = {
                let task = Arc::clone(&task);
                thread::spawn(move || {
                    let entry = task.2.lock().take();
                    let Some(ticket) = entry else { return 0 };
                    if !task.0.wait().claim(ticket) {
                        // Only a canceller can have been faster, and it says when it was.
                        assert_eq!(task.0.cancelled_at(ticket), 77);
                        return 0;
                    }
                    task.1.touch();
                    1
                })
            };
            let canceller = {
                let task = Arc::clone(&task);
                thread::spawn(move || {
                    let Some(ticket) = task.0.cancel() else { return 0 };
                    task.0.set_cancelled(ticket, 77);
                    task.1.touch();
                    1
                })
            };
            task.1.touch();
            let ticket = {
                let mut queue = task.2.lock();
                let ticket = task.0.wait().begin();
                *queue = Some(ticket);
                ticket
            };
            let itself = task.0.cancels_itself(ticket);
            if itself {
                task.0.set_cancelled(ticket, 77);
                task.1.touch();
            }
            let woken = partner.join().unwrap() + canceller.join().unwrap() + u32::from(itself);
            assert_eq!(woken, 1, "the canceller at least");
        });
    }
}

mod mutex {
    use super::*;

    /// A task: the word of its wait, whether it was handed the lock, and what it sleeps on in place of a run queue.
    type Task = (TaskCell<u32, ()>, AtomicBool, Notify);

    struct Shared {
        mutex: MutexCell<u32>,
        data: Data,
        tasks: Vec<Task>,
    }

    fn shared(tasks: usize) -> Arc<Shared> {
        let tasks = (0..tasks).map(|_| (TaskCell::default(), AtomicBool::new(false), Notify::new())).collect();
        Arc::new(Shared { mutex: MutexCell::default(), data: Data::new(), tasks })
    }

    fn holder(task: usize) -> Holder {
        Holder { slot: task as u32, id: task as u32 + 1, site: 0 }
    }

    /// As `Worker::lock` does; waits in place of parking. Says whether the task got the lock, and was not cancelled.
    fn lock(shared: &Shared, task: usize, traced: bool, cancelled: &AtomicBool) -> bool {
        if shared.mutex.take() {
            shared.mutex.set_holder(holder(task));
            return true;
        }
        let Some(mut rest) = shared.mutex.take_or_wait(traced) else {
            shared.mutex.set_holder(holder(task));
            return true;
        };
        let ticket = shared.tasks[task].0.wait().begin();
        rest.queue.push(Entry { slot: task as u32, ticket, arm: PLAIN, tag: 0 });
        drop(rest);
        loop {
            if shared.tasks[task].1.load(Ordering::Acquire) {
                return true;
            }
            if cancelled.load(Ordering::Acquire) {
                return false;
            }
            shared.tasks[task].2.wait();
        }
    }

    /// As `Worker::unlock`.
    fn unlock(shared: &Shared) {
        if shared.mutex.give_back() {
            return;
        }
        let mut rest = shared.mutex.rest.lock();
        let claim = |entry: &Entry| shared.tasks[entry.slot as usize].0.wait().claim(entry.ticket);
        let Some(entry) = shared.mutex.next(&mut rest, claim) else { return };
        shared.mutex.hand_to(&rest, holder(entry.slot as usize));
        drop(rest);
        let (_, granted, woken) = &shared.tasks[entry.slot as usize];
        granted.store(true, Ordering::Release);
        woken.notify();
    }

    fn excludes(preemptions: usize, tasks: usize, traced: bool) {
        model(preemptions, move || {
            let shared = shared(tasks);
            let work = |task: usize| {
                let shared = Arc::clone(&shared);
                move || {
                    assert!(lock(&shared, task, traced, &AtomicBool::new(false)));
                    assert_eq!(shared.mutex.holder(), holder(task));
                    shared.data.touch();
                    unlock(&shared);
                }
            };
            let threads: Vec<_> = (1..tasks).map(|task| thread::spawn(work(task))).collect();
            work(0)();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(shared.data.touch(), tasks as u32 + 1);
            assert!(shared.mutex.take(), "it is free in the end");
        });
    }

    #[test]
    fn one_holder_and_nobody_waits_for_ever() {
        excludes(3, 2, false);
    }

    #[test]
    fn one_holder_and_nobody_waits_for_ever_traced() {
        excludes(3, 2, true);
    }

    #[test]
    fn three_tasks_hand_it_on() {
        excludes(2, 3, false);
    }

    #[test]
    fn a_waiter_that_is_cancelled_is_passed_by() {
        model(2, || {
            let shared = shared(3);
            let cancelled = Arc::new(AtomicBool::new(false));
            assert!(shared.mutex.take());
            shared.mutex.set_holder(holder(0));
            let waiter = {
                let (shared, cancelled) = (Arc::clone(&shared), Arc::clone(&cancelled));
                thread::spawn(move || {
                    let got = lock(&shared, 1, false, &cancelled);
                    if got {
                        shared.data.touch();
                        unlock(&shared);
                    }
                    got
                })
            };
            let canceller = {
                let (shared, cancelled) = (Arc::clone(&shared), Arc::clone(&cancelled));
                thread::spawn(move || {
                    let Some(ticket) = shared.tasks[1].0.wait().under_way() else { return false };
                    let claimed = shared.tasks[1].0.wait().claim(ticket);
                    if claimed {
                        shared.mutex.leave(1, ticket, 0);
                        cancelled.store(true, Ordering::Release);
                        shared.tasks[1].2.notify();
                    }
                    claimed
                })
            };
            shared.data.touch();
            unlock(&shared);
            assert!(waiter.join().unwrap() != canceller.join().unwrap());
            assert!(shared.mutex.take(), "it is free in the end");
        });
    }
}
