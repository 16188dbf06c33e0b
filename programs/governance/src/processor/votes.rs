//! Casting a vote.

use pinocchio::{
    sysvars::{clock::Clock, Sysvar},
    ProgramResult,
};
use realstack_common::{
    accounts::Accounts,
    error::{add, require, CommonError},
    reader::Reader,
    state::{create, Record},
};

use crate::{
    error::GovernanceError,
    event,
    state::{Proposal, Vote, Voter, ABSTAIN, NO, VOTE_SEED, VOTING, YES},
};

/// Vote with a deposit: its wallet or its delegate, once.
#[inline(never)]
pub fn cast_vote(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let wallet = accounts.payer()?;
    let voter: Record<Voter> = Record::check(accounts.writable()?, accounts.program_id)?;
    let proposal: Record<Proposal> = Record::check(accounts.writable()?, accounts.program_id)?;
    let vote_view = accounts.writable()?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    let choice = reader.u8()?;
    reader.finish()?;
    require(choice <= ABSTAIN, CommonError::BadInstructionData)?;
    let (mut entry, mut record) = (voter.get(), proposal.get());
    require(
        { entry.realm } == { record.realm },
        CommonError::WrongAddress,
    )?;
    let caster = *wallet.address();
    let may_vote = { entry.wallet } == caster || { entry.delegate } == caster;
    require(may_vote, CommonError::WrongAuthority)?;
    require(record.state == VOTING, GovernanceError::WrongState)?;
    let now_s = Clock::get()?.unix_timestamp;
    require(
        now_s < { record.cool_off_ends_s },
        GovernanceError::VotingOver,
    )?;
    require(
        now_s < { record.voting_ends_s } || choice == NO,
        GovernanceError::CoolOff,
    )?;
    let atoms = entry.weight(record.snapshot);
    require(atoms > 0, GovernanceError::NoWeight)?;
    let mut vote = Vote {
        proposal: *proposal.address(),
        voter: *voter.address(),
        cast_by: caster,
        choice,
        atoms,
        bump: 0,
    };
    let seeds: [&[u8]; 3] = [
        VOTE_SEED,
        proposal.address().as_ref(),
        voter.address().as_ref(),
    ];
    let (made, bump) = create([vote_view, wallet], program_id, &seeds, &vote, 0)?;
    vote.bump = bump;
    made.set(&vote);
    match choice {
        YES => record.yes_atoms = add(record.yes_atoms, atoms)?,
        NO => record.no_atoms = add(record.no_atoms, atoms)?,
        _ => record.abstain_atoms = add(record.abstain_atoms, atoms)?,
    }
    proposal.set(&record);
    entry.locked_until_s = { entry.locked_until_s }.max(record.cool_off_ends_s);
    voter.set(&entry);
    event::vote_cast(
        proposal.address(),
        &{ entry.wallet },
        &caster,
        choice,
        atoms,
    );
    Ok(())
}
