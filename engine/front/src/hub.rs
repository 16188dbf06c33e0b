//! Between the thread of the sockets and the one of Python: commands one way, answers the other.
//!
//!     1. a call puts its commands in the inbox, and Python is told by an eventfd if it may sleep;
//!     2. Python takes them as submissions of at most 4,096, in the order of arrival;
//!     3. when a submission is durable, its events are written as answers into the lanes.
//!
//! Messages that this front does not read (`wire::Odd`) go the same way in their place, raw.

use crate::answer::{Details, EVENT_WORDS, Event, is_answer, put_batch, put_single};
use crate::lane::Lane;
use crate::record::Record;
use crate::refusal::Refusal;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;

const COMMANDS_MAX: usize = 4_096;

/// What the commands of a ticket are to their call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Messages of one command each on a stream, which waits when the engine is full.
    Singles,
    /// One message of a stream.
    Batch,
    /// A call of its own, which is refused when the engine is full.
    Unary,
    /// Nobody waits for an answer.
    Silent,
}

/// A run of commands of one lane.
pub struct Ticket {
    pub lane: Arc<Lane>,
    pub shape: Shape,
    pub count: usize,
}

impl Ticket {
    /// How many messages it came as: each is taken or refused by itself.
    fn messages(&self) -> usize {
        if self.shape == Shape::Singles { self.count } else { 1 }
    }

    /// Two runs of singles of one lane are one run.
    fn extends(&self, other: &Ticket) -> bool {
        self.shape == Shape::Singles
            && other.shape == Shape::Singles
            && Arc::ptr_eq(&self.lane, &other.lane)
    }
}

/// A message that Python has to read.
pub struct OddMessage {
    pub lane: Arc<Lane>,
    pub account_id: u32,
    pub data: Vec<u8>,
}

enum Item {
    Commands(Ticket),
    Odd(OddMessage),
}

#[derive(Default)]
struct Inbox {
    items: VecDeque<Item>,
    records: VecDeque<Record>,
    is_told: bool,
}

/// Commands that Python took together.
pub struct Submission {
    pub tickets: Vec<Ticket>,
    pub records: Vec<Record>,
}

/// What Python takes.
pub enum Taken {
    Commands(Submission),
    Odd(OddMessage),
}

pub struct Hub {
    inbox: Mutex<Inbox>,
    bell: OwnedFd,
    pub details: Details,
}

