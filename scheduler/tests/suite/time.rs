//! Virtual time: order, jumps, timers, tickers, contexts.

use crate::driver::{ends, run, says};
use scheduler::{Config, Next, Oracle, Scheduler, TimeSource};
use tracer::event::{Category, Kind};

#[test]
fn sleepers_wake_in_order_of_their_deadlines_then_of_going_to_sleep() {
    let run = ends(
        "main: go a; go b; go c; go d; sleep 100; say woke\na: sleep 30; say 30\nb: sleep 10; say 10\nc: sleep 20; say 20\nd: sleep 20; say 20",
        "b:10 c:20 d:20 a:30 main:woke",
    );
    assert_eq!(run.time, 100);
}

#[test]
fn computing_takes_no_time_and_time_only_moves_when_nothing_can_run() {
    let run = ends("main: go a; sleep 5; say five\na: work 1000000; say worked", "a:worked main:five");
    assert_eq!(run.time, 5);
    assert_eq!(run.events(|kind| kind.category() == Category::Time), "time.sleep! time.fire>1");
}

#[test]
fn the_trace_clock_is_work_and_sleep() {
    let run = ends("main: work 7; sleep 100; work 3", "");
    assert_eq!(run.log.0.last().unwrap().1, 7 + 1 + 100 + 3);
}

#[test]
fn an_after_channel_gets_the_time_once() {
    let run = ends("main: after t 50; recv t; try-recv t", "main:50 main:not-now");
    assert_eq!(run.events(|kind| kind.category() == Category::Time), "time.timer time.fire>1");
}

#[test]
fn a_ticker_drops_the_ticks_that_nobody_takes() {
    ends(
        "main: ticker t 10; recv t; recv t; sleep 35; recv t; recv t; stop t; stop t",
        "main:10 main:20 main:30 main:60 main:true main:false",
    );
}

#[test]
fn a_stopped_ticker_wakes_nobody() {
    let run = says("main: ticker t 10; recv t; stop t; recv t", "main:10 main:true");
    assert_eq!((run.end, run.time, run.stuck().as_str()), (Next::Stuck, 10, "deadlock: main recv"));
}

#[test]
fn time_stops_where_only_a_ticker_is_left_that_nobody_listens_to() {
    let run = says("main: ticker t 10; chan c 0; recv t; recv c; recv t", "main:10");
    assert_eq!((run.end, run.stuck().as_str()), (Next::Stuck, "deadlock: main recv"));
}

#[test]
fn a_timeout_cancels_a_context_and_all_below_it() {
    let run = ends("main: ctx p - 50; ctx k p; done d k; recv d; say over", "main:closed main:over");
    assert_eq!(run.time, 50);
    assert_eq!(
        run.events(|kind| matches!(kind, Kind::ContextCancel | Kind::TimerFire | Kind::Close | Kind::Wake)),
        "time.fire context.cancel context.cancel chan.close task.wake>1"
    );
}

#[test]
fn a_child_has_the_earlier_deadline() {
    let run = ends("main: ctx p - 50; ctx k p 80; done d k; recv d", "main:closed");
    assert_eq!(run.time, 50);
    let run = ends("main: ctx p - 50; ctx k p 20; done d k; recv d", "main:closed");
    assert_eq!(run.time, 20);
}

#[test]
fn cancelling_wakes_once_and_stops_the_deadline() {
    let run = ends(
        "main: ctx p - 50; done d p; go a; yield; cancel-ctx p; cancel-ctx p; recv d\na: recv d",
        "main:closed a:closed",
    );
    assert_eq!(run.time, 0);
    assert_eq!(run.events(|kind| kind == Kind::ContextCancel), "context.cancel");
}

#[test]
fn below_a_cancelled_context_everything_is_cancelled() {
    ends("main: ctx p; cancel-ctx p; ctx k p; done d k; recv d", "main:closed");
}

#[test]
fn a_context_tells_why_it_ended_and_how_far_above() {
    ends(
        "main: ctx p; ctx k p; ctx g k; why g; cancel-for k gone; cancel-for k late; why p; why k; why g; cancel-for p over; \
         why p; why k; ctx l g; why l",
        "main:active main:active main:Cancelled:gone+0 main:Cancelled:gone+1 main:Cancelled:over+0 main:Cancelled:gone+0 \
         main:Cancelled:gone+2",
    );
    ends("main: ctx p - 50; ctx k p; done d k; recv d; why k; why p", "main:closed main:Deadline+1 main:Deadline+0");
}

#[test]
fn timers_of_losing_arms_do_not_pile_up() {
    let run = run("main: chan a 0; go r; go s\ns: send a 1; again 5000\nr: select recv:a after:1000000; again 5000", 0);
    assert_eq!((run.end, run.time), (Next::Finished, 0));
    assert!(run.bytes < 20_000, "{} bytes", run.bytes);
}

#[test]
fn the_end_of_time_is_no_trap() {
    let age = u64::MAX / 2;
    ends(&format!("main: sleep {age}; sleep {age}; say a; sleep 1; say b"), "main:a main:b");
    let end = 1u64 << 62;
    let run = says(&format!("main: ticker t {age}; recv t; recv t"), &format!("main:{end}"));
    assert_eq!(run.stuck(), "deadlock: main recv");
    ends(&format!("main: sleep {age}; ctx c - {age}; done d c; recv d"), "main:closed");
    ends(&format!("main: sleep {age}; after t {age}; select after:{age}"), "main:arm0=fired");
}

#[test]
fn in_real_time_a_sleep_lasts_as_long_as_it_says() {
    let mut s: Scheduler<i64, ()> = Scheduler::new(Config {
        oracle: Oracle::fair(),
        time: TimeSource::real_time(),
        time_value: |now| now as i64,
        may_cancel: false,
    });
    let tr = &mut tracer::record::Off;
    s.spawn(tr, Default::default(), 0, false);
    assert!(matches!(s.next_task(tr, 0), Next::Run { .. }));
    let before = s.now();
    s.sleep(tr, Default::default(), 5_000_000);
    assert_eq!(s.next_task(tr, 0), Next::Idle);
    let mut clock = 0;
    s.pass_time(tr, &mut clock, || true);
    assert_eq!(s.next_task(tr, 0), Next::Idle, "an interrupted wait wakes nobody early");
    s.pass_time(tr, &mut clock, || false);
    assert!(matches!(s.next_task(tr, clock), Next::Run { .. }));
    assert!(s.now() - before >= 5_000_000 && clock > 1_000_000);
}
