use pinocchio::ProgramResult;

use crate::{
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    state::ReceiptKind,
    validation::{Accounts, ConfigAccountMut, SignerAccount},
};

/// Raise the mark of batches or withdrawals: below it nothing runs any more, receipt or not.
#[inline(never)] // a frame of its own
pub fn advance_mark(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let signer = SignerAccount::next(&mut accounts)?;
    let mut account = ConfigAccountMut::next(&mut accounts)?;
    accounts.finish()?;
    let config = account.state();
    signer.require_role(&config.settlement_authority)?;
    let receipts = ReceiptKind::from_byte(reader.u8()?)?;
    let mark = reader.u64()?;
    reader.finish()?;
    let before = match receipts {
        ReceiptKind::Batch => &mut config.batch_mark,
        ReceiptKind::Withdrawal => &mut config.withdrawal_mark,
    };
    require(mark > before.get(), MarketError::MarkNotForward)?;

    *before = mark.into();
    Event::new(&kind::MARK_ADVANCED)
        .u8(receipts as u8)
        .u64(mark)
        .emit();
    Ok(())
}
