//! The native front of the engine: sockets and protobuf on a thread of their own, fixed records to
//! and from the one thread of Python that owns the core.
//!
//! It carries out what is plain (orders, cancels, replaces, one a message or in columns) and passes
//! everything else to the plain front over a socket of this machine, so that both serve the same
//! contract: see `ARCHITECTURE.md`.

mod answer;
mod body;
mod callers;
mod calls;
mod columns;
mod counted;
mod forward;
mod hub;
mod lane;
mod record;
mod refusal;
mod server;
mod stream;
mod tls;
mod wire;

use crate::calls::{Refusals, Shared};
use crate::counted::Count;
use crate::hub::{Hub, OddMessage, Taken};
use crate::lane::Lane;
use crate::record::{Record, WORDS};
use crate::refusal::Refusal;
use crate::server::{ServerLimits, Stage};
use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

/// Of the classes below: `choice.py` takes no build of another one.
const INTERFACE: u32 = 2;
/// What is too large by less than this is refused in words, beyond it by the transport.
const METADATA_READ: u32 = 4;
const DRAIN_PAUSE: Duration = Duration::from_millis(5);

/// A status: its number, its message, its details.
type Status = (u32, String, Vec<u8>);

fn refusal_of(status: Status) -> Refusal {
    Refusal { code: status.0, message: status.1, details: status.2 }
}

fn record_of(data: &[u8]) -> PyResult<Record> {
    let (words, rest) = data.as_chunks::<8>();
    let words: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    let record = <[u64; WORDS]>::try_from(words).ok().filter(|_| rest.is_empty());
    record.ok_or_else(|| PyValueError::new_err("a record has 128 bytes"))
}

fn bytes_of(records: &[Record]) -> Vec<u8> {
    records.iter().flatten().flat_map(|word| word.to_le_bytes()).collect()
}

/// Commands that came together, in the order of arrival.
#[pyclass]
struct Submission {
    hub: Arc<Hub>,
    inner: Option<hub::Submission>,
}

impl Submission {
    fn taken(&mut self) -> PyResult<hub::Submission> {
        self.inner.take().ok_or_else(|| PyRuntimeError::new_err("the submission is done with"))
    }
}

#[pymethods]
impl Submission {
    /// Give the commands as records of 128 bytes.
    fn records<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        match &self.inner {
            Some(inner) => Ok(PyBytes::new(py, &bytes_of(&inner.records))),
            None => Err(PyRuntimeError::new_err("the submission is done with")),
        }
    }

    /// Give the number of messages that it holds.
    fn messages(&self) -> usize {
        self.inner.as_ref().map_or(0, hub::Submission::messages)
    }

    /// Send the answers: all events of the commands, as 64-bit words.
    fn answer(&mut self, py: Python<'_>, events: PyBuffer<u64>) -> PyResult<()> {
        let inner = self.taken()?;
        let words = events.to_vec(py)?;
        let hub = Arc::clone(&self.hub);
        if py.detach(|| inner.answer(&words, &hub.details)) {
            return Ok(());
        }
        Err(PyRuntimeError::new_err("every command has exactly one answer"))
    }

    /// End all calls that are in it: none of its commands was run nor will be.
    fn refuse(&mut self, status: Status) -> PyResult<()> {
        self.taken()?.refuse(&refusal_of(status));
        Ok(())
    }

    /// Put what may wait back in its place; refuse the calls that do not wait.
    fn put_back(&mut self, busy: Status) -> PyResult<()> {
        let inner = self.taken()?;
        self.hub.put_back(inner, &refusal_of(busy));
        Ok(())
    }

    /// Give submissions of one message each instead of this one.
    fn split(&mut self) -> PyResult<Vec<Submission>> {
        let parts = self.taken()?.split().into_iter();
        Ok(parts.map(|part| Submission { hub: Arc::clone(&self.hub), inner: Some(part) }).collect())
    }
}

/// A message of a stream that only Python can read. The stream waits for what becomes of it.
#[pyclass]
struct Odd {
    hub: Arc<Hub>,
    lane: Arc<Lane>,
    #[pyo3(get)]
    account_id: u32,
    data: Vec<u8>,
}

