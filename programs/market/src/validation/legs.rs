//! What a settlement names: mints, participants and their legs, each leg with its vault.

use pinocchio::{error::ProgramError, AccountView, Address};

use super::{Accounts, Mint, Vault, VaultAuthority};
use crate::{
    error::{require, MarketError},
    reader::Reader,
};

/// More mints than this do not fit a transaction with anyone to settle.
pub const MINTS_MAX: usize = 20;

/// A participant; the legs that follow those of the participant before are its own.
#[repr(C)]
pub struct Participant {
    pub owner: Address,
    pub leg_count: u8,
}

/// What a participant gets (above zero) or gives (below) of a mint.
#[repr(C)]
pub struct Leg {
    pub mint_index: u8,
    pub vault_bump: u8,
    delta_atoms: [u8; 8],
}

impl Leg {
    /// Atoms that the vault gets.
    #[inline(always)]
    pub fn delta_atoms(&self) -> i64 {
        i64::from_le_bytes(self.delta_atoms)
    }
}

/// The mints of a settlement, in rising order of their addresses.
pub struct Mints<'a> {
    mints: [Option<Mint<'a>>; MINTS_MAX],
    clearing: [Option<Vault<'a>>; MINTS_MAX],
    count: usize,
}

impl<'a> Mints<'a> {
    /// Take the next accounts: for each mint the mint and its token program, and in the clearing
    /// form its clearing vault (`clearing_bumps` has a bump for each).
    #[inline(always)]
    pub fn next(
        accounts: &mut Accounts<'a>,
        count: usize,
        clearing: Option<(&[u8], &VaultAuthority<'a>)>,
    ) -> Result<Self, ProgramError> {
        require(
            count > 0 && count <= MINTS_MAX,
            MarketError::BadInstructionData,
        )?;
        let mut found = Self {
            mints: [None; MINTS_MAX],
            clearing: [None; MINTS_MAX],
            count,
        };
        for index in 0..count {
            let mint = Mint::next(accounts)?;
            if let Some(before) = index.checked_sub(1).and_then(|at| found.mints[at]) {
                let rises = is_below(before.address(), mint.address());
                require(rises, MarketError::NotInOrder)?;
            }
            if let Some((bumps, authority)) = clearing {
                let view = accounts.next()?;
                let (owner, program_id) = (authority.address(), accounts.program_id);
                let bump = bumps[index];
                found.clearing[index] =
                    Some(Vault::from_view(view, owner, &mint, bump, program_id)?);
            }
            found.mints[index] = Some(mint);
        }
        Ok(found)
    }

    /// How many there are.
    #[inline(always)]
    pub fn count(&self) -> usize {
        self.count
    }

    /// One of them.
    #[inline(always)]
    pub fn mint(&self, index: usize) -> Result<Mint<'a>, ProgramError> {
        let mint = self.mints.get(index).copied().flatten();
        mint.ok_or(MarketError::BadInstructionData.into())
    }

    /// The clearing vault of one of them, in the clearing form.
    #[inline(always)]
    pub fn clearing_vault(&self, index: usize) -> Result<Vault<'a>, ProgramError> {
        let vault = self.clearing.get(index).copied().flatten();
        vault.ok_or(MarketError::BadInstructionData.into())
    }
}

/// Legs whose vaults are those of their participants, no vault twice.
pub struct Legs<'a> {
    legs: &'a [Leg],
    vaults: &'a [AccountView],
    participants: usize,
}

impl<'a> Legs<'a> {
    /// Read participants and legs and take the next accounts: a vault for each leg.
    #[inline(always)]
    pub fn next(
        accounts: &mut Accounts<'a>,
        reader: &mut Reader<'a>,
        mints: &Mints<'a>,
        authority: &VaultAuthority<'a>,
    ) -> Result<Self, ProgramError> {
        // SAFETY: both types are bytes only.
        let participants = unsafe { reader.items::<Participant>()? };
        let legs = unsafe { reader.items::<Leg>()? };
        let vaults = accounts.take(legs.len())?;
        require(!legs.is_empty(), MarketError::BadInstructionData)?;
        let mut index = 0;
        let mut before: Option<&Address> = None;
        for participant in participants {
            let owner = &participant.owner;
            let rises = before.map_or(true, |before| is_below(before, owner));
            require(rises, MarketError::NotInOrder)?;
            // The clearing vaults are no one's: they move against the participants.
            require(owner != authority.address(), MarketError::ReservedOwner)?;
            before = Some(owner);
            let end = index + participant.leg_count as usize;
            require(
                end > index && end <= legs.len(),
                MarketError::BadInstructionData,
            )?;
            let mut mint_below = 0;
            while index < end {
                let leg = &legs[index];
                require(leg.mint_index >= mint_below, MarketError::NotInOrder)?;
                require(leg.delta_atoms() != 0, MarketError::ZeroAmount)?;
                let mint = mints.mint(leg.mint_index as usize)?;
                let bump = leg.vault_bump;
                Vault::from_view(&vaults[index], owner, &mint, bump, accounts.program_id)?;
                mint_below = leg.mint_index + 1; // at most MINTS_MAX
                index += 1;
            }
        }
        require(index == legs.len(), MarketError::BadInstructionData)?;
        Ok(Self {
            legs,
            vaults,
            participants: participants.len(),
        })
    }

    /// Refuse unless what is given of each mint is what is got of it.
    #[inline(always)]
    pub fn require_zero_sum(&self, mints: &Mints<'a>) -> Result<(), ProgramError> {
        for mint in 0..mints.count() {
            let mut given: u64 = 0;
            let mut got: u64 = 0;
            for leg in self
                .legs
                .iter()
                .filter(|leg| leg.mint_index as usize == mint)
            {
                let delta = leg.delta_atoms();
                let side = if delta < 0 { &mut given } else { &mut got };
                *side = side
                    .checked_add(delta.unsigned_abs())
                    .ok_or(MarketError::Overflow)?;
            }
            require(given == got, MarketError::NotZeroSum)?;
        }
        Ok(())
    }

    /// How many participants there are.
    pub fn participants(&self) -> u8 {
        self.participants as u8 // a vector has at most 255 items
    }

    /// How many legs there are.
    pub fn count(&self) -> usize {
        self.legs.len()
    }

    /// A leg: mint, atoms, vault.
    #[inline(always)]
    pub fn leg(&self, index: usize) -> (usize, i64, &'a AccountView) {
        let leg = &self.legs[index];
        (
            leg.mint_index as usize,
            leg.delta_atoms(),
            &self.vaults[index],
        )
    }

    /// The next leg from `from` on that gives (or gets) of a mint; the count when there is none.
    #[inline(always)]
    pub fn find(&self, mint: usize, gives: bool, from: usize) -> usize {
        let mut index = from;
        while index < self.legs.len() {
            let leg = &self.legs[index];
            if leg.mint_index as usize == mint && (leg.delta_atoms() < 0) == gives {
                break;
            }
            index += 1;
        }
        index
    }
}

/// Compare addresses as bytes.
#[inline(always)]
fn is_below(left: &Address, right: &Address) -> bool {
    let (left, right) = (left.as_array(), right.as_array());
    for limb in 0..4 {
        let mut bytes = ([0; 8], [0; 8]);
        bytes.0.copy_from_slice(&left[limb * 8..limb * 8 + 8]);
        bytes.1.copy_from_slice(&right[limb * 8..limb * 8 + 8]);
        let (left, right) = (u64::from_be_bytes(bytes.0), u64::from_be_bytes(bytes.1));
        if left != right {
            return left < right;
        }
    }
    false
}
