use pinocchio::ProgramResult;

use crate::{
    reader::Reader,
    validation::{Accounts, ConfigAccountMut, SignerAccount},
};

/// Name who may take over as authority; the zero address takes a proposal back.
#[inline(never)] // a frame of its own
pub fn propose_authority(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let signer = SignerAccount::next(&mut accounts)?;
    let mut account = ConfigAccountMut::next(&mut accounts)?;
    accounts.finish()?;
    let config = account.state();
    signer.require_role(&config.authority)?;
    let proposed = reader.address()?;
    reader.finish()?;

    config.proposed_authority = *proposed;
    Ok(())
}
