use pinocchio::{cpi::Seed, ProgramResult};

use crate::{
    cpi::{system::create_state, tokens::VaultMaker},
    error::MarketError,
    event::{kind, Event},
    reader::Reader,
    state::{
        mint_record::{MINT_SEED, VAULT_SEED},
        MintRecord,
    },
    validation::{Accounts, ConfigAccount, Mint, NewAccount, Payer, SignerAccount, VaultAuthority},
};

/// Accept a mint, and make its clearing vault (owned by the vault authority) and its fee vault
/// (owned by the config).
#[inline(never)] // a frame of its own
pub fn register_mint(mut accounts: Accounts, reader: Reader) -> ProgramResult {
    let payer = Payer::next(&mut accounts)?;
    let signer = SignerAccount::next(&mut accounts)?;
    let config = ConfigAccount::next(&mut accounts)?;
    signer.require_role(&config.state().authority)?;
    let authority = VaultAuthority::next(&mut accounts, &config)?;
    let mint = Mint::next(&mut accounts)?;
    mint.require_accepted_extensions()?;
    let there = MarketError::AlreadyInitialized;
    let address = mint.address().as_ref();
    let record = NewAccount::next(&mut accounts, &[MINT_SEED, address], there)?;
    let clearing_owner = authority.address();
    let seeds = [VAULT_SEED, clearing_owner.as_ref(), address];
    let clearing = NewAccount::next(&mut accounts, &seeds, there)?;
    let fee_owner = config.address();
    let fee = NewAccount::next(
        &mut accounts,
        &[VAULT_SEED, fee_owner.as_ref(), address],
        there,
    )?;
    accounts.system_program()?;
    accounts.finish()?;
    reader.finish()?;

    let maker = VaultMaker {
        payer: &payer,
        mint: &mint,
        authority: &authority,
    };
    maker.make(&clearing, clearing_owner)?;
    maker.make(&fee, fee_owner)?;
    let bump = [record.bump()];
    let seeds = [
        Seed::from(MINT_SEED),
        Seed::from(address),
        Seed::from(&bump),
    ];
    let state: &mut MintRecord = create_state(&payer, &record, &seeds, accounts.program_id)?;
    state.mint = *mint.address();
    state.token_program = *mint.program().address();
    state.decimals = mint.decimals();
    state.bump = record.bump();
    state.clearing_vault_bump = clearing.bump();
    state.fee_vault_bump = fee.bump();
    Event::new(&kind::MINT_REGISTERED)
        .address(mint.address())
        .emit();
    Ok(())
}
