//! Single calls of the token programs.

use pinocchio::{
    cpi::{invoke_signed, Seed, Signer},
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    AccountView, Address,
};

use super::system::{create, Plan};
use crate::{
    state::{config::VAULT_AUTHORITY_SEED, mint_record::VAULT_SEED},
    validation::{
        Destination, Mint, NewAccount, Payer, SignerAccount, Source, Vault, VaultAuthority,
    },
};

const TRANSFER_CHECKED: u8 = 12;
const INITIALIZE_ACCOUNT_3: u8 = 18;
const VAULT_BYTES: u64 = 165; // the accepted mint extensions add nothing to an account

/// Bytes of a transfer that names the decimals.
pub const TRANSFER_BYTES: usize = 10;

/// Lay out a transfer that names the decimals.
#[inline(always)]
pub fn transfer_data(amount_atoms: u64, decimals: u8) -> [u8; TRANSFER_BYTES] {
    let mut data = [0; TRANSFER_BYTES];
    data[0] = TRANSFER_CHECKED;
    data[1..9].copy_from_slice(&amount_atoms.to_le_bytes());
    data[9] = decimals;
    data
}

struct Transfer<'a> {
    mint: &'a Mint<'a>,
    from: &'a AccountView,
    to: &'a AccountView,
    authority: &'a AccountView,
    amount_atoms: u64,
}

impl Transfer<'_> {
    #[inline(never)]
    fn make(&self, signers: &[Signer]) -> Result<(), ProgramError> {
        let accounts = [
            InstructionAccount::writable(self.from.address()),
            InstructionAccount::readonly(self.mint.address()),
            InstructionAccount::writable(self.to.address()),
            InstructionAccount::readonly_signer(self.authority.address()),
        ];
        let data = transfer_data(self.amount_atoms, self.mint.decimals());
        let program_id = self.mint.program().address();
        let instruction = InstructionView {
            program_id,
            data: &data,
            accounts: &accounts,
        };
        let views = [self.from, self.mint.view(), self.to, self.authority];
        invoke_signed(&instruction, &views, signers)
    }
}

/// Move tokens into a vault; the depositor signed the transaction.
#[inline(always)]
pub fn pay_in(
    mint: &Mint,
    source: &Source,
    vault: &Vault,
    depositor: &SignerAccount,
    amount_atoms: u64,
) -> Result<(), ProgramError> {
    let (from, to, authority) = (source.view(), vault.view(), depositor.view());
    Transfer {
        mint,
        from,
        to,
        authority,
        amount_atoms,
    }
    .make(&[])
}

/// Move tokens out of a vault.
#[inline(always)]
pub fn pay_out(
    mint: &Mint,
    vault: &Vault,
    destination: &Destination,
    authority: &VaultAuthority,
    amount_atoms: u64,
) -> Result<(), ProgramError> {
    let bump = authority.bump();
    let seeds = [Seed::from(VAULT_AUTHORITY_SEED), Seed::from(&bump)];
    let (from, to, authority) = (vault.view(), destination.view(), authority.view());
    Transfer {
        mint,
        from,
        to,
        authority,
        amount_atoms,
    }
    .make(&[Signer::from(&seeds)])
}

/// Makes vaults of a mint.
pub struct VaultMaker<'a> {
    pub payer: &'a Payer<'a>,
    pub mint: &'a Mint<'a>,
    pub authority: &'a VaultAuthority<'a>,
}

impl VaultMaker<'_> {
    /// Make the vault of an owner.
    #[inline(never)]
    pub fn make(&self, new: &NewAccount, owner: &Address) -> Result<(), ProgramError> {
        let bump = [new.bump()];
        let seeds = [
            Seed::from(VAULT_SEED),
            Seed::from(owner.as_ref()),
            Seed::from(self.mint.address().as_ref()),
            Seed::from(&bump),
        ];
        let program_id = self.mint.program().address();
        create(
            self.payer,
            new,
            &Plan {
                seeds: &seeds,
                bytes: VAULT_BYTES,
                owner: program_id,
            },
        )?;
        let mut data = [0; 33];
        data[0] = INITIALIZE_ACCOUNT_3;
        data[1..].copy_from_slice(self.authority.address().as_ref());
        let accounts = [
            InstructionAccount::writable(new.view().address()),
            InstructionAccount::readonly(self.mint.address()),
        ];
        let instruction = InstructionView {
            program_id,
            data: &data,
            accounts: &accounts,
        };
        invoke_signed(&instruction, &[new.view(), self.mint.view()], &[])
    }
}
