//! Proposals, at ["proposal", realm, index], and votes, at ["vote", proposal, voter].

use pinocchio::Address;
use realstack_common::state::State;

/// First seed of a proposal.
pub const PROPOSAL_SEED: &[u8] = b"proposal";
/// First seed of a vote.
pub const VOTE_SEED: &[u8] = b"vote";
/// Instructions that a proposal can have.
pub const INSTRUCTIONS_MAX: usize = 8;

/// Made, not opened.
pub const DRAFT: u8 = 0;
/// Open to votes, or in the cool-off.
pub const VOTING: u8 = 1;
/// Passed; its instructions can be executed. Final when it has none.
pub const SUCCEEDED: u8 = 2;
/// Not passed; final.
pub const DEFEATED: u8 = 3;
/// Everything was executed; final.
pub const COMPLETED: u8 = 4;
/// Stopped by a veto; final.
pub const VETOED: u8 = 5;
/// Given up by its proposer; final.
pub const CANCELLED: u8 = 6;

/// A vote against.
pub const NO: u8 = 0;
/// A vote for.
pub const YES: u8 = 1;
/// Counts for the quorum only.
pub const ABSTAIN: u8 = 2;

/// A proposal.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Proposal {
    /// The realm.
    pub realm: Address,
    /// From 0, without gaps.
    pub index: u64,
    /// The wallet that made it.
    pub proposer: Address,
    /// SHA-256 of the text.
    pub description_hash: [u8; 32],
    /// One of the states above.
    pub state: u8,
    /// The snapshot that weight is counted at; 0 in a draft.
    pub snapshot: u64,
    /// The mint's supply at the snapshot.
    pub supply_atoms: u64,
    /// The rule when it was opened.
    pub quorum_bps: u16,
    /// The rule when it was opened.
    pub threshold_bps: u16,
    /// Seconds since 1970: votes are taken before.
    pub voting_ends_s: i64,
    /// Votes against are taken before.
    pub cool_off_ends_s: i64,
    /// It is executed from then on.
    pub executable_from_s: i64,
    /// It is executed before.
    pub executable_until_s: i64,
    /// Weight for.
    pub yes_atoms: u64,
    /// Weight against.
    pub no_atoms: u64,
    /// Weight abstaining.
    pub abstain_atoms: u64,
    /// Instructions that it has.
    pub instruction_count: u8,
    /// Instructions executed, in order.
    pub executed_count: u8,
    /// Hashes of the instructions.
    pub instruction_hashes: [[u8; 32]; INSTRUCTIONS_MAX],
    /// Bump seed.
    pub bump: u8,
}

// SAFETY: packed, made of addresses, integers and arrays of bytes.
unsafe impl State for Proposal {
    const DISCRIMINATOR: [u8; 8] = [26, 94, 189, 187, 116, 136, 53, 33];
}

/// A vote; that it is there keeps the same deposit from voting again.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Vote {
    /// The proposal.
    pub proposal: Address,
    /// The voter's account whose weight it is.
    pub voter: Address,
    /// The wallet that cast it: the voter's or its delegate's.
    pub cast_by: Address,
    /// 0 against, 1 for, 2 abstaining.
    pub choice: u8,
    /// The weight.
    pub atoms: u64,
    /// Bump seed.
    pub bump: u8,
}

// SAFETY: packed, made of addresses and integers.
unsafe impl State for Vote {
    const DISCRIMINATOR: [u8; 8] = [96, 91, 104, 57, 145, 35, 172, 155];
}
