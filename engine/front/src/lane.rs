//! A lane: where the answers to one call go, and what Python has decided about it.

use crate::record::Record;
use crate::refusal::Refusal;
use atomic_waker::AtomicWaker;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;

/// What waits for the call to collect it.
#[derive(Default)]
pub struct Collected {
    /// gRPC messages, one after the other.
    pub answers: Vec<u8>,
    /// How many commands they answer.
    pub answered: usize,
    /// Why the call ends, once what was read is answered.
    pub failure: Option<Refusal>,
    /// Python has read the message that it was given ...
    pub is_resumed: bool,
    /// ... and took so many commands from it, ...
    pub taken: usize,
    /// ... or what to run when the stream is lost.
    pub session: Option<Option<Record>>,
}

/// Shared by a call and by the commands that it sent. A call that is gone leaves it to them: their
/// answers are dropped with the last of them.
#[derive(Default)]
pub struct Lane {
    waiting: Mutex<Collected>,
    waker: AtomicWaker,
    is_closing: AtomicBool,
}

impl Lane {
    pub fn new() -> Arc<Lane> {
        Arc::new(Lane::default())
    }

    /// Have the call woken by what comes from now on.
    pub fn watch(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// Take what has come.
    pub fn collect(&self) -> Collected {
        std::mem::take(&mut *self.waiting.lock())
    }

    /// Put answers down; `wake` follows when all of a release are there.
    pub fn answer(&self, count: usize, write: impl FnOnce(&mut Vec<u8>)) {
        let mut waiting = self.waiting.lock();
        write(&mut waiting.answers);
        waiting.answered += count;
    }

    /// End the call after the answers to what it has sent; the first reason is the one told.
    pub fn fail(&self, answered: usize, failure: Refusal) {
        let mut waiting = self.waiting.lock();
        waiting.answered += answered;
        waiting.failure.get_or_insert(failure);
        drop(waiting);
        self.wake();
    }

    /// Let the call read on after a message that Python read and took `taken` commands from.
    pub fn resume(&self, taken: usize, session: Option<Option<Record>>) {
        let mut waiting = self.waiting.lock();
        waiting.is_resumed = true;
        waiting.taken += taken;
        waiting.session = session;
        drop(waiting);
        self.wake();
    }

    /// End the call because the engine stops: that is no loss of the stream.
    pub fn close(&self, failure: Refusal) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.fail(0, failure);
    }

    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    pub fn wake(&self) {
        self.waker.wake();
    }
}
