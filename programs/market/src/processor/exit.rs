use pinocchio::{
    sysvars::{clock::Clock, Sysvar},
    ProgramResult,
};

use crate::{
    cpi::tokens::pay_out,
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    state::Exit,
    validation::{
        Accounts, ConfigAccount, Destination, Mint, Owned, SignerAccount, Vault, VaultAuthority,
    },
};

/// Pay out the whole of one vault after the delay. Never paused.
#[inline(never)] // a frame of its own
pub fn exit(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let owner = SignerAccount::next(&mut accounts)?;
    let config = ConfigAccount::next(&mut accounts)?;
    let authority = VaultAuthority::next(&mut accounts, &config)?;
    let request = Owned::<Exit>::next(&mut accounts)?;
    owner.require_role(&request.state().owner)?;
    let mint = Mint::next(&mut accounts)?;
    let bump = reader.u8()?;
    reader.finish()?;
    let (view, program_id) = (accounts.next()?, accounts.program_id);
    let vault = Vault::from_view(view, owner.address(), &mint, bump, program_id)?;
    let destination = Destination::from_view(accounts.next()?, &mint, &authority)?;
    accounts.finish()?;
    let ready_slot = request.state().ready_slot.get();
    require(Clock::get()?.slot >= ready_slot, MarketError::ExitNotReady)?;
    let amount_atoms = vault.amount_atoms()?;
    require(amount_atoms > 0, MarketError::ZeroAmount)?;

    pay_out(&mint, &vault, &destination, &authority, amount_atoms)?;
    let event = Event::new(&kind::EXITED)
        .address(owner.address())
        .address(mint.address());
    event.u64(amount_atoms).emit();
    Ok(())
}
