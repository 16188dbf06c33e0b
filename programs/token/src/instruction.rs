//! Which instruction it is: the first eight bytes of sha256("global:<name>"), as Anchor has it.

/// Bytes of a discriminator.
pub const DISCRIMINATOR_BYTES: usize = 8;

/// Register an asset with its roles; the signer becomes its issuer.
pub const REGISTER_ASSET: [u8; 8] = [21, 80, 155, 149, 117, 207, 235, 16];
/// Add the next version of a document: its hash, and where it is.
pub const ADD_DOCUMENT: [u8; 8] = [199, 23, 223, 108, 14, 241, 149, 49];
/// Make the asset's mint.
pub const CREATE_MINT: [u8; 8] = [69, 44, 215, 132, 253, 214, 41, 45];
/// Register an identity: country, lock-up, cap.
pub const REGISTER_INVESTOR: [u8; 8] = [95, 16, 66, 212, 152, 123, 136, 173];
/// Change an identity's country, lock-up, cap, and whether it is active.
pub const UPDATE_INVESTOR: [u8; 8] = [251, 25, 48, 107, 229, 134, 237, 41];
/// Put a wallet of an identity on the allow-list.
pub const REGISTER_WALLET: [u8; 8] = [181, 141, 102, 82, 135, 213, 141, 8];
/// Take a wallet off the allow-list; its rent goes to compliance.
pub const REMOVE_WALLET: [u8; 8] = [26, 151, 38, 109, 151, 162, 104, 28];
/// Propose to issue what a table says.
pub const PROPOSE_ISSUANCE: [u8; 8] = [255, 118, 254, 146, 223, 127, 79, 147];
/// Approve an issuance, naming the table that was seen.
pub const APPROVE_ISSUANCE: [u8; 8] = [132, 177, 54, 241, 115, 175, 154, 88];
/// Give an issuance up before its first row is issued.
pub const CANCEL_ISSUANCE: [u8; 8] = [18, 232, 25, 2, 144, 103, 56, 152];
/// Issue one row of an approved table; anyone may.
pub const ISSUE: [u8; 8] = [190, 1, 98, 214, 81, 99, 222, 247];
/// Freeze an account, for a reason.
pub const FREEZE: [u8; 8] = [255, 91, 207, 84, 251, 194, 254, 63];
/// Thaw the account of a registered, active investor whose lock-up is over.
pub const THAW: [u8; 8] = [226, 249, 34, 57, 189, 21, 177, 101];
/// Move tokens of the managed mode, within its rules.
pub const TRANSFER: [u8; 8] = [163, 52, 200, 231, 140, 3, 69, 186];
/// Carry out an order to move tokens.
pub const FORCED_TRANSFER: [u8; 8] = [60, 52, 242, 236, 23, 136, 230, 190];
/// Burn tokens at their owner's wish.
pub const BURN: [u8; 8] = [116, 110, 29, 56, 107, 219, 42, 93];
/// Carry out an order to burn tokens.
pub const FORCED_BURN: [u8; 8] = [219, 126, 253, 206, 131, 127, 40, 13];
/// Stop or resume what this program issues and moves; in Token-2022 every transfer as well.
pub const SET_PAUSED: [u8; 8] = [91, 60, 125, 192, 176, 225, 166, 218];
/// Name the countries whose investors may receive nothing.
pub const SET_BLOCKED_COUNTRIES: [u8; 8] = [83, 150, 177, 249, 118, 124, 44, 115];
/// Hand a role from its holder to the next one; both sign.
pub const HAND_OVER: [u8; 8] = [59, 160, 205, 88, 81, 224, 99, 237];
/// Pay a dividend in: its table, and the money.
pub const CREATE_DIVIDEND: [u8; 8] = [142, 64, 45, 84, 203, 121, 130, 186];
/// Pay a row to an account of the wallet that signs.
pub const CLAIM_DIVIDEND: [u8; 8] = [15, 29, 207, 120, 153, 178, 164, 91];
/// Pay a row to the wallet's associated account; no signature is needed.
pub const PUSH_DIVIDEND: [u8; 8] = [69, 80, 76, 247, 159, 70, 69, 122];
/// Give what is left back to the issuer once the time to claim is over.
pub const CLOSE_DIVIDEND: [u8; 8] = [27, 196, 209, 73, 182, 117, 38, 214];
