//! SHA-256 and Merkle proofs over it.

use pinocchio::Address;

/// Before a leaf and before a node: a node can never be shown as a leaf.
const LEAF: &[u8] = &[0];
const NODE: &[u8] = &[1];
/// Rows that a table can have at most, so that a proof fits into a transaction.
pub const ROWS_MAX: u32 = 1 << 14;

/// Hash the parts as if they were one text.
#[inline(always)]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut result = [0u8; 32];
    #[cfg(any(target_os = "solana", target_arch = "bpf"))]
    // SAFETY: a list of slices and a buffer of 32 bytes, as the syscall expects.
    unsafe {
        pinocchio::syscalls::sol_sha256(
            parts.as_ptr() as *const u8,
            parts.len() as u64,
            result.as_mut_ptr(),
        );
    }
    #[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
    core::hint::black_box((parts, &mut result));
    result
}

/// One row of a table of amounts.
pub struct Row<'a> {
    /// The account that the table belongs to: a proof is worth nothing anywhere else.
    pub table: &'a Address,
    /// The place in the table, from 0.
    pub index: u32,
    /// Who is to have the amount.
    pub wallet: &'a Address,
    /// How much.
    pub atoms: u64,
}

impl Row<'_> {
    /// Tell whether the row is under the root of a table of so many rows.
    ///
    /// The table is filled up with zero blocks to a power of two, so that a proof has one length
    /// and the index alone says on which side each block stands.
    #[inline(never)]
    pub fn is_under(&self, root: &[u8; 32], rows: u32, proof: &[[u8; 32]]) -> bool {
        if self.index >= rows || proof.len() != depth(rows) as usize {
            return false;
        }
        let mut node = sha256(&[
            LEAF,
            self.table.as_ref(),
            &self.index.to_le_bytes(),
            self.wallet.as_ref(),
            &self.atoms.to_le_bytes(),
        ]);
        let mut place = self.index;
        for sibling in proof {
            node = if place & 1 == 0 {
                sha256(&[NODE, &node, sibling])
            } else {
                sha256(&[NODE, sibling, &node])
            };
            place >>= 1;
        }
        &node == root
    }
}

/// Return the levels between leaves and root.
#[inline(always)]
fn depth(rows: u32) -> u32 {
    u32::BITS - (rows - 1).leading_zeros()
}
