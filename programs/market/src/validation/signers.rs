//! Accounts that signed.

use pinocchio::{error::ProgramError, AccountView, Address};

use super::{accounts::writable, Accounts};
use crate::error::{require, MarketError};

/// An account that signed.
#[derive(Clone, Copy)]
pub struct SignerAccount<'a>(&'a AccountView);

impl<'a> SignerAccount<'a> {
    /// Take the next account, which must have signed.
    #[inline(never)]
    pub fn next(accounts: &mut Accounts<'a>) -> Result<Self, ProgramError> {
        let view = accounts.next()?;
        require(view.is_signer(), MarketError::MissingSignature)?;
        Ok(Self(view))
    }

    /// Refuse unless it holds a role.
    pub fn require_role(&self, holder: &Address) -> Result<(), ProgramError> {
        require(self.address() == holder, MarketError::WrongAuthority)
    }

    /// Its address.
    pub fn address(&self) -> &'a Address {
        self.0.address()
    }

    /// The account.
    pub fn view(&self) -> &'a AccountView {
        self.0
    }
}

/// An account that signed and can pay rent.
#[derive(Clone, Copy)]
pub struct Payer<'a>(&'a AccountView);

impl<'a> Payer<'a> {
    /// Take the next account, which must have signed and be writable.
    pub fn next(accounts: &mut Accounts<'a>) -> Result<Self, ProgramError> {
        let signer = SignerAccount::next(accounts)?;
        Ok(Self(writable(signer.view())?))
    }

    /// The account.
    pub fn view(&self) -> &'a AccountView {
        self.0
    }
}
