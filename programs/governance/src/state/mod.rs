//! What the program remembers. All numbers are little-endian, without padding.

mod proposal;
mod realm;
mod voter;

pub use proposal::*;
pub use realm::*;
pub use voter::*;
