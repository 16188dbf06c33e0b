//! Reads Borsh from the front of the instruction's data, and never beyond its end.

use core::mem::size_of;

use pinocchio::{error::ProgramError, Address};

use crate::error::{require, MarketError};

/// What is left of the data.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Begin at the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        Self { left: data }
    }

    /// Take a number of bytes.
    #[inline(always)]
    pub fn slice(&mut self, length: usize) -> Result<&'a [u8], ProgramError> {
        require(self.left.len() >= length, MarketError::BadInstructionData)?;
        let (taken, left) = self.left.split_at(length);
        self.left = left;
        Ok(taken)
    }

    /// Take a fixed number of bytes.
    #[inline(always)]
    pub fn bytes<const N: usize>(&mut self) -> Result<&'a [u8; N], ProgramError> {
        let taken = self.slice(N)?;
        // SAFETY: the slice has N bytes, and an array of bytes has no alignment.
        Ok(unsafe { &*(taken.as_ptr() as *const [u8; N]) })
    }

    /// Take an address.
    #[inline(always)]
    pub fn address(&mut self) -> Result<&'a Address, ProgramError> {
        let taken = self.bytes::<32>()?;
        // SAFETY: an address is 32 bytes without alignment.
        Ok(unsafe { &*(taken as *const [u8; 32] as *const Address) })
    }

    /// Take a byte.
    #[inline(always)]
    pub fn u8(&mut self) -> Result<u8, ProgramError> {
        Ok(self.bytes::<1>()?[0])
    }

    /// Take a truth value: 0 or 1, nothing else.
    pub fn bool(&mut self) -> Result<bool, ProgramError> {
        let byte = self.u8()?;
        require(byte <= 1, MarketError::BadInstructionData)?;
        Ok(byte == 1)
    }

    /// Take an unsigned number.
    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64, ProgramError> {
        Ok(u64::from_le_bytes(*self.bytes()?))
    }

    /// Take the items of a vector, each made of bytes only.
    ///
    /// # Safety
    /// `T` must be `repr(C)`, without padding, and valid for any bytes at any address.
    #[inline(always)]
    pub unsafe fn items<T>(&mut self) -> Result<&'a [T], ProgramError> {
        let count = u32::from_le_bytes(*self.bytes()?) as usize;
        require(count <= 255, MarketError::BadInstructionData)?; // so that the product cannot wrap
        let taken = self.slice(count.wrapping_mul(size_of::<T>()))?;
        Ok(unsafe { core::slice::from_raw_parts(taken.as_ptr() as *const T, count) })
    }

    /// Refuse anything that is left over.
    #[inline(always)]
    pub fn finish(self) -> Result<(), ProgramError> {
        require(self.left.is_empty(), MarketError::BadInstructionData)
    }
}