impl Hub {
    pub fn new(details: Details) -> std::io::Result<Hub> {
        // SAFETY: eventfd takes no pointers, and the descriptor that it gives is owned here alone.
        let bell = unsafe {
            let number = libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK);
            if number < 0 {
                return Err(std::io::Error::last_os_error());
            }
            OwnedFd::from_raw_fd(number)
        };
        Ok(Hub { inbox: Mutex::default(), bell, details })
    }

    /// Readable when there is something to take.
    pub fn bell(&self) -> i32 {
        self.bell.as_raw_fd()
    }

    /// Put commands in the inbox.
    pub fn push(&self, ticket: Ticket, records: &[Record]) {
        let mut inbox = self.inbox.lock();
        inbox.records.extend(records);
        match inbox.items.back_mut() {
            Some(Item::Commands(last)) if last.extends(&ticket) => last.count += ticket.count,
            _ => inbox.items.push_back(Item::Commands(ticket)),
        }
        self.tell(inbox);
    }

    /// Put a message in the inbox that Python has to read.
    pub fn push_odd(&self, message: OddMessage) {
        let mut inbox = self.inbox.lock();
        inbox.items.push_back(Item::Odd(message));
        self.tell(inbox);
    }

    fn tell(&self, mut inbox: parking_lot::MutexGuard<'_, Inbox>) {
        if !std::mem::replace(&mut inbox.is_told, true) {
            drop(inbox);
            let one = 1u64.to_ne_bytes();
            // SAFETY: the buffer is eight bytes long. The only failure is a counter that is full,
            // and then the bell is ringing.
            unsafe { libc::write(self.bell(), one.as_ptr().cast(), one.len()) };
        }
    }

    /// Stop the bell: all that comes from now on rings it again.
    pub fn silence(&self) {
        let mut count = [0u8; 8];
        // SAFETY: the buffer is eight bytes long. The only failure is a bell that does not ring.
        unsafe { libc::read(self.bell(), count.as_mut_ptr().cast(), count.len()) };
        self.inbox.lock().is_told = false;
    }

    /// Take what came first: commands up to the next odd message, or that message.
    pub fn take(&self) -> Option<Taken> {
        let mut inbox = self.inbox.lock();
        if let Some(Item::Odd(_)) = inbox.items.front() {
            return match inbox.items.pop_front() {
                Some(Item::Odd(message)) => Some(Taken::Odd(message)),
                _ => None,
            };
        }
        let (mut tickets, mut count) = (Vec::new(), 0);
        while let Some(Item::Commands(next)) = inbox.items.front_mut() {
            let room = COMMANDS_MAX - count;
            if next.count > room {
                if next.shape == Shape::Singles && room > 0 {
                    next.count -= room;
                    let lane = Arc::clone(&next.lane);
                    tickets.push(Ticket { lane, shape: Shape::Singles, count: room });
                    count += room;
                }
                break;
            }
            count += next.count;
            if let Some(Item::Commands(ticket)) = inbox.items.pop_front() {
                tickets.push(ticket);
            }
        }
        if count == 0 {
            return None;
        }
        let records = inbox.records.drain(..count).collect();
        Some(Taken::Commands(Submission { tickets, records }))
    }

    /// Give commands back to their place; calls that do not wait are refused.
    pub fn put_back(&self, submission: Submission, busy: &Refusal) {
        let Submission { tickets, records } = submission;
        let mut inbox = self.inbox.lock();
        let mut end = records.len();
        for ticket in tickets.into_iter().rev() {
            let start = end - ticket.count;
            if ticket.shape == Shape::Unary {
                ticket.lane.fail(ticket.count, busy.clone());
            } else {
                for record in records[start..end].iter().rev() {
                    inbox.records.push_front(*record);
                }
                inbox.items.push_front(Item::Commands(ticket));
            }
            end = start;
        }
    }

    /// Give a message back to its place.
    pub fn put_odd_back(&self, message: OddMessage) {
        self.inbox.lock().items.push_front(Item::Odd(message));
    }
}

impl Submission {
    /// How many messages it holds.
    pub fn messages(&self) -> usize {
        self.tickets.iter().map(Ticket::messages).sum()
    }

    /// Take it apart into submissions of one message each.
    pub fn split(self) -> Vec<Submission> {
        let mut parts = Vec::with_capacity(self.messages());
        let mut records = self.records.into_iter();
        for ticket in self.tickets {
            let each = ticket.count / ticket.messages();
            for _ in 0..ticket.messages() {
                let lane = Arc::clone(&ticket.lane);
                parts.push(Submission {
                    tickets: vec![Ticket { lane, shape: ticket.shape, count: each }],
                    records: records.by_ref().take(each).collect(),
                });
            }
        }
        parts
    }

    /// Write the answers into the lanes; false when there are not as many as commands.
    pub fn answer(self, events: &[u64], details: &Details) -> bool {
        let (events, rest) = events.as_chunks::<EVENT_WORDS>();
        let answers: Vec<&Event> = events.iter().filter(|event| is_answer(event)).collect();
        if answers.len() != self.records.len() || !rest.is_empty() {
            return false;
        }
        let mut start = 0;
        for ticket in &self.tickets {
            let end = start + ticket.count;
            let (answers, records) = (&answers[start..end], &self.records[start..end]);
            match ticket.shape {
                Shape::Silent => {}
                Shape::Batch => ticket.lane.answer(ticket.count, |out| put_batch(answers, out)),
                Shape::Singles | Shape::Unary => ticket.lane.answer(ticket.count, |out| {
                    for (event, record) in answers.iter().zip(records) {
                        put_single(event, record, details, out);
                    }
                }),
            }
            start = end;
        }
        for ticket in &self.tickets {
            ticket.lane.wake();
        }
        true
    }

    /// End every call that is in it: none of its commands was run nor will be.
    pub fn refuse(self, refusal: &Refusal) {
        for ticket in self.tickets {
            ticket.lane.fail(ticket.count, refusal.clone());
        }
    }
}
