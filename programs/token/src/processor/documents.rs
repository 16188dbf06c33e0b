//! Documents of an asset.

use pinocchio::{
    sysvars::{clock::Clock, Sysvar},
    ProgramResult,
};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    reader::Reader,
    state::{create, Record},
};

use crate::{
    event,
    state::{Asset, Document, DOCUMENT_SEED, URI_BYTES_MAX},
};

/// Add the next version of a document: its hash, and where it is.
#[inline(never)]
pub fn add_document(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let issuer = accounts.payer()?;
    let asset_account: Record<Asset> = Record::check(accounts.writable()?, accounts.program_id)?;
    let document_view = accounts.writable()?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    let kind = reader.u16()?;
    let hash = *reader.bytes()?;
    let uri = reader.text(URI_BYTES_MAX)?;
    reader.finish()?;
    require(!uri.is_empty(), CommonError::BadInstructionData)?;
    require(
        core::str::from_utf8(uri).is_ok(),
        CommonError::BadInstructionData,
    )?;
    let mut asset = asset_account.get();
    require(
        issuer.address() == &{ asset.issuer },
        CommonError::WrongAuthority,
    )?;
    let version = { asset.document_count }
        .checked_add(1)
        .ok_or(CommonError::Overflow)?;
    let clock = Clock::get()?;
    let (slot, time_s) = (clock.slot, clock.unix_timestamp);
    let record = Document {
        asset: *asset_account.address(),
        version,
        kind,
        hash,
        slot,
        time_s,
    };
    let version_bytes = version.to_le_bytes();
    let seeds: [&[u8]; 3] = [
        DOCUMENT_SEED,
        asset_account.address().as_ref(),
        &version_bytes,
    ];
    let (made, _) = create(
        [document_view, issuer],
        program_id,
        &seeds,
        &record,
        uri.len(),
    )?;
    made.set_tail(uri);
    asset.document_count = version;
    asset_account.set(&asset);
    event::document_added(asset_account.address(), version, kind, &hash);
    Ok(())
}
