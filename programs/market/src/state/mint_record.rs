//! Tells that a mint was accepted, at the address made from "mint" and the mint.

use pinocchio::Address;

use super::State;

/// Seed of a mint record's address.
pub const MINT_SEED: &[u8] = b"mint";
/// Seed of a vault's address, before owner and mint.
pub const VAULT_SEED: &[u8] = b"vault";

/// A mint that vaults can be opened for.
#[repr(C)]
pub struct MintRecord {
    pub discriminator: [u8; 8],
    pub mint: Address,
    pub token_program: Address,
    pub decimals: u8,
    pub bump: u8,
    pub clearing_vault_bump: u8,
    pub fee_vault_bump: u8,
}

// SAFETY: bytes only.
unsafe impl State for MintRecord {
    const DISCRIMINATOR: [u8; 8] = [47, 252, 142, 126, 241, 162, 116, 188];
}
