//! What both forms of settlement begin with.

use pinocchio::error::ProgramError;

use super::receipt::NewReceipt;
use crate::{
    event::{kind, Event},
    reader::Reader,
    state::ReceiptKind,
    validation::{Accounts, ConfigAccount, Payer, SignerAccount, VaultAuthority},
};

/// Accounts and arguments that both forms begin with.
pub struct Head<'a> {
    pub payer: Payer<'a>,
    pub authority: VaultAuthority<'a>,
    pub receipt: NewReceipt<'a>,
    pub batch_id: u64,
    pub fills_hash: &'a [u8; 32],
}

impl<'a> Head<'a> {
    /// Take them, and refuse a batch that may not run (any more).
    #[inline(always)]
    pub fn next(
        accounts: &mut Accounts<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<Self, ProgramError> {
        let payer = Payer::next(accounts)?;
        let signer = SignerAccount::next(accounts)?;
        let config = ConfigAccount::next(accounts)?;
        signer.require_role(&config.state().settlement_authority)?;
        let authority = VaultAuthority::next(accounts, &config)?;
        let batch_id = reader.u64()?;
        let fills_hash = reader.bytes::<32>()?;
        let deadline_slot = reader.u64()?;
        let receipt = NewReceipt::next(accounts, ReceiptKind::Batch, batch_id)?;
        accounts.system_program()?;
        config.require_running()?;
        receipt.require_open(config.state(), deadline_slot)?;
        Ok(Self {
            payer,
            authority,
            receipt,
            batch_id,
            fills_hash,
        })
    }

    /// Tell what was settled; form 0 is the set form, 1 the clearing form.
    #[inline(always)]
    pub fn emit(&self, form: u8, participants: u8, legs: usize) {
        let event = Event::new(&kind::SETTLED)
            .u64(self.batch_id)
            .hash(self.fills_hash);
        event.u8(form).u8(participants).u8(legs as u8).emit();
    }
}
