//! One file for each instruction: its accounts and arguments in order, then what it does.

mod accept_authority;
mod advance_mark;
mod close_exit;
mod close_receipt;
mod deposit;
mod exit;
mod initialize;
mod open_vault;
mod propose_authority;
mod receipt;
mod register_mint;
mod request_exit;
mod set_paused;
mod set_roles;
mod settle_clearing;
mod settle_set;
mod settlement;
mod withdraw;
mod withdraw_house;

pub use accept_authority::accept_authority;
pub use advance_mark::advance_mark;
pub use close_exit::close_exit;
pub use close_receipt::close_receipt;
pub use deposit::deposit;
pub use exit::exit;
pub use initialize::initialize;
pub use open_vault::open_vault;
pub use propose_authority::propose_authority;
pub use register_mint::register_mint;
pub use request_exit::request_exit;
pub use set_paused::set_paused;
pub use set_roles::set_roles;
pub use settle_clearing::settle_clearing;
pub use settle_set::settle_set;
pub use withdraw::withdraw;
pub use withdraw_house::withdraw_house;
