//! Program accounts: a discriminator, a record of fixed length, and bytes that follow it.

use core::{
    marker::PhantomData,
    mem::{size_of, MaybeUninit},
};

use pinocchio::{
    cpi::{invoke_signed, Seed, Signer},
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    sysvars::{rent::Rent, Sysvar},
    AccountView, Address, ProgramResult,
};

use crate::{
    accounts::SYSTEM_PROGRAM,
    error::{require, CommonError},
    memory::copy,
};

/// Bytes of the length of a vector or text.
const LENGTH_BYTES: usize = 4;
/// Bytes that rent is paid for beside the data.
const RENT_OVERHEAD_BYTES: u64 = 128;
/// Bytes of a discriminator.
pub const DISCRIMINATOR_BYTES: usize = 8;

/// A record in an account.
///
/// # Safety
/// The type is `repr(C, packed)`, made of integers, addresses and arrays of bytes only.
pub unsafe trait State: Copy {
    /// The first eight bytes of sha256("account:<Name>"), as Anchor has it.
    const DISCRIMINATOR: [u8; 8];
    /// Discriminator and record, in bytes.
    const BYTES: usize = DISCRIMINATOR_BYTES + size_of::<Self>();
}

/// An account of this program, of one kind. It is read and written through copies, so that two
/// names of one account can never be two references to it.
#[derive(Clone, Copy)]
pub struct Record<'a, T: State> {
    /// The account.
    pub view: &'a AccountView,
    kind: PhantomData<T>,
}

impl<'a, T: State> Record<'a, T> {
    /// Accept an account when it is this program's and of the kind.
    #[inline(always)]
    pub fn check(view: &'a AccountView, program_id: &Address) -> Result<Self, ProgramError> {
        require(view.owned_by(program_id), CommonError::WrongOwner)?;
        // SAFETY: nothing holds a reference into the data while it is copied.
        let data = unsafe { view.borrow_unchecked() };
        require(data.len() >= T::BYTES, CommonError::WrongAccountKind)?;
        require(data[..8] == T::DISCRIMINATOR, CommonError::WrongAccountKind)?;
        Ok(Self {
            view,
            kind: PhantomData,
        })
    }

    /// Return the address.
    #[inline(always)]
    pub fn address(&self) -> &'a Address {
        self.view.address()
    }

    /// Return a copy of the record.
    #[inline(always)]
    pub fn get(&self) -> T {
        let mut record = MaybeUninit::<T>::uninit();
        // SAFETY: the length was checked, and the type is packed and valid for any bytes.
        unsafe {
            let start = self
                .view
                .borrow_unchecked()
                .as_ptr()
                .add(DISCRIMINATOR_BYTES);
            copy(record.as_mut_ptr() as *mut u8, start, size_of::<T>());
            record.assume_init()
        }
    }

    /// Write the record.
    #[inline(always)]
    pub fn set(&self, record: &T) {
        let mut view = *self.view;
        // SAFETY: the length was checked; no reference into the data is alive.
        unsafe {
            let start = view
                .borrow_unchecked_mut()
                .as_mut_ptr()
                .add(DISCRIMINATOR_BYTES);
            copy(start, record as *const T as *const u8, size_of::<T>());
        }
    }

    /// Set a bit of the bytes behind the record; tell whether it was clear.
    #[inline(always)]
    pub fn set_bit(&self, index: u32) -> Result<bool, ProgramError> {
        let mut view = *self.view;
        // SAFETY: no reference into the data is alive.
        let data = unsafe { view.borrow_unchecked_mut() };
        let byte = data
            .get_mut(T::BYTES + LENGTH_BYTES + (index / 8) as usize)
            .ok_or(CommonError::BadInstructionData)?;
        let mask = 1u8 << (index % 8);
        let was_clear = *byte & mask == 0;
        *byte |= mask;
        Ok(was_clear)
    }

    /// Return the bytes behind the record, without their length.
    #[inline(always)]
    pub fn tail(&self) -> &'a [u8] {
        // SAFETY: no writable reference into the data is alive while the slice is read.
        unsafe { &self.view.borrow_unchecked()[T::BYTES + LENGTH_BYTES..] }
    }

    /// Write the bytes behind the record.
    #[inline(always)]
    pub fn set_tail(&self, bytes: &[u8]) {
        let mut view = *self.view;
        // SAFETY: no reference into the data is alive.
        let data = unsafe { view.borrow_unchecked_mut() };
        let start = T::BYTES + LENGTH_BYTES;
        data[start..start + bytes.len()].copy_from_slice(bytes);
    }
}

/// An account that is to be made at an address derived from seeds.
pub struct Plan<'a> {
    /// Where; not there yet.
    pub view: &'a AccountView,
    /// Who pays the rent.
    pub payer: &'a AccountView,
    /// The program that derives the address.
    pub program_id: &'a Address,
    /// The program that will own it.
    pub owner: &'a Address,
    /// Bytes of data.
    pub space: usize,
    /// Bytes that rent is paid for: more when the owner makes it grow later.
    pub space_paid: usize,
}

