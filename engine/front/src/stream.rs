//! A Trade stream: the body of the response reads the body of the request.
//!
//! Polling for an answer first reads whatever has come. The transport polls only while the client
//! takes answers, so a client that reads nothing soon writes nothing, and HTTP/2 bounds the rest.

use crate::callers::{Place, StreamPlace};
use crate::calls::OpenStream;
use crate::columns;
use crate::hub::{Hub, OddMessage, Shape, Ticket};
use crate::lane::Lane;
use crate::record::{Record, Request, trade_request};
use crate::refusal::{INTERNAL, RESOURCE_EXHAUSTED, Refusal, trailers};
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

pub const PREFIX_BYTES: usize = 5; // of a gRPC message: whether it is compressed, and its length
const READ_AT_ONCE_MAX: usize = 4_096;

pub struct TradeBody {
    hub: Arc<Hub>,
    lane: Arc<Lane>,
    place: Place,
    _held: (StreamPlace, OpenStream),
    input: Incoming,
    limits: StreamLimits,
    unread: BytesMut,
    staged: Vec<Record>,
    singles: usize,
    unanswered: usize,
    when_lost: Option<Record>,
    failure: Option<Refusal>,
    phase: Phase,
}

#[derive(Clone, Copy)]
pub struct StreamLimits {
    pub message_bytes: usize,
    pub unanswered: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Reading,
    /// Python has a message of this stream; what follows it waits.
    Asking,
    /// Nothing more is read: the client is done, or the stream fails.
    ReadingDone,
    Ended,
}

impl TradeBody {
    pub fn new(
        hub: Arc<Hub>,
        lane: Arc<Lane>,
        places: (Place, StreamPlace, OpenStream),
        input: Incoming,
        limits: StreamLimits,
    ) -> TradeBody {
        TradeBody {
            hub,
            lane,
            place: places.0,
            _held: (places.1, places.2),
            input,
            limits,
            unread: BytesMut::new(),
            staged: Vec::new(),
            singles: 0,
            unanswered: 0,
            when_lost: None,
            failure: None,
            phase: Phase::Reading,
        }
    }

    /// Read what has come, until nothing is there or too much is unanswered.
    fn read(&mut self, cx: &mut Context<'_>) {
        let mut read = 0;
        while self.phase == Phase::Reading && self.unanswered < self.limits.unanswered {
            if read == READ_AT_ONCE_MAX {
                cx.waker().wake_by_ref(); // others have their turn
                break;
            }
            match self.next_message(cx) {
                Poll::Pending => break,
                Poll::Ready(None) => self.phase = Phase::ReadingDone,
                Poll::Ready(Some(Ok(message))) => self.understand(&message),
                Poll::Ready(Some(Err(refusal))) => self.fail(refusal),
            }
            read += 1;
        }
        self.push_singles();
    }

    fn fail(&mut self, refusal: Refusal) {
        self.failure.get_or_insert(refusal);
        self.phase = Phase::ReadingDone;
    }

