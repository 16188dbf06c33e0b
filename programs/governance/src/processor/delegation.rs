//! Letting another wallet vote in one's place.

use pinocchio::{error::ProgramError, Address, ProgramResult};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    reader::Reader,
    state::Record,
};

use crate::{error::GovernanceError, event, state::Voter};

/// Take the wallet's own account and the delegate's, of the same realm.
#[inline(always)]
fn take<'a>(
    mut accounts: Accounts<'a>,
    reader: Reader,
) -> Result<[Record<'a, Voter>; 2], ProgramError> {
    let wallet = accounts.signer()?;
    let own: Record<Voter> = Record::check(accounts.writable()?, accounts.program_id)?;
    let other: Record<Voter> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    reader.finish()?;
    require(
        own.address() != other.address(),
        CommonError::DuplicateAccount,
    )?;
    let (mine, theirs) = (own.get(), other.get());
    require(
        { mine.wallet } == *wallet.address(),
        CommonError::WrongAuthority,
    )?;
    require(
        { mine.realm } == { theirs.realm },
        CommonError::WrongAddress,
    )?;
    Ok([own, other])
}

/// Delegate. Depth is one: who has delegated is no delegate, and a delegate has not delegated, so
/// there are no chains and no cycles. The wallet may still vote itself; its deposit votes once.
#[inline(never)]
pub fn delegate(accounts: Accounts, reader: Reader) -> ProgramResult {
    let [own, other] = take(accounts, reader)?;
    let (mut mine, mut theirs) = (own.get(), other.get());
    let zero = Address::default();
    require({ mine.delegate } == zero, GovernanceError::AlreadyDelegated)?;
    let is_flat = { mine.delegators } == 0 && { theirs.delegate } == zero;
    require(is_flat, GovernanceError::DelegationTooDeep)?;
    mine.delegate = theirs.wallet;
    theirs.delegators = { theirs.delegators }
        .checked_add(1)
        .ok_or(CommonError::Overflow)?;
    own.set(&mine);
    other.set(&theirs);
    event::delegated(&{ mine.realm }, &{ mine.wallet }, &{ mine.delegate });
    Ok(())
}

/// Take a delegation back.
#[inline(never)]
pub fn undelegate(accounts: Accounts, reader: Reader) -> ProgramResult {
    let [own, other] = take(accounts, reader)?;
    let (mut mine, mut theirs) = (own.get(), other.get());
    require(
        { mine.delegate } == { theirs.wallet },
        GovernanceError::NotDelegated,
    )?;
    mine.delegate = Address::default();
    theirs.delegators = { theirs.delegators }
        .checked_sub(1)
        .ok_or(CommonError::Overflow)?;
    own.set(&mine);
    other.set(&theirs);
    event::delegated(&{ mine.realm }, &{ mine.wallet }, &{ mine.delegate });
    Ok(())
}
