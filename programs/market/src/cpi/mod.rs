//! Calls of other programs.

pub mod system;
pub mod tokens;
pub mod transfers;
