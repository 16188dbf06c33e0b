//! What compliance does: freeze, thaw, pause, block countries.

use pinocchio::ProgramResult;
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    reader::Reader,
    token::TOKEN_2022_PROGRAM,
};

use super::mints::set_mint_paused;
use crate::{
    error::TokenError,
    event,
    state::{COUNTRIES_MAX, MODE_MANAGED},
    validation::{AssetAccount, AssetMint, Party},
};

/// Freeze an account, for a reason.
#[inline(never)]
pub fn freeze(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let compliance = accounts.signer()?;
    let asset_account = AssetAccount::take(&mut accounts)?;
    let token_view = accounts.writable()?;
    let asset = asset_account.account.get();
    let tokens = AssetMint::take(&mut accounts, &asset)?;
    let account = tokens.account(token_view)?;
    accounts.finish()?;
    let reason = reader.u16()?;
    reader.finish()?;
    require(
        compliance.address() == &{ asset.compliance },
        CommonError::WrongAuthority,
    )?;
    tokens.set_frozen(&asset_account, &account, true)?;
    event::frozen_set(asset_account.address(), token_view.address(), true, reason);
    Ok(())
}

/// Thaw the account of a registered, active investor whose lock-up is over.
#[inline(never)]
pub fn thaw(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let compliance = accounts.signer()?;
    let asset_account = AssetAccount::take(&mut accounts)?;
    let token_view = accounts.writable()?;
    let asset = asset_account.account.get();
    let tokens = AssetMint::take(&mut accounts, &asset)?;
    let account = tokens.account(token_view)?;
    let party = Party::take(&mut accounts, asset_account.address(), &account.owner())?;
    accounts.finish()?;
    let reason = reader.u16()?;
    reader.finish()?;
    require(
        compliance.address() == &{ asset.compliance },
        CommonError::WrongAuthority,
    )?;
    require(asset.mode != MODE_MANAGED, TokenError::Managed)?;
    party.require_eligible(&asset)?;
    require(!party.is_locked_up()?, TokenError::LockedUp)?;
    tokens.set_frozen(&asset_account, &account, false)?;
    event::frozen_set(asset_account.address(), token_view.address(), false, reason);
    Ok(())
}

/// Stop or resume what this program issues and moves; in Token-2022 every transfer as well.
#[inline(never)]
pub fn set_paused(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let compliance = accounts.signer()?;
    let asset_account = AssetAccount::take_writable(&mut accounts)?;
    let mut asset = asset_account.account.get();
    let tokens = AssetMint::take(&mut accounts, &asset)?;
    require(tokens.mint.view.is_writable(), CommonError::NotWritable)?;
    accounts.finish()?;
    let paused = reader.bool()?;
    reader.finish()?;
    require(
        compliance.address() == &{ asset.compliance },
        CommonError::WrongAuthority,
    )?;
    if asset.paused == u8::from(paused) {
        return Ok(());
    }
    asset.paused = u8::from(paused);
    asset_account.account.set(&asset);
    let program = tokens.program.address();
    if program == &TOKEN_2022_PROGRAM {
        set_mint_paused(program, tokens.mint.view, &asset_account, paused)?;
    }
    event::paused_set(asset_account.address(), paused);
    Ok(())
}

/// Name the countries whose investors may receive nothing.
#[inline(never)]
pub fn set_blocked_countries(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let compliance = accounts.signer()?;
    let asset_account = AssetAccount::take_writable(&mut accounts)?;
    accounts.finish()?;
    let mut asset = asset_account.account.get();
    require(
        compliance.address() == &{ asset.compliance },
        CommonError::WrongAuthority,
    )?;
    let count = reader.u32()? as usize;
    require(count <= COUNTRIES_MAX, CommonError::BadInstructionData)?;
    let mut blocked = [0u16; COUNTRIES_MAX];
    for country in &mut blocked[..count] {
        *country = reader.u16()?;
        require(*country != 0, CommonError::BadInstructionData)?;
    }
    reader.finish()?;
    asset.blocked_countries = blocked;
    asset_account.account.set(&asset);
    event::countries_set(asset_account.address(), count as u8);
    Ok(())
}
