//! Who may trade, and how many calls each has open.

use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// A member behind an API key.
pub struct Member {
    pub account_id: u32,
    open_calls: Mutex<usize>,
}

/// How many calls may be open.
#[derive(Clone, Copy)]
pub struct Limits {
    pub calls_per_key: usize,
    pub streams_per_account: usize,
}

type Digests = HashMap<[u8; 32], Arc<Member>>;

pub struct Callers {
    by_digest: Mutex<Arc<Digests>>,
    streams: Mutex<HashMap<u32, usize>>,
    limits: Limits,
}

impl Callers {
    pub fn new(limits: Limits) -> Callers {
        Callers { by_digest: Mutex::default(), streams: Mutex::default(), limits }
    }

    /// Replace the keys; a key that stays keeps its open calls.
    pub fn set(&self, keys: Vec<([u8; 32], u32)>) {
        let former = Arc::clone(&self.by_digest.lock());
        let table = keys.into_iter().map(|(digest, account_id)| {
            let kept = former.get(&digest).filter(|member| member.account_id == account_id);
            let member = kept.map_or_else(
                || Arc::new(Member { account_id, open_calls: Mutex::default() }),
                Arc::clone,
            );
            (digest, member)
        });
        *self.by_digest.lock() = Arc::new(table.collect());
    }

    /// The member behind a key; anybody else is for Python to refuse.
    pub fn find(&self, api_key: &[u8]) -> Option<Arc<Member>> {
        let digest: [u8; 32] = Sha256::digest(api_key).into();
        self.by_digest.lock().get(&digest).map(Arc::clone)
    }

    /// Take a place among a key's calls.
    pub fn enter(&self, member: &Arc<Member>) -> Option<Place> {
        let mut open = member.open_calls.lock();
        if *open >= self.limits.calls_per_key {
            return None;
        }
        *open += 1;
        Some(Place { member: Arc::clone(member) })
    }

    /// Take a place among an account's Trade streams.
    pub fn enter_stream(self: &Arc<Self>, account_id: u32) -> Option<StreamPlace> {
        let mut streams = self.streams.lock();
        let open = streams.entry(account_id).or_default();
        if *open >= self.limits.streams_per_account {
            return None;
        }
        *open += 1;
        Some(StreamPlace { callers: Arc::clone(self), account_id })
    }
}

/// A place among the calls of a key, given back when dropped.
pub struct Place {
    member: Arc<Member>,
}

impl Place {
    pub fn account_id(&self) -> u32 {
        self.member.account_id
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.member.open_calls.lock() -= 1;
    }
}

/// A place among the streams of an account, given back when dropped.
pub struct StreamPlace {
    callers: Arc<Callers>,
    account_id: u32,
}

impl Drop for StreamPlace {
    fn drop(&mut self) {
        let mut streams = self.callers.streams.lock();
        if let Some(open) = streams.get_mut(&self.account_id) {
            *open -= 1;
            if *open == 0 {
                streams.remove(&self.account_id);
            }
        }
    }
}
