//! The order that each primitive makes; see [`super::order`].

use super::fingerprint::{mix, step};
use super::object::{Buffer, Message, Object};
use super::order::Order;
use super::task::{Sync, Task};
use crate::event::Kind;
use crate::finding::ObjectKind;

impl Order {
    /// An object was made.
    pub(super) fn make(&mut self, at: Sync, kind: ObjectKind, capacity: u32) {
        let nth = self.sites.entry(at.site).or_default();
        *nth += 1;
        let nth = *nth;
        self.note(self.current, at);
        let hash = self.tasks.get(&self.current).map_or(0, |task| mix(task.hash, 3));
        self.objects.insert(at.object, Object::new(at.object, kind, at.site, nth, capacity, hash));
    }

    pub(super) fn forget_object(&mut self, object: u32) {
        self.objects.remove(&object);
    }

    // --- Channels ---

    /// The running task sent; `woken` is the task that got the value at once, 0 where nobody waited.
    pub(super) fn sent(&mut self, at: Sync, woken: u32) {
        let me = self.current;
        let receive = (woken != 0).then(|| self.resume(woken, at));
        match receive {
            Some(receive) if self.is_rendezvous(at.object) => self.handed_over(me, at, woken, receive),
            _ => {
                self.put(me, at);
                if let Some(receive) = receive {
                    self.take_out(woken, Sync { kind: Kind::Recv, ..receive });
                }
            }
        }
    }

    /// The running task received; `woken` is a sender that waited for room or for it.
    pub(super) fn received(&mut self, at: Sync, woken: u32) {
        let me = self.current;
        let send = (woken != 0).then(|| self.resume(woken, at));
        match send {
            Some(send) if self.is_rendezvous(at.object) => self.handed_over(woken, send, me, at),
            _ => {
                self.take_out(me, at);
                if let Some(send) = send {
                    self.put(woken, Sync { kind: Kind::Send, ..send });
                }
            }
        }
    }

    fn is_rendezvous(&self, channel: u32) -> bool {
        self.objects.get(&channel).is_none_or(|channel| channel.capacity == 0)
    }

    /// A value went from hand to hand: each side knows what the other knew.
    fn handed_over(&mut self, sender: u32, send: Sync, receiver: u32, receive: Sync) {
        let (send, receive) = (Sync { kind: Kind::Send, ..send }, Sync { kind: Kind::Recv, ..receive });
        self.meet(sender, receiver);
        let own = |task: Option<&Task>, at: Sync| task.map_or(0, |task| step(task.hash, at.site, at.kind as u8));
        let both = mix(own(self.tasks.get(&sender), send), own(self.tasks.get(&receiver), receive));
        let both = self.objects.get_mut(&send.object).map_or(both, |channel| channel.steps.chain(both));
        for (task, at, side) in [(sender, send, 4), (receiver, receive, 5)] {
            if let Some(task) = self.tasks.get_mut(&task) {
                task.hash = mix(both, side);
            }
            self.synchronised(task, at);
        }
    }

    /// A value went into a buffer.
    fn put(&mut self, task: u32, at: Sync) {
        if let (Some(me), Some(channel)) = (self.tasks.get_mut(&task), self.objects.get_mut(&at.object))
            && let Some(buffer) = &mut channel.buffer
        {
            let mut hash = mix(step(me.hash, at.site, at.kind as u8), buffer.order[0]);
            if buffer.fresh > 0 {
                buffer.fresh -= 1;
            } else if let Some(room) = buffer.received.pop_front() {
                me.clock.join(&room.clock);
                hash = mix(hash, room.hash);
            }
            (me.hash, buffer.order[0]) = (hash, hash);
            buffer.sent.push_back(Message { clock: me.clock.clone(), hash });
        }
        self.synchronised(task, at);
    }

    /// A value came out of a buffer.
    fn take_out(&mut self, task: u32, at: Sync) {
        if let (Some(me), Some(channel)) = (self.tasks.get_mut(&task), self.objects.get_mut(&at.object))
            && let Some(buffer) = &mut channel.buffer
        {
            let mut hash = mix(step(me.hash, at.site, at.kind as u8), buffer.order[1]);
            if let Some(value) = buffer.sent.pop_front() {
                me.clock.join(&value.clock);
                hash = mix(hash, value.hash);
            }
            (me.hash, buffer.order[1]) = (hash, hash);
            buffer.received.push_back(Message { clock: me.clock.clone(), hash });
        }
        self.synchronised(task, at);
    }

    // --- Locks ---

    /// A task got a mutex, or a read-write lock in the way that the kind says.
    pub(super) fn locked(&mut self, task: u32, at: Sync) {
        if let (Some(me), Some(lock)) = (self.tasks.get_mut(&task), self.objects.get_mut(&at.object)) {
            me.held.push((at.object, at.site));
            if at.kind != Kind::ReadLock {
                me.clock.join(&lock.second);
                lock.owner = task;
            }
        }
        self.acquire(task, at);
        match at.kind {
            Kind::ReadLock => self.look(task, at),
            _ => self.chain(task, at),
        }
    }

