//! Which instruction it is: the first eight bytes of sha256("global:<name>"), as Anchor has it.

/// Bytes of a discriminator.
pub const DISCRIMINATOR_BYTES: usize = 8;

/// Create the config; once.
pub const INITIALIZE: [u8; 8] = [175, 175, 109, 31, 13, 152, 155, 237];
/// Name settlement authority and pauser, and the exit delay.
pub const SET_ROLES: [u8; 8] = [119, 86, 129, 161, 55, 23, 250, 12];
/// Name who may take over as authority.
pub const PROPOSE_AUTHORITY: [u8; 8] = [20, 148, 236, 198, 76, 119, 99, 142];
/// Take over as authority.
pub const ACCEPT_AUTHORITY: [u8; 8] = [107, 86, 198, 91, 33, 12, 107, 160];
/// Stop or resume deposits, settlement and withdrawals.
pub const SET_PAUSED: [u8; 8] = [91, 60, 125, 192, 176, 225, 166, 218];
/// Accept a mint and make its house vaults.
pub const REGISTER_MINT: [u8; 8] = [242, 43, 74, 162, 217, 214, 191, 171];
/// Make the vault of an owner and mint.
pub const OPEN_VAULT: [u8; 8] = [181, 248, 228, 67, 6, 175, 37, 167];
/// Move tokens from the owner's account to the owner's vault.
pub const DEPOSIT: [u8; 8] = [242, 35, 198, 137, 82, 225, 242, 182];
/// Settle a set of fills whose deltas add up to zero per mint.
pub const SETTLE_SET: [u8; 8] = [5, 17, 96, 232, 251, 252, 139, 1];
/// Apply participants' nets against the clearing vaults.
pub const SETTLE_CLEARING: [u8; 8] = [212, 62, 135, 213, 44, 166, 63, 45];
/// Pay out, signed by the owner and released by the settlement authority.
pub const WITHDRAW: [u8; 8] = [183, 18, 70, 156, 148, 109, 161, 34];
/// Start the delay after which the owner needs no one's leave.
pub const REQUEST_EXIT: [u8; 8] = [121, 186, 203, 74, 138, 218, 135, 151];
/// Pay out the whole of a vault after the delay.
pub const EXIT: [u8; 8] = [234, 32, 12, 71, 126, 5, 219, 160];
/// End an exit.
pub const CLOSE_EXIT: [u8; 8] = [239, 55, 234, 254, 49, 69, 52, 60];
/// Pay out from a fee or clearing vault.
pub const WITHDRAW_HOUSE: [u8; 8] = [226, 236, 222, 156, 198, 230, 70, 147];
/// Raise a mark below which nothing can run any more.
pub const ADVANCE_MARK: [u8; 8] = [111, 144, 142, 181, 73, 33, 235, 231];
/// Give back the rent of a receipt behind its mark.
pub const CLOSE_RECEIPT: [u8; 8] = [126, 254, 244, 203, 124, 164, 134, 89];
