//! A realm: the rules and the locked tokens of one mint. At ["realm", creator, mint]; the tokens
//! lie at ["vault", realm], which only the realm's own address signs for; proposals act as
//! ["authority", realm], another address, so that none of them can reach the locked tokens.

use pinocchio::{
    cpi::{Seed, Signer},
    Address,
};
use realstack_common::state::State;

/// First seed.
pub const REALM_SEED: &[u8] = b"realm";
/// First seed of the locked tokens.
pub const VAULT_SEED: &[u8] = b"vault";
/// First seed of the address that executes.
pub const AUTHORITY_SEED: &[u8] = b"authority";

/// The rules of a realm.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Rules {
    /// Share of the supply that has to vote, abstaining included, rounded up.
    pub quorum_bps: u16,
    /// Share of the votes for and against that has to be for, rounded up.
    pub threshold_bps: u16,
    /// What one has to have locked to propose.
    pub proposal_atoms_min: u64,
    /// How long one can vote.
    pub voting_s: u32,
    /// How long after that one can still vote against.
    pub cool_off_s: u32,
    /// How long after that nothing is executed.
    pub hold_up_s: u32,
    /// How long after that it can be executed.
    pub execution_s: u32,
}

/// A realm.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Realm {
    /// Who made it; part of the address.
    pub creator: Address,
    /// The mint whose tokens vote; part of the address.
    pub mint: Address,
    /// The mint's program.
    pub token_program: Address,
    /// Who may change the rules: at first the creator, later the realm's own execution.
    pub authority: Address,
    /// Who may stop a proposal.
    pub veto_authority: Address,
    /// The rules for proposals opened from now on.
    pub rules: Rules,
    /// Proposals made.
    pub proposal_count: u64,
    /// Snapshots taken: one for each proposal opened.
    pub snapshot_count: u64,
    /// What is locked.
    pub deposited_atoms: u64,
    /// Bump seed.
    pub bump: u8,
    /// Bump seed of the address that executes.
    pub authority_bump: u8,
}

// SAFETY: packed, made of addresses and integers.
unsafe impl State for Realm {
    const DISCRIMINATOR: [u8; 8] = [197, 236, 164, 155, 120, 56, 152, 56];
}

impl Realm {
    /// Call with the signature of the realm's address.
    #[inline(always)]
    pub fn signed<R>(&self, call: impl FnOnce(&[Signer]) -> R) -> R {
        let bump = [self.bump];
        let (creator, mint) = (self.creator, self.mint);
        let seeds = [
            Seed::from(REALM_SEED),
            Seed::from(creator.as_ref() as &[u8]),
            Seed::from(mint.as_ref() as &[u8]),
            Seed::from(&bump),
        ];
        call(&[Signer::from(&seeds)])
    }
}