    /// The running task gave a lock back, which went on to a task that waited.
    pub(super) fn unlocked(&mut self, at: Sync, woken: u32) {
        let me = self.current;
        let mut holder = me;
        if let (Some(task), Some(lock)) = (self.tasks.get(&me), self.objects.get_mut(&at.object)) {
            match at.kind {
                Kind::ReadUnlock => lock.second.join(&task.clock),
                _ => {
                    lock.released.join(&task.clock);
                    // Somebody else may unlock what a task holds.
                    holder = std::mem::take(&mut lock.owner);
                }
            }
        }
        for task in [me, holder] {
            if let Some(task) = self.tasks.get_mut(&task)
                && let Some(index) = task.held.iter().rposition(|held| held.0 == at.object)
            {
                task.held.remove(index);
                task.segment = None;
                break;
            }
        }
        match at.kind {
            Kind::ReadUnlock => self.look(me, at),
            _ => self.chain(me, at),
        }
        if woken != 0 {
            let wait = self.resume(woken, at);
            self.locked(woken, wait);
        }
    }

    // --- Semaphores ---

    /// A task got a permit. As many as there were in the beginning come from nobody; every further one comes after a release more.
    pub(super) fn acquired(&mut self, task: u32, at: Sync) {
        if let Some(Object { released, buffer: Some(permits), .. }) = self.objects.get_mut(&at.object) {
            if permits.fresh > 0 {
                permits.fresh -= 1;
            } else if let Some(permit) = permits.sent.pop_front() {
                released.join(&permit.clock);
            }
        }
        self.acquire(task, at);
        self.chain(task, at);
    }

    /// The running task gave a permit back.
    pub(super) fn permit_back(&mut self, at: Sync) {
        let me = self.current;
        if let (Some(task), Some(semaphore)) = (self.tasks.get(&me), self.objects.get_mut(&at.object))
            && let Some(permits) = &mut semaphore.buffer
        {
            permits.sent.push_back(Message { clock: task.clock.clone(), hash: 0 });
        }
        self.chain(me, at);
    }

    // --- Barriers ---

    /// A task is at a barrier: what it knows is known to all who leave.
    pub(super) fn arrive(&mut self, at: Sync) {
        let me = self.current;
        self.release(me, at.object);
        if let (Some(task), Some(barrier)) = (self.tasks.get_mut(&me), self.objects.get_mut(&at.object)) {
            task.hash = barrier.steps.give(step(task.hash, at.site, at.kind as u8));
        }
        self.synchronised(me, at);
    }

    pub(super) fn leave_barrier(&mut self, task: u32, at: Sync) {
        if let (Some(me), Some(barrier)) = (self.tasks.get_mut(&task), self.objects.get_mut(&at.object)) {
            me.clock.join(&barrier.second);
            me.hash = barrier.steps.take(mix(me.hash, 6));
        }
        self.synchronised(task, at);
    }

    // --- Time ---

    /// A timer was set: what it will do comes after that.
    pub(super) fn timer_set(&mut self, at: Sync) {
        self.timers += 1;
        let me = self.current;
        let hash = self.tasks.get(&me).map_or(0, |task| mix(task.hash, 7));
        let timer = self.objects.entry(at.object);
        let timer = timer.or_insert_with(|| Object::new(at.object, ObjectKind::Timer, at.site, 1, 0, hash));
        if self.made == (at.object.wrapping_sub(1), at.site, at.clock) {
            timer.channel = self.made.0;
        }
        self.release(me, at.object);
        self.note(me, at);
        self.synchronised(me, at);
    }

    /// A timer fired: it woke a task, or filled its channel, or is about to cancel its context.
    pub(super) fn timer_fired(&mut self, at: Sync, woken: u32) {
        self.timers = self.timers.saturating_sub(1);
        self.fired = at.object;
        let receive = (woken != 0).then(|| self.resume(woken, at));
        let Some(timer) = self.objects.get(&at.object).filter(|timer| timer.channel != 0) else {
            // The task's own sleep or time-out.
            if let Some(receive) = receive {
                self.note(woken, receive);
            }
            return;
        };
        let (channel, clock, mut steps) = (timer.channel, timer.released.clone(), timer.steps);
        let hash = steps.chain(1);
        if let Some(timer) = self.objects.get_mut(&at.object) {
            timer.steps = steps;
        }
        if let Some(Buffer { fresh, sent, received, .. }) =
            self.objects.get_mut(&channel).and_then(|channel| channel.buffer.as_deref_mut())
            && sent.is_empty()
        {
            match fresh {
                0 => drop(received.pop_front()),
                fresh => *fresh -= 1,
            }
            sent.push_back(Message { clock, hash });
        }
        if let Some(receive) = receive {
            self.take_out(woken, Sync { kind: Kind::Recv, object: channel, ..receive });
        }
    }
}
