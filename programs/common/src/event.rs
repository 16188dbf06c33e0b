//! Events, logged as Anchor logs them: discriminator, then Borsh.

use pinocchio::Address;

/// Room for the largest event.
const BYTES_MAX: usize = 256;

/// An event while it is written.
pub struct Event {
    bytes: [u8; BYTES_MAX],
    used: usize,
}

impl Event {
    /// Begin with the discriminator.
    #[inline(always)]
    pub fn new(discriminator: [u8; 8]) -> Self {
        let mut event = Self {
            bytes: [0; BYTES_MAX],
            used: 8,
        };
        event.bytes[..8].copy_from_slice(&discriminator);
        event
    }

    /// Append bytes. Events have a fixed length, so the room cannot run out.
    #[inline(never)]
    pub fn raw(&mut self, part: &[u8]) -> &mut Self {
        self.bytes[self.used..self.used + part.len()].copy_from_slice(part);
        self.used += part.len();
        self
    }

    /// Append an address.
    #[inline(always)]
    pub fn address(&mut self, address: &Address) -> &mut Self {
        self.raw(address.as_ref())
    }

    /// Append a byte.
    #[inline(always)]
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.raw(&[value])
    }

    /// Append a number of 16 bits.
    #[inline(always)]
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Append a number of 32 bits.
    #[inline(always)]
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Append a number of 64 bits.
    #[inline(always)]
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Append a signed number of 64 bits.
    #[inline(always)]
    pub fn i64(&mut self, value: i64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Log it.
    #[inline(always)]
    pub fn emit(&mut self) {
        let parts: [&[u8]; 1] = [&self.bytes[..self.used]];
        #[cfg(any(target_os = "solana", target_arch = "bpf"))]
        // SAFETY: a list of one slice, as the syscall expects.
        unsafe {
            pinocchio::syscalls::sol_log_data(parts.as_ptr() as *const u8, 1);
        }
        #[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
        core::hint::black_box(parts);
    }
}
