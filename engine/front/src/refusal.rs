//! How a call is refused: a gRPC status with the details that Python made.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write as _;

const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

pub const RESOURCE_EXHAUSTED: u32 = 8;
pub const INTERNAL: u32 = 13;
pub const UNAVAILABLE: u32 = 14;

/// A status that is not OK.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub code: u32,
    pub message: String,
    /// An encoded google.rpc.Status; empty for a fault of the transport.
    pub details: Vec<u8>,
}

impl Refusal {
    /// A fault of the transport.
    pub fn plain(code: u32, message: impl Into<String>) -> Refusal {
        Refusal { code, message: message.into(), details: Vec::new() }
    }
}

/// The trailers that end a call.
pub fn trailers(failure: Option<&Refusal>) -> HeaderMap {
    let mut map = HeaderMap::new();
    let code = failure.map_or(0, |refusal| refusal.code);
    map.insert(STATUS, HeaderValue::from(code));
    if let Some(refusal) = failure {
        if let Ok(message) = HeaderValue::from_str(&percent_encoded(&refusal.message)) {
            map.insert(MESSAGE, message);
        }
        let details = STANDARD_NO_PAD.encode(&refusal.details);
        if let Ok(details) = HeaderValue::from_str(&details)
            && !details.is_empty()
        {
            map.insert(DETAILS, details);
        }
    }
    map
}

/// The encoding of the gRPC specification for messages: printable ASCII but for the percent sign.
fn percent_encoded(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for byte in message.bytes() {
        if (0x20..=0x7e).contains(&byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
