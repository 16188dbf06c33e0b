use pinocchio::{Address, ProgramResult};

use crate::{
    event::{kind, Event},
    reader::Reader,
    validation::{Accounts, ConfigAccountMut, SignerAccount},
};

/// Take over as authority: the one that was proposed signs, so that a mistyped one takes nothing.
#[inline(never)] // a frame of its own
pub fn accept_authority(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let signer = SignerAccount::next(&mut accounts)?;
    let mut account = ConfigAccountMut::next(&mut accounts)?;
    accounts.finish()?;
    reader.finish()?;
    let config = account.state();
    signer.require_role(&config.proposed_authority)?;

    config.authority = *signer.address();
    config.proposed_authority = Address::new_from_array([0; 32]);
    Event::new(&kind::AUTHORITY_CHANGED)
        .address(signer.address())
        .emit();
    Ok(())
}
