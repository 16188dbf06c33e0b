//! What the program logs: "event:<Name>" as Anchor has it, then the fields in Borsh.

use pinocchio::Address;
use realstack_common::event::Event;

use crate::state::{Dividend, Investor};

/// An asset was registered.
#[inline(never)]
pub fn asset_registered(asset: &Address, issuer: &Address, metadata_hash: &[u8; 32]) {
    Event::new([252, 56, 47, 89, 8, 180, 249, 254])
        .address(asset)
        .address(issuer)
        .raw(metadata_hash)
        .emit();
}

/// A document was added.
#[inline(never)]
pub fn document_added(asset: &Address, version: u32, kind: u16, hash: &[u8; 32]) {
    Event::new([244, 112, 13, 189, 202, 96, 151, 129])
        .address(asset)
        .u32(version)
        .u16(kind)
        .raw(hash)
        .emit();
}

/// The asset's mint was made.
#[inline(never)]
pub fn mint_created(asset: &Address, mint: &Address, program: &Address, decimals: u8, mode: u8) {
    Event::new([254, 157, 196, 76, 231, 48, 27, 150])
        .address(asset)
        .address(mint)
        .address(program)
        .u8(decimals)
        .u8(mode)
        .emit();
}

/// An identity was registered or changed.
#[inline(never)]
pub fn investor_set(asset: &Address, investor: &Address, record: &Investor) {
    Event::new([132, 174, 53, 64, 122, 241, 14, 27])
        .address(asset)
        .address(investor)
        .u16(record.country)
        .i64(record.lock_up_until_s)
        .u64(record.cap_atoms)
        .u8(record.active)
        .emit();
}

/// A wallet came to or left the allow-list.
#[inline(never)]
pub fn wallet_set(asset: &Address, investor: &Address, wallet: &Address, admitted: bool) {
    Event::new([185, 150, 75, 181, 104, 144, 185, 190])
        .address(asset)
        .address(investor)
        .address(wallet)
        .u8(u8::from(admitted))
        .emit();
}

/// An issuance was proposed.
#[inline(never)]
pub fn issuance_proposed(asset: &Address, issuance: &Address, root: &[u8; 32], atoms: u64) {
    Event::new([72, 37, 94, 210, 247, 137, 40, 44])
        .address(asset)
        .address(issuance)
        .raw(root)
        .u64(atoms)
        .emit();
}

/// An approver approved.
#[inline(never)]
pub fn issuance_approved(issuance: &Address, approver: &Address, approvals: u8) {
    Event::new([159, 212, 38, 237, 221, 127, 155, 67])
        .address(issuance)
        .address(approver)
        .u8(approvals)
        .emit();
}

/// An issuance was given up.
#[inline(never)]
pub fn issuance_cancelled(issuance: &Address) {
    Event::new([243, 149, 52, 118, 177, 228, 189, 147])
        .address(issuance)
        .emit();
}

/// A row was issued.
#[inline(never)]
pub fn issued(issuance: &Address, index: u32, wallet: &Address, atoms: u64) {
    Event::new([13, 203, 75, 37, 35, 96, 248, 250])
        .address(issuance)
        .u32(index)
        .address(wallet)
        .u64(atoms)
        .emit();
}

/// An account was frozen or thawed.
#[inline(never)]
pub fn frozen_set(asset: &Address, account: &Address, frozen: bool, reason: u16) {
    Event::new([219, 108, 253, 252, 76, 39, 169, 7])
        .address(asset)
        .address(account)
        .u8(u8::from(frozen))
        .u16(reason)
        .emit();
}

/// Tokens moved within the rules.
#[inline(never)]
pub fn transferred(asset: &Address, from: &Address, to: &Address, atoms: u64) {
    Event::new([21, 132, 239, 64, 146, 239, 166, 68])
        .address(asset)
        .address(from)
        .address(to)
        .u64(atoms)
        .emit();
}

/// Tokens moved by order.
#[inline(never)]
pub fn forced_transfer(
    asset: &Address,
    accounts: [&Address; 2],
    atoms: u64,
    reason: u16,
    hash: &[u8; 32],
) {
    Event::new([233, 131, 111, 105, 75, 171, 186, 156])
        .address(asset)
        .address(accounts[0])
        .address(accounts[1])
        .u64(atoms)
        .u16(reason)
        .raw(hash)
        .emit();
}

/// Tokens were burned by their owner.
#[inline(never)]
pub fn burned(asset: &Address, wallet: &Address, atoms: u64) {
    Event::new([207, 37, 251, 154, 239, 229, 14, 67])
        .address(asset)
        .address(wallet)
        .u64(atoms)
        .emit();
}

/// Tokens were burned by order.
#[inline(never)]
pub fn forced_burn(asset: &Address, account: &Address, atoms: u64, reason: u16, hash: &[u8; 32]) {
    Event::new([74, 72, 172, 198, 234, 195, 0, 148])
        .address(asset)
        .address(account)
        .u64(atoms)
        .u16(reason)
        .raw(hash)
        .emit();
}

/// The asset was paused or resumed.
#[inline(never)]
pub fn paused_set(asset: &Address, paused: bool) {
    Event::new([171, 125, 127, 156, 233, 81, 68, 66])
        .address(asset)
        .u8(u8::from(paused))
        .emit();
}

/// The blocked countries were named.
#[inline(never)]
pub fn countries_set(asset: &Address, count: u8) {
    Event::new([76, 142, 191, 183, 137, 146, 182, 102])
        .address(asset)
        .u8(count)
        .emit();
}

/// A role has another holder.
#[inline(never)]
pub fn role_handed_over(asset: &Address, role: u8, next: &Address) {
    Event::new([247, 125, 2, 55, 218, 130, 94, 78])
        .address(asset)
        .u8(role)
        .address(next)
        .emit();
}

/// A dividend was paid in.
#[inline(never)]
pub fn dividend_created(asset: &Address, dividend: &Address, record: &Dividend) {
    Event::new([27, 61, 116, 42, 254, 68, 8, 40])
        .address(asset)
        .address(dividend)
        .address(&{ record.payment_mint })
        .u64(record.total_atoms)
        .u64(record.funded_atoms)
        .u64(record.snapshot_slot)
        .emit();
}

/// A row was paid.
#[inline(never)]
pub fn dividend_paid(dividend: &Address, index: u32, wallet: &Address, atoms: u64) {
    Event::new([110, 105, 120, 179, 70, 190, 199, 35])
        .address(dividend)
        .u32(index)
        .address(wallet)
        .u64(atoms)
        .emit();
}

/// What was left went back.
#[inline(never)]
pub fn dividend_closed(dividend: &Address, paid_atoms: u64, returned_atoms: u64) {
    Event::new([77, 129, 201, 112, 241, 240, 149, 225])
        .address(dividend)
        .u64(paid_atoms)
        .u64(returned_atoms)
        .emit();
}
