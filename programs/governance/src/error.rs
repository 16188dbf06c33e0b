//! Why an instruction of this program changed nothing. Numbers are never reused.
//! The refusals that all programs share are 6000 to 6099: `realstack_common::error`.

use pinocchio::error::ProgramError;

/// A refusal; the runtime shows it as `Custom(number)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum GovernanceError {
    /// A share is not between 1 and 10,000 basis points, or a time not between its bounds.
    BadRules = 6100,
    /// The vault received something else than the deposit.
    DepositDiffers = 6101,
    /// The deposit is smaller than the amount.
    DepositTooSmall = 6102,
    /// A vote of this wallet can still count; its tokens stay until then.
    DepositLocked = 6103,
    /// The wallet has delegated already.
    AlreadyDelegated = 6104,
    /// The wallet has not delegated to this one.
    NotDelegated = 6105,
    /// A delegate cannot delegate further, and who delegated cannot be a delegate.
    DelegationTooDeep = 6106,
    /// The proposer has locked too little.
    WeightTooSmall = 6107,
    /// The proposal's state does not allow this.
    WrongState = 6108,
    /// The time to vote is over.
    VotingOver = 6109,
    /// The time to vote, or the cool-off, is not over.
    VotingNotOver = 6110,
    /// In the cool-off only votes against are taken.
    CoolOff = 6111,
    /// Nothing was locked before the snapshot, or nothing of it is left.
    NoWeight = 6112,
    /// The hold-up is not over.
    HoldUp = 6113,
    /// The time to execute is over.
    ExecutionOver = 6114,
    /// The instruction is not the one whose hash was voted on.
    DifferentInstruction = 6115,
    /// Every instruction was executed.
    NothingLeft = 6116,
    /// A role would be held by the zero address.
    ZeroRole = 6117,
}

impl From<GovernanceError> for ProgramError {
    fn from(error: GovernanceError) -> Self {
        ProgramError::Custom(error as u32)
    }
}
