//! The one account of settings, at the address made from "config".

use pinocchio::Address;

use super::{State, U64};

/// Seed of the config's address.
pub const CONFIG_SEED: &[u8] = b"config";
/// Seed of the address that every vault obeys.
pub const VAULT_AUTHORITY_SEED: &[u8] = b"authority";

/// No exit delay shorter than this: settlement must have time to finish (about a minute).
pub const EXIT_DELAY_SLOTS_MIN: u64 = 150;
/// No exit delay longer than this: an exit must stay worth having (about a week).
pub const EXIT_DELAY_SLOTS_MAX: u64 = 1_512_000;

/// Roles, limits and marks.
#[repr(C)]
pub struct Config {
    pub discriminator: [u8; 8],
    /// Names the others; resumes.
    pub authority: Address,
    /// Who may take over as authority; zero: no one.
    pub proposed_authority: Address,
    /// Settles and releases withdrawals.
    pub settlement_authority: Address,
    /// May stop, not resume.
    pub pauser: Address,
    pub exit_delay_slots: U64,
    /// Batches below it are over.
    pub batch_mark: U64,
    /// Withdrawals below it are over.
    pub withdrawal_mark: U64,
    pub paused: u8,
    pub bump: u8,
    pub vault_authority_bump: u8,
}

// SAFETY: bytes only.
unsafe impl State for Config {
    const DISCRIMINATOR: [u8; 8] = [155, 12, 170, 224, 30, 250, 204, 130];
}
