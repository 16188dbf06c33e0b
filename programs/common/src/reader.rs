//! Reads Borsh from the front of the instruction's data, and never beyond its end.

use pinocchio::{error::ProgramError, Address};

use crate::error::{require, CommonError};

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
        require(self.left.len() >= length, CommonError::BadInstructionData)?;
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
        require(byte <= 1, CommonError::BadInstructionData)?;
        Ok(byte == 1)
    }

    /// Take an unsigned number of 16 bits.
    #[inline(always)]
    pub fn u16(&mut self) -> Result<u16, ProgramError> {
        Ok(u16::from_le_bytes(*self.bytes()?))
    }

    /// Take an unsigned number of 32 bits.
    #[inline(always)]
    pub fn u32(&mut self) -> Result<u32, ProgramError> {
        Ok(u32::from_le_bytes(*self.bytes()?))
    }

    /// Take an unsigned number of 64 bits.
    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64, ProgramError> {
        Ok(u64::from_le_bytes(*self.bytes()?))
    }

    /// Take a signed number of 64 bits.
    #[inline(always)]
    pub fn i64(&mut self) -> Result<i64, ProgramError> {
        Ok(i64::from_le_bytes(*self.bytes()?))
    }

    /// Take an amount above zero.
    #[inline(always)]
    pub fn amount(&mut self) -> Result<u64, ProgramError> {
        let atoms = self.u64()?;
        require(atoms > 0, CommonError::ZeroAmount)?;
        Ok(atoms)
    }

    /// Take a text or vector of bytes of at most `longest` bytes.
    pub fn text(&mut self, longest: usize) -> Result<&'a [u8], ProgramError> {
        let length = self.u32()? as usize;
        require(length <= longest, CommonError::BadInstructionData)?;
        self.slice(length)
    }

    /// Take a vector of at most `most` blocks of 32 bytes: addresses or hashes.
    pub fn blocks(&mut self, most: usize) -> Result<&'a [[u8; 32]], ProgramError> {
        let count = self.u32()? as usize;
        require(count <= most, CommonError::BadInstructionData)?;
        let taken = self.slice(count * 32)?;
        // SAFETY: the slice holds that many blocks of bytes, which have no alignment.
        Ok(unsafe { core::slice::from_raw_parts(taken.as_ptr() as *const [u8; 32], count) })
    }

    /// Refuse anything that is left over.
    #[inline(always)]
    pub fn finish(self) -> Result<(), ProgramError> {
        require(self.left.is_empty(), CommonError::BadInstructionData)
    }
}
