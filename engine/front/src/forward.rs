//! Passes calls on to the plain front, which serves all that this one does not.

use crate::body::{Answer, refused};
use crate::counted::Counted;
use crate::refusal::{Refusal, UNAVAILABLE};
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::UnixStream;
use tokio::sync::Mutex;

/// A request as it came, or one whose body was read already.
pub type Passed = Either<Incoming, Full<Bytes>>;

const WINDOW: u32 = 1 << 20;

/// The way of one client's connection to the plain front: a connection of its own, so that the
/// limits on a connection are the client's.
pub struct Forward {
    path: Arc<PathBuf>,
    sender: Mutex<Option<SendRequest<Passed>>>,
}

impl Forward {
    pub fn new(path: Arc<PathBuf>) -> Forward {
        Forward { path, sender: Mutex::default() }
    }

    /// Pass a call on.
    pub async fn call(&self, request: Request<Passed>, counted: Counted) -> Response<Answer> {
        match self.passed(request).await {
            Ok(response) => response.map(|body| Answer::Passed { body, _counted: counted }),
            Err(message) => refused(&Refusal::plain(UNAVAILABLE, message)),
        }
    }

    async fn passed(&self, request: Request<Passed>) -> Result<Response<Incoming>, String> {
        let failed = |error: hyper::Error| format!("the plain front did not answer: {error}");
        let mut sender = self.sender().await?;
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri = Uri::builder().scheme("http").authority("engine").path_and_query(path).build();
        parts.uri = uri.map_err(|error| error.to_string())?;
        sender.ready().await.map_err(failed)?;
        sender.send_request(Request::from_parts(parts, body)).await.map_err(failed)
    }

    async fn sender(&self) -> Result<SendRequest<Passed>, String> {
        let mut kept = self.sender.lock().await;
        if let Some(sender) = kept.as_ref().filter(|sender| !sender.is_closed()) {
            return Ok(sender.clone());
        }
        let sender = self.connect().await?;
        *kept = Some(sender.clone());
        Ok(sender)
    }

    async fn connect(&self) -> Result<SendRequest<Passed>, String> {
        let socket = UnixStream::connect(self.path.as_path())
            .await
            .map_err(|error| format!("the plain front is not there: {error}"))?;
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .handshake(TokioIo::new(socket))
            .await
            .map_err(|error| format!("the plain front does not answer: {error}"))?;
        // It ends when the client's connection does; what it carried is told by the calls.
        tokio::spawn(async move { connection.await.ok() });
        Ok(sender)
    }
}
