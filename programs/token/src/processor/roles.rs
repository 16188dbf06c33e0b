//! Handing a role over.

use pinocchio::{Address, ProgramResult};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    reader::Reader,
};

use crate::{error::TokenError, event, state::Asset, validation::AssetAccount};

/// First number of the approvers' seats; before it issuer, compliance and recovery.
const ROLE_APPROVERS: u8 = 3;

/// Hand a role from its holder to the next one; both sign, so it cannot go to a wrong address.
#[inline(never)]
pub fn hand_over(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let holder = accounts.signer()?;
    let next = accounts.signer()?;
    let asset_account = AssetAccount::take_writable(&mut accounts)?;
    accounts.finish()?;
    let role = reader.u8()?;
    reader.finish()?;
    let mut asset = asset_account.account.get();
    match role {
        0 => asset.issuer = replaced(asset.issuer, holder.address(), next.address())?,
        1 => asset.compliance = replaced(asset.compliance, holder.address(), next.address())?,
        2 => asset.recovery = replaced(asset.recovery, holder.address(), next.address())?,
        _ => replace_approver(&mut asset, role, [holder.address(), next.address()])?,
    }
    require(
        { asset.compliance } != { asset.recovery },
        CommonError::DuplicateAccount,
    )?;
    asset_account.account.set(&asset);
    event::role_handed_over(asset_account.address(), role, next.address());
    Ok(())
}

fn replaced(
    now: Address,
    holder: &Address,
    next: &Address,
) -> Result<Address, pinocchio::error::ProgramError> {
    require(&now == holder, CommonError::WrongAuthority)?;
    Ok(*next)
}

fn replace_approver(asset: &mut Asset, role: u8, people: [&Address; 2]) -> ProgramResult {
    let [holder, next] = people;
    let seat = role - ROLE_APPROVERS;
    require(seat < asset.approver_count, CommonError::BadInstructionData)?;
    require(
        asset.seat(holder) == Some(seat),
        CommonError::WrongAuthority,
    )?;
    require(asset.seat(next).is_none(), TokenError::BadApprovers)?;
    asset.approvers[seat as usize].copy_from_slice(next.as_ref());
    Ok(())
}
