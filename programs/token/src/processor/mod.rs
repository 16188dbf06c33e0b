//! One file per group of instructions.

mod dividends;
mod documents;
mod investors;
mod issuances;
mod mints;
mod moves;
mod registration;
mod roles;
mod supervision;

pub use dividends::*;
pub use documents::*;
pub use investors::*;
pub use issuances::*;
pub use mints::*;
pub use moves::*;
pub use registration::*;
pub use roles::*;
pub use supervision::*;
