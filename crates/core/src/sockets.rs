//! How many sockets each user has open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use durward_proto::UserId;

type Counts = Arc<Mutex<HashMap<UserId, usize>>>;

/// Counts the open sockets of each user.
#[derive(Debug)]
pub struct SocketLimits {
    per_user: usize,
    open: Counts,
}

/// A socket's place; free again when this is dropped.
#[derive(Debug)]
pub struct Admission {
    user: UserId,
    open: Counts,
}

impl SocketLimits {
    pub(crate) fn new(per_user: usize) -> Self {
        Self { per_user, open: Counts::default() }
    }

    /// A place for one more socket of this user; `None` when they have as many as they may.
    pub fn admit(&self, user: UserId) -> Option<Admission> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_insert(0);
        if *count >= self.per_user {
            return None;
        }
        *count += 1;
        metrics::gauge!("durward_websockets_open").increment(1.0);
        Some(Admission { user, open: self.open.clone() })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
        metrics::gauge!("durward_websockets_open").decrement(1.0);
    }
}
