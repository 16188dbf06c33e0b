//! The list of accounts, taken one by one.

use pinocchio::{error::ProgramError, AccountView, Address};

use crate::error::{require, MarketError};

/// The address of the system program.
pub const SYSTEM_PROGRAM: Address = Address::new_from_array([0; 32]);

/// What is left of the list, and the program's own address.
#[derive(Clone, Copy)]
pub struct Accounts<'a> {
    pub program_id: &'a Address,
    left: &'a [AccountView],
}

impl<'a> Accounts<'a> {
    /// Begin with the first account.
    pub fn new(program_id: &'a Address, views: &'a [AccountView]) -> Self {
        Self {
            program_id,
            left: views,
        }
    }

    /// Take the next account, of which nothing is known.
    #[inline(always)]
    pub fn next(&mut self) -> Result<&'a AccountView, ProgramError> {
        let (first, left) = self.left.split_first().ok_or(MarketError::MissingAccount)?;
        self.left = left;
        Ok(first)
    }

    /// Take a number of accounts, of which nothing is known.
    #[inline(always)]
    pub fn take(&mut self, count: usize) -> Result<&'a [AccountView], ProgramError> {
        require(self.left.len() >= count, MarketError::MissingAccount)?;
        let (taken, left) = self.left.split_at(count);
        self.left = left;
        Ok(taken)
    }

    /// Take the system program, and refuse another.
    pub fn system_program(&mut self) -> Result<(), ProgramError> {
        require(
            self.next()?.address() == &SYSTEM_PROGRAM,
            MarketError::WrongProgram,
        )
    }

    /// Refuse accounts that are left over.
    pub fn finish(self) -> Result<(), ProgramError> {
        require(self.left.is_empty(), MarketError::TooManyAccounts)
    }
}

/// Take an account's address when it is writable.
#[inline(always)]
pub fn writable(view: &AccountView) -> Result<&AccountView, ProgramError> {
    require(view.is_writable(), MarketError::NotWritable)?;
    Ok(view)
}
