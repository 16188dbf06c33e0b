//! What a wallet has locked, and when. At ["voter", realm, wallet].

use pinocchio::Address;
use realstack_common::state::State;

/// First seed.
pub const VOTER_SEED: &[u8] = b"voter";
/// Changes that are remembered. With more, weight at older snapshots counts as zero.
pub const CHECKPOINTS_MAX: usize = 16;

/// A wallet's deposit.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Voter {
    /// The realm.
    pub realm: Address,
    /// The wallet.
    pub wallet: Address,
    /// The wallet that may vote in its place; zero is none.
    pub delegate: Address,
    /// How many wallets have delegated to this one.
    pub delegators: u32,
    /// What is locked now.
    pub deposited_atoms: u64,
    /// Seconds since 1970; nothing is paid out before.
    pub locked_until_s: i64,
    /// Checkpoints in use.
    pub checkpoint_count: u8,
    /// Snapshots that had been taken when the deposit changed, rising.
    pub checkpoint_snapshots: [u64; CHECKPOINTS_MAX],
    /// What was locked from then on.
    pub checkpoint_atoms: [u64; CHECKPOINTS_MAX],
    /// Bump seed.
    pub bump: u8,
}

// SAFETY: packed, made of addresses and integers.
unsafe impl State for Voter {
    const DISCRIMINATOR: [u8; 8] = [241, 93, 35, 191, 254, 147, 17, 202];
}

impl Voter {
    /// Remember what is locked, after so many snapshots.
    pub fn checkpoint(&mut self, snapshots: u64) {
        let count = self.checkpoint_count as usize;
        if count > 0 && { self.checkpoint_snapshots }[count - 1] == snapshots {
            self.write(count - 1, snapshots);
        } else if count < CHECKPOINTS_MAX {
            self.checkpoint_count += 1;
            self.write(count, snapshots);
        } else {
            let (mut when, mut what) = (self.checkpoint_snapshots, self.checkpoint_atoms);
            when.copy_within(1.., 0);
            what.copy_within(1.., 0);
            (self.checkpoint_snapshots, self.checkpoint_atoms) = (when, what);
            self.write(CHECKPOINTS_MAX - 1, snapshots);
        }
    }

    fn write(&mut self, place: usize, snapshots: u64) {
        let (mut when, mut what) = (self.checkpoint_snapshots, self.checkpoint_atoms);
        when[place] = snapshots;
        what[place] = self.deposited_atoms;
        (self.checkpoint_snapshots, self.checkpoint_atoms) = (when, what);
    }

    /// Return the weight at a snapshot: what was locked before it and still is.
    ///
    /// `snapshot` counts from 1. A deposit made when `snapshot` had been taken does not count, so
    /// tokens that come back through another wallet vote no second time.
    pub fn weight(&self, snapshot: u64) -> u64 {
        let (when, what) = (self.checkpoint_snapshots, self.checkpoint_atoms);
        let count = self.checkpoint_count as usize;
        let last = (0..count).rev().find(|place| when[*place] < snapshot);
        last.map_or(0, |place| what[place].min(self.deposited_atoms))
    }
}
