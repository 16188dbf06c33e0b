//! What the program remembers. All numbers are little-endian, without padding.

mod asset;
mod dividend;
mod document;
mod investor;
mod issuance;

pub use asset::*;
pub use dividend::*;
pub use document::*;
pub use investor::*;
pub use issuance::*;
