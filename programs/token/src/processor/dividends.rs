//! Dividends: money paid in with a table, each row paid once, the rest given back.

use pinocchio::{
    sysvars::{clock::Clock, Sysvar},
    AccountView, Address, ProgramResult,
};
use realstack_common::{
    accounts::Accounts,
    error::{add, require, CommonError},
    hash::{Row, ROWS_MAX},
    reader::Reader,
    state::{create, find, Plan, Record},
    token::{
        account_bytes, check_program, initialize_account, Authority, Mint, TokenAccount, Transfer,
        ASSOCIATED_PROGRAM,
    },
};

use crate::{
    error::TokenError,
    event,
    state::{Dividend, DIVIDEND_CLOSED, DIVIDEND_OPEN, DIVIDEND_SEED, VAULT_SEED},
    validation::AssetAccount,
};

/// What a dividend is made from.
struct Terms<'a> {
    root: &'a [u8; 32],
    rows: u32,
    total_atoms: u64,
    funded_atoms: u64,
    snapshot_slot: u64,
    expires_s: i64,
}

impl<'a> Terms<'a> {
    #[inline(never)]
    fn read(mut reader: Reader<'a>) -> Result<Self, pinocchio::error::ProgramError> {
        let terms = Self {
            root: reader.bytes()?,
            rows: reader.u32()?,
            total_atoms: reader.amount()?,
            funded_atoms: reader.amount()?,
            snapshot_slot: reader.u64()?,
            expires_s: reader.i64()?,
        };
        reader.finish()?;
        require(
            terms.rows >= 1 && terms.rows <= ROWS_MAX,
            CommonError::BadInstructionData,
        )?;
        require(
            terms.funded_atoms >= terms.total_atoms,
            TokenError::FundingShort,
        )?;
        let clock = Clock::get()?;
        require(
            terms.snapshot_slot <= clock.slot,
            CommonError::BadInstructionData,
        )?;
        require(terms.expires_s > clock.unix_timestamp, TokenError::Expired)?;
        Ok(terms)
    }

    fn record(&self, asset: &Address, index: u64, mint: &Address) -> Dividend {
        Dividend {
            asset: *asset,
            index,
            payment_mint: *mint,
            root: *self.root,
            rows: self.rows,
            rows_done: 0,
            total_atoms: self.total_atoms,
            funded_atoms: self.funded_atoms,
            paid_atoms: 0,
            returned_atoms: 0,
            snapshot_slot: self.snapshot_slot,
            expires_s: self.expires_s,
            state: DIVIDEND_OPEN,
            bump: 0,
        }
    }
}

/// Pay a dividend in: its table, and the money with whatever dust the rounding left.
#[inline(never)]
pub fn create_dividend(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let issuer = accounts.payer()?;
    let asset_account = AssetAccount::take_writable(&mut accounts)?;
    let dividend_view = accounts.writable()?;
    let vault = accounts.writable()?;
    let source = accounts.writable()?;
    let mint_view = accounts.any()?;
    let token_program = accounts.any()?;
    check_program(token_program)?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    let terms = Terms::read(reader)?;
    let mut asset = asset_account.account.get();
    require(
        issuer.address() == &{ asset.issuer },
        CommonError::WrongAuthority,
    )?;
    let program = token_program.address();
    let mint = Mint::check(mint_view, program)?;
    TokenAccount::check(source, program, mint_view.address())?;
    let index = { asset.dividend_count };
    let mut record = terms.record(asset_account.address(), index, mint_view.address());
    let index_bytes = index.to_le_bytes();
    let seeds: [&[u8]; 3] = [
        DIVIDEND_SEED,
        asset_account.address().as_ref(),
        &index_bytes,
    ];
    let bitmap = terms.rows.div_ceil(8) as usize;
    let (made, bump) = create([dividend_view, issuer], program_id, &seeds, &record, bitmap)?;
    record.bump = bump;
    made.set(&record);
    asset.dividend_count = add(index, 1)?;
    asset_account.account.set(&asset);
    let space = account_bytes(program, mint_view)?;
    let plan = Plan {
        view: vault,
        payer: issuer,
        program_id,
        owner: program,
        space,
        space_paid: space,
    };
    plan.create(&[VAULT_SEED, dividend_view.address().as_ref()])?;
    initialize_account(program, vault, mint_view, dividend_view.address())?;
    let atoms = terms.funded_atoms;
    let transfer = Transfer {
        program,
        source,
        mint,
        destination: vault,
        atoms,
    };
    transfer.run(Authority {
        view: issuer,
        signers: &[],
    })?;
    let received = TokenAccount::check(vault, program, mint_view.address())?.atoms();
    require(received == atoms, TokenError::FundingDiffers)?;
    event::dividend_created(asset_account.address(), made.address(), &record);
    Ok(())
}

/// A dividend and the accounts its money moves between.
struct Payment<'a> {
    dividend: Record<'a, Dividend>,
    program: &'a Address,
    mint: Mint<'a>,
    vault: TokenAccount<'a>,
    destination: TokenAccount<'a>,
}

