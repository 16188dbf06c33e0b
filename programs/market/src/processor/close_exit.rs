use pinocchio::ProgramResult;

use crate::{
    error::{require, MarketError},
    event::{kind, Event},
    reader::Reader,
    state::Exit,
    validation::{own::close, Accounts, Owned, Payer},
};

/// End an exit, so that the venue takes the owner's orders again; the rent goes to the owner.
#[inline(never)] // a frame of its own
pub fn close_exit(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let owner = Payer::next(&mut accounts)?;
    let request = Owned::<Exit>::next_writable(&mut accounts)?;
    accounts.finish()?;
    reader.finish()?;
    let owner_address = owner.view().address();
    require(
        owner_address == &request.state().owner,
        MarketError::WrongAuthority,
    )?;

    Event::new(&kind::EXIT_CLOSED).address(owner_address).emit();
    close(request, owner.view())
}
