//! How many sockets each user, each session and each address has open.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use durward_proto::{SessionId, UserId};

use crate::budgets::address_key;

/// How many sockets may be open at once on one node.
#[derive(Debug, Clone, Copy)]
pub struct SocketRules {
    /// By one user.
    pub per_user: usize,
    /// In one session.
    pub per_session: usize,
    /// From one client: an IPv4 address, or the /64 of an IPv6 address.
    pub per_address: usize,
}

/// Counts the open sockets.
#[derive(Debug)]
pub struct SocketLimits {
    rules: SocketRules,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    users: Counts<UserId>,
    sessions: Counts<SessionId>,
    addresses: Counts<String>,
}

/// A socket's place; free again when this is dropped.
#[derive(Debug)]
pub struct Admission {
    user: UserId,
    session: SessionId,
    address: String,
    open: Arc<Mutex<Open>>,
}

impl SocketLimits {
    pub(crate) fn new(rules: SocketRules) -> Self {
        Self { rules, open: Arc::default() }
    }

    /// How many sockets are open.
    pub fn open(&self) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).sessions.all()
    }

    /// A place for one more socket; `None` when the user, the session or the address has as many as it may.
    pub fn admit(&self, user: UserId, session: SessionId, ip: IpAddr) -> Option<Admission> {
        let address = address_key(ip);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let full = open.users.of(&user) >= self.rules.per_user
            || open.sessions.of(&session) >= self.rules.per_session
            || open.addresses.of(&address) >= self.rules.per_address;
        if full {
            return None;
        }
        open.users.add(user);
        open.sessions.add(session);
        open.addresses.add(address.clone());
        metrics::gauge!("durward_websockets_open").increment(1.0);
        Some(Admission { user, session, address, open: self.open.clone() })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.users.take(&self.user);
        open.sessions.take(&self.session);
        open.addresses.take(&self.address);
        metrics::gauge!("durward_websockets_open").decrement(1.0);
    }
}

/// How many there are of each; those of which there are none take no room.
#[derive(Debug)]
struct Counts<K>(HashMap<K, usize>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq> Counts<K> {
    fn of(&self, key: &K) -> usize {
        self.0.get(key).copied().unwrap_or(0)
    }

    fn all(&self) -> usize {
        self.0.values().sum()
    }

    fn add(&mut self, key: K) {
        *self.0.entry(key).or_insert(0) += 1;
    }

    fn take(&mut self, key: &K) {
        if let Some(count) = self.0.get_mut(key) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use durward_proto::{Clock, SystemClock};
    use durward_verify::SystemRandom;

    use super::*;

    #[test]
    fn each_limit_holds_by_itself_and_a_place_comes_back() {
        let limits = SocketLimits::new(SocketRules { per_user: 3, per_session: 2, per_address: 4 });
        let session = || SessionId::new(SystemClock::new().now(), &SystemRandom);
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let (phone, laptop, other) = (session(), session(), session());
        let here = ip("2001:db8::1");
        let first = limits.admit(UserId(1), phone, here).unwrap();
        let second = limits.admit(UserId(1), phone, here).unwrap();
        assert!(limits.admit(UserId(1), phone, here).is_none(), "the session has two");
        let third = limits.admit(UserId(1), laptop, here).unwrap();
        assert!(limits.admit(UserId(1), laptop, here).is_none(), "the user has three");
        let fourth = limits.admit(UserId(2), other, ip("2001:db8::2")).unwrap();
        assert!(limits.admit(UserId(2), other, here).is_none(), "the network has four");
        drop(first);
        assert!(limits.admit(UserId(2), other, here).is_some());
        drop((second, third, fourth));
        let open = limits.open.lock().unwrap();
        assert!(open.users.0.is_empty() && open.sessions.0.is_empty() && open.addresses.0.is_empty());
    }
}
