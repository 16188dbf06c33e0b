//! Counts what is open, for as long as it is held.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many are open.
#[derive(Default, Clone)]
pub struct Count(Arc<AtomicUsize>);

impl Count {
    pub fn enter(&self) -> Counted {
        self.0.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(&self.0))
    }

    pub fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// One of them; dropped, it is one no more.
pub struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
