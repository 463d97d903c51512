//! A ring that can be exchanged while it is read.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::{Inner, KeyRing};

/// The keys in force. Reading takes no lock and waits for nobody.
pub(crate) struct Swap(ArcSwap<Inner>);

impl Swap {
    pub(crate) fn new(ring: KeyRing) -> Self {
        Self(ArcSwap::new(ring.0))
    }

    /// The keys for one check.
    #[inline]
    pub(crate) fn load(&self) -> Guard<Arc<Inner>> {
        self.0.load()
    }

    /// The keys, to hold on to.
    pub(crate) fn ring(&self) -> KeyRing {
        KeyRing(self.0.load_full())
    }

    pub(crate) fn put(&self, ring: KeyRing) {
        self.0.store(ring.0);
    }
}
