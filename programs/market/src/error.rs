//! Why an instruction changed nothing. Numbers are never reused.

use pinocchio::error::ProgramError;

/// A refusal; the runtime shows it as `Custom(number)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MarketError {
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
    /// The mint has an extension that would change what settlement means.
    MintNotAccepted = 6013,
    /// Deposits, settlement and withdrawals are stopped.
    Paused = 6014,
    /// The slot is past the deadline.
    DeadlinePassed = 6015,
    /// The batch or withdrawal was done, or is behind the mark.
    AlreadySettled = 6016,
    /// The deltas of a mint do not add up to zero.
    NotZeroSum = 6017,
    /// An amount or delta is zero.
    ZeroAmount = 6018,
    /// A sum is beyond 64 bits.
    Overflow = 6019,
    /// Mints, participants or legs are not in rising order, or one is named twice.
    NotInOrder = 6020,
    /// The owner is an address of the program itself.
    ReservedOwner = 6021,
    /// The owner has asked to leave already.
    ExitAlreadyRequested = 6022,
    /// The exit delay is not over.
    ExitNotReady = 6023,
    /// The exit delay is not between its bounds.
    ExitDelayOutOfRange = 6024,
    /// The mark would not rise.
    MarkNotForward = 6025,
    /// The receipt is not behind the mark.
    NotBehindMark = 6026,
    /// A role would be held by the zero address.
    ZeroRole = 6027,
}

impl From<MarketError> for ProgramError {
    fn from(error: MarketError) -> Self {
        ProgramError::Custom(error as u32)
    }
}

/// Refuse unless a fact holds.
#[inline(always)]
pub fn require(fact: bool, error: MarketError) -> Result<(), ProgramError> {
    if fact {
        Ok(())
    } else {
        Err(error.into())
    }
}
