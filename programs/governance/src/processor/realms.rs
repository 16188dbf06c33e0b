//! Making a realm and changing its rules.

use pinocchio::{error::ProgramError, Address, ProgramResult};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    reader::Reader,
    state::{create, find_any, Plan, Record},
    token::{account_bytes, check_program, initialize_account, Mint},
};

use crate::{
    error::GovernanceError,
    event,
    state::{Realm, Rules, AUTHORITY_SEED, REALM_SEED, VAULT_SEED},
    tally::WHOLE_BPS,
};

/// The longest that any part of a proposal's life can be: a year.
const LONGEST_S: u32 = 31_536_000;

#[inline(never)]
fn read_rules(reader: &mut Reader) -> Result<Rules, ProgramError> {
    let rules = Rules {
        quorum_bps: reader.u16()?,
        threshold_bps: reader.u16()?,
        proposal_atoms_min: reader.u64()?,
        voting_s: reader.u32()?,
        cool_off_s: reader.u32()?,
        hold_up_s: reader.u32()?,
        execution_s: reader.u32()?,
    };
    for bps in [rules.quorum_bps as u64, rules.threshold_bps as u64] {
        require(bps >= 1 && bps <= WHOLE_BPS, GovernanceError::BadRules)?;
    }
    require(
        rules.voting_s >= 1 && rules.execution_s >= 1,
        GovernanceError::BadRules,
    )?;
    for seconds in [
        rules.voting_s,
        rules.cool_off_s,
        rules.hold_up_s,
        rules.execution_s,
    ] {
        require(seconds <= LONGEST_S, GovernanceError::BadRules)?;
    }
    Ok(rules)
}

/// Make a realm for a mint; the signer may change its rules until it hands that over.
#[inline(never)]
pub fn create_realm(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let creator = accounts.payer()?;
    let realm_view = accounts.writable()?;
    let vault = accounts.writable()?;
    let mint_view = accounts.any()?;
    let token_program = accounts.any()?;
    check_program(token_program)?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    let veto_authority = *reader.address()?;
    let rules = read_rules(&mut reader)?;
    reader.finish()?;
    require(
        veto_authority != Address::default(),
        GovernanceError::ZeroRole,
    )?;
    let program = token_program.address();
    Mint::check(mint_view, program)?;
    let mut record = Realm {
        creator: *creator.address(),
        mint: *mint_view.address(),
        token_program: *program,
        authority: *creator.address(),
        veto_authority,
        rules,
        proposal_count: 0,
        snapshot_count: 0,
        deposited_atoms: 0,
        bump: 0,
        authority_bump: find_any(&[AUTHORITY_SEED, realm_view.address().as_ref()], program_id)?.1,
    };
    let seeds: [&[u8]; 3] = [
        REALM_SEED,
        creator.address().as_ref(),
        mint_view.address().as_ref(),
    ];
    let (made, bump) = create([realm_view, creator], program_id, &seeds, &record, 0)?;
    record.bump = bump;
    made.set(&record);
    let space = account_bytes(program, mint_view)?;
    let plan = Plan {
        view: vault,
        payer: creator,
        program_id,
        owner: program,
        space,
        space_paid: space,
    };
    plan.create(&[VAULT_SEED, realm_view.address().as_ref()])?;
    initialize_account(program, vault, mint_view, realm_view.address())?;
    event::realm_set(realm_view.address(), &record);
    Ok(())
}

/// Change who may change the rules, who may veto, and the rules. Open proposals keep theirs.
#[inline(never)]
pub fn set_realm(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let authority = accounts.signer()?;
    let realm: Record<Realm> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    let mut record = realm.get();
    require(
        authority.address() == &{ record.authority },
        CommonError::WrongAuthority,
    )?;
    record.authority = *reader.address()?;
    record.veto_authority = *reader.address()?;
    record.rules = read_rules(&mut reader)?;
    reader.finish()?;
    let zero = Address::default();
    let has_holders = { record.authority } != zero && { record.veto_authority } != zero;
    require(has_holders, GovernanceError::ZeroRole)?;
    realm.set(&record);
    event::realm_set(realm.address(), &record);
    Ok(())
}