impl<'a> Payment<'a> {
    #[inline(never)]
    fn take(accounts: &mut Accounts<'a>) -> Result<Self, pinocchio::error::ProgramError> {
        let dividend: Record<Dividend> = Record::check(accounts.writable()?, accounts.program_id)?;
        let vault_view = accounts.writable()?;
        let destination_view = accounts.writable()?;
        let mint_view = accounts.any()?;
        let token_program = accounts.any()?;
        check_program(token_program)?;
        let program = token_program.address();
        let record = dividend.get();
        require(
            mint_view.address() == &{ record.payment_mint },
            CommonError::WrongMint,
        )?;
        let mint = Mint::check(mint_view, program)?;
        let seeds: [&[u8]; 2] = [VAULT_SEED, dividend.address().as_ref()];
        find(&seeds, accounts.program_id, vault_view.address())?;
        let vault = TokenAccount::check(vault_view, program, mint_view.address())?;
        let destination = TokenAccount::check(destination_view, program, mint_view.address())?;
        require(
            vault_view.address() != destination_view.address(),
            CommonError::DuplicateAccount,
        )?;
        require(record.state == DIVIDEND_OPEN, TokenError::DividendClosed)?;
        Ok(Self {
            dividend,
            program,
            mint,
            vault,
            destination,
        })
    }

    fn send(&self, atoms: u64) -> ProgramResult {
        if atoms == 0 {
            return Ok(());
        }
        let transfer = Transfer {
            program: self.program,
            source: self.vault.view,
            mint: self.mint,
            destination: self.destination.view,
            atoms,
        };
        self.dividend.get().signed(|signers| {
            transfer.run(Authority {
                view: self.dividend.view,
                signers,
            })
        })
    }

    /// Pay a row of the table to the wallet that it names.
    #[inline(never)]
    fn pay(&self, wallet: &Address, mut reader: Reader) -> ProgramResult {
        let index = reader.u32()?;
        let atoms = reader.amount()?;
        let proof = reader.blocks(32)?;
        reader.finish()?;
        let mut record = self.dividend.get();
        require(
            Clock::get()?.unix_timestamp < { record.expires_s },
            TokenError::Expired,
        )?;
        require(&self.destination.owner() == wallet, CommonError::WrongOwner)?;
        let root = record.root;
        let row = Row {
            table: self.dividend.address(),
            index,
            wallet,
            atoms,
        };
        require(
            row.is_under(&root, record.rows, proof),
            TokenError::NotInTable,
        )?;
        require(self.dividend.set_bit(index)?, TokenError::RowDone)?;
        record.paid_atoms = add(record.paid_atoms, atoms)?;
        require(
            { record.paid_atoms } <= { record.total_atoms },
            TokenError::TotalExceeded,
        )?;
        record.rows_done += 1;
        self.dividend.set(&record);
        self.send(atoms)?;
        event::dividend_paid(self.dividend.address(), index, wallet, atoms);
        Ok(())
    }
}

/// Pay a row to an account of the wallet that signs.
#[inline(never)]
pub fn claim_dividend(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let wallet = accounts.signer()?;
    let payment = Payment::take(&mut accounts)?;
    accounts.finish()?;
    payment.pay(wallet.address(), reader)
}

/// Pay a row to the wallet's associated account; no signature is needed.
#[inline(never)]
pub fn push_dividend(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let wallet: &AccountView = accounts.any()?;
    let payment = Payment::take(&mut accounts)?;
    accounts.finish()?;
    let mint = payment.mint.view.address();
    let seeds: [&[u8]; 3] = [
        wallet.address().as_ref(),
        payment.program.as_ref(),
        mint.as_ref(),
    ];
    find(
        &seeds,
        &ASSOCIATED_PROGRAM,
        payment.destination.view.address(),
    )?;
    payment.pay(wallet.address(), reader)
}

/// Give what is left, dust included, back to the issuer once the time to claim is over.
#[inline(never)]
pub fn close_dividend(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let issuer = accounts.signer()?;
    let asset_account = AssetAccount::take(&mut accounts)?;
    let payment = Payment::take(&mut accounts)?;
    accounts.finish()?;
    reader.finish()?;
    let mut record = payment.dividend.get();
    asset_account.require_same(record.asset)?;
    let role = { asset_account.account.get().issuer };
    require(issuer.address() == &role, CommonError::WrongAuthority)?;
    require(payment.destination.owner() == role, CommonError::WrongOwner)?;
    require(
        Clock::get()?.unix_timestamp >= { record.expires_s },
        TokenError::NotExpired,
    )?;
    // Whatever someone sent to the vault besides goes back too, and is not counted.
    record.returned_atoms = { record.funded_atoms } - { record.paid_atoms };
    record.state = DIVIDEND_CLOSED;
    payment.dividend.set(&record);
    payment.send(payment.vault.atoms())?;
    event::dividend_closed(
        payment.dividend.address(),
        record.paid_atoms,
        record.returned_atoms,
    );
    Ok(())
}
