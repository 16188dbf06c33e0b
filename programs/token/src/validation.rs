//! What several instructions check in the same way.

use pinocchio::{
    error::ProgramError,
    sysvars::{clock::Clock, Sysvar},
    AccountView, Address,
};
use realstack_common::{
    accounts::Accounts,
    error::{require, CommonError},
    state::Record,
    token::{Authority, Control, Mint, TokenAccount},
};

use crate::{
    error::TokenError,
    state::{Asset, Holder, Investor},
};

/// An asset account with its record.
#[derive(Clone, Copy)]
pub struct AssetAccount<'a> {
    /// The account.
    pub account: Record<'a, Asset>,
}

impl<'a> AssetAccount<'a> {
    /// Take the asset.
    #[inline(always)]
    pub fn take(accounts: &mut Accounts<'a>) -> Result<Self, ProgramError> {
        let view = accounts.any()?;
        Ok(Self {
            account: Record::check(view, accounts.program_id)?,
        })
    }

    /// Take the asset, which will change.
    #[inline(always)]
    pub fn take_writable(accounts: &mut Accounts<'a>) -> Result<Self, ProgramError> {
        let view = accounts.writable()?;
        Ok(Self {
            account: Record::check(view, accounts.program_id)?,
        })
    }

    /// Return its address.
    #[inline(always)]
    pub fn address(&self) -> &'a Address {
        self.account.address()
    }

    /// Refuse an account that belongs to another asset.
    #[inline(always)]
    pub fn require_same(&self, asset: Address) -> Result<(), ProgramError> {
        require(&asset == self.address(), CommonError::WrongAddress)
    }

    /// Refuse while paused.
    #[inline(always)]
    pub fn require_running(&self, asset: &Asset) -> Result<(), ProgramError> {
        require(asset.paused == 0, TokenError::Paused)
    }
}

/// The asset's mint and its token program.
#[derive(Clone, Copy)]
pub struct AssetMint<'a> {
    /// The mint.
    pub mint: Mint<'a>,
    /// The token program.
    pub program: &'a AccountView,
}

impl<'a> AssetMint<'a> {
    /// Take the mint and the token program.
    #[inline(always)]
    pub fn take(accounts: &mut Accounts<'a>, asset: &Asset) -> Result<Self, ProgramError> {
        let view = accounts.any()?;
        let mint = asset.mint;
        let token_program = asset.token_program;
        require(mint != Address::default(), TokenError::MintMissing)?;
        require(view.address() == &mint, CommonError::WrongMint)?;
        let program = accounts.program(&token_program)?;
        Ok(Self {
            mint: Mint::check(view, &token_program)?,
            program,
        })
    }

    /// Accept a token account of the mint.
    #[inline(always)]
    pub fn account(&self, view: &'a AccountView) -> Result<TokenAccount<'a>, ProgramError> {
        require(view.is_writable(), CommonError::NotWritable)?;
        TokenAccount::check(view, self.program.address(), self.mint.view.address())
    }

    /// Prepare a call on a token account.
    #[inline(always)]
    pub fn control(&self, account: &TokenAccount<'a>) -> Control<'a> {
        Control {
            program: self.program.address(),
            account: account.view,
            mint: self.mint.view,
        }
    }

    /// Freeze or thaw, signed by the asset; nothing when it is so already.
    #[inline(never)]
    pub fn set_frozen(
        &self,
        asset: &AssetAccount<'a>,
        account: &TokenAccount<'a>,
        frozen: bool,
    ) -> Result<(), ProgramError> {
        if account.is_frozen() == frozen {
            return Ok(());
        }
        asset.account.get().signed(|signers| {
            let authority = Authority {
                view: asset.account.view,
                signers,
            };
            if frozen {
                self.control(account).freeze(authority)
            } else {
                self.control(account).thaw(authority)
            }
        })
    }
}

/// An identity and one of its wallets.
#[derive(Clone, Copy)]
pub struct Party<'a> {
    /// The identity.
    pub investor: Record<'a, Investor>,
    /// The wallet.
    pub wallet: Address,
}

impl<'a> Party<'a> {
    /// Take the identity, which may change, and the wallet's entry, and check that they belong
    /// together, to the asset, and to the owner of the tokens.
    #[inline(never)]
    pub fn take(
        accounts: &mut Accounts<'a>,
        asset: &Address,
        owner: &Address,
    ) -> Result<Self, ProgramError> {
        let investor: Record<Investor> = Record::check(accounts.writable()?, accounts.program_id)?;
        let holder: Record<Holder> = Record::check(accounts.any()?, accounts.program_id)?;
        let entry = holder.get();
        require({ entry.asset } == *asset, CommonError::WrongAddress)?;
        require({ entry.wallet } == *owner, CommonError::WrongAddress)?;
        require(
            { entry.investor } == *investor.address(),
            CommonError::WrongAddress,
        )?;
        Ok(Self {
            investor,
            wallet: entry.wallet,
        })
    }

    /// Refuse an investor who may receive nothing.
    #[inline(always)]
    pub fn require_eligible(&self, asset: &Asset) -> Result<(), ProgramError> {
        let investor = self.investor.get();
        require(investor.active == 1, TokenError::InvestorInactive)?;
        require(!asset.blocks(investor.country), TokenError::CountryBlocked)
    }

    /// Tell whether the lock-up is still on.
    #[inline(always)]
    pub fn is_locked_up(&self) -> Result<bool, ProgramError> {
        Ok(Clock::get()?.unix_timestamp < self.investor.get().lock_up_until_s)
    }

    /// Count what is coming; refuse what is beyond the cap.
    #[inline(always)]
    pub fn receive(&self, atoms: u64) -> Result<(), ProgramError> {
        let mut investor = self.investor.get();
        let holding = { investor.holding_atoms };
        let after = holding.checked_add(atoms).ok_or(CommonError::Overflow)?;
        require(after <= { investor.cap_atoms }, TokenError::CapExceeded)?;
        investor.holding_atoms = after;
        self.investor.set(&investor);
        Ok(())
    }

    /// Count what is going. In the open mode tokens may have come by another way.
    #[inline(always)]
    pub fn give(&self, atoms: u64) {
        let mut investor = self.investor.get();
        investor.holding_atoms = { investor.holding_atoms }.saturating_sub(atoms);
        self.investor.set(&investor);
    }
}
