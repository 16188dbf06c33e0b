//! Tokens of real-world assets that carry their rules.
//!
//! An asset is registered with its roles, documents and mint; tokens come into being by a table
//! that several people approved; only registered investors hold them; a court order can be carried
//! out; dividends are paid from a table, once per row.
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
pub mod validation;
