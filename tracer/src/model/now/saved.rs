//! What holds at one point of a run, in a few bytes for each task and object that is alive.

use super::{Arm, Counts, Hold, Now, ObjectNow, TaskNow};
use crate::archive::codec::{Reader, Writer};
use crate::event::{ObjectId, Site, TaskId};
use crate::finding::ObjectKind;
use crate::model::slots::Slots;
use crate::model::state::TaskState;
use rustc_hash::FxHashMap;

/// Where something is: 0 is nowhere.
fn write_place(place: usize, places: usize, to: &mut Writer) {
    to.number(if place < places { place as u64 + 1 } else { 0 });
}

fn read_place(places: usize, from: &mut Reader) -> Option<usize> {
    let place = usize::try_from(from.number()?).ok()?.wrapping_sub(1);
    (place < places || place == usize::MAX).then_some(place)
}

impl Now {
    /// Writes it; `clock` and `ordinal` are those of the point, which most numbers lie near.
    pub(crate) fn write(&self, clock: u64, ordinal: u64, to: &mut Writer) {
        to.length(self.tasks.len());
        for task in &self.tasks {
            to.number(task.id.0);
            if task.id.0 != 0 {
                task.write(clock, ordinal, to);
            }
        }
        to.length(self.free.len());
        self.free.iter().for_each(|&place| to.number(place));
        to.length(self.objects.len());
        let mut id = 0;
        for (number, object) in self.objects.iter() {
            to.rise(number, &mut id);
            object.write(clock, ordinal, to);
        }
        to.number(self.worker);
        to.number(self.current.0);
        write_place(self.place, self.tasks.len(), to);
        to.length(self.others.len());
        for &(task, place) in &self.others {
            to.number(task.0);
            write_place(place, self.tasks.len(), to);
        }
        self.counts.by_state.iter().for_each(|&count| to.number(count));
    }

    /// Reads it; `None` where the bytes make no sense.
    pub(crate) fn read(clock: u64, ordinal: u64, from: &mut Reader) -> Option<Now> {
        let mut tasks = Vec::new();
        let mut places = FxHashMap::default();
        for place in 0..from.length(1)? {
            let id = TaskId(from.word()?);
            let task = match id.0 {
                0 => TaskNow::nobody(),
                _ => TaskNow::read(id, clock, ordinal, from)?,
            };
            if id.0 != 0 && places.insert(id.0, place as u32).is_some() {
                return None;
            }
            tasks.push(task);
        }
        let mut free = Vec::new();
        for _ in 0..from.length(1)? {
            let place = from.word()?;
            tasks.get(place as usize).filter(|task| task.id.0 == 0)?;
            free.push(place);
        }
        let mut objects = Slots::default();
        let mut id = 0;
        for _ in 0..from.length(7)? {
            let number = u32::try_from(from.rise(&mut id)?).ok()?;
            objects.insert(number, ObjectNow::read(clock, ordinal, from)?);
        }
        let worker = from.word().filter(|&worker| worker < crate::merge::MAX_WORKERS)?;
        let current = TaskId(from.word()?);
        let place = read_place(tasks.len(), from)?;
        let mut others = Vec::new();
        for _ in 0..from.length(2)? {
            others.push((TaskId(from.word()?), read_place(tasks.len(), from)?));
        }
        let mut counts = Counts::default();
        for count in &mut counts.by_state {
            *count = from.word()?;
        }
        Some(Now { tasks, free, places, objects, worker, current, place, others, counts })
    }
}

impl TaskNow {
    /// What stands in a place that is free.
    fn nobody() -> TaskNow {
        TaskNow {
            id: TaskId(0),
            state: TaskState::Ready,
            site: Site(0),
            since: 0,
            event: 0,
            worker: u32::MAX,
            on: 0,
            arms: Vec::new(),
            held: Vec::new(),
        }
    }

    fn write(&self, clock: u64, ordinal: u64, to: &mut Writer) {
        to.number(self.state.code());
        to.number(self.site.0);
        to.near(self.since, clock);
        to.near(self.event, ordinal);
        to.number(self.worker.wrapping_add(1));
        to.number(self.on);
        to.length(self.arms.len());
        for arm in &self.arms {
            let (sort, number) = match *arm {
                Arm::Recv(channel) => (0u8, channel.0),
                Arm::Send(channel) => (1, channel.0),
                Arm::Timer(timer) => (2, timer.0),
                Arm::Future(task) => (3, task.0),
            };
            to.number(sort);
            to.number(number);
        }
        to.length(self.held.len());
        self.held.iter().for_each(|object| to.number(object.0));
    }

    fn read(id: TaskId, clock: u64, ordinal: u64, from: &mut Reader) -> Option<TaskNow> {
        let mut task = TaskNow {
            id,
            state: TaskState::from_code(from.byte()?)?,
            site: Site(from.word()?),
            since: from.near(clock)?,
            event: from.near(ordinal)?,
            worker: from.word()?.wrapping_sub(1),
            on: from.word()?,
            arms: Vec::new(),
            held: Vec::new(),
        };
        for _ in 0..from.length(2)? {
            let sort = from.byte()?;
            let number = from.word()?;
            task.arms.push(match sort {
                0 => Arm::Recv(ObjectId(number)),
                1 => Arm::Send(ObjectId(number)),
                2 => Arm::Timer(ObjectId(number)),
                3 => Arm::Future(TaskId(number)),
                _ => return None,
            });
        }
        for _ in 0..from.length(1)? {
            task.held.push(ObjectId(from.word()?));
        }
        Some(task)
    }
}

impl ObjectNow {
    fn write(&self, clock: u64, ordinal: u64, to: &mut Writer) {
        to.number(self.kind as u8);
        to.number(self.size);
        to.number(self.level);
        to.flag(self.closed);
        to.number(self.waiting);
        to.number(self.waiting_to_send);
        to.length(self.holds.len());
        for hold in &self.holds {
            to.number(hold.task.0);
            to.number(hold.site.0);
            to.near(hold.since, clock);
            to.near(hold.event, ordinal);
            to.flag(hold.exclusive);
        }
    }

    fn read(clock: u64, ordinal: u64, from: &mut Reader) -> Option<ObjectNow> {
        let mut object = ObjectNow {
            kind: *ObjectKind::ALL.get(usize::from(from.byte()?))?,
            size: from.word()?,
            level: from.word()?,
            closed: from.flag()?,
            waiting: from.word()?,
            waiting_to_send: from.word()?,
            holds: Vec::new(),
        };
        for _ in 0..from.length(5)? {
            object.holds.push(Hold {
                task: TaskId(from.word()?),
                site: Site(from.word()?),
                since: from.near(clock)?,
                event: from.near(ordinal)?,
                exclusive: from.flag()?,
            });
        }
        Some(object)
    }
}
