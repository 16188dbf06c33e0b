//! Which instruction it is: the first eight bytes of sha256("global:<name>"), as Anchor has it.

/// Bytes of a discriminator.
pub const DISCRIMINATOR_BYTES: usize = 8;

/// Make a realm for a mint.
pub const CREATE_REALM: [u8; 8] = [0, 147, 95, 250, 91, 1, 118, 220];
/// Change the roles and the rules; open proposals keep theirs.
pub const SET_REALM: [u8; 8] = [230, 48, 207, 148, 204, 28, 184, 152];
/// Make a wallet's account in a realm.
pub const OPEN_VOTER: [u8; 8] = [75, 28, 233, 28, 100, 178, 146, 228];
/// Lock tokens; they count in proposals that are opened afterwards.
pub const DEPOSIT: [u8; 8] = [242, 35, 198, 137, 82, 225, 242, 182];
/// Take tokens back, once no vote of theirs can count any more.
pub const WITHDRAW: [u8; 8] = [183, 18, 70, 156, 148, 109, 161, 34];
/// Let another wallet vote in one's place; depth one.
pub const DELEGATE: [u8; 8] = [90, 147, 75, 178, 85, 88, 4, 137];
/// Take a delegation back.
pub const UNDELEGATE: [u8; 8] = [131, 148, 180, 198, 91, 104, 42, 238];
/// Make a proposal: the hash of its text and of each instruction.
pub const CREATE_PROPOSAL: [u8; 8] = [132, 116, 68, 174, 216, 160, 198, 22];
/// Open a draft to votes: snapshot and rules of now.
pub const OPEN_PROPOSAL: [u8; 8] = [125, 52, 221, 71, 123, 152, 79, 180];
/// Give a proposal up before its votes are counted.
pub const CANCEL_PROPOSAL: [u8; 8] = [106, 74, 128, 146, 19, 65, 39, 23];
/// Vote with a deposit: its wallet or its delegate, once.
pub const CAST_VOTE: [u8; 8] = [20, 212, 15, 189, 69, 180, 69, 151];
/// Stop a proposal for good; not once its execution has begun.
pub const VETO_PROPOSAL: [u8; 8] = [177, 197, 208, 96, 169, 68, 23, 162];
/// Count the votes, once the cool-off is over; anyone may.
pub const COUNT_VOTES: [u8; 8] = [59, 68, 67, 76, 100, 212, 79, 7];
/// Execute the next instruction of a proposal that passed; its accounts follow.
pub const EXECUTE: [u8; 8] = [130, 221, 242, 154, 13, 193, 189, 29];
