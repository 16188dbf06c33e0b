//! Where the runtime enters, and the table of instructions.

use pinocchio::{AccountView, Address, ProgramResult};
use realstack_common::{accounts::Accounts, error::CommonError, reader::Reader};

use crate::{instruction as ix, processor};

const ACCOUNTS_MAX: usize = 24;

pinocchio::program_entrypoint!(process, ACCOUNTS_MAX);
pinocchio::no_allocator!();
pinocchio::nostd_panic_handler!();

fn process(program_id: &Address, views: &mut [AccountView], data: &[u8]) -> ProgramResult {
    if views.len() >= ACCOUNTS_MAX {
        return Err(CommonError::TooManyAccounts.into()); // what is beyond was not read
    }
    let accounts = Accounts::new(program_id, views);
    let mut reader = Reader::new(data);
    match *reader.bytes::<{ ix::DISCRIMINATOR_BYTES }>()? {
        ix::REGISTER_ASSET => processor::register_asset(accounts, reader),
        ix::ADD_DOCUMENT => processor::add_document(accounts, reader),
        ix::CREATE_MINT => processor::create_mint(accounts, reader),
        ix::REGISTER_INVESTOR => processor::register_investor(accounts, reader),
        ix::UPDATE_INVESTOR => processor::update_investor(accounts, reader),
        ix::REGISTER_WALLET => processor::register_wallet(accounts, reader),
        ix::REMOVE_WALLET => processor::remove_wallet(accounts, reader),
        ix::PROPOSE_ISSUANCE => processor::propose_issuance(accounts, reader),
        ix::APPROVE_ISSUANCE => processor::approve_issuance(accounts, reader),
        ix::CANCEL_ISSUANCE => processor::cancel_issuance(accounts, reader),
        ix::ISSUE => processor::issue(accounts, reader),
        ix::FREEZE => processor::freeze(accounts, reader),
        ix::THAW => processor::thaw(accounts, reader),
        ix::TRANSFER => processor::transfer(accounts, reader),
        ix::FORCED_TRANSFER => processor::forced_transfer(accounts, reader),
        ix::BURN => processor::burn(accounts, reader),
        ix::FORCED_BURN => processor::forced_burn(accounts, reader),
        ix::SET_PAUSED => processor::set_paused(accounts, reader),
        ix::SET_BLOCKED_COUNTRIES => processor::set_blocked_countries(accounts, reader),
        ix::HAND_OVER => processor::hand_over(accounts, reader),
        ix::CREATE_DIVIDEND => processor::create_dividend(accounts, reader),
        ix::CLAIM_DIVIDEND => processor::claim_dividend(accounts, reader),
        ix::PUSH_DIVIDEND => processor::push_dividend(accounts, reader),
        ix::CLOSE_DIVIDEND => processor::close_dividend(accounts, reader),
        _ => Err(CommonError::UnknownInstruction.into()),
    }
}