impl Plan<'_> {
    /// Make the account and return its bump seed. An account with lamports that someone sent ahead
    /// is made all the same: nobody can block an address.
    #[inline(never)]
    pub fn create(&self, seeds: &[&[u8]]) -> Result<u8, ProgramError> {
        require(self.view.is_writable(), CommonError::NotWritable)?;
        let bump = find(seeds, self.program_id, self.view.address())?;
        require(
            self.view.owned_by(&SYSTEM_PROGRAM) && self.view.is_data_empty(),
            CommonError::AlreadyInitialized,
        )?;
        let bump_seed = [bump];
        let mut parts: [Seed; 5] = core::array::from_fn(|_| Seed::from(&[] as &[u8]));
        for (part, seed) in parts.iter_mut().zip(seeds) {
            *part = Seed::from(*seed);
        }
        parts[seeds.len()] = Seed::from(&bump_seed);
        let signers = [Signer::from(&parts[..=seeds.len()])];
        self.fund()?;
        self.allocate(&signers)?;
        self.assign(&signers)?;
        Ok(bump)
    }

    #[inline(always)]
    fn fund(&self) -> ProgramResult {
        // A product that is checked for overflow needs 128 bits, which this compiler cannot do.
        // The runtime bounds the price per byte, and accounts made here are below 16 KiB: 64 bits
        // hold the product.
        let empty = Rent::get()?.try_minimum_balance(0)?;
        let per_byte = empty / RENT_OVERHEAD_BYTES;
        let wanted = empty + per_byte.wrapping_mul(self.space_paid as u64);
        let missing = wanted.saturating_sub(self.view.lamports());
        if missing == 0 {
            return Ok(());
        }
        let mut data = [0u8; 12];
        data[0] = 2;
        data[4..].copy_from_slice(&missing.to_le_bytes());
        let accounts = [
            InstructionAccount::writable_signer(self.payer.address()),
            InstructionAccount::writable(self.view.address()),
        ];
        let instruction = InstructionView {
            program_id: &SYSTEM_PROGRAM,
            accounts: &accounts,
            data: &data,
        };
        invoke_signed(&instruction, &[self.payer, self.view], &[])
    }

    #[inline(always)]
    fn allocate(&self, signers: &[Signer]) -> ProgramResult {
        let mut data = [0u8; 12];
        data[0] = 8;
        data[4..].copy_from_slice(&(self.space as u64).to_le_bytes());
        let accounts = [InstructionAccount::writable_signer(self.view.address())];
        let instruction = InstructionView {
            program_id: &SYSTEM_PROGRAM,
            accounts: &accounts,
            data: &data,
        };
        invoke_signed(&instruction, &[self.view], signers)
    }

    #[inline(always)]
    fn assign(&self, signers: &[Signer]) -> ProgramResult {
        let mut data = [0u8; 36];
        data[0] = 1;
        data[4..].copy_from_slice(self.owner.as_ref());
        let accounts = [InstructionAccount::writable_signer(self.view.address())];
        let instruction = InstructionView {
            program_id: &SYSTEM_PROGRAM,
            accounts: &accounts,
            data: &data,
        };
        invoke_signed(&instruction, &[self.view], signers)
    }
}

/// Return the bump seed of an address, or refuse when it is another.
#[inline(always)]
pub fn find(seeds: &[&[u8]], program_id: &Address, expected: &Address) -> Result<u8, ProgramError> {
    let (address, bump) = find_any(seeds, program_id)?;
    require(&address == expected, CommonError::WrongAddress)?;
    Ok(bump)
}

/// Derive an address and its bump seed.
#[inline(always)]
pub fn find_any(seeds: &[&[u8]], program_id: &Address) -> Result<(Address, u8), ProgramError> {
    #[cfg(any(target_os = "solana", target_arch = "bpf"))]
    {
        let found = Address::try_find_program_address(seeds, program_id);
        found.ok_or_else(|| CommonError::WrongAddress.into())
    }
    #[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
    {
        core::hint::black_box((seeds, program_id));
        Err(CommonError::WrongAddress.into())
    }
}

/// Make an account of this program with a record, and behind it, when there are to be any, so many
/// bytes with their length before them, as Borsh has them.
#[inline(always)]
pub fn create<'a, T: State>(
    plan: [&'a AccountView; 2],
    program_id: &Address,
    seeds: &[&[u8]],
    record: &T,
    tail: usize,
) -> Result<(Record<'a, T>, u8), ProgramError> {
    let [view, payer] = plan;
    let space = if tail == 0 {
        T::BYTES
    } else {
        T::BYTES + LENGTH_BYTES + tail
    };
    let plan = Plan {
        view,
        payer,
        program_id,
        owner: program_id,
        space,
        space_paid: space,
    };
    let bump = plan.create(seeds)?;
    let mut writable = *view;
    // SAFETY: the account was made a moment ago with this length; no reference into it is alive.
    let data = unsafe { writable.borrow_unchecked_mut() };
    data[..8].copy_from_slice(&T::DISCRIMINATOR);
    if tail > 0 {
        data[T::BYTES..T::BYTES + LENGTH_BYTES].copy_from_slice(&(tail as u32).to_le_bytes());
    }
    let made = Record {
        view,
        kind: PhantomData,
    };
    made.set(record);
    Ok((made, bump))
}
