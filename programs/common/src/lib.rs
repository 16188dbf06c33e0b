//! What the token and governance programs share.
//!
//! `accounts` hands out checked accounts in the order of the IDL, `state` reads and makes program
//! accounts, `reader` reads Borsh, `event` logs as Anchor does, `token` calls the token programs.

#![no_std]

pub mod accounts;
pub mod error;
pub mod event;
pub mod hash;
pub mod memory;
pub mod reader;
pub mod state;
pub mod token;
