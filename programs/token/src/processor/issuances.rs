//! Issuing by a table that several people approved.

use pinocchio::ProgramResult;
use realstack_common::{
    accounts::Accounts,
    error::{add, require, CommonError},
    hash::{Row, ROWS_MAX},
    reader::Reader,
    state::{create, Record},
    token::{Authority, TokenAccount},
};

use crate::{
    error::TokenError,
    event,
    state::{Issuance, ISSUANCE_CANCELLED, ISSUANCE_OPEN, ISSUANCE_SEED, MODE_MANAGED},
    validation::{AssetAccount, AssetMint, Party},
};

/// Propose to issue what a table says.
#[inline(never)]
pub fn propose_issuance(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let issuer = accounts.payer()?;
    let asset_account = AssetAccount::take_writable(&mut accounts)?;
    let issuance_view = accounts.writable()?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    let root = *reader.bytes()?;
    let rows = reader.u32()?;
    let total_atoms = reader.amount()?;
    reader.finish()?;
    require(
        rows >= 1 && rows <= ROWS_MAX,
        CommonError::BadInstructionData,
    )?;
    let mut asset = asset_account.account.get();
    require(
        issuer.address() == &{ asset.issuer },
        CommonError::WrongAuthority,
    )?;
    let index = { asset.issuance_count };
    let mut record = Issuance {
        asset: *asset_account.address(),
        index,
        root,
        rows,
        rows_done: 0,
        total_atoms,
        issued_atoms: 0,
        approvals: 0,
        state: ISSUANCE_OPEN,
        bump: 0,
    };
    let index_bytes = index.to_le_bytes();
    let seeds: [&[u8]; 3] = [
        ISSUANCE_SEED,
        asset_account.address().as_ref(),
        &index_bytes,
    ];
    let bitmap = rows.div_ceil(8) as usize;
    let (made, bump) = create([issuance_view, issuer], program_id, &seeds, &record, bitmap)?;
    record.bump = bump;
    made.set(&record);
    asset.issuance_count = add(index, 1)?;
    asset_account.account.set(&asset);
    event::issuance_proposed(asset_account.address(), made.address(), &root, total_atoms);
    Ok(())
}

/// Approve an issuance, naming the table that was seen.
#[inline(never)]
pub fn approve_issuance(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let approver = accounts.signer()?;
    let asset_account = AssetAccount::take(&mut accounts)?;
    let issuance: Record<Issuance> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    let root: [u8; 32] = *reader.bytes()?;
    reader.finish()?;
    let asset = asset_account.account.get();
    let mut record = issuance.get();
    asset_account.require_same(record.asset)?;
    let seat = asset
        .seat(approver.address())
        .ok_or(TokenError::NotApprover)?;
    require(record.state == ISSUANCE_OPEN, TokenError::IssuanceClosed)?;
    require(record.root == root, TokenError::DifferentTable)?;
    let bit = 1u8 << seat;
    require(record.approvals & bit == 0, TokenError::AlreadyApproved)?;
    record.approvals |= bit;
    issuance.set(&record);
    event::issuance_approved(issuance.address(), approver.address(), record.approvals);
    Ok(())
}

/// Give an issuance up before its first row is issued.
#[inline(never)]
pub fn cancel_issuance(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let issuer = accounts.signer()?;
    let asset_account = AssetAccount::take(&mut accounts)?;
    let issuance: Record<Issuance> = Record::check(accounts.writable()?, accounts.program_id)?;
    accounts.finish()?;
    reader.finish()?;
    let asset = asset_account.account.get();
    let mut record = issuance.get();
    asset_account.require_same(record.asset)?;
    require(
        issuer.address() == &{ asset.issuer },
        CommonError::WrongAuthority,
    )?;
    let is_untouched = record.state == ISSUANCE_OPEN && { record.rows_done } == 0;
    require(is_untouched, TokenError::IssuanceClosed)?;
    record.state = ISSUANCE_CANCELLED;
    issuance.set(&record);
    event::issuance_cancelled(issuance.address());
    Ok(())
}

/// Issue one row of an approved table. Anyone may: the table says who gets what.
#[inline(never)]
pub fn issue(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let asset_account = AssetAccount::take_writable(&mut accounts)?;
    let issuance: Record<Issuance> = Record::check(accounts.writable()?, accounts.program_id)?;
    let token_view = accounts.writable()?;
    let mut asset = asset_account.account.get();
    let mut record = issuance.get();
    asset_account.require_same(record.asset)?;
    let tokens = AssetMint::take(&mut accounts, &asset)?;
    require(tokens.mint.view.is_writable(), CommonError::NotWritable)?;
    let account = tokens.account(token_view)?;
    let party = Party::take(&mut accounts, asset_account.address(), &account.owner())?;
    accounts.finish()?;
    let index = reader.u32()?;
    let atoms = reader.amount()?;
    let proof = reader.blocks(32)?;
    reader.finish()?;
    asset_account.require_running(&asset)?;
    require(record.state == ISSUANCE_OPEN, TokenError::IssuanceClosed)?;
    let approvals = record.approvals.count_ones() as u8;
    require(approvals >= asset.threshold, TokenError::ApprovalsMissing)?;
    let row = Row {
        table: issuance.address(),
        index,
        wallet: &party.wallet,
        atoms,
    };
    let root = record.root;
    require(
        row.is_under(&root, record.rows, proof),
        TokenError::NotInTable,
    )?;
    require(issuance.set_bit(index)?, TokenError::RowDone)?;
    record.issued_atoms = add(record.issued_atoms, atoms)?;
    require(
        { record.issued_atoms } <= { record.total_atoms },
        TokenError::TotalExceeded,
    )?;
    record.rows_done += 1;
    issuance.set(&record);
    party.require_eligible(&asset)?;
    party.receive(atoms)?;
    asset.issued_atoms = add(asset.issued_atoms, atoms)?;
    asset_account.account.set(&asset);
    mint_into(&asset_account, &tokens, &account, atoms)?;
    let stays_frozen = asset.mode == MODE_MANAGED || party.is_locked_up()?;
    tokens.set_frozen(&asset_account, &account, stays_frozen)?;
    event::issued(issuance.address(), index, &party.wallet, atoms);
    Ok(())
}

/// Thaw the account and mint into it.
fn mint_into<'a>(
    asset: &AssetAccount<'a>,
    tokens: &AssetMint<'a>,
    account: &TokenAccount<'a>,
    atoms: u64,
) -> ProgramResult {
    tokens.set_frozen(asset, account, false)?;
    asset.account.get().signed(|signers| {
        let authority = Authority {
            view: asset.account.view,
            signers,
        };
        tokens.control(account).mint_to(atoms, authority)
    })
}
