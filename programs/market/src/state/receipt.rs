//! Tells that a batch or a withdrawal was done, at an address made from its kind and its number.

use pinocchio::{error::ProgramError, Address};

use super::{State, U64};
use crate::error::MarketError;

/// What a receipt is for; the numbers of the kinds are independent of each other.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ReceiptKind {
    Batch = 0,
    Withdrawal = 1,
}

impl ReceiptKind {
    /// Read a kind.
    pub fn from_byte(byte: u8) -> Result<Self, ProgramError> {
        match byte {
            0 => Ok(Self::Batch),
            1 => Ok(Self::Withdrawal),
            _ => Err(MarketError::BadInstructionData.into()),
        }
    }

    /// Seed of the receipt's address, before its number.
    pub fn seed(self) -> &'static [u8] {
        match self {
            Self::Batch => b"batch",
            Self::Withdrawal => b"withdrawal",
        }
    }
}

/// Made by the instruction that moves the tokens, so that it cannot run twice.
#[repr(C)]
pub struct Receipt {
    pub discriminator: [u8; 8],
    pub id: U64,
    /// Hash of the batch's fills; zero for a withdrawal.
    pub fills_hash: [u8; 32],
    pub slot: U64,
    /// Paid the rent and gets it back.
    pub payer: Address,
    pub kind: u8,
    pub bump: u8,
}

// SAFETY: bytes only.
unsafe impl State for Receipt {
    const DISCRIMINATOR: [u8; 8] = [39, 154, 73, 106, 80, 102, 145, 153];
}
