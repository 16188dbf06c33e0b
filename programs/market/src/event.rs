//! What happened, for those who follow the program: `Program data:` lines as Anchor writes them.

use pinocchio::Address;

/// Bytes of the longest event.
const EVENT_BYTES_MAX: usize = 128;

/// An event that is being written: its discriminator, then its fields in Borsh.
pub struct Event {
    bytes: [u8; EVENT_BYTES_MAX],
    length: usize,
}

/// Kinds of event: the first eight bytes of sha256("event:<Name>").
pub mod kind {
    pub const ROLES_SET: [u8; 8] = [214, 13, 236, 87, 106, 220, 125, 38];
    pub const AUTHORITY_CHANGED: [u8; 8] = [31, 19, 174, 152, 4, 82, 215, 226];
    pub const PAUSED_SET: [u8; 8] = [171, 125, 127, 156, 233, 81, 68, 66];
    pub const MINT_REGISTERED: [u8; 8] = [91, 135, 88, 182, 239, 182, 5, 85];
    pub const VAULT_OPENED: [u8; 8] = [198, 250, 195, 25, 26, 107, 197, 16];
    pub const DEPOSITED: [u8; 8] = [111, 141, 26, 45, 161, 35, 100, 57];
    pub const SETTLED: [u8; 8] = [232, 210, 40, 17, 142, 124, 145, 238];
    pub const WITHDRAWN: [u8; 8] = [20, 89, 223, 198, 194, 124, 219, 13];
    pub const EXIT_REQUESTED: [u8; 8] = [92, 125, 6, 23, 233, 196, 149, 70];
    pub const EXITED: [u8; 8] = [219, 97, 107, 184, 198, 48, 50, 243];
    pub const EXIT_CLOSED: [u8; 8] = [143, 106, 144, 127, 111, 99, 46, 142];
    pub const HOUSE_WITHDRAWN: [u8; 8] = [207, 57, 254, 62, 148, 108, 100, 178];
    pub const MARK_ADVANCED: [u8; 8] = [71, 124, 91, 92, 43, 171, 67, 94];
    pub const RECEIPT_CLOSED: [u8; 8] = [127, 232, 161, 69, 46, 187, 159, 188];
}

impl Event {
    /// Begin an event.
    #[inline(always)]
    pub fn new(kind: &[u8; 8]) -> Self {
        Self {
            bytes: [0; EVENT_BYTES_MAX],
            length: 0,
        }
        .raw(kind)
    }

    #[inline(always)]
    fn raw(mut self, field: &[u8]) -> Self {
        let end = self.length + field.len();
        self.bytes[self.length..end].copy_from_slice(field);
        self.length = end;
        self
    }

    /// Add an address.
    #[inline(always)]
    pub fn address(self, field: &Address) -> Self {
        self.raw(field.as_ref())
    }

    /// Add a hash.
    #[inline(always)]
    pub fn hash(self, field: &[u8; 32]) -> Self {
        self.raw(field)
    }

    /// Add a number.
    #[inline(always)]
    pub fn u64(self, field: u64) -> Self {
        self.raw(&field.to_le_bytes())
    }

    /// Add a byte.
    #[inline(always)]
    pub fn u8(self, field: u8) -> Self {
        self.raw(&[field])
    }

    /// Tell it.
    #[inline(always)]
    pub fn emit(self) {
        let fields: [&[u8]; 1] = [&self.bytes[..self.length]];
        #[cfg(any(target_os = "solana", target_arch = "bpf"))]
        // SAFETY: the runtime reads one slice, which lives until the call returns.
        unsafe {
            pinocchio::syscalls::sol_log_data(fields.as_ptr() as *const u8, 1);
        }
        #[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
        core::hint::black_box(fields);
    }
}
