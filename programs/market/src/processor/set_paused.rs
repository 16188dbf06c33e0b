use pinocchio::ProgramResult;

use crate::{
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    validation::{Accounts, ConfigAccountMut, SignerAccount},
};

/// Stop deposits, settlement and withdrawals (pauser or authority), or resume (authority only).
///
/// Exits are never stopped: they are what participants have against the venue.
#[inline(never)] // a frame of its own
pub fn set_paused(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let signer = SignerAccount::next(&mut accounts)?;
    let mut account = ConfigAccountMut::next(&mut accounts)?;
    accounts.finish()?;
    let paused = reader.bool()?;
    reader.finish()?;
    let config = account.state();
    let by_authority = signer.address() == &config.authority;
    let by_pauser = paused && signer.address() == &config.pauser;
    require(by_authority || by_pauser, MarketError::WrongAuthority)?;

    config.paused = paused as u8;
    Event::new(&kind::PAUSED_SET).u8(paused as u8).emit();
    Ok(())
}
