//! What the program logs: "event:<Name>" as Anchor has it, then the fields in Borsh.

use pinocchio::Address;
use realstack_common::event::Event;

use crate::state::{Proposal, Realm};

/// A realm was made or changed.
#[inline(never)]
pub fn realm_set(realm: &Address, record: &Realm) {
    Event::new([60, 162, 59, 123, 239, 53, 93, 49])
        .address(realm)
        .address(&{ record.authority })
        .address(&{ record.veto_authority })
        .u16(record.rules.quorum_bps)
        .u16(record.rules.threshold_bps)
        .emit();
}

/// Tokens were locked or taken back.
#[inline(never)]
pub fn deposit_changed(realm: &Address, wallet: &Address, atoms: u64, total_atoms: u64) {
    Event::new([62, 109, 171, 11, 150, 6, 142, 164])
        .address(realm)
        .address(wallet)
        .u64(atoms)
        .u64(total_atoms)
        .emit();
}

/// A wallet delegated, or with zero took it back.
#[inline(never)]
pub fn delegated(realm: &Address, wallet: &Address, delegate: &Address) {
    Event::new([52, 201, 7, 194, 24, 79, 100, 159])
        .address(realm)
        .address(wallet)
        .address(delegate)
        .emit();
}

/// A proposal was made.
#[inline(never)]
pub fn proposal_created(proposal: &Address, proposer: &Address, record: &Proposal) {
    Event::new([186, 8, 160, 108, 81, 13, 51, 206])
        .address(proposal)
        .address(proposer)
        .raw(&record.description_hash)
        .u8(record.instruction_count)
        .emit();
}

/// A proposal was opened to votes.
#[inline(never)]
pub fn proposal_opened(proposal: &Address, record: &Proposal) {
    Event::new([118, 111, 242, 245, 53, 115, 95, 209])
        .address(proposal)
        .u64(record.snapshot)
        .u64(record.supply_atoms)
        .i64(record.voting_ends_s)
        .i64(record.cool_off_ends_s)
        .emit();
}

/// A deposit voted.
#[inline(never)]
pub fn vote_cast(proposal: &Address, wallet: &Address, cast_by: &Address, choice: u8, atoms: u64) {
    Event::new([39, 53, 195, 104, 188, 17, 225, 213])
        .address(proposal)
        .address(wallet)
        .address(cast_by)
        .u8(choice)
        .u64(atoms)
        .emit();
}

/// A proposal was counted or given up.
#[inline(never)]
pub fn proposal_ended(proposal: &Address, record: &Proposal) {
    Event::new([162, 54, 81, 145, 157, 31, 199, 33])
        .address(proposal)
        .u8(record.state)
        .u64(record.yes_atoms)
        .u64(record.no_atoms)
        .u64(record.abstain_atoms)
        .emit();
}

/// A proposal was stopped.
#[inline(never)]
pub fn proposal_vetoed(proposal: &Address, reasons_hash: &[u8; 32]) {
    Event::new([185, 29, 77, 23, 134, 251, 155, 27])
        .address(proposal)
        .raw(reasons_hash)
        .emit();
}

/// An instruction was executed.
#[inline(never)]
pub fn executed(proposal: &Address, place: u8, hash: &[u8; 32]) {
    Event::new([8, 232, 139, 132, 197, 45, 29, 164])
        .address(proposal)
        .u8(place)
        .raw(hash)
        .emit();
}
