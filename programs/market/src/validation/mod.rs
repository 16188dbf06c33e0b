//! Typed accounts: each type can only be made by passing its checks; processors take only these.

pub mod accounts;
pub mod legs;
pub mod own;
pub mod pda;
pub mod signers;
pub mod tokens;

pub use accounts::Accounts;
pub use legs::{Leg, Legs, Participant};
pub use own::{ConfigAccount, ConfigAccountMut, Owned};
pub use pda::{vault_address, NewAccount, VaultAuthority};
pub use signers::{Payer, SignerAccount};
pub use tokens::{Destination, Mint, Source, TokenProgram, Vault};
