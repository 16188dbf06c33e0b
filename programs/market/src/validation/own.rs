//! Accounts that this program made.

use core::marker::PhantomData;

use pinocchio::{error::ProgramError, AccountView, Address};

use super::{accounts::writable, Accounts};
use crate::{
    error::{require, MarketError},
    state::{Config, State},
};

/// An account of this program that holds a `T`.
#[derive(Clone, Copy)]
pub struct Owned<'a, T: State> {
    view: &'a AccountView,
    kind: PhantomData<T>,
}

impl<'a, T: State> Owned<'a, T> {
    /// Take the next account, which must hold a `T` of this program.
    ///
    /// Only this program writes its accounts, and only at the addresses that it makes them at, so
    /// owner and discriminator prove the address too.
    #[inline(never)]
    pub fn next(accounts: &mut Accounts<'a>) -> Result<Self, ProgramError> {
        let view = accounts.next()?;
        require(view.owned_by(accounts.program_id), MarketError::WrongOwner)?;
        require(view.data_len() == T::BYTES, MarketError::WrongAccountKind)?;
        // SAFETY: nothing borrows the data; the first eight bytes are there.
        let data = unsafe { view.borrow_unchecked() };
        require(data[..8] == T::DISCRIMINATOR, MarketError::WrongAccountKind)?;
        Ok(Self {
            view,
            kind: PhantomData,
        })
    }

    /// The same, writable.
    pub fn next_writable(accounts: &mut Accounts<'a>) -> Result<Self, ProgramError> {
        let owned = Self::next(accounts)?;
        writable(owned.view)?;
        Ok(owned)
    }

    /// What it holds.
    #[inline(always)]
    pub fn state(&self) -> &'a T {
        // SAFETY: length and kind were checked, `T` is bytes only, and nothing writes it while a
        // processor reads.
        unsafe { &*(self.view.data_ptr() as *const T) }
    }

    /// The account.
    pub fn view(&self) -> &'a AccountView {
        self.view
    }
}

/// The config, to read.
pub type ConfigAccount<'a> = Owned<'a, Config>;

impl<'a> ConfigAccount<'a> {
    /// Its address.
    pub fn address(&self) -> &'a Address {
        self.view.address()
    }

    /// Refuse while stopped.
    pub fn require_running(&self) -> Result<(), ProgramError> {
        require(self.state().paused == 0, MarketError::Paused)
    }
}

/// The config, to change.
pub struct ConfigAccountMut<'a>(&'a mut Config);

impl<'a> ConfigAccountMut<'a> {
    /// Take the next account, which must be the config and writable.
    pub fn next(accounts: &mut Accounts<'a>) -> Result<Self, ProgramError> {
        let owned = Owned::<Config>::next_writable(accounts)?;
        let data = owned.view.data_ptr() as *mut Config;
        // SAFETY: checked as above; this is the only reference that the processor gets.
        Ok(Self(unsafe { &mut *data }))
    }

    /// What it holds.
    pub fn state(&mut self) -> &mut Config {
        self.0
    }
}

/// Close an account of this program; its lamports go to `rent_to`.
pub fn close<T: State>(owned: Owned<'_, T>, rent_to: &AccountView) -> Result<(), ProgramError> {
    require(
        rent_to.address() != owned.view.address(),
        MarketError::WrongAddress,
    )?;
    let (mut closing, mut receiving) = (*owned.view, *rent_to);
    let sum = receiving.lamports().checked_add(closing.lamports());
    receiving.set_lamports(sum.ok_or(MarketError::Overflow)?);
    closing.set_lamports(0);
    closing.close()
}
