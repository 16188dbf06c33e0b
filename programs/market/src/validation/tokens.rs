//! Mints, token accounts and the programs that own them.

use pinocchio::{error::ProgramError, AccountView, Address};

use super::{accounts::writable, pda::vault_address, Accounts, VaultAuthority};
use crate::error::{require, MarketError};

/// SPL Token.
pub const TOKEN: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// Token-2022.
pub const TOKEN_2022: Address =
    Address::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

const MINT_BYTES: usize = 82;
const MINT_DECIMALS_AT: usize = 44;
const MINT_INITIALIZED_AT: usize = 45;
const ACCOUNT_BYTES: usize = 165;
const ACCOUNT_OWNER_AT: usize = 32;
const ACCOUNT_AMOUNT_AT: usize = 64;

/// One of the two token programs.
#[derive(Clone, Copy)]
pub struct TokenProgram<'a>(&'a AccountView);

impl<'a> TokenProgram<'a> {
    /// Take an account, which must be a token program.
    #[inline(always)]
    pub fn from_view(view: &'a AccountView) -> Result<Self, ProgramError> {
        let known = view.address() == &TOKEN || view.address() == &TOKEN_2022;
        require(known, MarketError::WrongProgram)?;
        Ok(Self(view))
    }

    /// Its address.
    #[inline(always)]
    pub fn address(&self) -> &'a Address {
        self.0.address()
    }

    /// Tell whether it carries out several instructions in one call.
    #[inline(always)]
    pub fn has_batch(&self) -> bool {
        self.0.address() == &TOKEN
    }
}

/// A mint and its token program.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    view: &'a AccountView,
    program: TokenProgram<'a>,
    decimals: u8,
}

impl<'a> Mint<'a> {
    /// Take the next two accounts: a mint, and the token program that owns it.
    #[inline(never)]
    pub fn next(accounts: &mut Accounts<'a>) -> Result<Self, ProgramError> {
        let view = accounts.next()?;
        let program = TokenProgram::from_view(accounts.next()?)?;
        require(view.owned_by(program.address()), MarketError::WrongOwner)?;
        require(view.data_len() >= MINT_BYTES, MarketError::WrongAccountKind)?;
        // A mint with extensions is longer than any token account without; the byte behind the
        // common part tells them from each other.
        // SAFETY: nothing borrows the data, and the length was checked.
        let data = unsafe { view.borrow_unchecked() };
        require(
            data[MINT_INITIALIZED_AT] == 1,
            MarketError::WrongAccountKind,
        )?;
        let is_mint =
            data.len() == MINT_BYTES || (data.len() > ACCOUNT_BYTES && data[ACCOUNT_BYTES] == 1);
        require(is_mint, MarketError::WrongAccountKind)?;
        Ok(Self {
            view,
            program,
            decimals: data[MINT_DECIMALS_AT],
        })
    }

    /// Refuse a mint with an extension that would change what settlement means.
    ///
    /// Accepted: metadata and its pointer, a permanent delegate (recovery ordered by a court) and
    /// accounts that are frozen when new. Refused with all others: fees and hooks on transfers,
    /// confidential amounts, pausing, a mint that can be closed and made anew.
    pub fn require_accepted_extensions(&self) -> Result<(), ProgramError> {
        // SAFETY: nothing borrows the data.
        let data = unsafe { self.view.borrow_unchecked() };
        if data.len() == MINT_BYTES {
            return Ok(());
        }
        let mut at = ACCOUNT_BYTES + 1;
        while at + 4 <= data.len() {
            let kind = u16::from_le_bytes([data[at], data[at + 1]]);
            let length = u16::from_le_bytes([data[at + 2], data[at + 3]]) as usize;
            match kind {
                0 => return Ok(()), // nothing but padding from here
                6 | 12 | 18 | 19 => at += 4 + length,
                _ => return Err(MarketError::MintNotAccepted.into()),
            }
        }
        require(at == data.len(), MarketError::MintNotAccepted)
    }

