//! Why an instruction of this program changed nothing. Numbers are never reused.
//! The refusals that all programs share are 6000 to 6099: `realstack_common::error`.

use pinocchio::error::ProgramError;

/// A refusal; the runtime shows it as `Custom(number)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum TokenError {
    /// The asset is paused.
    Paused = 6100,
    /// The asset has its mint already.
    MintExists = 6101,
    /// The asset has no mint yet.
    MintMissing = 6102,
    /// Approvers are none, too many, named twice, or fewer than the approvals wanted.
    BadApprovers = 6103,
    /// The signer is no approver of the asset.
    NotApprover = 6104,
    /// The approver has approved already.
    AlreadyApproved = 6105,
    /// The table shown is not the table proposed.
    DifferentTable = 6106,
    /// Too few approvers have approved.
    ApprovalsMissing = 6107,
    /// The issuance was cancelled, or has begun.
    IssuanceClosed = 6108,
    /// The row is not in the table.
    NotInTable = 6109,
    /// The row was issued or paid before.
    RowDone = 6110,
    /// The rows add up to more than the total.
    TotalExceeded = 6111,
    /// The investor is suspended.
    InvestorInactive = 6112,
    /// The investor's country is not admitted.
    CountryBlocked = 6113,
    /// The investor's lock-up is not over.
    LockedUp = 6114,
    /// The identity would hold more than its cap.
    CapExceeded = 6115,
    /// SPL Token has no permanent delegate; such a mint cannot do this.
    NotSupported = 6116,
    /// The mint is not of the mode in which the program moves tokens.
    NotManaged = 6117,
    /// In the managed mode accounts stay frozen.
    Managed = 6118,
    /// The vault received something else than the funding.
    FundingDiffers = 6119,
    /// The funding is below the table's total.
    FundingShort = 6120,
    /// The dividend's time to claim is over.
    Expired = 6121,
    /// The dividend's time to claim is not over.
    NotExpired = 6122,
    /// The dividend was closed.
    DividendClosed = 6123,
    /// A role would be held by the zero address.
    ZeroRole = 6124,
}

impl From<TokenError> for ProgramError {
    fn from(error: TokenError) -> Self {
        ProgramError::Custom(error as u32)
    }
}
