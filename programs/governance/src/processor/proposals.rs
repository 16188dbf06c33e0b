//! The life of a proposal, but for its votes and its execution.

use pinocchio::{
    sysvars::{clock::Clock, Sysvar},
    ProgramResult,
};
use realstack_common::{
    accounts::Accounts,
    error::{add, require, CommonError},
    reader::Reader,
    state::{create, Record},
    token::Mint,
};

use crate::{
    error::GovernanceError,
    event,
    state::{
        Proposal, Realm, Voter, CANCELLED, DEFEATED, DRAFT, INSTRUCTIONS_MAX, PROPOSAL_SEED,
        SUCCEEDED, VETOED, VOTING,
    },
    tally::Tally,
};

/// Make a proposal: the hash of its text, and of each instruction that it would run.
#[inline(never)]
pub fn create_proposal(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let wallet = accounts.payer()?;
    let realm_account: Record<Realm> = Record::check(accounts.writable()?, accounts.program_id)?;
    let voter: Record<Voter> = Record::check(accounts.any()?, accounts.program_id)?;
    let proposal_view = accounts.writable()?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    let description_hash = *reader.bytes()?;
    let hashes = reader.blocks(INSTRUCTIONS_MAX)?;
    reader.finish()?;
    let mut realm = realm_account.get();
    let entry = voter.get();
    require(
        { entry.realm } == *realm_account.address(),
        CommonError::WrongAddress,
    )?;
    require(
        { entry.wallet } == *wallet.address(),
        CommonError::WrongAuthority,
    )?;
    let is_enough = { entry.deposited_atoms } >= { realm.rules.proposal_atoms_min };
    require(is_enough, GovernanceError::WeightTooSmall)?;
    let index = { realm.proposal_count };
    // SAFETY: a record of integers and bytes is valid when all of it is zero.
    let mut record: Proposal = unsafe { core::mem::zeroed() };
    record.realm = *realm_account.address();
    record.index = index;
    record.proposer = *wallet.address();
    record.description_hash = description_hash;
    record.state = DRAFT;
    record.instruction_count = hashes.len() as u8;
    record.instruction_hashes[..hashes.len()].copy_from_slice(hashes);
    let index_bytes = index.to_le_bytes();
    let seeds: [&[u8]; 3] = [
        PROPOSAL_SEED,
        realm_account.address().as_ref(),
        &index_bytes,
    ];
    let (made, bump) = create([proposal_view, wallet], program_id, &seeds, &record, 0)?;
    record.bump = bump;
    made.set(&record);
    realm.proposal_count = add(index, 1)?;
    realm_account.set(&realm);
    event::proposal_created(made.address(), wallet.address(), &record);
    Ok(())
}

/// Open a draft to votes: take the snapshot and write the rules of now into it.
#[inline(never)]
pub fn open_proposal(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let wallet = accounts.signer()?;
    let realm_account: Record<Realm> = Record::check(accounts.writable()?, accounts.program_id)?;
    let voter: Record<Voter> = Record::check(accounts.any()?, accounts.program_id)?;
    let proposal: Record<Proposal> = Record::check(accounts.writable()?, accounts.program_id)?;
    let mint_view = accounts.any()?;
    accounts.finish()?;
    reader.finish()?;
    let (mut realm, entry, mut record) = (realm_account.get(), voter.get(), proposal.get());
    require(
        { entry.realm } == *realm_account.address(),
        CommonError::WrongAddress,
    )?;
    require(
        { record.realm } == *realm_account.address(),
        CommonError::WrongAddress,
    )?;
    require(
        { entry.wallet } == *wallet.address(),
        CommonError::WrongAuthority,
    )?;
    require(
        { record.proposer } == *wallet.address(),
        CommonError::WrongAuthority,
    )?;
    require(
        mint_view.address() == &{ realm.mint },
        CommonError::WrongMint,
    )?;
    require(record.state == DRAFT, GovernanceError::WrongState)?;
    let rules = realm.rules;
    let is_enough = { entry.deposited_atoms } >= { rules.proposal_atoms_min };
    require(is_enough, GovernanceError::WeightTooSmall)?;
    realm.snapshot_count = add(realm.snapshot_count, 1)?;
    realm_account.set(&realm);
    let now_s = Clock::get()?.unix_timestamp;
    record.state = VOTING;
    record.snapshot = realm.snapshot_count;
    record.supply_atoms = Mint::check(mint_view, &{ realm.token_program })?.supply_atoms();
    record.quorum_bps = rules.quorum_bps;
    record.threshold_bps = rules.threshold_bps;
    // Each part is a year at most.
    record.voting_ends_s = now_s + rules.voting_s as i64;
    record.cool_off_ends_s = { record.voting_ends_s } + rules.cool_off_s as i64;
    record.executable_from_s = { record.cool_off_ends_s } + rules.hold_up_s as i64;
    record.executable_until_s = { record.executable_from_s } + rules.execution_s as i64;
    proposal.set(&record);
    event::proposal_opened(proposal.address(), &record);
    Ok(())
}

/// Give a proposal up before its votes are counted.
#[inline(never)]
pub fn cancel_proposal(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let wallet = accounts.signer()?;
    let proposal: Record<Proposal> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    reader.finish()?;
    let mut record = proposal.get();
    require(
        { record.proposer } == *wallet.address(),
        CommonError::WrongAuthority,
    )?;
    require(
        record.state == DRAFT || record.state == VOTING,
        GovernanceError::WrongState,
    )?;
    record.state = CANCELLED;
    proposal.set(&record);
    event::proposal_ended(proposal.address(), &record);
    Ok(())
}

/// Stop a proposal for good, with the hash of the reasons; not once its execution has begun.
#[inline(never)]
pub fn veto_proposal(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let veto_authority = accounts.signer()?;
    let realm: Record<Realm> = Record::check(accounts.any()?, accounts.program_id)?;
    let proposal: Record<Proposal> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    let reasons_hash: [u8; 32] = *reader.bytes()?;
    reader.finish()?;
    let mut record = proposal.get();
    require(
        { record.realm } == *realm.address(),
        CommonError::WrongAddress,
    )?;
    let role = { realm.get().veto_authority };
    require(
        veto_authority.address() == &role,
        CommonError::WrongAuthority,
    )?;
    let is_open = record.state == VOTING || record.state == SUCCEEDED;
    require(
        is_open && record.executed_count == 0,
        GovernanceError::WrongState,
    )?;
    record.state = VETOED;
    proposal.set(&record);
    event::proposal_vetoed(proposal.address(), &reasons_hash);
    Ok(())
}

/// Count the votes, once the cool-off is over. Anyone may.
#[inline(never)]
pub fn count_votes(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let proposal: Record<Proposal> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    reader.finish()?;
    let mut record = proposal.get();
    require(record.state == VOTING, GovernanceError::WrongState)?;
    let is_over = Clock::get()?.unix_timestamp >= { record.cool_off_ends_s };
    require(is_over, GovernanceError::VotingNotOver)?;
    let tally = Tally {
        yes: record.yes_atoms,
        no: record.no_atoms,
        abstain: record.abstain_atoms,
    };
    let passes = tally.passes(record.supply_atoms, record.quorum_bps, record.threshold_bps);
    record.state = if passes { SUCCEEDED } else { DEFEATED };
    proposal.set(&record);
    event::proposal_ended(proposal.address(), &record);
    Ok(())
}
