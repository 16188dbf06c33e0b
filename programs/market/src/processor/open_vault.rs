use pinocchio::ProgramResult;

use crate::{
    cpi::tokens::VaultMaker,
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    state::{mint_record::VAULT_SEED, MintRecord},
    validation::{Accounts, ConfigAccount, Mint, NewAccount, Owned, Payer, VaultAuthority},
};

/// Make the vault of an owner and an accepted mint; anyone may pay for it.
#[inline(never)] // a frame of its own
pub fn open_vault(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let payer = Payer::next(&mut accounts)?;
    let config = ConfigAccount::next(&mut accounts)?;
    let authority = VaultAuthority::next(&mut accounts, &config)?;
    let mint = Mint::next(&mut accounts)?;
    let record = Owned::<MintRecord>::next(&mut accounts)?;
    require(
        &record.state().mint == mint.address(),
        MarketError::WrongMint,
    )?;
    let owner = reader.address()?;
    reader.finish()?;
    let seeds = [VAULT_SEED, owner.as_ref(), mint.address().as_ref()];
    let new = NewAccount::next(&mut accounts, &seeds, MarketError::AlreadyInitialized)?;
    accounts.system_program()?;
    accounts.finish()?;

    VaultMaker {
        payer: &payer,
        mint: &mint,
        authority: &authority,
    }
    .make(&new, owner)?;
    let event = Event::new(&kind::VAULT_OPENED)
        .address(owner)
        .address(mint.address());
    event.address(new.view().address()).emit();
    Ok(())
}
