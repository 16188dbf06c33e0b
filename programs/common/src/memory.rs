//! Copies of bytes. This compiler moves bytes without known alignment one by one, in place; the
//! runtime has syscalls that take less of the program's size and compute.

/// Copy bytes between places that do not overlap.
///
/// # Safety
/// As `core::ptr::copy_nonoverlapping`.
#[inline(never)]
pub unsafe fn copy(to: *mut u8, from: *const u8, bytes: usize) {
    #[cfg(any(target_os = "solana", target_arch = "bpf"))]
    pinocchio::syscalls::sol_memcpy_(to, from, bytes as u64);
    #[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
    core::ptr::copy_nonoverlapping(from, to, bytes);
}

/// What the compiler itself calls for long copies and fills; the linker finds no such functions.
#[cfg(target_arch = "bpf")]
mod called_by_compiler {
    use pinocchio::syscalls::{sol_memcpy_, sol_memset_};

    #[no_mangle]
    unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, bytes: u64) -> *mut u8 {
        sol_memcpy_(to, from, bytes);
        to
    }

    #[no_mangle]
    unsafe extern "C" fn memset(to: *mut u8, value: i32, bytes: u64) -> *mut u8 {
        sol_memset_(to, value as u8, bytes);
        to
    }
}
