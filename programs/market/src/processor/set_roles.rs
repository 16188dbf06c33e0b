use pinocchio::{Address, ProgramResult};

use crate::{
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    state::config::{EXIT_DELAY_SLOTS_MAX, EXIT_DELAY_SLOTS_MIN},
    validation::{Accounts, ConfigAccountMut, SignerAccount},
};

/// Name settlement authority and pauser, and set the delay of exits that are asked for from now on.
#[inline(never)] // a frame of its own
pub fn set_roles(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let signer = SignerAccount::next(&mut accounts)?;
    let mut account = ConfigAccountMut::next(&mut accounts)?;
    accounts.finish()?;
    let config = account.state();
    signer.require_role(&config.authority)?;
    let settlement_authority = reader.address()?;
    let pauser = reader.address()?;
    let exit_delay_slots = reader.u64()?;
    reader.finish()?;
    require_roles(settlement_authority, pauser, exit_delay_slots)?;

    config.settlement_authority = *settlement_authority;
    config.pauser = *pauser;
    config.exit_delay_slots = exit_delay_slots.into();
    let event = Event::new(&kind::ROLES_SET)
        .address(settlement_authority)
        .address(pauser);
    event.u64(exit_delay_slots).emit();
    Ok(())
}

/// Refuse roles that no one holds, and a delay outside its bounds.
pub fn require_roles(
    settlement_authority: &Address,
    pauser: &Address,
    exit_delay_slots: u64,
) -> ProgramResult {
    let zero = Address::new_from_array([0; 32]);
    let held = settlement_authority != &zero && pauser != &zero;
    require(held, MarketError::ZeroRole)?;
    let bounds = EXIT_DELAY_SLOTS_MIN..=EXIT_DELAY_SLOTS_MAX;
    require(
        bounds.contains(&exit_delay_slots),
        MarketError::ExitDelayOutOfRange,
    )
}