#[pymethods]
impl Odd {
    /// Give the message.
    fn data<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.data)
    }

    /// Let the stream read on: `taken` commands of the message will be answered.
    fn resume(&self, taken: usize) {
        self.lane.resume(taken, None);
    }

    /// Let the stream read on: the message said what to run when the stream is lost, if anything.
    #[pyo3(signature = (when_lost))]
    fn resume_session(&self, when_lost: Option<Vec<u8>>) -> PyResult<()> {
        let record = when_lost.map(|data| record_of(&data)).transpose()?;
        self.lane.resume(0, Some(record));
        Ok(())
    }

    /// Send a message that answers `count` commands.
    fn reply(&self, count: usize, message: &[u8]) {
        self.lane.answer(count, |out| {
            out.push(0);
            out.extend_from_slice(&(message.len() as u32).to_be_bytes());
            out.extend_from_slice(message);
        });
        self.lane.wake();
    }

    /// End the stream after the answers to what came before; `count` commands have none.
    fn fail(&self, count: usize, status: Status) {
        self.lane.fail(count, refusal_of(status));
    }

    /// Put the message back in its place, to be taken again.
    fn put_back(&self) {
        let data = self.data.clone();
        let message =
            OddMessage { lane: Arc::clone(&self.lane), account_id: self.account_id, data };
        self.hub.put_odd_back(message);
    }
}

/// A front that listens from the start and serves from `start` on.
#[pyclass]
struct Native {
    shared: Arc<Shared>,
    plain: Arc<PathBuf>,
    tls: Option<TlsAcceptor>,
    limits: ServerLimits,
    listener: Option<TcpListener>,
    stage: watch::Sender<Stage>,
    thread: Option<JoinHandle<()>>,
    #[pyo3(get)]
    port: u16,
}

#[pymethods]
impl Native {
    /// Listen.
    ///
    /// `details` are the words of each reject code, `tls` a certificate and its key in PEM;
    /// `refusals` and `limits` see the stub.
    #[new]
    fn new(
        listen: &str,
        plain: PathBuf,
        details: Vec<String>,
        refusals: &Bound<'_, PyDict>,
        limits: &Bound<'_, PyDict>,
        tls: Option<(Vec<u8>, Vec<u8>)>,
    ) -> PyResult<Native> {
        let tls = tls.map(|(certificate, key)| tls::acceptor(&certificate, &key)).transpose();
        let tls = tls.map_err(PyValueError::new_err)?;
        let refusal = |name: &str| -> PyResult<Refusal> {
            let status = refusals.as_any().get_item(name)?;
            Ok(refusal_of(status.extract()?))
        };
        let limit = |name: &str| -> PyResult<usize> { limits.as_any().get_item(name)?.extract() };
        let time = |name: &str| Ok::<_, PyErr>(Duration::from_millis(limit(name)? as u64));
        let listener = TcpListener::bind(listen)?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let shared = Shared {
            hub: Arc::new(Hub::new(details)?),
            callers: Arc::new(callers::Callers::new(callers::Limits {
                calls_per_key: limit("calls_per_key")?,
                streams_per_account: limit("streams_per_account")?,
            })),
            refusals: Refusals {
                too_many_calls: refusal("too_many_calls")?,
                too_many_streams: refusal("too_many_streams")?,
                request_too_slow: refusal("request_too_slow")?,
                closing: refusal("closing")?,
            },
            limits: stream::StreamLimits {
                message_bytes: limit("message_bytes")?,
                unanswered: limit("unanswered")?,
            },
            request_time: time("request_ms")?,
            lanes: parking_lot::Mutex::default(),
            calls: Count::default(),
            passed: Count::default(),
            metadata_bytes: limit("metadata_bytes")?,
        };
        Ok(Native {
            shared: Arc::new(shared),
            plain: Arc::new(plain),
            tls,
            limits: ServerLimits {
                metadata_bytes: limit("metadata_bytes")? as u32 * METADATA_READ,
                streams_per_connection: limit("streams_per_connection")? as u32,
                keepalive_time: time("keepalive_ms")?,
                keepalive_timeout: time("keepalive_timeout_ms")?,
            },
            listener: Some(listener),
            stage: watch::channel(Stage::Serving).0,
            thread: None,
            port,
        })
    }

    /// Serve.
    fn start(&mut self) -> PyResult<()> {
        let again = || PyRuntimeError::new_err("it was started before");
        let listener = self.listener.take().ok_or_else(again)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (shared, plain) = (Arc::clone(&self.shared), Arc::clone(&self.plain));
        let (limits, stage) = (self.limits, self.stage.subscribe());
        let tls = self.tls.clone();
        let serve = move || {
            if let Err(error) =
                runtime.block_on(server::run(listener, shared, plain, tls, limits, stage))
            {
                // Only a socket that was never one can do this, and then nothing was served.
                eprintln!("the front ended: {error}");
            }
        };
        self.thread = Some(std::thread::Builder::new().name("front".into()).spawn(serve)?);
        Ok(())
    }

