use pinocchio::{error::ProgramError, ProgramResult};

use super::settlement::Head;
use crate::{
    cpi::transfers::Transfers,
    error::{require, MarketError},
    reader::Reader,
    validation::{
        legs::{Legs, Mints},
        Accounts,
    },
};

/// Apply the nets of some participants over all their mints against the clearing vaults: what they
/// give first, then what they get, so that the clearing vaults need least.
#[inline(never)] // a frame of its own
pub fn settle_clearing<'a>(mut accounts: Accounts<'a>, mut reader: Reader<'a>) -> ProgramResult {
    let head = Head::next(&mut accounts, &mut reader)?;
    let count = u32::from_le_bytes(*reader.bytes()?) as usize;
    require(count <= 255, MarketError::BadInstructionData)?;
    let bumps = reader.slice(count)?;
    let clearing = Some((bumps, &head.authority));
    let mints = Mints::next(&mut accounts, count, clearing)?;
    let legs = Legs::next(&mut accounts, &mut reader, &mints, &head.authority)?;
    accounts.finish()?;
    reader.finish()?;

    head.receipt
        .create(&head.payer, head.fills_hash, &accounts)?;
    let mut transfers = Transfers::new(head.authority);
    apply(&mints, &legs, true, &mut transfers)?;
    apply(&mints, &legs, false, &mut transfers)?;
    transfers.flush();
    head.emit(1, legs.participants(), legs.count());
    Ok(())
}

/// Make the transfers of all who give (or get).
fn apply<'a>(
    mints: &Mints<'a>,
    legs: &Legs<'a>,
    gives: bool,
    transfers: &mut Transfers<'a>,
) -> Result<(), ProgramError> {
    for index in 0..legs.count() {
        let (mint, delta, vault) = legs.leg(index);
        if (delta < 0) != gives {
            continue;
        }
        let clearing = mints.clearing_vault(mint)?.view();
        let (from, to) = if gives {
            (vault, clearing)
        } else {
            (clearing, vault)
        };
        transfers.add(&mints.mint(mint)?, from, to, delta.unsigned_abs());
    }
    Ok(())
}
