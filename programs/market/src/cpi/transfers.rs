//! Many transfers between vaults in few calls.

use core::mem::MaybeUninit;

use pinocchio::{
    cpi::{invoke_signed_unchecked, CpiAccount, Seed, Signer},
    instruction::{InstructionAccount, InstructionView},
    AccountView,
};

use super::tokens::{transfer_data, TRANSFER_BYTES};
use crate::{
    state::config::VAULT_AUTHORITY_SEED,
    validation::{Mint, TokenProgram, VaultAuthority},
};

/// Transfers in one call; bounded by the 4 KiB of a stack frame.
const TRANSFERS_MAX: usize = 8;
const BATCH: u8 = 255;
const ACCOUNTS_EACH: usize = 4;
const HEADER_BYTES: usize = 2;
const EACH_BYTES: usize = HEADER_BYTES + TRANSFER_BYTES;

/// Transfers that were asked for and not made yet.
pub struct Transfers<'a> {
    authority: VaultAuthority<'a>,
    program: Option<TokenProgram<'a>>,
    count: usize,
    metas: [MaybeUninit<InstructionAccount<'a>>; ACCOUNTS_EACH * TRANSFERS_MAX],
    infos: [MaybeUninit<CpiAccount<'a>>; 1 + 3 * TRANSFERS_MAX],
    data: [u8; 1 + EACH_BYTES * TRANSFERS_MAX],
}

impl<'a> Transfers<'a> {
    /// Begin with none.
    #[inline(always)]
    pub fn new(authority: VaultAuthority<'a>) -> Self {
        let mut begun = Self {
            authority,
            program: None,
            count: 0,
            metas: [const { MaybeUninit::uninit() }; ACCOUNTS_EACH * TRANSFERS_MAX],
            infos: [const { MaybeUninit::uninit() }; 1 + 3 * TRANSFERS_MAX],
            data: [0; 1 + EACH_BYTES * TRANSFERS_MAX],
        };
        begun.data[0] = BATCH;
        CpiAccount::init_from_account_view(authority.view(), &mut begun.infos[0]);
        begun
    }

    /// Ask for a transfer; they are made in the order that they were asked for.
    #[inline(never)]
    pub fn add(
        &mut self,
        mint: &Mint<'a>,
        from: &'a AccountView,
        to: &'a AccountView,
        amount_atoms: u64,
    ) {
        let program = mint.program();
        if let Some(before) = self.program {
            let full = self.count == TRANSFERS_MAX || !program.has_batch();
            if full || before.address() != program.address() {
                self.flush();
            }
        }
        self.program = Some(program);
        let at = self.count;
        let metas = &mut self.metas[times(ACCOUNTS_EACH, at)..times(ACCOUNTS_EACH, at + 1)];
        metas[0].write(InstructionAccount::writable(from.address()));
        metas[1].write(InstructionAccount::readonly(mint.address()));
        metas[2].write(InstructionAccount::writable(to.address()));
        metas[3].write(InstructionAccount::readonly_signer(
            self.authority.address(),
        ));
        let infos = &mut self.infos[1 + times(3, at)..1 + times(3, at + 1)];
        CpiAccount::init_from_account_view(from, &mut infos[0]);
        CpiAccount::init_from_account_view(mint.view(), &mut infos[1]);
        CpiAccount::init_from_account_view(to, &mut infos[2]);
        let data = &mut self.data[1 + times(EACH_BYTES, at)..1 + times(EACH_BYTES, at + 1)];
        data[0] = ACCOUNTS_EACH as u8;
        data[1] = TRANSFER_BYTES as u8;
        data[HEADER_BYTES..].copy_from_slice(&transfer_data(amount_atoms, mint.decimals()));
        self.count += 1;
    }

    /// Make what was asked for; a transfer that fails ends the whole transaction.
    #[inline(never)]
    pub fn flush(&mut self) {
        let (Some(program), count) = (self.program, self.count) else {
            return;
        };
        if count == 0 {
            return;
        }
        self.count = 0;
        let data = if program.has_batch() {
            &self.data[..1 + times(EACH_BYTES, count)]
        } else {
            &self.data[1 + HEADER_BYTES..1 + EACH_BYTES] // `add` keeps to one
        };
        let bump = self.authority.bump();
        let seeds = [Seed::from(VAULT_AUTHORITY_SEED), Seed::from(&bump)];
        // SAFETY: the first `4 * count` metas and `1 + 3 * count` infos were written by `add` and
        // `new`, nothing borrows an account's data, and both point to accounts that outlive this.
        unsafe {
            let metas = core::slice::from_raw_parts(
                self.metas.as_ptr() as *const InstructionAccount,
                times(ACCOUNTS_EACH, count),
            );
            let infos = core::slice::from_raw_parts(
                self.infos.as_ptr() as *const CpiAccount,
                1 + times(3, count),
            );
            invoke_signed_unchecked(
                &InstructionView {
                    program_id: program.address(),
                    data,
                    accounts: metas,
                },
                infos,
                &[Signer::from(&seeds)],
            );
        }
    }
}

/// Multiply two small numbers: a check for overflow would be a multiplication of 128 bits, which
/// the compiler has no code for.
#[inline(always)]
fn times(each: usize, count: usize) -> usize {
    each.wrapping_mul(count)
}
