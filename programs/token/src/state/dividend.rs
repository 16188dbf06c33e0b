//! A dividend. At ["dividend", asset, index]; its money at ["vault", dividend].

use pinocchio::{
    cpi::{Seed, Signer},
    Address,
};
use realstack_common::state::State;

/// First seed.
pub const DIVIDEND_SEED: &[u8] = b"dividend";
/// First seed of the money's account.
pub const VAULT_SEED: &[u8] = b"vault";
/// Rows can be paid.
pub const DIVIDEND_OPEN: u8 = 0;
/// What was left went back.
pub const DIVIDEND_CLOSED: u8 = 1;

/// A dividend; a bit per row follows, set once it is paid.
///
/// At any time paid + returned + what the vault must hold = funded.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Dividend {
    /// The asset.
    pub asset: Address,
    /// From 0, without gaps.
    pub index: u64,
    /// The mint of the money.
    pub payment_mint: Address,
    /// Merkle root of the table.
    pub root: [u8; 32],
    /// Rows of the table.
    pub rows: u32,
    /// Rows paid.
    pub rows_done: u32,
    /// Sum of the table.
    pub total_atoms: u64,
    /// What was paid in: the sum of the table and the dust that rounding left.
    pub funded_atoms: u64,
    /// Sum of the rows paid.
    pub paid_atoms: u64,
    /// What went back at the end.
    pub returned_atoms: u64,
    /// The slot at which holdings were read.
    pub snapshot_slot: u64,
    /// Seconds since 1970; rows are paid before, the rest goes back from then on.
    pub expires_s: i64,
    /// 0 open, 1 closed.
    pub state: u8,
    /// Bump seed.
    pub bump: u8,
}

// SAFETY: packed, made of addresses, integers and arrays of bytes.
unsafe impl State for Dividend {
    const DISCRIMINATOR: [u8; 8] = [145, 220, 242, 245, 253, 161, 159, 220];
}

impl Dividend {
    /// Call with the signature of the dividend's address.
    #[inline(always)]
    pub fn signed<R>(&self, call: impl FnOnce(&[Signer]) -> R) -> R {
        let bump = [self.bump];
        let asset = self.asset;
        let index = { self.index }.to_le_bytes();
        let seeds = [
            Seed::from(DIVIDEND_SEED),
            Seed::from(asset.as_ref() as &[u8]),
            Seed::from(&index),
            Seed::from(&bump),
        ];
        call(&[Signer::from(&seeds)])
    }
}
