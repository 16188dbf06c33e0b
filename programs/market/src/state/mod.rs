//! What the program keeps in its own accounts. Bytes only, so that any address is aligned.

pub mod config;
pub mod exit;
pub mod mint_record;
pub mod receipt;

pub use config::Config;
pub use exit::Exit;
pub use mint_record::MintRecord;
pub use receipt::{Receipt, ReceiptKind};

/// A number as Borsh has it.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct U64([u8; 8]);

impl U64 {
    /// Read the number.
    #[inline(always)]
    pub fn get(self) -> u64 {
        u64::from_le_bytes(self.0)
    }
}

impl From<u64> for U64 {
    #[inline(always)]
    fn from(value: u64) -> Self {
        Self(value.to_le_bytes())
    }
}

/// An account of this program.
///
/// # Safety
/// The type must be `repr(C)`, without padding, valid for any bytes, and begin with the
/// discriminator.
pub unsafe trait State: Sized {
    /// The first eight bytes of sha256("account:<Name>").
    const DISCRIMINATOR: [u8; 8];
    /// What the account's data has of bytes.
    const BYTES: usize = core::mem::size_of::<Self>();
}
