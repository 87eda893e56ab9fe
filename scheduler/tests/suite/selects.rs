//! Select: ready arms, parked arms of every kind, defaults, stale entries, fairness.

use crate::driver::{ends, run, says};
use scheduler::Next;
use tracer::event::{Category, Kind};

#[test]
fn the_first_ready_arm_in_source_order_is_taken_at_seed_0() {
    ends("main: chan a 1; chan b 1; send a 1; send b 2; select recv:a recv:b", "main:arm0=1");
    ends("main: chan a 1; chan b 1; send b 2; select recv:a recv:b", "main:arm1=2");
    ends("main: chan a 1; chan b 1; select recv:a send:b:7; recv b", "main:arm1 main:7");
}

#[test]
fn a_default_arm_makes_it_not_wait() {
    let run = ends("main: chan a 0; select recv:a default; select send:a:1 default", "main:default main:default");
    assert_eq!(run.events(|kind| kind == Kind::SelectDefault), "select.default select.default");
}

#[test]
fn a_parked_select_is_woken_by_either_arm_and_only_once() {
    let run = ends(
        "main: chan a 0; chan b 0; go s; select recv:a recv:b; try-recv b; recv a\ns: send b 1; send a 2",
        "main:arm1=1 main:not-now main:2",
    );
    assert_eq!(
        run.events(|kind| kind.category() == Category::Channel),
        "chan.make chan.make select.wait! select.arm-recv select.arm-recv chan.send>1 chan.send! select.commit \
         chan.try-recv-empty chan.recv>2"
    );
}

#[test]
fn a_parked_send_arm_offers_its_own_value() {
    ends("main: chan a 0; chan b 0; go r; select send:a:1 send:b:2\nr: recv b", "r:2 main:arm1");
    ends("main: chan a 1; send a 9; go r; select send:a:1\nr: recv a; recv a", "r:9 r:1 main:arm0");
}

#[test]
fn two_selects_meet() {
    ends("main: chan a 0; chan b 0; go x; select recv:a recv:b\nx: select send:a:5 send:b:6", "x:arm0 main:arm0=5");
}

#[test]
fn a_channel_in_two_arms_of_one_select_is_not_its_own_partner() {
    let run = says("main: chan a 0; select recv:a send:a:1", "");
    assert_eq!(run.stuck(), "deadlock: main select");
}

#[test]
fn closing_makes_an_arm_ready() {
    ends("main: chan a 0; chan b 0; go c; select recv:a recv:b\nc: close b", "main:arm1=closed");
    ends("main: chan a 0; go c; select send:a:1\nc: close a", "main:arm0=sendclosed");
    ends("main: chan a 0; close a; select recv:a; select send:a:1", "main:arm0=closed main:arm0=sendclosed");
}

#[test]
fn a_timer_arm_is_a_timeout() {
    let run =
        ends("main: chan a 0; go s; select recv:a after:50; recv a\ns: sleep 80; send a 1", "main:arm1=fired main:1");
    assert_eq!(run.time, 80);
    let run = ends("main: chan a 0; go s; select recv:a after:50\ns: sleep 20; send a 1", "main:arm0=1");
    assert_eq!(run.time, 20, "a timer of an arm that was not taken does not hold time up");
}

#[test]
fn a_future_arm_gives_the_result() {
    ends("main: async f a; async g b; select future:f future:g\na: sleep 5\nb: sleep 3", "main:arm1=20");
    ends("main: async f a; yield; select future:f\na: say ran", "a:ran main:arm0=10");
}

#[test]
fn no_arms_wait_for_ever() {
    let run = says("main: select", "");
    assert_eq!(run.stuck(), "deadlock: main select");
}

#[test]
fn entries_of_arms_that_were_not_taken_are_skipped() {
    // `quit` collects a stale entry in each round; the receiver parked behind them all is still found.
    ends(
        "main: chan a 0; chan quit 0; go s; go r; sleep 1; send quit 1\n\
         s: send a 1; send a 2; send a 3; send a 4; send a 5\n\
         r: select recv:quit recv:a; again 6",
        "r:arm1=1 r:arm1=2 r:arm1=3 r:arm1=4 r:arm1=5 r:arm0=1",
    );
}

#[test]
fn random_seeds_take_every_ready_arm_about_as_often() {
    let text = "main: chan a 1; chan b 1; chan c 1; send a 0; send b 0; send c 0; select recv:a recv:b recv:c";
    let mut taken = [0; 3];
    for seed in 1..301 {
        let run = run(text, seed);
        assert_eq!(run.end, Next::Finished);
        taken[run.said.as_bytes()["main:arm".len()] as usize - b'0' as usize] += 1;
    }
    assert!(taken.iter().all(|&n| n > 70), "{taken:?}");
}

#[test]
fn a_channel_in_many_arms_leaves_no_wrong_count_behind() {
    for (arms, others) in [(2, 1), (3, 1), (5, 1), (6, 2), (9, 3)] {
        let repeated = "recv:a ".repeat(arms);
        let receivers = "go r; ".repeat(others);
        let sends = "select send:a:7; ".repeat(others);
        ends(
            &format!(
                "main: chan a 0; chan b 0; go s; yield; {receivers} yield; send b 1; {sends} try-send a 8\ns: select {repeated} recv:b\nr: recv a"
            ),
            &format!("{}s:arm{arms}=1{}", "main:arm0 ".repeat(others) + "main:not-now ", " r:7".repeat(others)),
        );
    }
}
