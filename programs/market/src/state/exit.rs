//! An owner's wish to leave, at the address made from "exit" and the owner.

use pinocchio::Address;

use super::{State, U64};

/// Seed of an exit's address.
pub const EXIT_SEED: &[u8] = b"exit";

/// The delay is fixed at the request: a later change of the config does not move it.
#[repr(C)]
pub struct Exit {
    pub discriminator: [u8; 8],
    pub owner: Address,
    pub requested_slot: U64,
    pub ready_slot: U64,
    pub bump: u8,
}

// SAFETY: bytes only.
unsafe impl State for Exit {
    const DISCRIMINATOR: [u8; 8] = [25, 25, 160, 223, 53, 155, 170, 162];
}
