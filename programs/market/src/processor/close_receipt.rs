use pinocchio::ProgramResult;

use crate::{
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    state::{Receipt, ReceiptKind},
    validation::{accounts::writable, own::close, Accounts, ConfigAccount, Owned},
};

/// Give the rent of a receipt behind its mark back to who paid it; anyone may ask for it.
#[inline(never)] // a frame of its own
pub fn close_receipt(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let config = ConfigAccount::next(&mut accounts)?;
    let receipt = Owned::<Receipt>::next_writable(&mut accounts)?;
    let rent_to = writable(accounts.next()?)?;
    accounts.finish()?;
    reader.finish()?;
    let state = receipt.state();
    require(rent_to.address() == &state.payer, MarketError::WrongAddress)?;
    let mark = match ReceiptKind::from_byte(state.kind)? {
        ReceiptKind::Batch => config.state().batch_mark,
        ReceiptKind::Withdrawal => config.state().withdrawal_mark,
    };
    require(state.id.get() < mark.get(), MarketError::NotBehindMark)?;

    Event::new(&kind::RECEIPT_CLOSED)
        .u8(state.kind)
        .u64(state.id.get())
        .emit();
    close(receipt, rent_to)
}
