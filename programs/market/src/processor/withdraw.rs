use pinocchio::ProgramResult;

use super::receipt::NewReceipt;
use crate::{
    cpi::tokens::pay_out,
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    state::ReceiptKind,
    validation::{
        Accounts, ConfigAccount, Destination, Mint, Payer, SignerAccount, Vault, VaultAuthority,
    },
};

/// Pay out from a vault, once per withdrawal: the owner signs, and the settlement authority's
/// signature is the engine's release, so that what is sold and not settled cannot leave.
#[inline(never)] // a frame of its own
pub fn withdraw(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let payer = Payer::next(&mut accounts)?;
    let release = SignerAccount::next(&mut accounts)?;
    let owner = SignerAccount::next(&mut accounts)?;
    let config = ConfigAccount::next(&mut accounts)?;
    release.require_role(&config.state().settlement_authority)?;
    let authority = VaultAuthority::next(&mut accounts, &config)?;
    let withdrawal_id = reader.u64()?;
    let amount_atoms = reader.u64()?;
    let deadline_slot = reader.u64()?;
    let bump = reader.u8()?;
    reader.finish()?;
    let receipt = NewReceipt::next(&mut accounts, ReceiptKind::Withdrawal, withdrawal_id)?;
    let mint = Mint::next(&mut accounts)?;
    let (view, program_id) = (accounts.next()?, accounts.program_id);
    let vault = Vault::from_view(view, owner.address(), &mint, bump, program_id)?;
    let destination = Destination::from_view(accounts.next()?, &mint, &authority)?;
    accounts.system_program()?;
    accounts.finish()?;
    config.require_running()?;
    receipt.require_open(config.state(), deadline_slot)?;
    require(amount_atoms > 0, MarketError::ZeroAmount)?;

    receipt.create(&payer, &[0; 32], &accounts)?;
    pay_out(&mint, &vault, &destination, &authority, amount_atoms)?;
    let event = Event::new(&kind::WITHDRAWN)
        .u64(withdrawal_id)
        .address(owner.address());
    event.address(mint.address()).u64(amount_atoms).emit();
    Ok(())
}
