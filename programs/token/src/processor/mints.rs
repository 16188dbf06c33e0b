//! Making the asset's mint.

use pinocchio::{
    cpi::{invoke_signed, Signer},
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    AccountView, Address, ProgramResult,
};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    reader::Reader,
    state::Plan,
    token::{check_program, TOKEN_2022_PROGRAM},
};

use crate::{
    error::TokenError,
    event,
    state::{Asset, MINT_SEED, MODE_MANAGED, URI_BYTES_MAX},
    validation::AssetAccount,
};

/// Bytes of a mint of SPL Token.
const PLAIN_BYTES: usize = 82;
/// Bytes of a Token-2022 mint with kind, metadata pointer, permanent delegate, default account
/// state and pause.
const EXTENDED_BYTES: usize = 166 + (4 + 64) + (4 + 32) + (4 + 1) + (4 + 33);
/// Bytes that the metadata adds beside its texts.
const METADATA_BYTES: usize = 4 + 32 + 32 + 4 * 4;

/// Make the mint: with a freeze authority in SPL Token; in Token-2022 also with metadata, accounts
/// frozen from the start, a permanent delegate, and a pause that binds every transfer.
#[inline(never)]
pub fn create_mint(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let issuer = accounts.payer()?;
    let asset_account = AssetAccount::take_writable(&mut accounts)?;
    let mint = accounts.writable()?;
    let token_program = accounts.any()?;
    check_program(token_program)?;
    accounts.system_program()?;
    let program_id = accounts.program_id;
    accounts.finish()?;
    let decimals = reader.u8()?;
    let mode = reader.u8()?;
    let uri = reader.text(URI_BYTES_MAX)?;
    reader.finish()?;
    require(
        decimals <= 18 && mode <= MODE_MANAGED,
        CommonError::BadInstructionData,
    )?;
    require(
        core::str::from_utf8(uri).is_ok(),
        CommonError::BadInstructionData,
    )?;
    let mut asset = asset_account.account.get();
    require(
        issuer.address() == &{ asset.issuer },
        CommonError::WrongAuthority,
    )?;
    require({ asset.mint } == Address::default(), TokenError::MintExists)?;
    let is_extended = token_program.address() == &TOKEN_2022_PROGRAM;
    let texts = trimmed(&asset.name).len() + trimmed(&asset.symbol).len() + uri.len();
    let (space, space_paid) = if is_extended {
        (EXTENDED_BYTES, EXTENDED_BYTES + METADATA_BYTES + texts)
    } else {
        (PLAIN_BYTES, PLAIN_BYTES)
    };
    let owner = token_program.address();
    let plan = Plan {
        view: mint,
        payer: issuer,
        program_id,
        owner,
        space,
        space_paid,
    };
    plan.create(&[MINT_SEED, asset_account.address().as_ref()])?;
    asset.mint = *mint.address();
    asset.token_program = *token_program.address();
    asset.decimals = decimals;
    asset.mode = mode;
    asset_account.account.set(&asset);
    let maker = Maker {
        program: token_program.address(),
        mint,
        authority: asset_account,
    };
    if is_extended {
        maker.extend()?;
    }
    maker.initialize(decimals)?;
    if is_extended {
        maker.name(&asset, uri)?;
    }
    event::mint_created(
        asset_account.address(),
        mint.address(),
        owner,
        decimals,
        mode,
    );
    Ok(())
}

struct Maker<'a> {
    program: &'a Address,
    mint: &'a AccountView,
    authority: AssetAccount<'a>,
}

impl Maker<'_> {
    fn call(&self, data: &[u8]) -> ProgramResult {
        let accounts = [InstructionAccount::writable(self.mint.address())];
        let instruction = InstructionView {
            program_id: self.program,
            accounts: &accounts,
            data,
        };
        invoke_signed(&instruction, &[self.mint], &[])
    }

    /// Prepare the extensions, each before the mint itself as Token-2022 wants it.
    #[inline(never)]
    fn extend(&self) -> ProgramResult {
        let authority: &[u8] = self.authority.address().as_ref();
        let mut pointer = [0u8; 66]; // MetadataPointer, Initialize: authority, address
        pointer[0] = 39;
        pointer[2..34].copy_from_slice(authority);
        pointer[34..].copy_from_slice(self.mint.address().as_ref());
        self.call(&pointer)?;
        let mut delegate = [35u8; 33]; // InitializePermanentDelegate
        delegate[1..].copy_from_slice(authority);
        self.call(&delegate)?;
        self.call(&[28, 0, 2])?; // DefaultAccountState, Initialize: frozen
        let mut pause = [0u8; 34]; // Pausable, Initialize
        pause[0] = 44;
        pause[2..].copy_from_slice(authority);
        self.call(&pause)
    }

    /// `InitializeMint2`: the asset's address makes and freezes.
    #[inline(never)]
    fn initialize(&self, decimals: u8) -> ProgramResult {
        let mut data = [0u8; 67];
        data[0] = 20;
        data[1] = decimals;
        data[2..34].copy_from_slice(self.authority.address().as_ref());
        data[34] = 1;
        data[35..].copy_from_slice(self.authority.address().as_ref());
        self.call(&data)
    }

    /// Put name, symbol and URI into the mint.
    #[inline(never)]
    fn name(&self, asset: &Asset, uri: &[u8]) -> ProgramResult {
        asset.signed(|signers| self.put_metadata(asset, uri, signers))
    }

    /// `TokenMetadata`, Initialize: name, symbol, URI.
    #[inline(always)]
    fn put_metadata(&self, asset: &Asset, uri: &[u8], signers: &[Signer]) -> ProgramResult {
        let mut data = [0u8; 8 + 12 + 32 + 10 + URI_BYTES_MAX];
        data[..8].copy_from_slice(&[210, 225, 30, 162, 88, 184, 77, 141]);
        let mut used = 8;
        for text in [trimmed(&asset.name), trimmed(&asset.symbol), uri] {
            data[used..used + 4].copy_from_slice(&(text.len() as u32).to_le_bytes());
            data[used + 4..used + 4 + text.len()].copy_from_slice(text);
            used += 4 + text.len();
        }
        let accounts = [
            InstructionAccount::writable(self.mint.address()),
            InstructionAccount::readonly(self.authority.address()),
            InstructionAccount::readonly(self.mint.address()),
            InstructionAccount::readonly_signer(self.authority.address()),
        ];
        let instruction = InstructionView {
            program_id: self.program,
            accounts: &accounts,
            data: &data[..used],
        };
        let authority = self.authority.account.view;
        invoke_signed(
            &instruction,
            &[self.mint, authority, self.mint, authority],
            signers,
        )
    }
}

/// Return a text without the zeros that fill its field.
fn trimmed(field: &[u8]) -> &[u8] {
    let length = field
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(field.len());
    &field[..length]
}

/// Pause or resume the mint itself; SPL Token has no such thing.
#[inline(never)]
pub fn set_mint_paused(
    program: &Address,
    mint: &AccountView,
    authority: &AssetAccount,
    paused: bool,
) -> Result<(), ProgramError> {
    let accounts = [
        InstructionAccount::writable(mint.address()),
        InstructionAccount::readonly_signer(authority.address()),
    ];
    let data = [44, if paused { 1 } else { 2 }];
    let instruction = InstructionView {
        program_id: program,
        accounts: &accounts,
        data: &data,
    };
    authority
        .account
        .get()
        .signed(|signers| invoke_signed(&instruction, &[mint, authority.account.view], signers))
}
