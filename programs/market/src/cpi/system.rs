//! Makes the program's accounts.

use pinocchio::{
    cpi::{invoke_signed, Seed, Signer},
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    sysvars::{rent::Rent, Sysvar},
    AccountView, Address,
};

use crate::{
    state::State,
    validation::{accounts::SYSTEM_PROGRAM, NewAccount, Payer},
};

const ASSIGN: u8 = 1;
const TRANSFER: u8 = 2;
const ALLOCATE: u8 = 8;

/// What an account is to be.
pub struct Plan<'a> {
    pub seeds: &'a [Seed<'a>],
    pub bytes: u64,
    pub owner: &'a Address,
}

/// Make an account.
///
/// In three steps, not with the system program's one: that one refuses an address that holds
/// lamports, and anyone can send some there.
#[inline(never)]
pub fn create(payer: &Payer, new: &NewAccount, plan: &Plan) -> Result<(), ProgramError> {
    let rent = Rent::get()?.try_minimum_balance(plan.bytes as usize)?;
    let missing = rent.saturating_sub(new.view().lamports());
    if missing > 0 {
        let mut data = [0; 12];
        data[0] = TRANSFER;
        data[4..].copy_from_slice(&missing.to_le_bytes());
        let to = InstructionAccount::writable(new.view().address());
        let from = InstructionAccount::writable_signer(payer.view().address());
        let accounts = [from, to];
        let program_id = &SYSTEM_PROGRAM;
        let instruction = InstructionView {
            program_id,
            data: &data,
            accounts: &accounts,
        };
        invoke_signed(&instruction, &[payer.view(), new.view()], &[])?;
    }
    let signer = Signer::from(plan.seeds);
    let mut data = [0; 12];
    data[0] = ALLOCATE;
    data[4..].copy_from_slice(&plan.bytes.to_le_bytes());
    call_on(new.view(), &data, &signer)?;
    let mut data = [0; 36];
    data[0] = ASSIGN;
    data[4..].copy_from_slice(plan.owner.as_ref());
    call_on(new.view(), &data, &signer)
}

/// Make an account of this program and hand out what it is to hold, all zero but for its kind.
#[inline(always)]
pub fn create_state<'a, T: State>(
    payer: &Payer,
    new: &NewAccount<'a>,
    seeds: &[Seed],
    program_id: &Address,
) -> Result<&'a mut T, ProgramError> {
    create(
        payer,
        new,
        &Plan {
            seeds,
            bytes: T::BYTES as u64,
            owner: program_id,
        },
    )?;
    let data = new.view().data_ptr() as *mut u8;
    // SAFETY: the account was just made with `T::BYTES` bytes, and no one else knows of them.
    unsafe {
        core::ptr::copy_nonoverlapping(T::DISCRIMINATOR.as_ptr(), data, T::DISCRIMINATOR.len());
        Ok(&mut *(data as *mut T))
    }
}

#[inline(never)]
fn call_on(view: &AccountView, data: &[u8], signer: &Signer) -> Result<(), ProgramError> {
    let accounts = [InstructionAccount::writable_signer(view.address())];
    let instruction = InstructionView {
        program_id: &SYSTEM_PROGRAM,
        data,
        accounts: &accounts,
    };
    invoke_signed(&instruction, &[view], core::slice::from_ref(signer))
}
