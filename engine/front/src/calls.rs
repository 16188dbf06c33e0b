//! What becomes of a call: the plainest are carried out here, all others are passed on.

use crate::body::{Answer, CONTENT_TYPE, refused, single, streamed};
use crate::callers::{Callers, Member};
use crate::counted::{Count, Counted};
use crate::forward::{Forward, Passed};
use crate::hub::{Hub, Shape, Ticket};
use crate::lane::Lane;
use crate::record::{CANCEL, CANCEL_ALL, PLACE, REPLACE, Record, unary_request};
use crate::refusal::{INTERNAL, RESOURCE_EXHAUSTED, Refusal};
use crate::stream::{PREFIX_BYTES, StreamLimits, TradeBody, split_message};
use bytes::{Bytes, BytesMut};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Either, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

const TRADE: &str = "/realstack.trading.v1.TradingService/Trade";
const UNARY: [(&str, u64); 4] = [
    ("/realstack.trading.v1.TradingService/PlaceOrder", PLACE),
    ("/realstack.trading.v1.TradingService/CancelOrder", CANCEL),
    ("/realstack.trading.v1.TradingService/ReplaceOrder", REPLACE),
    ("/realstack.trading.v1.TradingService/CancelAllOrders", CANCEL_ALL),
];
const API_KEY: &str = "x-api-key";

/// How calls are refused that Python never sees, in Python's words.
pub struct Refusals {
    pub too_many_calls: Refusal,
    pub too_many_streams: Refusal,
    pub request_too_slow: Refusal,
    pub closing: Refusal,
}

/// What all connections share.
pub struct Shared {
    pub hub: Arc<Hub>,
    pub callers: Arc<Callers>,
    pub refusals: Refusals,
    pub limits: StreamLimits,
    pub request_time: Duration,
    pub lanes: Mutex<HashMap<usize, Weak<Lane>>>,
    /// Carried out here.
    pub calls: Count,
    /// Passed on.
    pub passed: Count,
    pub metadata_bytes: usize,
}

impl Shared {
    /// End every Trade stream after the answers to what it has sent.
    pub fn close_streams(&self) {
        for lane in self.lanes.lock().values().filter_map(Weak::upgrade) {
            lane.close(self.refusals.closing.clone());
        }
    }
}

/// Carry a call out.
pub async fn serve(
    shared: Arc<Shared>,
    forward: Arc<Forward>,
    request: Request<Incoming>,
) -> Response<Answer> {
    if metadata_bytes(&request) > shared.metadata_bytes {
        return refused(&Refusal::plain(RESOURCE_EXHAUSTED, "the metadata is too large"));
    }
    let Some(member) = trader(&shared, &request) else {
        return forward.call(request.map(Either::Left), shared.passed.enter()).await;
    };
    let path = request.uri().path();
    if path == TRADE {
        return trade(&shared, member, request);
    }
    match UNARY.iter().find(|(name, _)| *name == path) {
        Some(&(_, kind)) => unary(&shared, &forward, member, kind, request).await,
        None => forward.call(request.map(Either::Left), shared.passed.enter()).await,
    }
}

/// What the headers take, as HTTP/2 counts it (RFC 9113, 6.5.2).
fn metadata_bytes(request: &Request<Incoming>) -> usize {
    request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum()
}

/// The member that calls, if the call is of a kind that may be carried out here.
fn trader(shared: &Shared, request: &Request<Incoming>) -> Option<Arc<Member>> {
    let headers = request.headers();
    let kind = headers.get(http::header::CONTENT_TYPE)?.to_str().ok()?;
    let is_plain = headers.get("grpc-encoding").is_none_or(|encoding| encoding == "identity");
    if request.method() != Method::POST || !kind.starts_with(CONTENT_TYPE) || !is_plain {
        return None;
    }
    shared.callers.find(headers.get(API_KEY)?.as_bytes())
}

fn trade(
    shared: &Arc<Shared>,
    member: Arc<Member>,
    request: Request<Incoming>,
) -> Response<Answer> {
    let Some(place) = shared.callers.enter(&member) else {
        return refused(&shared.refusals.too_many_calls);
    };
    let Some(stream) = shared.callers.enter_stream(member.account_id) else {
        return refused(&shared.refusals.too_many_streams);
    };
    let lane = Lane::new();
    let open = OpenStream::new(Arc::clone(shared), &lane);
    let body = TradeBody::new(
        Arc::clone(&shared.hub),
        lane,
        (place, stream, open),
        request.into_body(),
        shared.limits,
    );
    streamed(body)
}

/// A Trade stream in the list of those that the end of the engine closes.
pub struct OpenStream {
    shared: Arc<Shared>,
    key: usize,
    _counted: Counted,
}

impl OpenStream {
    fn new(shared: Arc<Shared>, lane: &Arc<Lane>) -> OpenStream {
        let key = Arc::as_ptr(lane) as usize;
        shared.lanes.lock().insert(key, Arc::downgrade(lane));
        let counted = shared.calls.enter();
        OpenStream { shared, key, _counted: counted }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.shared.lanes.lock().remove(&self.key);
    }
}

async fn unary(
    shared: &Arc<Shared>,
    forward: &Forward,
    member: Arc<Member>,
    kind: u64,
    request: Request<Incoming>,
) -> Response<Answer> {
    let Some(place) = shared.callers.enter(&member) else {
        return refused(&shared.refusals.too_many_calls);
    };
    let counted = shared.calls.enter();
    let (parts, body) = request.into_parts();
    let data = match whole(shared, body).await {
        Ok(data) => data,
        Err(refusal) => return refused(&refusal),
    };
    let mut unread = BytesMut::from(&data[..]);
    let record = match split_message(&mut unread, shared.limits.message_bytes) {
        Ok(Some(message)) if unread.is_empty() => {
            unary_request(kind, &message, place.account_id()).ok()
        }
        _ => None,
    };
    match record {
        Some(record) => run(shared, record).await,
        None => {
            drop((place, counted)); // the plain front counts it from here on
            forward.call(Request::from_parts(parts, passed(data)), shared.passed.enter()).await
        }
    }
}

fn passed(data: Bytes) -> Passed {
    Either::Right(Full::new(data))
}

/// Read the whole request of a unary call.
async fn whole(shared: &Shared, body: Incoming) -> Result<Bytes, Refusal> {
    // One byte more than the largest message: the plain front refuses it in its own words.
    let limited = Limited::new(body, shared.limits.message_bytes + PREFIX_BYTES + 1);
    match tokio::time::timeout(shared.request_time, limited.collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let bytes_max = shared.limits.message_bytes;
            let message = format!("Received message larger than max ({bytes_max})");
            Err(Refusal::plain(RESOURCE_EXHAUSTED, message))
        }
        Ok(Err(error)) => Err(Refusal::plain(INTERNAL, format!("the request broke: {error}"))),
        Err(_) => Err(shared.refusals.request_too_slow.clone()),
    }
}

/// Run one command and wait for its answer. A caller that goes away leaves it to run.
async fn run(shared: &Shared, record: Record) -> Response<Answer> {
    let lane = Lane::new();
    let ticket = Ticket { lane: Arc::clone(&lane), shape: Shape::Unary, count: 1 };
    shared.hub.push(ticket, &[record]);
    let collected = std::future::poll_fn(|cx| {
        lane.watch(cx.waker());
        let collected = lane.collect();
        if collected.answered == 0 { Poll::Pending } else { Poll::Ready(collected) }
    })
    .await;
    match collected.failure {
        Some(refusal) => refused(&refusal),
        None => single(Bytes::from(collected.answers)),
    }
}
