//! Locking tokens and taking them back.

use pinocchio::{
    error::ProgramError,
    sysvars::{clock::Clock, Sysvar},
    AccountView, Address, ProgramResult,
};
use realstack_common::{
    accounts::Accounts,
    error::{add, require, CommonError},
    reader::Reader,
    state::{create, find, Record},
    token::{Authority, Mint, TokenAccount, Transfer},
};

use crate::{
    error::GovernanceError,
    event,
    state::{Realm, Voter, VAULT_SEED, VOTER_SEED},
};

/// Make a wallet's account in a realm.
#[inline(never)]
pub fn open_voter(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let wallet = accounts.payer()?;
    let realm: Record<Realm> = Record::check(accounts.any()?, accounts.program_id)?;
    let voter_view = accounts.writable()?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    reader.finish()?;
    // SAFETY: a record of integers and bytes is valid when all of it is zero.
    let mut record: Voter = unsafe { core::mem::zeroed() };
    record.realm = *realm.address();
    record.wallet = *wallet.address();
    let seeds: [&[u8]; 3] = [
        VOTER_SEED,
        realm.address().as_ref(),
        wallet.address().as_ref(),
    ];
    let (made, bump) = create([voter_view, wallet], program_id, &seeds, &record, 0)?;
    record.bump = bump;
    made.set(&record);
    Ok(())
}

/// A wallet's deposit, and the token accounts that it moves between.
struct Deposit<'a> {
    wallet: &'a AccountView,
    realm: Record<'a, Realm>,
    voter: Record<'a, Voter>,
    outside: TokenAccount<'a>,
    vault: TokenAccount<'a>,
    mint: Mint<'a>,
    program: &'a Address,
}

impl<'a> Deposit<'a> {
    #[inline(never)]
    fn take(mut accounts: Accounts<'a>) -> Result<Self, ProgramError> {
        let wallet = accounts.signer()?;
        let realm: Record<Realm> = Record::check(accounts.writable()?, accounts.program_id)?;
        let voter: Record<Voter> = Record::check(accounts.writable()?, accounts.program_id)?;
        let outside_view = accounts.writable()?;
        let vault_view = accounts.writable()?;
        let mint_view = accounts.any()?;
        let rules = realm.get();
        let (mint_address, token_program) = (rules.mint, rules.token_program);
        require(mint_view.address() == &mint_address, CommonError::WrongMint)?;
        let program = accounts.program(&token_program)?.address();
        let seeds: [&[u8]; 2] = [VAULT_SEED, realm.address().as_ref()];
        find(&seeds, accounts.program_id, vault_view.address())?;
        accounts.finish()?;
        let entry = voter.get();
        require(
            { entry.realm } == *realm.address(),
            CommonError::WrongAddress,
        )?;
        require(
            { entry.wallet } == *wallet.address(),
            CommonError::WrongAuthority,
        )?;
        require(
            outside_view.address() != vault_view.address(),
            CommonError::DuplicateAccount,
        )?;
        Ok(Self {
            wallet,
            realm,
            voter,
            outside: TokenAccount::check(outside_view, program, &mint_address)?,
            vault: TokenAccount::check(vault_view, program, &mint_address)?,
            mint: Mint::check(mint_view, program)?,
            program,
        })
    }

    fn remember(&self, realm: &Realm, voter: &mut Voter) {
        voter.checkpoint(realm.snapshot_count);
        self.realm.set(realm);
        self.voter.set(voter);
        let (now, total) = ({ voter.deposited_atoms }, { realm.deposited_atoms });
        event::deposit_changed(self.realm.address(), self.wallet.address(), now, total);
    }
}

/// Lock tokens. They count in proposals that are opened afterwards.
#[inline(never)]
pub fn deposit(accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let plan = Deposit::take(accounts)?;
    let atoms = reader.amount()?;
    reader.finish()?;
    let before = plan.vault.atoms();
    let transfer = Transfer {
        program: plan.program,
        source: plan.outside.view,
        mint: plan.mint,
        destination: plan.vault.view,
        atoms,
    };
    transfer.run(Authority {
        view: plan.wallet,
        signers: &[],
    })?;
    let after = plan.vault.atoms();
    require(
        after == add(before, atoms)?,
        GovernanceError::DepositDiffers,
    )?;
    let (mut realm, mut voter) = (plan.realm.get(), plan.voter.get());
    realm.deposited_atoms = add(realm.deposited_atoms, atoms)?;
    voter.deposited_atoms = add(voter.deposited_atoms, atoms)?;
    plan.remember(&realm, &mut voter);
    Ok(())
}

/// Take tokens back, once no vote of theirs can count any more.
#[inline(never)]
pub fn withdraw(accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let plan = Deposit::take(accounts)?;
    let atoms = reader.amount()?;
    reader.finish()?;
    let (mut realm, mut voter) = (plan.realm.get(), plan.voter.get());
    let is_free = Clock::get()?.unix_timestamp >= { voter.locked_until_s };
    require(is_free, GovernanceError::DepositLocked)?;
    require(
        { voter.deposited_atoms } >= atoms,
        GovernanceError::DepositTooSmall,
    )?;
    voter.deposited_atoms = { voter.deposited_atoms } - atoms;
    realm.deposited_atoms = { realm.deposited_atoms }
        .checked_sub(atoms)
        .ok_or(CommonError::Overflow)?;
    plan.remember(&realm, &mut voter);
    let transfer = Transfer {
        program: plan.program,
        source: plan.vault.view,
        mint: plan.mint,
        destination: plan.outside.view,
        atoms,
    };
    realm.signed(|signers| {
        transfer.run(Authority {
            view: plan.realm.view,
            signers,
        })
    })
}