    fn next_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Refusal>>> {
        loop {
            match split_message(&mut self.unread, self.limits.message_bytes) {
                Ok(Some(message)) => return Poll::Ready(Some(Ok(message))),
                Ok(None) => {}
                Err(refusal) => return Poll::Ready(Some(Err(refusal))),
            }
            match std::task::ready!(Pin::new(&mut self.input).poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.unread.extend_from_slice(&data);
                    }
                }
                Some(Err(error)) => {
                    let refusal = Refusal::plain(INTERNAL, format!("the request broke: {error}"));
                    return Poll::Ready(Some(Err(refusal)));
                }
                None if self.unread.is_empty() => return Poll::Ready(None),
                None => {
                    let refusal = Refusal::plain(INTERNAL, "the last message is not whole");
                    return Poll::Ready(Some(Err(refusal)));
                }
            }
        }
    }

    fn understand(&mut self, message: &Bytes) {
        match trade_request(message, self.place.account_id()) {
            Ok(Request::Command(record)) => {
                self.staged.push(record);
                self.singles += 1;
                self.unanswered += 1;
            }
            Ok(Request::Session(when_lost)) => self.when_lost = when_lost,
            Ok(Request::Batch(columns)) => self.batch(columns, message),
            Err(_) => self.ask(message),
        }
    }

    fn batch(&mut self, columns: &[u8], message: &Bytes) {
        self.push_singles();
        match columns::batch(columns, self.place.account_id(), &mut self.staged) {
            Ok(count) => {
                self.unanswered += count;
                let ticket = self.ticket(Shape::Batch, count);
                self.hub.push(ticket, &self.staged);
                self.staged.clear();
            }
            Err(_) => self.ask(message),
        }
    }

    /// Have Python read a message. Nothing behind it is read before that.
    fn ask(&mut self, message: &Bytes) {
        self.push_singles();
        self.phase = Phase::Asking;
        self.hub.push_odd(OddMessage {
            lane: Arc::clone(&self.lane),
            account_id: self.place.account_id(),
            data: message.to_vec(),
        });
    }

    fn push_singles(&mut self) {
        if self.singles > 0 {
            let ticket = self.ticket(Shape::Singles, self.singles);
            self.hub.push(ticket, &self.staged);
            self.staged.clear();
            self.singles = 0;
        }
    }

    fn ticket(&self, shape: Shape, count: usize) -> Ticket {
        Ticket { lane: Arc::clone(&self.lane), shape, count }
    }

    /// Collect answers and what Python decided; give the answers.
    fn collect(&mut self, cx: &mut Context<'_>) -> Bytes {
        let collected = self.lane.collect();
        self.unanswered = self.unanswered + collected.taken - collected.answered;
        if let Some(when_lost) = collected.session {
            self.when_lost = when_lost;
        }
        if collected.is_resumed && self.phase == Phase::Asking {
            self.phase = Phase::Reading;
            cx.waker().wake_by_ref();
        }
        if let Some(failure) = collected.failure {
            self.fail(failure);
        }
        Bytes::from(collected.answers)
    }
}

impl Body for TradeBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.phase == Phase::Ended {
            return Poll::Ready(None);
        }
        self.lane.watch(cx.waker());
        self.read(cx);
        let answers = self.collect(cx);
        if !answers.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(answers))));
        }
        if self.phase == Phase::ReadingDone && self.unanswered == 0 {
            self.phase = Phase::Ended;
            return Poll::Ready(Some(Ok(Frame::trailers(trailers(self.failure.as_ref())))));
        }
        Poll::Pending
    }
}

impl Drop for TradeBody {
    /// Run what the stream asked for should it be lost; an end of any kind without a last session
    /// that says otherwise is a loss, but for the end of the engine itself.
    fn drop(&mut self) {
        self.push_singles();
        let session = self.lane.collect().session;
        let when_lost = session.unwrap_or(self.when_lost);
        if let (Some(record), false) = (when_lost, self.lane.is_closing()) {
            self.hub.push(self.ticket(Shape::Silent, 1), &[record]);
        }
    }
}

/// Take a whole gRPC message off the front, if one is there.
pub fn split_message(unread: &mut BytesMut, bytes_max: usize) -> Result<Option<Bytes>, Refusal> {
    let Some((prefix, _)) = unread.split_first_chunk::<PREFIX_BYTES>() else {
        return Ok(None);
    };
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if prefix[0] != 0 {
        return Err(Refusal::plain(INTERNAL, "a compressed message without grpc-encoding"));
    }
    if length > bytes_max {
        let message = format!("Received message larger than max ({length} vs. {bytes_max})");
        return Err(Refusal::plain(RESOURCE_EXHAUSTED, message));
    }
    if unread.len() < PREFIX_BYTES + length {
        return Ok(None);
    }
    unread.advance(PREFIX_BYTES);
    Ok(Some(unread.split_to(length).freeze()))
}
