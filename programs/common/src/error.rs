//! The refusals that all instructions share, numbered alike in every program.

use pinocchio::error::ProgramError;

/// A refusal; the runtime shows it as `Custom(number)`. A program's own begin at 6100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum CommonError {
    /// The first eight bytes name no instruction.
    UnknownInstruction = 6000,
    /// The data is too short, too long, or a value is outside its range.
    BadInstructionData = 6001,
    /// An account is missing from the list.
    MissingAccount = 6002,
    /// There are more accounts than the instruction takes.
    TooManyAccounts = 6003,
    /// An account that must sign did not.
    MissingSignature = 6004,
    /// An account that will change is not writable.
    NotWritable = 6005,
    /// An account belongs to another program than it should.
    WrongOwner = 6006,
    /// An account is not the one at the address it should have.
    WrongAddress = 6007,
    /// An account holds something else than it should.
    WrongAccountKind = 6008,
    /// What is to be made is there already.
    AlreadyInitialized = 6009,
    /// The signer does not have the role.
    WrongAuthority = 6010,
    /// A program account is not the program that it should be.
    WrongProgram = 6011,
    /// A token account holds another mint.
    WrongMint = 6012,
    /// An account is named twice where two are needed.
    DuplicateAccount = 6013,
    /// An amount is zero.
    ZeroAmount = 6018,
    /// A sum is beyond 64 bits.
    Overflow = 6019,
}

impl From<CommonError> for ProgramError {
    fn from(error: CommonError) -> Self {
        ProgramError::Custom(error as u32)
    }
}

/// Refuse unless a fact holds.
#[inline(always)]
pub fn require<E: Into<ProgramError>>(fact: bool, error: E) -> Result<(), ProgramError> {
    if fact {
        Ok(())
    } else {
        Err(error.into())
    }
}

/// Add, or refuse what is beyond 64 bits.
#[inline(always)]
pub fn add(left: u64, right: u64) -> Result<u64, ProgramError> {
    left.checked_add(right)
        .ok_or_else(|| CommonError::Overflow.into())
}
