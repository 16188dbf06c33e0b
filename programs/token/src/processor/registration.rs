//! Registering an asset.

use pinocchio::{Address, ProgramResult};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    reader::Reader,
    state::create,
};

use crate::{
    error::TokenError,
    event,
    state::{Asset, APPROVERS_MAX, ASSET_SEED},
};

/// Register an asset with its roles; the signer becomes its issuer.
#[inline(never)]
pub fn register_asset(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let issuer = accounts.payer()?;
    let asset_view = accounts.writable()?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    // SAFETY: a record of integers and bytes is valid when all of it is zero.
    let mut asset: Asset = unsafe { core::mem::zeroed() };
    asset.asset_id = *reader.bytes()?;
    put_text(&mut asset.name, reader.text(32)?)?;
    put_text(&mut asset.symbol, reader.text(10)?)?;
    asset.metadata_hash = *reader.bytes()?;
    asset.compliance = *reader.address()?;
    asset.recovery = *reader.address()?;
    asset.threshold = reader.u8()?;
    put_approvers(&mut asset, reader.blocks(APPROVERS_MAX)?)?;
    reader.finish()?;
    asset.creator = *issuer.address();
    asset.issuer = *issuer.address();
    let zero = Address::default();
    require(
        { asset.compliance } != zero && { asset.recovery } != zero,
        TokenError::ZeroRole,
    )?;
    require(
        { asset.compliance } != { asset.recovery },
        CommonError::DuplicateAccount,
    )?;
    let id = asset.asset_id;
    let seeds: [&[u8]; 3] = [ASSET_SEED, issuer.address().as_ref(), &id];
    let (made, bump) = create([asset_view, issuer], program_id, &seeds, &asset, 0)?;
    asset.bump = bump;
    made.set(&asset);
    event::asset_registered(made.address(), issuer.address(), &asset.metadata_hash);
    Ok(())
}

fn put_text(field: &mut [u8], text: &[u8]) -> ProgramResult {
    require(!text.is_empty(), CommonError::BadInstructionData)?;
    require(
        core::str::from_utf8(text).is_ok(),
        CommonError::BadInstructionData,
    )?;
    field[..text.len()].copy_from_slice(text);
    Ok(())
}

fn put_approvers(asset: &mut Asset, approvers: &[[u8; 32]]) -> ProgramResult {
    let threshold = asset.threshold as usize;
    require(
        threshold >= 1 && threshold <= approvers.len(),
        TokenError::BadApprovers,
    )?;
    for (place, approver) in approvers.iter().enumerate() {
        require(approver != &[0; 32], TokenError::BadApprovers)?;
        require(
            !approvers[..place].contains(approver),
            TokenError::BadApprovers,
        )?;
        asset.approvers[place] = *approver;
    }
    asset.approver_count = approvers.len() as u8;
    Ok(())
}
