//! Governance of an asset by those who lock its tokens.
//!
//! A realm holds the rules of one mint; tokens that are locked in its vault give weight, counted as
//! of a snapshot; a proposal runs under the rules of the moment it was opened; what was shown by
//! hash, and nothing else, can be executed, once.
//!
//! A call goes entrypoint -> typed accounts -> one file of `processor`.

#![no_std]

#[cfg(not(feature = "no-entrypoint"))]
mod entrypoint;

pub mod error;
pub mod event;
pub mod instruction;
pub mod processor;
pub mod state;
pub mod tally;
