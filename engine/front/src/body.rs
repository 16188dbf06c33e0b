//! The bodies of all responses: streams, single answers, and what the plain front answers.

use crate::counted::Counted;
use crate::refusal::{Refusal, trailers};
use crate::stream::TradeBody;
use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

pub const CONTENT_TYPE: &str = "application/grpc";

pub enum Answer {
    Stream(Box<TradeBody>),
    /// One message, then the trailers of a call that went well.
    Single(Option<Bytes>, Option<HeaderMap>),
    Passed {
        body: Incoming,
        _counted: Counted,
    },
    Empty,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Answer::Stream(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Answer::Single(message, end) => Poll::Ready(
                message.take().map(Frame::data).or_else(|| end.take().map(Frame::trailers)).map(Ok),
            ),
            Answer::Passed { body, .. } => Pin::new(body).poll_frame(cx),
            Answer::Empty => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Answer::Passed { body, .. } => body.is_end_stream(),
            Answer::Empty => true,
            Answer::Stream(_) | Answer::Single(..) => false,
        }
    }
}

fn grpc(body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    let kind = http::HeaderValue::from_static(CONTENT_TYPE);
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}

/// The answers of a stream.
pub fn streamed(body: TradeBody) -> Response<Answer> {
    grpc(Answer::Stream(Box::new(body)))
}

/// One message.
pub fn single(message: Bytes) -> Response<Answer> {
    grpc(Answer::Single(Some(message), Some(trailers(None))))
}

/// A status and nothing else.
pub fn refused(refusal: &Refusal) -> Response<Answer> {
    let mut response = grpc(Answer::Empty);
    response.headers_mut().extend(trailers(Some(refusal)));
    response
}
