//! The sockets: one thread accepts, reads and writes for all connections.

use crate::calls::{Shared, serve};
use crate::forward::Forward;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Of each stream: what a client may send ahead of being read.
const STREAM_WINDOW: u32 = 1 << 20;
/// Of each connection. Not less: h2 ends a connection whose small DATA frames fill half of it.
const WINDOW: u32 = 1 << 24;
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[derive(Clone, Copy)]
pub struct ServerLimits {
    pub metadata_bytes: u32,
    pub streams_per_connection: u32,
    pub keepalive_time: Duration,
    pub keepalive_timeout: Duration,
}

/// What the thread of Python asks of this one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Serving,
    /// No new connections; those that are there end with their calls.
    Draining,
    Stopped,
}

/// Accept connections until told to stop.
pub async fn run(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    plain: Arc<PathBuf>,
    tls: Option<TlsAcceptor>,
    limits: ServerLimits,
    mut stage: watch::Receiver<Stage>,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    while *stage.borrow_and_update() == Stage::Serving {
        tokio::select! {
            _ = stage.changed() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    let forward = Arc::new(Forward::new(Arc::clone(&plain)));
                    let stage = stage.clone();
                    let shared = Arc::clone(&shared);
                    tokio::spawn(connection(socket, tls.clone(), shared, forward, limits, stage));
                }
                // Out of descriptors, or a client that is gone again: others go on.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }
    drop(listener);
    while *stage.borrow_and_update() != Stage::Stopped {
        if stage.changed().await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn connection(
    socket: TcpStream,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    forward: Arc<Forward>,
    limits: ServerLimits,
    stage: watch::Receiver<Stage>,
) {
    if socket.set_nodelay(true).is_err() {
        return; // the client is gone
    }
    // A client that says nothing at all is not kept.
    let spoke = tokio::time::timeout(limits.keepalive_time, socket.readable()).await;
    if !matches!(spoke, Ok(Ok(()))) {
        return;
    }
    let Some(tls) = tls else {
        return converse(socket, shared, forward, limits, stage).await;
    };
    // Who shakes hands too slowly, or not at all, is no client.
    if let Ok(Ok(socket)) = tokio::time::timeout(limits.keepalive_time, tls.accept(socket)).await {
        converse(socket, shared, forward, limits, stage).await;
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    socket: S,
    shared: Arc<Shared>,
    forward: Arc<Forward>,
    limits: ServerLimits,
    mut stage: watch::Receiver<Stage>,
) {
    let service = service_fn(move |request| {
        let call = serve(Arc::clone(&shared), Arc::clone(&forward), request);
        async move { Ok::<_, Infallible>(call.await) }
    });
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_concurrent_streams(limits.streams_per_connection)
        .max_header_list_size(limits.metadata_bytes)
        .keep_alive_interval(limits.keepalive_time)
        .keep_alive_timeout(limits.keepalive_timeout);
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(socket), service));
    let mut is_draining = false;
    loop {
        tokio::select! {
            // How a connection ends is its client's affair: its calls have told what happened.
            _ = connection.as_mut() => return,
            changed = stage.changed() => {
                if changed.is_err() || *stage.borrow() == Stage::Stopped {
                    return;
                }
                if !is_draining {
                    is_draining = true;
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}
