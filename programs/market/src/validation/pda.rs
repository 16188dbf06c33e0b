//! Addresses that are made from what they are for.

use pinocchio::{error::ProgramError, AccountView, Address};

use super::{accounts::writable, Accounts, ConfigAccount};
use crate::{
    error::{require, MarketError},
    state::{config::VAULT_AUTHORITY_SEED, mint_record::VAULT_SEED},
};

/// Work out a vault's address.
///
/// Hashing is enough: a vault is only ever made at the first bump that gives an address without a
/// key, so nothing lies at the address of any other bump.
#[inline(never)]
pub fn vault_address(owner: &Address, mint: &Address, bump: u8, program_id: &Address) -> Address {
    Address::derive_address(
        &[VAULT_SEED, owner.as_ref(), mint.as_ref()],
        Some(bump),
        program_id,
    )
}

/// The address that every vault obeys.
#[derive(Clone, Copy)]
pub struct VaultAuthority<'a> {
    view: &'a AccountView,
    bump: u8,
}

impl<'a> VaultAuthority<'a> {
    /// Take the next account, which must be the vault authority.
    #[inline(never)]
    pub fn next(
        accounts: &mut Accounts<'a>,
        config: &ConfigAccount<'a>,
    ) -> Result<Self, ProgramError> {
        let view = accounts.next()?;
        let bump = config.state().vault_authority_bump;
        let address =
            Address::derive_address(&[VAULT_AUTHORITY_SEED], Some(bump), accounts.program_id);
        require(view.address() == &address, MarketError::WrongAddress)?;
        Ok(Self { view, bump })
    }

    /// Its address.
    pub fn address(&self) -> &'a Address {
        self.view.address()
    }

    /// The account.
    pub fn view(&self) -> &'a AccountView {
        self.view
    }

    /// What completes its seeds.
    pub fn bump(&self) -> [u8; 1] {
        [self.bump]
    }
}

/// An account at an address of this program where nothing was made yet.
pub struct NewAccount<'a> {
    view: &'a AccountView,
    bump: u8,
}

impl<'a> NewAccount<'a> {
    /// Take the next account, which must lie at the first address of the seeds.
    ///
    /// # Errors
    /// `occupied` when something is there already.
    #[inline(never)]
    pub fn next(
        accounts: &mut Accounts<'a>,
        seeds: &[&[u8]],
        occupied: MarketError,
    ) -> Result<Self, ProgramError> {
        let view = accounts.next()?;
        let (address, bump) = Address::try_find_program_address(seeds, accounts.program_id)
            .ok_or(MarketError::WrongAddress)?;
        require(view.address() == &address, MarketError::WrongAddress)?;
        // Anyone can send lamports to the address; only this program can put data there.
        let empty = view.owned_by(&super::accounts::SYSTEM_PROGRAM) && view.is_data_empty();
        require(empty, occupied)?;
        writable(view)?;
        Ok(Self { view, bump })
    }

    /// The account.
    pub fn view(&self) -> &'a AccountView {
        self.view
    }

    /// What completed its seeds.
    pub fn bump(&self) -> u8 {
        self.bump
    }
}
