//! Channels: rendezvous, buffers, order, closing. Cases in the manner of the channel tests of Go and crossbeam.

use crate::driver::{ends, run, says};
use scheduler::Next;
use tracer::event::Kind;

#[test]
fn a_rendezvous_hands_the_value_over() {
    ends("main: chan c 0; go a; recv c\na: send c 5", "main:5");
    ends("main: chan c 0; go a; send c 5\na: recv c", "a:5");
}

#[test]
fn the_events_of_a_rendezvous_name_who_is_woken() {
    let run = ends("main: chan c 0; go a; recv c\na: send c 5", "main:5");
    assert_eq!(
        run.events(|_| true),
        "task.spawn task.switch chan.make task.spawn chan.recv! task.switch chan.send>1 task.end task.switch task.end"
    );
    let run = ends("main: chan c 0; go a; send c 5\na: recv c", "a:5");
    assert_eq!(run.events(|kind| matches!(kind, Kind::Send | Kind::Recv | Kind::Wake)), "chan.send! chan.recv>1");
}

#[test]
fn a_buffer_takes_as_many_as_it_has_room_for() {
    ends("main: chan c 2; send c 1; send c 2; try-send c 3; recv c; try-send c 4", "main:not-now main:1 main:sent");
}

#[test]
fn a_sender_parked_on_a_full_buffer_keeps_the_order() {
    ends(
        "main: chan c 1; go a; yield; recv c; recv c; recv c\na: send c 1; send c 2; send c 3",
        "main:1 main:2 main:3",
    );
}

#[test]
fn parked_senders_and_receivers_are_served_first_come_first_served() {
    ends(
        "main: chan c 0; go a; go b; go d; yield; recv c; recv c; recv c\na: send c 1\nb: send c 2\nd: send c 3",
        "main:1 main:2 main:3",
    );
    ends(
        "main: chan c 0; go a; go b; go d; yield; send c 1; send c 2; send c 3\na: recv c\nb: recv c\nd: recv c",
        "a:1 b:2 d:3",
    );
}

#[test]
fn a_closed_channel_is_drained_first() {
    ends("main: chan c 2; send c 1; close c; recv c; recv c; try-recv c", "main:1 main:closed main:closed");
}

#[test]
fn closing_wakes_receivers_and_senders() {
    let run = ends("main: chan c 0; go a; go b; yield; close c\na: recv c\nb: recv c", "a:closed b:closed");
    assert_eq!(run.events(|kind| matches!(kind, Kind::Close | Kind::Wake)), "chan.close task.wake>2 task.wake>3");
    ends("main: chan c 0; go a; yield; close c\na: send c 1", "a:send-closed");
}

#[test]
fn misuse_is_an_outcome() {
    ends("main: chan c 1; close c; send c 1; try-send c 2; close c", "main:send-closed main:closed main:closed-twice");
}

#[test]
fn try_operations_meet_parked_partners() {
    ends("main: chan c 0; try-recv c; go a; yield; try-recv c\na: send c 7", "main:not-now main:7");
    ends("main: chan c 0; try-send c 1; go a; yield; try-send c 8\na: recv c", "main:not-now main:sent a:8");
}

#[test]
fn values_pass_through_a_pipeline_in_order_on_every_seed() {
    for seed in 0..50 {
        let program = "main: chan a 0; chan b 3; go p; go q; recv b; recv b; recv b; recv b\n\
                       p: send a 1; send a 2; send a 3; send a 4\n\
                       q: chan unused 0; go r; recv a; send b 1; recv a; send b 2\n\
                       r: recv a; send b 3; recv a; send b 4";
        let run = run(program, seed);
        assert_eq!(run.end, Next::Finished);
        let received = run.said.split(' ').filter(|word| word.starts_with("main:")).count();
        assert_eq!(received, 4, "seed {seed}: {}", run.said);
    }
}

#[test]
fn a_receive_without_sender_is_a_deadlock() {
    let run = says("main: chan c 0; recv c", "");
    assert_eq!(run.stuck(), "deadlock: main recv");
}
