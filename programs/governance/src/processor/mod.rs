//! One file per group of instructions.

mod delegation;
mod deposits;
mod execution;
mod proposals;
mod realms;
mod votes;

pub use delegation::*;
pub use deposits::*;
pub use execution::*;
pub use proposals::*;
pub use realms::*;
pub use votes::*;
