//! From rows to the keys in force, and which of them signs.

use durward_proto::Timestamp;
use durward_store::KeyRow;
use durward_verify::{Algorithm, KeyRing, SigningKey};

use super::SigningKeys;
use super::fault::KeyFault;

/// The keys in force.
pub(super) struct Keys {
    pub(super) ring: KeyRing,
    /// Keys that cannot be read, and why. Their tokens are refused here: only what was sealed under the master key is
    /// trusted, whatever else stands in the row.
    pub(super) unreadable: Vec<(String, KeyFault)>,
    /// When the next key begins to sign.
    pub(super) next: Option<Timestamp>,
}

impl Keys {
    pub(super) fn has(&self, algorithm: Algorithm) -> bool {
        self.ring.checking().iter().any(|key| key.algorithm() == algorithm)
    }
}

/// A key that may sign.
struct Candidate {
    key: SigningKey,
    activates_at: Timestamp,
}

impl SigningKeys {
    /// The newest key signs that has begun to: of the algorithm that was chosen, as long as there is one. The
    /// configuration's secret is the oldest.
    pub(super) fn keys_of(&self, rows: &[KeyRow]) -> Result<Keys, KeyFault> {
        let (mut candidates, mut unreadable) = (Vec::new(), Vec::new());
        for row in rows.iter().filter(|row| row.retired_at.is_none()) {
            match self.open(row) {
                Ok(key) => candidates.push(Candidate { key, activates_at: row.activates_at }),
                Err(fault) => unreadable.push((row.kid.clone(), fault)),
            }
        }
        if !self.secret_is_retired(rows) {
            let key = SigningKey::hs256(&self.settings.secret)?;
            candidates.push(Candidate { key, activates_at: Timestamp::from_seconds(0) });
        }
        let now = self.clock.now();
        let next = candidates.iter().map(|candidate| candidate.activates_at).filter(|at| *at > now).min();
        let ring = match self.signer(&candidates, now) {
            None => KeyRing::none(),
            Some(place) => {
                let signing = candidates.remove(place);
                let others = candidates.iter().map(|candidate| candidate.key.checking()).collect();
                KeyRing::new(signing.key, others)?
            }
        };
        Ok(Keys { ring, unreadable, next })
    }

    /// Whether a key has to be made before tokens can be signed as configured.
    pub(super) fn lacks_one(&self, keys: &Keys) -> bool {
        let none = keys.ring.checking().is_empty();
        none || (self.settings.is_chosen && !keys.has(self.settings.algorithm))
    }

    pub(super) fn secret_is_retired(&self, rows: &[KeyRow]) -> bool {
        rows.iter().any(|row| *row.kid == *self.secret_kid && row.retired_at.is_some())
    }

    fn signer(&self, candidates: &[Candidate], now: Timestamp) -> Option<usize> {
        let active = |candidate: &Candidate| candidate.activates_at <= now;
        let wanted = |candidate: &Candidate| {
            !self.settings.is_chosen || candidate.key.checking().algorithm() == self.settings.algorithm
        };
        let both = candidates.iter().position(|candidate| active(candidate) && wanted(candidate));
        // Rather a key that was not chosen, or one before its time, than none.
        let either = || candidates.iter().position(active).or_else(|| candidates.iter().position(wanted));
        both.or_else(either).or(if candidates.is_empty() { None } else { Some(0) })
    }

    fn open(&self, row: &KeyRow) -> Result<SigningKey, KeyFault> {
        let changed = || KeyFault::Changed { kid: row.kid.clone() };
        let needed_for = || KeyFault::NoMaster { needed_for: format!("key {} in the database", row.kid) };
        let algorithm: Algorithm = row.algorithm.parse().map_err(|_| changed())?;
        let sealed = row.sealed.as_deref().ok_or_else(changed)?;
        let private = self.master.as_ref().ok_or_else(needed_for)?.open(&row.kid, algorithm, sealed)?;
        let key = SigningKey::from_private(algorithm, &private).map_err(|_| changed())?;
        if key.checking().kid() == row.kid { Ok(key) } else { Err(changed()) }
    }
}
