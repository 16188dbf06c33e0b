//! The accounts of an instruction, taken in the order of the IDL and checked on the way.

use pinocchio::{error::ProgramError, AccountView, Address};

use crate::error::{require, CommonError};

/// The system program.
pub const SYSTEM_PROGRAM: Address = Address::new_from_array([0; 32]);

/// The accounts that are left.
pub struct Accounts<'a> {
    /// The program that runs.
    pub program_id: &'a Address,
    left: &'a [AccountView],
}

impl<'a> Accounts<'a> {
    /// Begin at the first account.
    pub fn new(program_id: &'a Address, views: &'a [AccountView]) -> Self {
        Self {
            program_id,
            left: views,
        }
    }

    /// Take an account that is only looked at.
    #[inline(always)]
    pub fn any(&mut self) -> Result<&'a AccountView, ProgramError> {
        let (first, rest) = self.left.split_first().ok_or(CommonError::MissingAccount)?;
        self.left = rest;
        Ok(first)
    }

    /// Take an account that will change.
    #[inline(always)]
    pub fn writable(&mut self) -> Result<&'a AccountView, ProgramError> {
        let view = self.any()?;
        require(view.is_writable(), CommonError::NotWritable)?;
        Ok(view)
    }

    /// Take an account that signed.
    #[inline(always)]
    pub fn signer(&mut self) -> Result<&'a AccountView, ProgramError> {
        let view = self.any()?;
        require(view.is_signer(), CommonError::MissingSignature)?;
        Ok(view)
    }

    /// Take the account that pays rent.
    #[inline(always)]
    pub fn payer(&mut self) -> Result<&'a AccountView, ProgramError> {
        let view = self.signer()?;
        require(view.is_writable(), CommonError::NotWritable)?;
        Ok(view)
    }

    /// Take the account that signed for a role.
    #[inline(always)]
    pub fn role(&mut self, holder: &Address) -> Result<&'a AccountView, ProgramError> {
        let view = self.signer()?;
        require(view.address() == holder, CommonError::WrongAuthority)?;
        Ok(view)
    }

    /// Take a program that must have an address.
    #[inline(always)]
    pub fn program(&mut self, address: &Address) -> Result<&'a AccountView, ProgramError> {
        let view = self.any()?;
        require(view.address() == address, CommonError::WrongProgram)?;
        Ok(view)
    }

    /// Take the system program.
    #[inline(always)]
    pub fn system_program(&mut self) -> Result<&'a AccountView, ProgramError> {
        self.program(&SYSTEM_PROGRAM)
    }

    /// Return all that are left.
    pub fn rest(self) -> &'a [AccountView] {
        self.left
    }

    /// Refuse accounts beyond the last.
    #[inline(always)]
    pub fn finish(self) -> Result<(), ProgramError> {
        require(self.left.is_empty(), CommonError::TooManyAccounts)
    }
}
