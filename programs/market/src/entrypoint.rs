//! Where the runtime enters, and the table of instructions.

use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    error::MarketError, instruction as ix, processor, reader::Reader, validation::Accounts,
};

// A transaction locks at most 64 accounts, but may name one of them several times.
pinocchio::program_entrypoint!(process, 96);
pinocchio::no_allocator!();
pinocchio::nostd_panic_handler!();

fn process(program_id: &Address, views: &mut [AccountView], data: &[u8]) -> ProgramResult {
    if views.len() >= 96 {
        return Err(MarketError::TooManyAccounts.into()); // what is beyond was not read
    }
    let accounts = Accounts::new(program_id, views);
    let mut reader = Reader::new(data);
    match *reader.bytes::<{ ix::DISCRIMINATOR_BYTES }>()? {
        ix::SETTLE_SET => processor::settle_set(accounts, reader),
        ix::SETTLE_CLEARING => processor::settle_clearing(accounts, reader),
        ix::DEPOSIT => processor::deposit(accounts, reader),
        ix::WITHDRAW => processor::withdraw(accounts, reader),
        ix::OPEN_VAULT => processor::open_vault(accounts, reader),
        ix::REQUEST_EXIT => processor::request_exit(accounts, reader),
        ix::EXIT => processor::exit(accounts, reader),
        ix::CLOSE_EXIT => processor::close_exit(accounts, reader),
        ix::CLOSE_RECEIPT => processor::close_receipt(accounts, reader),
        ix::ADVANCE_MARK => processor::advance_mark(accounts, reader),
        ix::SET_PAUSED => processor::set_paused(accounts, reader),
        ix::SET_ROLES => processor::set_roles(accounts, reader),
        ix::REGISTER_MINT => processor::register_mint(accounts, reader),
        ix::WITHDRAW_HOUSE => processor::withdraw_house(accounts, reader),
        ix::PROPOSE_AUTHORITY => processor::propose_authority(accounts, reader),
        ix::ACCEPT_AUTHORITY => processor::accept_authority(accounts, reader),
        ix::INITIALIZE => processor::initialize(accounts, reader),
        _ => Err(MarketError::UnknownInstruction.into()),
    }
}
