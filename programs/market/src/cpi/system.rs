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

const CREATE_ACCOUNT: u8 = 0;
const ASSIGN: u8 = 1;
const TRANSFER: u8 = 2;
const ALLOCATE: u8 = 8;

/// What an account is to be.
pub struct Plan<'a> {
    pub seeds: &'a [Seed<'a>],
    pub bytes: u64,
    pub owner: &'a Address,
}

/// Make an account: in one step, or in three when the address holds lamports already. The one step
/// refuses such an address, and anyone can send some there.
#[inline(never)]
pub fn create(payer: &Payer, new: &NewAccount, plan: &Plan) -> Result<(), ProgramError> {
    let rent = Rent::get()?.try_minimum_balance(plan.bytes as usize)?;
    let signer = Signer::from(plan.seeds);
    let present = new.view().lamports();
    if present == 0 {
        let mut data = [0; 52];
        data[0] = CREATE_ACCOUNT;
        data[4..12].copy_from_slice(&rent.to_le_bytes());
        data[12..20].copy_from_slice(&plan.bytes.to_le_bytes());
        data[20..].copy_from_slice(plan.owner.as_ref());
        let to = InstructionAccount::writable_signer(new.view().address());
        return call_on_both(payer.view(), new.view(), to, &data, &signer);
    }
    if present < rent {
        let mut data = [0; 12];
        data[0] = TRANSFER;
        data[4..].copy_from_slice(&(rent - present).to_le_bytes());
        let to = InstructionAccount::writable(new.view().address());
        call_on_both(payer.view(), new.view(), to, &data, &signer)?;
    }
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

#[inline(always)]
fn call_on_both(
    payer: &AccountView,
    new: &AccountView,
    to: InstructionAccount,
    data: &[u8],
    signer: &Signer,
) -> Result<(), ProgramError> {
    let accounts = [InstructionAccount::writable_signer(payer.address()), to];
    let instruction = InstructionView {
        program_id: &SYSTEM_PROGRAM,
        data,
        accounts: &accounts,
    };
    invoke_signed(&instruction, &[payer, new], core::slice::from_ref(signer))
}
