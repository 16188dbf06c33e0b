//! Who may hold: identities, and the wallets that belong to them.

use pinocchio::Address;
use realstack_common::state::State;

/// First seed of an identity.
pub const INVESTOR_SEED: &[u8] = b"investor";
/// First seed of a wallet's entry.
pub const HOLDER_SEED: &[u8] = b"holder";

/// An identity, at ["investor", asset, identity].
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Investor {
    /// The asset.
    pub asset: Address,
    /// A salted hash of the person or company; no personal data goes on chain.
    pub identity: [u8; 32],
    /// ISO 3166-1 numeric.
    pub country: u16,
    /// Seconds since 1970; tokens stay where they are before.
    pub lock_up_until_s: i64,
    /// The most that the identity may hold over all its wallets.
    pub cap_atoms: u64,
    /// What it holds: in the managed mode exactly; in the open mode what this program issued or
    /// moved to it, less what this program took.
    pub holding_atoms: u64,
    /// 0 when suspended.
    pub active: u8,
    /// Bump seed.
    pub bump: u8,
}

// SAFETY: packed, made of addresses, integers and arrays of bytes.
unsafe impl State for Investor {
    const DISCRIMINATOR: [u8; 8] = [174, 129, 17, 83, 36, 116, 26, 196];
}

/// A wallet on the allow-list, at ["holder", asset, wallet].
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Holder {
    /// The asset.
    pub asset: Address,
    /// The wallet, or a program's address such as an exchange's custody.
    pub wallet: Address,
    /// The identity's account.
    pub investor: Address,
    /// Bump seed.
    pub bump: u8,
}

// SAFETY: packed, made of addresses and integers.
unsafe impl State for Holder {
    const DISCRIMINATOR: [u8; 8] = [37, 121, 1, 40, 55, 46, 199, 157];
}