    /// Replace the keys of members: SHA-256 digests in hexadecimal, and their accounts.
    fn set_keys(&self, keys: Vec<(String, u32)>) -> PyResult<()> {
        let mut table = Vec::with_capacity(keys.len());
        for (digest, account_id) in keys {
            table.push((digest_of(&digest)?, account_id));
        }
        self.shared.callers.set(table);
        Ok(())
    }

    /// Give the descriptor that is readable when there is something to take.
    fn bell(&self) -> i32 {
        self.shared.hub.bell()
    }

    /// Stop the bell until more comes.
    fn silence(&self) {
        self.shared.hub.silence();
    }

    /// Take what came first: a Submission, an Odd, or nothing.
    fn take(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let hub = Arc::clone(&self.shared.hub);
        Ok(match self.shared.hub.take() {
            None => None,
            Some(Taken::Commands(inner)) => {
                Some(Py::new(py, Submission { hub, inner: Some(inner) })?.into_any())
            }
            Some(Taken::Odd(message)) => {
                let OddMessage { lane, account_id, data } = message;
                Some(Py::new(py, Odd { hub, lane, account_id, data })?.into_any())
            }
        })
    }

    /// How many calls are being carried out here.
    fn calls(&self) -> usize {
        self.shared.calls.now()
    }

    /// Take no new connections, and end the Trade streams after what they have sent.
    fn drain(&self) {
        self.stage.send_replace(Stage::Draining);
        self.shared.close_streams();
    }

    /// Wait until no call is left, but not longer than told; then end everything.
    fn stop(&mut self, py: Python<'_>, grace_ms: u64) -> PyResult<()> {
        let shared = Arc::clone(&self.shared);
        py.detach(|| {
            let end = Instant::now() + Duration::from_millis(grace_ms);
            while shared.calls.now() + shared.passed.now() > 0 && Instant::now() < end {
                std::thread::sleep(DRAIN_PAUSE);
            }
        });
        self.stage.send_replace(Stage::Stopped);
        match self.thread.take().map(|thread| py.detach(|| thread.join())) {
            Some(Err(_)) => Err(PyRuntimeError::new_err("the thread of the front panicked")),
            _ => Ok(()),
        }
    }
}

fn digest_of(text: &str) -> PyResult<[u8; 32]> {
    let mut digest = [0; 32];
    let is_good = text.is_ascii() && text.len() == 64;
    for (place, byte) in digest.iter_mut().enumerate().filter(|_| is_good) {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16)
            .map_err(|_| PyValueError::new_err("a digest has 64 hexadecimal digits"))?;
    }
    if is_good { Ok(digest) } else { Err(PyValueError::new_err("a digest has 64 digits")) }
}

/// Give the record of a message of a Trade stream, or nothing when Python has to read it.
#[pyfunction]
fn trade_record<'py>(
    py: Python<'py>,
    message: &[u8],
    account_id: u32,
) -> Option<Bound<'py, PyBytes>> {
    let mut records = Vec::new();
    match record::trade_request(message, account_id).ok()? {
        record::Request::Command(record) => records.push(record),
        record::Request::Batch(columns) => {
            columns::batch(columns, account_id, &mut records).ok()?;
        }
        record::Request::Session(when_lost) => records.extend(when_lost),
    }
    Some(PyBytes::new(py, &bytes_of(&records)))
}

/// Give the gRPC messages that answer commands: one each, or one for all.
#[pyfunction]
fn answers<'py>(
    py: Python<'py>,
    events: PyBuffer<u64>,
    commands: &[u8],
    details: Vec<String>,
    is_batch: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let (chunks, _) = commands.as_chunks::<{ 8 * WORDS }>();
    let records = chunks.iter().map(|chunk| record_of(chunk)).collect::<PyResult<Vec<_>>>()?;
    let lane = Lane::new();
    let shape = if is_batch { hub::Shape::Batch } else { hub::Shape::Singles };
    let ticket = hub::Ticket { lane: Arc::clone(&lane), shape, count: records.len() };
    let submission = hub::Submission { tickets: vec![ticket], records };
    if !submission.answer(&events.to_vec(py)?, &details) {
        return Err(PyValueError::new_err("every command has exactly one answer"));
    }
    Ok(PyBytes::new(py, &lane.collect().answers))
}

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("INTERFACE", INTERFACE)?;
    module.add_class::<Native>()?;
    module.add_class::<Odd>()?;
    module.add_class::<Submission>()?;
    module.add_function(wrap_pyfunction!(trade_record, module)?)?;
    module.add_function(wrap_pyfunction!(answers, module)?)
}
