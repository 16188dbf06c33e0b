use pinocchio::ProgramResult;

use crate::{
    cpi::tokens::pay_in,
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    validation::{Accounts, ConfigAccount, Mint, SignerAccount, Source, Vault},
};

/// Move tokens from an account that the owner may move to the owner's vault.
#[inline(never)] // a frame of its own
pub fn deposit(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let owner = SignerAccount::next(&mut accounts)?;
    let config = ConfigAccount::next(&mut accounts)?;
    let mint = Mint::next(&mut accounts)?;
    let source = Source::from_view(accounts.next()?, &mint)?;
    let amount_atoms = reader.u64()?;
    let bump = reader.u8()?;
    reader.finish()?;
    let (view, program_id) = (accounts.next()?, accounts.program_id);
    let vault = Vault::from_view(view, owner.address(), &mint, bump, program_id)?;
    accounts.finish()?;
    config.require_running()?;
    require(amount_atoms > 0, MarketError::ZeroAmount)?;

    pay_in(&mint, &source, &vault, &owner, amount_atoms)?;
    let event = Event::new(&kind::DEPOSITED)
        .address(owner.address())
        .address(mint.address());
    event.u64(amount_atoms).emit();
    Ok(())
}
