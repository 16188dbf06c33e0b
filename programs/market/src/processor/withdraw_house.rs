use pinocchio::ProgramResult;

use crate::{
    cpi::tokens::pay_out,
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    validation::{
        Accounts, ConfigAccount, Destination, Mint, SignerAccount, Vault, VaultAuthority,
    },
};

/// Pay out from a vault of the venue itself: the fee vault (house 0) or the clearing vault (1).
#[inline(never)] // a frame of its own
pub fn withdraw_house(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let signer = SignerAccount::next(&mut accounts)?;
    let config = ConfigAccount::next(&mut accounts)?;
    signer.require_role(&config.state().authority)?;
    let authority = VaultAuthority::next(&mut accounts, &config)?;
    let mint = Mint::next(&mut accounts)?;
    let house = reader.u8()?;
    let amount_atoms = reader.u64()?;
    let bump = reader.u8()?;
    reader.finish()?;
    let owner = match house {
        0 => config.address(),
        1 => authority.address(),
        _ => return Err(MarketError::BadInstructionData.into()),
    };
    let (view, program_id) = (accounts.next()?, accounts.program_id);
    let vault = Vault::from_view(view, owner, &mint, bump, program_id)?;
    let destination = Destination::from_view(accounts.next()?, &mint, &authority)?;
    accounts.finish()?;
    require(amount_atoms > 0, MarketError::ZeroAmount)?;

    pay_out(&mint, &vault, &destination, &authority, amount_atoms)?;
    let event = Event::new(&kind::HOUSE_WITHDRAWN)
        .u8(house)
        .address(mint.address());
    event.u64(amount_atoms).emit();
    Ok(())
}
