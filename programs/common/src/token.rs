//! Mints and token accounts of both token programs, and the calls to them.

use pinocchio::{
    cpi::{invoke_signed, Signer},
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    AccountView, Address, ProgramResult,
};

use crate::error::{require, CommonError};

/// SPL Token: TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA.
pub const TOKEN_PROGRAM: Address = Address::new_from_array([
    6, 221, 246, 225, 215, 101, 161, 147, 217, 203, 225, 70, 206, 235, 121, 172, 28, 180, 133, 237,
    95, 91, 55, 145, 58, 140, 245, 133, 126, 255, 0, 169,
]);
/// SPL Token-2022: TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb.
pub const TOKEN_2022_PROGRAM: Address = Address::new_from_array([
    6, 221, 246, 225, 238, 117, 143, 222, 24, 66, 93, 188, 228, 108, 205, 218, 182, 26, 252, 77,
    131, 185, 13, 39, 254, 189, 249, 40, 216, 161, 139, 252,
]);
/// Associated token accounts: ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL.
pub const ASSOCIATED_PROGRAM: Address = Address::new_from_array([
    140, 151, 37, 143, 78, 36, 137, 241, 187, 61, 16, 41, 20, 142, 13, 131, 11, 90, 19, 153, 218,
    255, 16, 132, 4, 142, 123, 216, 219, 233, 248, 89,
]);

const ACCOUNT_BYTES: usize = 165;
const MINT_BYTES: usize = 82;
const KIND_MINT: u8 = 1;
const KIND_ACCOUNT: u8 = 2;

/// Refuse a program that is no token program.
pub fn check_program(view: &AccountView) -> Result<(), ProgramError> {
    let address = view.address();
    require(
        address == &TOKEN_PROGRAM || address == &TOKEN_2022_PROGRAM,
        CommonError::WrongProgram,
    )
}

/// A token account whose program and mint were checked.
#[derive(Clone, Copy)]
pub struct TokenAccount<'a> {
    /// The account.
    pub view: &'a AccountView,
}

impl<'a> TokenAccount<'a> {
    /// Accept an account of a token program and mint.
    #[inline(always)]
    pub fn check(
        view: &'a AccountView,
        program: &Address,
        mint: &Address,
    ) -> Result<Self, ProgramError> {
        require(view.owned_by(program), CommonError::WrongOwner)?;
        let account = Self { view };
        let data = account.data();
        require(
            data.len() >= ACCOUNT_BYTES && data[108] != 0,
            CommonError::WrongAccountKind,
        )?;
        require(
            data.len() == ACCOUNT_BYTES || data[ACCOUNT_BYTES] == KIND_ACCOUNT,
            CommonError::WrongAccountKind,
        )?;
        require(data[..32] == *mint.as_ref(), CommonError::WrongMint)?;
        Ok(account)
    }

    #[inline(always)]
    fn data(&self) -> &'a [u8] {
        // SAFETY: this program never holds a writable reference into a token account.
        unsafe { self.view.borrow_unchecked() }
    }

    /// Return the wallet, or program address, that the tokens belong to.
    #[inline(always)]
    pub fn owner(&self) -> Address {
        let mut owner = [0u8; 32];
        owner.copy_from_slice(&self.data()[32..64]);
        Address::new_from_array(owner)
    }

    /// Return the balance.
    #[inline(always)]
    pub fn atoms(&self) -> u64 {
        read_u64(self.data(), 64)
    }

    /// Tell whether the account is frozen.
    #[inline(always)]
    pub fn is_frozen(&self) -> bool {
        self.data()[108] == 2
    }
}

/// A mint whose program was checked.
#[derive(Clone, Copy)]
pub struct Mint<'a> {
    /// The account.
    pub view: &'a AccountView,
}

impl<'a> Mint<'a> {
    /// Accept a mint of a token program.
    #[inline(always)]
    pub fn check(view: &'a AccountView, program: &Address) -> Result<Self, ProgramError> {
        require(view.owned_by(program), CommonError::WrongOwner)?;
        let mint = Self { view };
        let data = mint.data();
        require(
            data.len() >= MINT_BYTES && data[45] == 1,
            CommonError::WrongAccountKind,
        )?;
        require(
            data.len() == MINT_BYTES
                || (data.len() > ACCOUNT_BYTES && data[ACCOUNT_BYTES] == KIND_MINT),
            CommonError::WrongAccountKind,
        )?;
        Ok(mint)
    }

    #[inline(always)]
    fn data(&self) -> &'a [u8] {
        // SAFETY: this program never holds a writable reference into a mint.
        unsafe { self.view.borrow_unchecked() }
    }

    /// Return all tokens that there are.
    #[inline(always)]
    pub fn supply_atoms(&self) -> u64 {
        read_u64(self.data(), 36)
    }

    /// Return the decimals.
    #[inline(always)]
    pub fn decimals(&self) -> u8 {
        self.data()[44]
    }
}

#[inline(always)]
fn read_u64(data: &[u8], offset: usize) -> u64 {
    let mut bytes = [0u8; 8];
    bytes.copy_from_slice(&data[offset..offset + 8]);
    u64::from_le_bytes(bytes)
}

/// Who signs a call, and with which seeds when it is an address of this program.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    /// The signing account.
    pub view: &'a AccountView,
    /// Empty when it signed the transaction.
    pub signers: &'a [Signer<'a, 'a>],
}

