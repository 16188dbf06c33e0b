//! Custody and settlement of an exchange.
//!
//! Participants' tokens lie in vaults whose address is made from owner and mint and whose authority
//! is one address of this program. Trading moves them from vault to vault, delivery versus payment,
//! each batch exactly once; the owner can leave after a delay without anyone's leave.
//!
//! A call goes entrypoint -> `validation` (typed accounts) -> one file of `processor`.

#![no_std]

#[cfg(not(feature = "no-entrypoint"))]
mod entrypoint;

pub mod cpi;
pub mod error;
pub mod event;
pub mod instruction;
pub mod processor;
pub mod reader;
pub mod state;
pub mod validation;
