//! What the detector knows of a channel, a lock or another object that tasks synchronise through.

use super::clock::Clock;
use super::fingerprint::Steps;
use crate::event::{ObjectId, Site};
use crate::finding::{ObjectKind, ObjectRef};
use std::collections::VecDeque;

/// What goes with a value through a channel, or with the room that a receive makes: what happened before.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// What happened before it.
    pub clock: Clock,
    /// What it depends on.
    pub hash: u64,
}

/// The values and the room of a channel with a buffer.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    /// Places of the buffer that were never used.
    pub fresh: u32,
    /// Sends that were not received yet.
    pub sent: VecDeque<Message>,
    /// Receives whose room was not used again yet.
    pub received: VecDeque<Message>,
    /// The sends and the receives, each in their order.
    pub order: [u64; 2],
}

/// An object.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its number, sort and place, for findings.
    pub who: ObjectRef,
    /// What was released into it: by unlocking (to write), closing, counting down, cancelling, setting.
    pub released: Clock,
    /// What readers released into a read-write lock; what a barrier has let go with.
    pub second: Clock,
    /// The steps on it.
    pub steps: Steps,
    /// Who holds it, 0 for nobody.
    pub owner: u32,
    /// The capacity of a channel.
    pub capacity: u32,
    /// The buffer of a channel; the permits of a semaphore, as values.
    pub buffer: Option<Box<Buffer>>,
    /// The channel that a timer fills, 0 for none.
    pub channel: u32,
}

impl Object {
    /// An object that was just made.
    pub fn new(id: u32, kind: ObjectKind, site: u32, nth: u32, capacity: u32, hash: u64) -> Self {
        let buffer = (kind == ObjectKind::Channel && capacity > 0 || kind == ObjectKind::Semaphore)
            .then(|| Box::new(Buffer { fresh: capacity, order: [hash, hash], ..Buffer::default() }));
        Self {
            who: ObjectRef { id: ObjectId(id), kind, made_at: Site(site), nth },
            released: Clock::default(),
            second: Clock::default(),
            steps: Steps::new(hash),
            owner: 0,
            capacity,
            buffer,
            channel: 0,
        }
    }
}
