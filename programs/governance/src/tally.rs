//! The counting rules: pure, in whole numbers.

/// One whole in basis points.
pub const WHOLE_BPS: u64 = 10_000;

/// Return a share of an amount, rounded up. 7 tokens at 50 % are 4.
///
/// The amount is taken apart so that no product is beyond 64 bits.
pub fn share_up(atoms: u64, bps: u16) -> u64 {
    let bps = bps as u64;
    let (whole, rest) = (atoms / WHOLE_BPS, atoms % WHOLE_BPS);
    whole.wrapping_mul(bps) + (rest.wrapping_mul(bps)).div_ceil(WHOLE_BPS)
}

/// Votes as they were counted.
#[derive(Clone, Copy)]
pub struct Tally {
    /// Weight for.
    pub yes: u64,
    /// Weight against.
    pub no: u64,
    /// Weight abstaining.
    pub abstain: u64,
}

impl Tally {
    /// Tell whether a proposal passes: enough take part, enough of those who decide are for, and
    /// more are for than against: a tie is a defeat whatever the threshold.
    ///
    /// Each wallet votes once with tokens of one supply, so the sums stay within 64 bits.
    pub fn passes(&self, supply: u64, quorum_bps: u16, threshold_bps: u16) -> bool {
        let decided = self.yes.saturating_add(self.no);
        let taken_part = decided.saturating_add(self.abstain);
        taken_part >= share_up(supply, quorum_bps)
            && self.yes >= share_up(decided, threshold_bps)
            && self.yes > self.no
    }
}
