//! The asset: roles, mint and counters. At ["asset", creator, asset id].

use pinocchio::{
    cpi::{Seed, Signer},
    Address,
};
use realstack_common::state::State;

/// First seed.
pub const ASSET_SEED: &[u8] = b"asset";
/// First seed of the asset's mint.
pub const MINT_SEED: &[u8] = b"mint";
/// Approvers that an asset can have.
pub const APPROVERS_MAX: usize = 5;
/// Countries that can be blocked.
pub const COUNTRIES_MAX: usize = 16;
/// Accounts of registered wallets are thawed; tokens move by the token program.
pub const MODE_OPEN: u8 = 0;
/// Accounts stay frozen; tokens move by this program, which knows each identity's holding.
pub const MODE_MANAGED: u8 = 1;

/// An asset.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Asset {
    /// Who registered it; part of the address.
    pub creator: Address,
    /// The creator's name for it; part of the address.
    pub asset_id: [u8; 32],
    /// Proposes issuances, pays dividends, adds documents.
    pub issuer: Address,
    /// Registers investors, freezes, thaws, pauses.
    pub compliance: Address,
    /// Signs forced moves, together with compliance.
    pub recovery: Address,
    /// Zero until it is made.
    pub mint: Address,
    /// The mint's program; zero until the mint is made.
    pub token_program: Address,
    /// SHA-256 of the metadata record.
    pub metadata_hash: [u8; 32],
    /// UTF-8, filled with zeros.
    pub name: [u8; 32],
    /// UTF-8, filled with zeros.
    pub symbol: [u8; 10],
    /// Who approve issuances.
    pub approvers: [[u8; 32]; APPROVERS_MAX],
    /// How many of them there are.
    pub approver_count: u8,
    /// How many must approve.
    pub threshold: u8,
    /// Decimals of the mint.
    pub decimals: u8,
    /// How tokens move: 0 open, 1 managed.
    pub mode: u8,
    /// 1 when nothing may be issued or moved by this program.
    pub paused: u8,
    /// Bump seed.
    pub bump: u8,
    /// ISO 3166-1 numeric codes; 0 is none.
    pub blocked_countries: [u16; COUNTRIES_MAX],
    /// Documents added.
    pub document_count: u32,
    /// Issuances proposed.
    pub issuance_count: u64,
    /// Dividends made.
    pub dividend_count: u64,
    /// Atoms issued.
    pub issued_atoms: u64,
    /// Atoms burned by this program.
    pub burned_atoms: u64,
}

// SAFETY: packed, made of addresses, integers and arrays of them.
unsafe impl State for Asset {
    const DISCRIMINATOR: [u8; 8] = [234, 180, 241, 252, 139, 224, 160, 8];
}

impl Asset {
    /// Call with the signature of the asset's address.
    #[inline(always)]
    pub fn signed<R>(&self, call: impl FnOnce(&[Signer]) -> R) -> R {
        let bump = [self.bump];
        let creator = self.creator;
        let asset_id = self.asset_id;
        let seeds = [
            Seed::from(ASSET_SEED),
            Seed::from(creator.as_ref() as &[u8]),
            Seed::from(&asset_id),
            Seed::from(&bump),
        ];
        call(&[Signer::from(&seeds)])
    }

    /// Tell whether a country is not admitted.
    #[inline(always)]
    pub fn blocks(&self, country: u16) -> bool {
        let blocked = self.blocked_countries;
        blocked.contains(&country) && country != 0
    }

    /// Return the seat of an approver.
    #[inline(always)]
    pub fn seat(&self, approver: &Address) -> Option<u8> {
        let count = self.approver_count as usize;
        let place = self.approvers[..count]
            .iter()
            .position(|seat| seat == approver.as_ref());
        place.map(|place| place as u8)
    }
}
