use pinocchio::{error::ProgramError, ProgramResult};

use super::settlement::Head;
use crate::{
    cpi::transfers::Transfers,
    error::MarketError,
    reader::Reader,
    validation::{
        legs::{Legs, Mints},
        Accounts,
    },
};

/// Settle a set of fills: the deltas of each mint add up to zero, so that those who give pay those
/// who get, and no other vault is touched.
#[inline(never)] // a frame of its own
pub fn settle_set<'a>(mut accounts: Accounts<'a>, mut reader: Reader<'a>) -> ProgramResult {
    let head = Head::next(&mut accounts, &mut reader)?;
    let mint_count = reader.u8()? as usize;
    let mints = Mints::next(&mut accounts, mint_count, None)?;
    let legs = Legs::next(&mut accounts, &mut reader, &mints, &head.authority)?;
    accounts.finish()?;
    reader.finish()?;
    legs.require_zero_sum(&mints)?;

    head.receipt
        .create(&head.payer, head.fills_hash, &accounts)?;
    let mut transfers = Transfers::new(head.authority);
    for mint in 0..mints.count() {
        pair(&mints, &legs, mint, &mut transfers)?;
    }
    transfers.flush();
    head.emit(0, legs.participants(), legs.count());
    Ok(())
}

/// Let those who give of a mint pay those who get, both in the order of the legs: one transfer less
/// than there are legs, at most.
fn pair<'a>(
    mints: &Mints<'a>,
    legs: &Legs<'a>,
    mint: usize,
    transfers: &mut Transfers<'a>,
) -> Result<(), ProgramError> {
    let token = mints.mint(mint)?;
    let (mut giver, mut taker) = (0, 0); // where to look for the next one
    let (mut given, mut got) = (0u64, 0u64); // what is open of the present one
    let (mut from, mut to) = (None, None);
    loop {
        if given == 0 {
            giver = legs.find(mint, true, giver);
            if giver == legs.count() {
                return Ok(()); // the sums are equal, so that no one waits for more
            }
            let (_, delta, vault) = legs.leg(giver);
            (given, from) = (delta.unsigned_abs(), Some(vault));
            giver += 1;
        }
        if got == 0 {
            taker = legs.find(mint, false, taker);
            if taker == legs.count() {
                return Err(MarketError::NotZeroSum.into());
            }
            let (_, delta, vault) = legs.leg(taker);
            (got, to) = (delta.unsigned_abs(), Some(vault));
            taker += 1;
        }
        let (Some(source), Some(target)) = (from, to) else {
            return Err(MarketError::NotZeroSum.into());
        };
        let amount = given.min(got);
        transfers.add(&token, source, target, amount);
        given -= amount;
        got -= amount;
    }
}
