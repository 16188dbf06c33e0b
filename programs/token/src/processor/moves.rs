//! Moving and burning tokens: by their owner, or by order of a court.

use pinocchio::{AccountView, ProgramResult};
use realstack_common::{
    accounts::Accounts,
    error::{add, require, CommonError},
    reader::Reader,
    token::{Authority, TokenAccount, Transfer, TOKEN_2022_PROGRAM},
};

use crate::{
    error::TokenError,
    event,
    state::{Asset, MODE_MANAGED},
    validation::{AssetAccount, AssetMint, Party},
};

/// Two token accounts of the asset and the identities behind them.
struct Move<'a> {
    asset_account: AssetAccount<'a>,
    asset: Asset,
    tokens: AssetMint<'a>,
    source: TokenAccount<'a>,
    destination: TokenAccount<'a>,
    giver: Party<'a>,
    receiver: Party<'a>,
}

impl<'a> Move<'a> {
    #[inline(never)]
    fn take(mut accounts: Accounts<'a>) -> Result<Self, pinocchio::error::ProgramError> {
        let asset_account = AssetAccount::take(&mut accounts)?;
        let asset = asset_account.account.get();
        let source_view = accounts.writable()?;
        let destination_view = accounts.writable()?;
        let tokens = AssetMint::take(&mut accounts, &asset)?;
        let source = tokens.account(source_view)?;
        let destination = tokens.account(destination_view)?;
        require(
            source_view.address() != destination_view.address(),
            CommonError::DuplicateAccount,
        )?;
        let giver = Party::take(&mut accounts, asset_account.address(), &source.owner())?;
        let receiver = Party::take(&mut accounts, asset_account.address(), &destination.owner())?;
        accounts.finish()?;
        Ok(Self {
            asset_account,
            asset,
            tokens,
            source,
            destination,
            giver,
            receiver,
        })
    }

    /// Count the move for both identities; between wallets of one it changes nothing.
    fn count(&self, atoms: u64) -> ProgramResult {
        if self.giver.investor.address() == self.receiver.investor.address() {
            return Ok(());
        }
        self.giver.give(atoms);
        self.receiver.receive(atoms)
    }

    /// Thaw both, move, and freeze as told.
    fn run(&self, atoms: u64, authority: Authority, frozen_after: [bool; 2]) -> ProgramResult {
        self.tokens
            .set_frozen(&self.asset_account, &self.source, false)?;
        self.tokens
            .set_frozen(&self.asset_account, &self.destination, false)?;
        let transfer = Transfer {
            program: self.tokens.program.address(),
            source: self.source.view,
            mint: self.tokens.mint,
            destination: self.destination.view,
            atoms,
        };
        transfer.run(authority)?;
        self.tokens
            .set_frozen(&self.asset_account, &self.source, frozen_after[0])?;
        self.tokens
            .set_frozen(&self.asset_account, &self.destination, frozen_after[1])
    }
}

/// Move tokens of the managed mode: both investors eligible, the giver's lock-up over, the
/// receiver within the cap.
#[inline(never)]
pub fn transfer(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let owner = accounts.signer()?;
    let plan = Move::take(accounts)?;
    let atoms = reader.amount()?;
    reader.finish()?;
    require(
        &plan.giver.wallet == owner.address(),
        CommonError::WrongAuthority,
    )?;
    plan.asset_account.require_running(&plan.asset)?;
    require(plan.asset.mode == MODE_MANAGED, TokenError::NotManaged)?;
    plan.giver.require_eligible(&plan.asset)?;
    plan.receiver.require_eligible(&plan.asset)?;
    require(!plan.giver.is_locked_up()?, TokenError::LockedUp)?;
    plan.count(atoms)?;
    plan.run(
        atoms,
        Authority {
            view: owner,
            signers: &[],
        },
        [true, true],
    )?;
    let (from, to) = (plan.source.view.address(), plan.destination.view.address());
    event::transferred(plan.asset_account.address(), from, to, atoms);
    Ok(())
}

/// What a forced move or burn is based on.
struct Order<'a> {
    atoms: u64,
    reason: u16,
    document_hash: &'a [u8; 32],
}

impl<'a> Order<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, pinocchio::error::ProgramError> {
        let atoms = reader.amount()?;
        let reason = reader.u16()?;
        let document_hash = reader.bytes()?;
        require(
            reason != 0 && document_hash != &[0; 32],
            CommonError::BadInstructionData,
        )?;
        Ok(Self {
            atoms,
            reason,
            document_hash,
        })
    }
}

