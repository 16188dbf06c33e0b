//! An issuance by ownership table. At ["issuance", asset, index].

use pinocchio::Address;
use realstack_common::state::State;

/// First seed.
pub const ISSUANCE_SEED: &[u8] = b"issuance";
/// May be approved, cancelled, and issued once approved.
pub const ISSUANCE_OPEN: u8 = 0;
/// Was cancelled before its first row.
pub const ISSUANCE_CANCELLED: u8 = 1;

/// An issuance; a bit per row follows, set once it is issued.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Issuance {
    /// The asset.
    pub asset: Address,
    /// From 0, without gaps.
    pub index: u64,
    /// Merkle root of the table.
    pub root: [u8; 32],
    /// Rows of the table.
    pub rows: u32,
    /// Rows issued.
    pub rows_done: u32,
    /// Sum of the table.
    pub total_atoms: u64,
    /// Sum of the rows issued.
    pub issued_atoms: u64,
    /// A bit per approver's seat.
    pub approvals: u8,
    /// 0 open, 1 cancelled.
    pub state: u8,
    /// Bump seed.
    pub bump: u8,
}

// SAFETY: packed, made of addresses, integers and arrays of bytes.
unsafe impl State for Issuance {
    const DISCRIMINATOR: [u8; 8] = [123, 195, 75, 96, 191, 92, 61, 170];
}
