//! Where the runtime enters, and the table of instructions.

use pinocchio::{AccountView, Address, ProgramResult};
use realstack_common::{accounts::Accounts, error::CommonError, reader::Reader};

use crate::{instruction as ix, processor};

const ACCOUNTS_MAX: usize = 32;

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
        ix::CREATE_REALM => processor::create_realm(accounts, reader),
        ix::SET_REALM => processor::set_realm(accounts, reader),
        ix::OPEN_VOTER => processor::open_voter(accounts, reader),
        ix::DEPOSIT => processor::deposit(accounts, reader),
        ix::WITHDRAW => processor::withdraw(accounts, reader),
        ix::DELEGATE => processor::delegate(accounts, reader),
        ix::UNDELEGATE => processor::undelegate(accounts, reader),
        ix::CREATE_PROPOSAL => processor::create_proposal(accounts, reader),
        ix::OPEN_PROPOSAL => processor::open_proposal(accounts, reader),
        ix::CANCEL_PROPOSAL => processor::cancel_proposal(accounts, reader),
        ix::CAST_VOTE => processor::cast_vote(accounts, reader),
        ix::VETO_PROPOSAL => processor::veto_proposal(accounts, reader),
        ix::COUNT_VOTES => processor::count_votes(accounts, reader),
        ix::EXECUTE => processor::execute(accounts, reader),
        _ => Err(CommonError::UnknownInstruction.into()),
    }
}