/// A move of tokens.
pub struct Transfer<'a> {
    /// The token program.
    pub program: &'a Address,
    /// From where.
    pub source: &'a AccountView,
    /// The mint.
    pub mint: Mint<'a>,
    /// To where.
    pub destination: &'a AccountView,
    /// How much.
    pub atoms: u64,
}

impl Transfer<'_> {
    /// Move the tokens.
    #[inline(never)]
    pub fn run(&self, authority: Authority) -> ProgramResult {
        let mut data = [0u8; 10];
        data[0] = 12;
        data[1..9].copy_from_slice(&self.atoms.to_le_bytes());
        data[9] = self.mint.decimals();
        let accounts = [
            InstructionAccount::writable(self.source.address()),
            InstructionAccount::readonly(self.mint.view.address()),
            InstructionAccount::writable(self.destination.address()),
            InstructionAccount::readonly_signer(authority.view.address()),
        ];
        let instruction = InstructionView {
            program_id: self.program,
            accounts: &accounts,
            data: &data,
        };
        let views = [
            self.source,
            self.mint.view,
            self.destination,
            authority.view,
        ];
        invoke_signed(&instruction, &views, authority.signers)
    }
}

/// A call with an account, its mint and an authority: mint to, burn, freeze, thaw.
pub struct Control<'a> {
    /// The token program.
    pub program: &'a Address,
    /// The token account.
    pub account: &'a AccountView,
    /// The mint.
    pub mint: &'a AccountView,
}

impl Control<'_> {
    /// Make tokens and put them into the account.
    #[inline(never)]
    pub fn mint_to(&self, atoms: u64, authority: Authority) -> ProgramResult {
        let accounts = [
            InstructionAccount::writable(self.mint.address()),
            InstructionAccount::writable(self.account.address()),
            InstructionAccount::readonly_signer(authority.view.address()),
        ];
        let views = [self.mint, self.account, authority.view];
        let instruction = InstructionView {
            program_id: self.program,
            accounts: &accounts,
            data: &amount_data(7, atoms),
        };
        invoke_signed(&instruction, &views, authority.signers)
    }

    /// Destroy tokens of the account.
    #[inline(never)]
    pub fn burn(&self, atoms: u64, authority: Authority) -> ProgramResult {
        let accounts = [
            InstructionAccount::writable(self.account.address()),
            InstructionAccount::writable(self.mint.address()),
            InstructionAccount::readonly_signer(authority.view.address()),
        ];
        let views = [self.account, self.mint, authority.view];
        let instruction = InstructionView {
            program_id: self.program,
            accounts: &accounts,
            data: &amount_data(8, atoms),
        };
        invoke_signed(&instruction, &views, authority.signers)
    }

    /// Let nothing in or out of the account.
    pub fn freeze(&self, authority: Authority) -> ProgramResult {
        self.set_frozen(10, authority)
    }

    /// Undo a freeze.
    pub fn thaw(&self, authority: Authority) -> ProgramResult {
        self.set_frozen(11, authority)
    }

    #[inline(never)]
    fn set_frozen(&self, code: u8, authority: Authority) -> ProgramResult {
        let accounts = [
            InstructionAccount::writable(self.account.address()),
            InstructionAccount::readonly(self.mint.address()),
            InstructionAccount::readonly_signer(authority.view.address()),
        ];
        let views = [self.account, self.mint, authority.view];
        let instruction = InstructionView {
            program_id: self.program,
            accounts: &accounts,
            data: &[code],
        };
        invoke_signed(&instruction, &views, authority.signers)
    }
}

#[inline(always)]
fn amount_data(code: u8, atoms: u64) -> [u8; 9] {
    let mut data = [0u8; 9];
    data[0] = code;
    data[1..].copy_from_slice(&atoms.to_le_bytes());
    data
}

/// Make a token account of this program's address: `InitializeAccount3`.
#[inline(never)]
pub fn initialize_account(
    program: &Address,
    account: &AccountView,
    mint: &AccountView,
    owner: &Address,
) -> ProgramResult {
    let mut data = [18u8; 33];
    data[1..].copy_from_slice(owner.as_ref());
    let accounts = [
        InstructionAccount::writable(account.address()),
        InstructionAccount::readonly(mint.address()),
    ];
    let instruction = InstructionView {
        program_id: program,
        accounts: &accounts,
        data: &data,
    };
    invoke_signed(&instruction, &[account, mint], &[])
}

/// Ask a token program how long an account of the mint is: `GetAccountDataSize`.
#[inline(never)]
pub fn account_bytes(program: &Address, mint: &AccountView) -> Result<usize, ProgramError> {
    // An account of a Token-2022 mint carries a field for each extension of the mint that needs it.
    let accounts = [InstructionAccount::readonly(mint.address())];
    let instruction = InstructionView {
        program_id: program,
        accounts: &accounts,
        data: &[21],
    };
    invoke_signed(&instruction, &[mint], &[])?;
    let answer = pinocchio::cpi::get_return_data().ok_or(CommonError::WrongAccountKind)?;
    let bytes: [u8; 8] = answer
        .as_slice()
        .try_into()
        .map_err(|_| CommonError::WrongAccountKind)?;
    Ok(u64::from_le_bytes(bytes) as usize)
}
