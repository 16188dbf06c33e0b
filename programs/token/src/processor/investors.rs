//! The investor registry of an asset.

use pinocchio::{AccountView, Address, ProgramResult};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    reader::Reader,
    state::{create, Record},
};

use crate::{
    event,
    state::{Holder, Investor, HOLDER_SEED, INVESTOR_SEED},
    validation::AssetAccount,
};

/// Take compliance, who pays, and the asset.
#[inline(always)]
fn take_compliance<'a>(
    accounts: &mut Accounts<'a>,
) -> Result<(&'a AccountView, AssetAccount<'a>), pinocchio::error::ProgramError> {
    let compliance = accounts.payer()?;
    let asset = AssetAccount::take(accounts)?;
    let holder = { asset.account.get().compliance };
    require(compliance.address() == &holder, CommonError::WrongAuthority)?;
    Ok((compliance, asset))
}

/// Register an identity: country, lock-up, cap.
#[inline(never)]
pub fn register_investor(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let (compliance, asset) = take_compliance(&mut accounts)?;
    let investor_view = accounts.writable()?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    let mut record = Investor {
        asset: *asset.address(),
        identity: *reader.bytes()?,
        country: reader.u16()?,
        lock_up_until_s: reader.i64()?,
        cap_atoms: reader.u64()?,
        holding_atoms: 0,
        active: 1,
        bump: 0,
    };
    reader.finish()?;
    let identity = record.identity;
    let seeds: [&[u8]; 3] = [INVESTOR_SEED, asset.address().as_ref(), &identity];
    let (made, bump) = create([investor_view, compliance], program_id, &seeds, &record, 0)?;
    record.bump = bump;
    made.set(&record);
    event::investor_set(asset.address(), made.address(), &record);
    Ok(())
}

/// Change an identity's country, lock-up, cap, and whether it is active. A cap below what it holds
/// takes nothing away; it lets nothing more in.
#[inline(never)]
pub fn update_investor(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let (_, asset) = take_compliance(&mut accounts)?;
    let investor: Record<Investor> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    let mut record = investor.get();
    asset.require_same(record.asset)?;
    record.country = reader.u16()?;
    record.lock_up_until_s = reader.i64()?;
    record.cap_atoms = reader.u64()?;
    record.active = u8::from(reader.bool()?);
    reader.finish()?;
    investor.set(&record);
    event::investor_set(asset.address(), investor.address(), &record);
    Ok(())
}

/// Put a wallet of an identity on the allow-list.
#[inline(never)]
pub fn register_wallet(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let (compliance, asset) = take_compliance(&mut accounts)?;
    let investor: Record<Investor> = Record::check(accounts.any()?, accounts.program_id)?;
    let wallet = *accounts.any()?.address();
    let holder_view = accounts.writable()?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    reader.finish()?;
    asset.require_same(investor.get().asset)?;
    let mut record = Holder {
        asset: *asset.address(),
        wallet,
        investor: *investor.address(),
        bump: 0,
    };
    let seeds: [&[u8]; 3] = [HOLDER_SEED, asset.address().as_ref(), wallet.as_ref()];
    let (made, bump) = create([holder_view, compliance], program_id, &seeds, &record, 0)?;
    record.bump = bump;
    made.set(&record);
    emit_wallet(&asset, &record.investor, &wallet, true);
    Ok(())
}

/// Take a wallet off the allow-list; its rent goes to compliance. What it holds stays there, and
/// only a forced move, after registering it again, gets it out in the managed mode.
#[inline(never)]
pub fn remove_wallet(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let (compliance, asset) = take_compliance(&mut accounts)?;
    let holder: Record<Holder> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    reader.finish()?;
    let record = holder.get();
    asset.require_same(record.asset)?;
    let lamports = holder
        .view
        .lamports()
        .checked_add(compliance.lamports())
        .ok_or(CommonError::Overflow)?;
    let mut payee = *compliance;
    payee.set_lamports(lamports);
    let mut closed = *holder.view;
    closed.close()?;
    emit_wallet(&asset, &{ record.investor }, &{ record.wallet }, false);
    Ok(())
}

fn emit_wallet(asset: &AssetAccount, investor: &Address, wallet: &Address, admitted: bool) {
    event::wallet_set(asset.address(), investor, wallet, admitted);
}