/// Refuse unless recovery and compliance signed, and the mint has a permanent delegate.
fn require_order(asset: &Asset, signed: [&AccountView; 2]) -> ProgramResult {
    let [recovery, compliance] = signed;
    require(
        recovery.address() == &{ asset.recovery },
        CommonError::WrongAuthority,
    )?;
    require(
        compliance.address() == &{ asset.compliance },
        CommonError::WrongAuthority,
    )?;
    require(
        { asset.token_program } == TOKEN_2022_PROGRAM,
        TokenError::NotSupported,
    )
}

/// Carry out an order to move tokens: no owner's signature, no lock-up, no pause of this program;
/// the receiver is registered, eligible and within the cap. Accounts end frozen as they began.
#[inline(never)]
pub fn forced_transfer(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let signed = [accounts.signer()?, accounts.signer()?];
    let plan = Move::take(accounts)?;
    let order = Order::read(&mut reader)?;
    reader.finish()?;
    require_order(&plan.asset, signed)?;
    plan.receiver.require_eligible(&plan.asset)?;
    plan.count(order.atoms)?;
    let frozen = [plan.source.is_frozen(), plan.destination.is_frozen()];
    plan.asset.signed(|signers| {
        let authority = Authority {
            view: plan.asset_account.account.view,
            signers,
        };
        plan.run(order.atoms, authority, frozen)
    })?;
    let accounts = [plan.source.view.address(), plan.destination.view.address()];
    let asset = plan.asset_account.address();
    event::forced_transfer(
        asset,
        accounts,
        order.atoms,
        order.reason,
        order.document_hash,
    );
    Ok(())
}

/// A token account whose tokens are to be burned.
struct Burn<'a> {
    asset_account: AssetAccount<'a>,
    asset: Asset,
    tokens: AssetMint<'a>,
    account: TokenAccount<'a>,
    party: Party<'a>,
}

impl<'a> Burn<'a> {
    #[inline(never)]
    fn take(mut accounts: Accounts<'a>) -> Result<Self, pinocchio::error::ProgramError> {
        let asset_account = AssetAccount::take_writable(&mut accounts)?;
        let asset = asset_account.account.get();
        let view = accounts.writable()?;
        let tokens = AssetMint::take(&mut accounts, &asset)?;
        let account = tokens.account(view)?;
        let party = Party::take(&mut accounts, asset_account.address(), &account.owner())?;
        accounts.finish()?;
        require(tokens.mint.view.is_writable(), CommonError::NotWritable)?;
        Ok(Self {
            asset_account,
            asset,
            tokens,
            account,
            party,
        })
    }

    fn run(&self, atoms: u64, authority: Authority) -> ProgramResult {
        let was_frozen = self.account.is_frozen();
        self.party.give(atoms);
        let mut asset = self.asset;
        asset.burned_atoms = add(asset.burned_atoms, atoms)?;
        self.asset_account.account.set(&asset);
        self.tokens
            .set_frozen(&self.asset_account, &self.account, false)?;
        self.tokens.control(&self.account).burn(atoms, authority)?;
        self.tokens
            .set_frozen(&self.asset_account, &self.account, was_frozen)
    }
}

/// Burn tokens at their owner's wish, as in a redemption. An account that compliance froze in the
/// open mode stays as it is.
#[inline(never)]
pub fn burn(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let owner = accounts.signer()?;
    let plan = Burn::take(accounts)?;
    let atoms = reader.amount()?;
    reader.finish()?;
    require(
        &plan.party.wallet == owner.address(),
        CommonError::WrongAuthority,
    )?;
    plan.asset_account.require_running(&plan.asset)?;
    plan.party.require_eligible(&plan.asset)?;
    require(!plan.party.is_locked_up()?, TokenError::LockedUp)?;
    let may_thaw = plan.asset.mode == MODE_MANAGED || !plan.account.is_frozen();
    require(may_thaw, TokenError::InvestorInactive)?;
    plan.run(
        atoms,
        Authority {
            view: owner,
            signers: &[],
        },
    )?;
    event::burned(plan.asset_account.address(), &plan.party.wallet, atoms);
    Ok(())
}

/// Carry out an order to burn tokens.
#[inline(never)]
pub fn forced_burn(mut accounts: Accounts, mut reader: Reader) -> ProgramResult {
    let signed = [accounts.signer()?, accounts.signer()?];
    let plan = Burn::take(accounts)?;
    let order = Order::read(&mut reader)?;
    reader.finish()?;
    require_order(&plan.asset, signed)?;
    plan.asset.signed(|signers| {
        let authority = Authority {
            view: plan.asset_account.account.view,
            signers,
        };
        plan.run(order.atoms, authority)
    })?;
    let asset = plan.asset_account.address();
    let account = plan.account.view.address();
    event::forced_burn(
        asset,
        account,
        order.atoms,
        order.reason,
        order.document_hash,
    );
    Ok(())
}
