//! One version of a document. At ["document", asset, version]; never changed, never closed.

use pinocchio::Address;
use realstack_common::state::State;

/// First seed.
pub const DOCUMENT_SEED: &[u8] = b"document";
/// Bytes of the longest address of a document.
pub const URI_BYTES_MAX: usize = 200;

/// A document; its URI follows as a Borsh string.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Document {
    /// The asset.
    pub asset: Address,
    /// From 1, without gaps, over all kinds.
    pub version: u32,
    /// The kind, as the asset service numbers it.
    pub kind: u16,
    /// SHA-256 of the content.
    pub hash: [u8; 32],
    /// When it was added.
    pub slot: u64,
    /// When it was added, seconds since 1970.
    pub time_s: i64,
}

// SAFETY: packed, made of addresses, integers and arrays of bytes.
unsafe impl State for Document {
    const DISCRIMINATOR: [u8; 8] = [226, 212, 133, 177, 48, 5, 171, 243];
}
