//! The users of the sessions in memory: each is there once, however many sessions they have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use durward_proto::UserId;
use durward_proto::wire::auth::User;

/// How many are known at least before those are swept out whose sessions are no longer in memory.
const SWEEP_AT: usize = 1_024;

/// Users that some session in memory is of.
#[derive(Debug, Default)]
pub(super) struct People {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    users: HashMap<UserId, Weak<User>>,
    sweep_at: usize,
}

impl People {
    /// This user, shared with the user's other sessions where nothing about them has changed since those were read.
    pub(super) fn share(&self, user: User) -> Arc<User> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.users.get(&user.id).and_then(Weak::upgrade).filter(|known| **known == user) {
            return same;
        }
        if known.users.len() >= known.sweep_at {
            known.users.retain(|_, user| user.strong_count() > 0);
            known.users.shrink_to(SWEEP_AT);
            known.sweep_at = (known.users.len() * 2).max(SWEEP_AT);
        }
        let user = Arc::new(user);
        known.users.insert(user.id, Arc::downgrade(&user));
        user
    }
}

#[cfg(test)]
mod tests {
    use durward_proto::{AccountStatus, Role, Timestamp};

    use super::*;

    fn user(id: i64) -> User {
        let at = Timestamp::from_seconds(1_767_323_045);
        User {
            id: UserId(id),
            email: format!("someone-{id}@example.com"),
            full_name: None,
            role: Role::user(),
            status: AccountStatus::Active,
            email_verified: true,
            tfa_enabled: false,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn what_has_changed_is_not_shared_with_what_was_before() {
        let people = People::default();
        let first = people.share(user(1));
        assert!(Arc::ptr_eq(&first, &people.share(user(1))));
        let promoted = people.share(User { role: Role::admin(), ..user(1) });
        assert!(!Arc::ptr_eq(&first, &promoted) && promoted.role.is_admin());
        assert!(Arc::ptr_eq(&promoted, &people.share(User { role: Role::admin(), ..user(1) })));
        assert!(!people.share(user(1)).role.is_admin(), "what is read last counts");
    }

    #[test]
    fn those_without_a_session_are_swept_out() {
        let people = People::default();
        let kept: Vec<_> = (0..10).map(|id| people.share(user(id))).collect();
        for id in 10..100_000 {
            people.share(user(id));
        }
        let known = people.known.lock().unwrap();
        assert!(known.users.len() <= SWEEP_AT && kept.iter().all(|user| known.users.contains_key(&user.id)));
    }
}
