//! Running what was voted on.

use core::mem::MaybeUninit;

use pinocchio::{
    cpi::{invoke_signed_with_bounds, Seed, Signer},
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    sysvars::{clock::Clock, Sysvar},
    AccountView, Address, ProgramResult,
};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    hash::sha256,
    reader::Reader,
    state::Record,
};

use crate::{
    error::GovernanceError,
    event,
    state::{Proposal, Realm, AUTHORITY_SEED, COMPLETED, SUCCEEDED},
};

/// Accounts that an executed instruction can have.
const ACCOUNTS_MAX: usize = 20;
/// Bytes of data that it can have.
const DATA_BYTES_MAX: usize = 900;
/// In an account's flags: it signs.
const SIGNER: u8 = 1;
/// In an account's flags: it changes.
const WRITABLE: u8 = 2;

/// An instruction as it was shown: program, accounts with flags, data.
struct Shown<'a> {
    program: &'a Address,
    accounts: &'a [AccountView],
    flags: &'a [u8],
    data: &'a [u8],
}

impl Shown<'_> {
    /// Hash program, number of accounts, flags, length of data, data, and the addresses.
    #[inline(never)]
    fn hash(&self) -> [u8; 32] {
        let count = (self.accounts.len() as u32).to_le_bytes();
        let length = (self.data.len() as u32).to_le_bytes();
        let mut parts: [&[u8]; 5 + ACCOUNTS_MAX] = [&[]; 5 + ACCOUNTS_MAX];
        parts[0] = self.program.as_ref();
        parts[1] = &count;
        parts[2] = self.flags;
        parts[3] = &length;
        parts[4] = self.data;
        for (part, account) in parts[5..].iter_mut().zip(self.accounts) {
            *part = account.address().as_ref();
        }
        sha256(&parts[..5 + self.accounts.len()])
    }

    /// Run it; the realm's executing address signs where the flags say so.
    #[inline(never)]
    fn run(&self, realm: &Address, authority_bump: u8) -> ProgramResult {
        let mut metas = [const { MaybeUninit::<InstructionAccount>::uninit() }; ACCOUNTS_MAX];
        for ((meta, account), flags) in metas.iter_mut().zip(self.accounts).zip(self.flags) {
            let (changes, signs) = (flags & WRITABLE != 0, flags & SIGNER != 0);
            meta.write(InstructionAccount::new(account.address(), changes, signs));
        }
        // SAFETY: as many were written as there are accounts.
        let metas = unsafe {
            core::slice::from_raw_parts(
                metas.as_ptr() as *const InstructionAccount,
                self.accounts.len(),
            )
        };
        let instruction = InstructionView {
            program_id: self.program,
            accounts: metas,
            data: self.data,
        };
        let bump = [authority_bump];
        let seeds = [
            Seed::from(AUTHORITY_SEED),
            Seed::from(realm.as_ref() as &[u8]),
            Seed::from(&bump),
        ];
        let signers = [Signer::from(&seeds)];
        invoke_signed_with_bounds::<ACCOUNTS_MAX, AccountView>(
            &instruction,
            self.accounts,
            &signers,
        )
    }
}

#[inline(always)]
fn read<'a>(
    program: &'a Address,
    accounts: &'a [AccountView],
    mut reader: Reader<'a>,
) -> Result<Shown<'a>, ProgramError> {
    let flags = reader.text(ACCOUNTS_MAX)?;
    let data = reader.text(DATA_BYTES_MAX)?;
    reader.finish()?;
    require(
        accounts.len() == flags.len(),
        CommonError::BadInstructionData,
    )?;
    let is_known = flags.iter().all(|one| *one <= SIGNER | WRITABLE);
    require(is_known, CommonError::BadInstructionData)?;
    Ok(Shown {
        program,
        accounts,
        flags,
        data,
    })
}

/// Execute the next instruction of a proposal that passed. Anyone may, who shows it: it runs when
/// its hash is the one that was voted on, and never again.
#[inline(never)]
pub fn execute(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let realm: Record<Realm> = Record::check(accounts.any()?, accounts.program_id)?;
    let proposal: Record<Proposal> = Record::check(accounts.writable()?, accounts.program_id)?;
    let program = accounts.any()?.address();
    let shown = read(program, accounts.rest(), reader)?;
    let mut record = proposal.get();
    require(
        { record.realm } == *realm.address(),
        CommonError::WrongAddress,
    )?;
    require(record.state != COMPLETED, GovernanceError::NothingLeft)?;
    require(record.state == SUCCEEDED, GovernanceError::WrongState)?;
    let now_s = Clock::get()?.unix_timestamp;
    require(
        now_s >= { record.executable_from_s },
        GovernanceError::HoldUp,
    )?;
    require(
        now_s < { record.executable_until_s },
        GovernanceError::ExecutionOver,
    )?;
    let place = record.executed_count;
    require(
        place < record.instruction_count,
        GovernanceError::NothingLeft,
    )?;
    let expected = record.instruction_hashes[place as usize];
    require(
        shown.hash() == expected,
        GovernanceError::DifferentInstruction,
    )?;
    // Written before the call, so that what is called finds it done.
    record.executed_count = place + 1;
    if record.executed_count == record.instruction_count {
        record.state = COMPLETED;
    }
    proposal.set(&record);
    shown.run(realm.address(), realm.get().authority_bump)?;
    event::executed(proposal.address(), place, &expected);
    Ok(())
}
