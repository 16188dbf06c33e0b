//! The receipt that each batch and each withdrawal leaves.

use pinocchio::{
    cpi::Seed,
    error::ProgramError,
    sysvars::{clock::Clock, Sysvar},
    ProgramResult,
};

use crate::{
    cpi::system::create_state,
    error::{require, MarketError},
    state::{Config, Receipt, ReceiptKind},
    validation::{Accounts, NewAccount, Payer},
};

/// A receipt that can still be made.
pub struct NewReceipt<'a> {
    new: NewAccount<'a>,
    kind: ReceiptKind,
    id: u64,
    slot: u64,
}

impl<'a> NewReceipt<'a> {
    /// Take the next account, which must be the receipt's address with nothing at it.
    ///
    /// The address is worked out anew, not hashed with a given bump: with another bump the same
    /// batch would have another receipt.
    pub fn next(
        accounts: &mut Accounts<'a>,
        kind: ReceiptKind,
        id: u64,
    ) -> Result<Self, ProgramError> {
        let seeds = [kind.seed(), &id.to_le_bytes()];
        let new = NewAccount::next(accounts, &seeds, MarketError::AlreadySettled)?;
        Ok(Self {
            new,
            kind,
            id,
            slot: Clock::get()?.slot,
        })
    }

    /// Refuse past the deadline, and below the mark, where receipts may be closed already.
    pub fn require_open(&self, config: &Config, deadline_slot: u64) -> ProgramResult {
        let mark = match self.kind {
            ReceiptKind::Batch => config.batch_mark,
            ReceiptKind::Withdrawal => config.withdrawal_mark,
        };
        require(self.id >= mark.get(), MarketError::AlreadySettled)?;
        require(self.slot <= deadline_slot, MarketError::DeadlinePassed)
    }

    /// Make it.
    pub fn create(
        &self,
        payer: &Payer,
        fills_hash: &[u8; 32],
        accounts: &Accounts,
    ) -> ProgramResult {
        let (id, bump) = (self.id.to_le_bytes(), [self.new.bump()]);
        let seeds = [
            Seed::from(self.kind.seed()),
            Seed::from(&id),
            Seed::from(&bump),
        ];
        let receipt: &mut Receipt = create_state(payer, &self.new, &seeds, accounts.program_id)?;
        receipt.id = self.id.into();
        receipt.fills_hash = *fills_hash;
        receipt.slot = self.slot.into();
        receipt.payer = *payer.view().address();
        receipt.kind = self.kind as u8;
        receipt.bump = self.new.bump();
        Ok(())
    }
}
