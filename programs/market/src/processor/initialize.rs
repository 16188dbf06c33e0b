use pinocchio::{cpi::Seed, Address, ProgramResult};

use crate::{
    cpi::system::create_state,
    error::MarketError,
    event::{kind, Event},
    processor::set_roles::require_roles,
    reader::Reader,
    state::{
        config::{CONFIG_SEED, VAULT_AUTHORITY_SEED},
        Config,
    },
    validation::{Accounts, NewAccount, Payer, SignerAccount},
};

/// Create the config.
///
/// The program's own key signs: only whoever deployed it has that key, so that no one can come
/// between the deployment and this call.
#[inline(never)] // a frame of its own
pub fn initialize(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let payer = Payer::next(&mut accounts)?;
    let authority = SignerAccount::next(&mut accounts)?;
    let program = SignerAccount::next(&mut accounts)?;
    program.require_role(accounts.program_id)?;
    let new = NewAccount::next(
        &mut accounts,
        &[CONFIG_SEED],
        MarketError::AlreadyInitialized,
    )?;
    accounts.system_program()?;
    accounts.finish()?;
    let settlement_authority = reader.address()?;
    let pauser = reader.address()?;
    let exit_delay_slots = reader.u64()?;
    reader.finish()?;
    require_roles(settlement_authority, pauser, exit_delay_slots)?;
    let program_id = accounts.program_id;
    let found = Address::try_find_program_address(&[VAULT_AUTHORITY_SEED], program_id);
    let (_, vault_authority_bump) = found.ok_or(MarketError::WrongAddress)?;

    let bump = [new.bump()];
    let seeds = [Seed::from(CONFIG_SEED), Seed::from(&bump)];
    let config: &mut Config = create_state(&payer, &new, &seeds, program_id)?;
    config.authority = *authority.address();
    config.settlement_authority = *settlement_authority;
    config.pauser = *pauser;
    config.exit_delay_slots = exit_delay_slots.into();
    config.bump = new.bump();
    config.vault_authority_bump = vault_authority_bump;
    let event = Event::new(&kind::ROLES_SET)
        .address(settlement_authority)
        .address(pauser);
    event.u64(exit_delay_slots).emit();
    Ok(())
}
