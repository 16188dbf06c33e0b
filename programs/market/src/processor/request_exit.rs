use pinocchio::{
    cpi::Seed,
    sysvars::{clock::Clock, Sysvar},
    ProgramResult,
};

use crate::{
    cpi::system::create_state,
    error::MarketError,
    event::{kind, Event},
    reader::Reader,
    state::{exit::EXIT_SEED, Exit},
    validation::{Accounts, ConfigAccount, NewAccount, Payer, SignerAccount},
};

/// Start the delay after which the owner's vaults pay out without anyone's leave.
///
/// Never paused. Until then settlement may still debit the vaults: what was sold must be delivered.
#[inline(never)] // a frame of its own
pub fn request_exit(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let payer = Payer::next(&mut accounts)?;
    let owner = SignerAccount::next(&mut accounts)?;
    let config = ConfigAccount::next(&mut accounts)?;
    let seeds = [EXIT_SEED, owner.address().as_ref()];
    let new = NewAccount::next(&mut accounts, &seeds, MarketError::ExitAlreadyRequested)?;
    accounts.system_program()?;
    accounts.finish()?;
    reader.finish()?;
    let slot = Clock::get()?.slot;
    let delay = config.state().exit_delay_slots.get();
    let ready_slot = slot.checked_add(delay).ok_or(MarketError::Overflow)?;

    let bump = [new.bump()];
    let seeds = [
        Seed::from(EXIT_SEED),
        Seed::from(owner.address().as_ref()),
        Seed::from(&bump),
    ];
    let exit: &mut Exit = create_state(&payer, &new, &seeds, accounts.program_id)?;
    exit.owner = *owner.address();
    exit.requested_slot = slot.into();
    exit.ready_slot = ready_slot.into();
    exit.bump = new.bump();
    Event::new(&kind::EXIT_REQUESTED)
        .address(owner.address())
        .u64(ready_slot)
        .emit();
    Ok(())
}