    /// Its address.
    #[inline(always)]
    pub fn address(&self) -> &'a Address {
        self.view.address()
    }

    /// The account.
    #[inline(always)]
    pub fn view(&self) -> &'a AccountView {
        self.view
    }

    /// The token program that owns it.
    #[inline(always)]
    pub fn program(&self) -> TokenProgram<'a> {
        self.program
    }

    /// Its decimals.
    #[inline(always)]
    pub fn decimals(&self) -> u8 {
        self.decimals
    }
}

/// The vault of an owner and mint: proven by its address.
#[derive(Clone, Copy)]
pub struct Vault<'a>(&'a AccountView);

impl<'a> Vault<'a> {
    /// Take an account, which must be the vault of this owner and mint.
    #[inline(always)]
    pub fn from_view(
        view: &'a AccountView,
        owner: &Address,
        mint: &Mint<'a>,
        bump: u8,
        program_id: &Address,
    ) -> Result<Self, ProgramError> {
        let address = vault_address(owner, mint.address(), bump, program_id);
        require(view.address() == &address, MarketError::WrongAddress)?;
        require(
            view.owned_by(mint.program().address()),
            MarketError::WrongOwner,
        )?;
        Ok(Self(writable(view)?))
    }

    /// The account.
    #[inline(always)]
    pub fn view(&self) -> &'a AccountView {
        self.0
    }

    /// What lies in it.
    pub fn amount_atoms(&self) -> Result<u64, ProgramError> {
        require(
            self.0.data_len() >= ACCOUNT_BYTES,
            MarketError::WrongAccountKind,
        )?;
        // SAFETY: nothing borrows the data, and the length was checked.
        let data = unsafe { self.0.borrow_unchecked() };
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&data[ACCOUNT_AMOUNT_AT..ACCOUNT_AMOUNT_AT + 8]);
        Ok(u64::from_le_bytes(bytes))
    }
}

/// Check that an account is a token account of a mint.
#[inline(never)]
fn token_account<'a>(view: &'a AccountView, mint: &Mint<'a>) -> Result<&'a [u8], ProgramError> {
    require(
        view.owned_by(mint.program().address()),
        MarketError::WrongOwner,
    )?;
    require(
        view.data_len() >= ACCOUNT_BYTES,
        MarketError::WrongAccountKind,
    )?;
    // SAFETY: nothing borrows the data.
    let data = unsafe { view.borrow_unchecked() };
    require(
        &data[..32] == mint.address().as_ref(),
        MarketError::WrongMint,
    )?;
    writable(view)?;
    Ok(data)
}

/// A token account that tokens are paid out to; never one that this program holds.
#[derive(Clone, Copy)]
pub struct Destination<'a>(&'a AccountView);

impl<'a> Destination<'a> {
    /// Take an account, which must be a token account of the mint outside of the vaults.
    pub fn from_view(
        view: &'a AccountView,
        mint: &Mint<'a>,
        authority: &VaultAuthority<'a>,
    ) -> Result<Self, ProgramError> {
        let data = token_account(view, mint)?;
        let owner = &data[ACCOUNT_OWNER_AT..ACCOUNT_OWNER_AT + 32];
        require(
            owner != authority.address().as_ref(),
            MarketError::ReservedOwner,
        )?;
        Ok(Self(view))
    }

    /// The account.
    pub fn view(&self) -> &'a AccountView {
        self.0
    }
}

/// A token account that a deposit comes from; the token program checks who may move it.
#[derive(Clone, Copy)]
pub struct Source<'a>(&'a AccountView);

impl<'a> Source<'a> {
    /// Take an account, which must be a token account of the mint.
    pub fn from_view(view: &'a AccountView, mint: &Mint<'a>) -> Result<Self, ProgramError> {
        token_account(view, mint)?;
        Ok(Self(view))
    }

    /// The account.
    pub fn view(&self) -> &'a AccountView {
        self.0
    }
}
