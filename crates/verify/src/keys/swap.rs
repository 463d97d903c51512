//! A ring that can be exchanged while it is read.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::watch;

use super::{Inner, KeyMark, KeyRing};

/// The keys in force. Reading takes no lock and waits for nobody.
pub(crate) struct Swap {
    ring: ArcSwap<Inner>,
    /// The same for those who wait for a change.
    watched: watch::Sender<KeyRing>,
}

impl Swap {
    pub(crate) fn new(ring: KeyRing) -> Self {
        Self { ring: ArcSwap::new(Arc::clone(&ring.0)), watched: watch::Sender::new(ring) }
    }

    /// The keys for one check.
    #[inline]
    pub(crate) fn load(&self) -> Guard<Arc<Inner>> {
        self.ring.load()
    }

    /// The keys, to hold on to.
    pub(crate) fn ring(&self) -> KeyRing {
        KeyRing(self.ring.load_full())
    }

    pub(crate) fn put(&self, ring: KeyRing) {
        self.ring.store(Arc::clone(&ring.0));
        self.watched.send_replace(ring);
    }

    pub(crate) fn watch(&self) -> Watch {
        Watch(self.watched.subscribe())
    }
}

/// Sees the keys change.
pub(crate) struct Watch(watch::Receiver<KeyRing>);

impl Watch {
    /// Whether a key is still in force. [`changed`](Self::changed) tells of changes after this.
    pub(crate) fn holds(&mut self, key: KeyMark) -> bool {
        self.0.borrow_and_update().0.by_mark(key).is_some()
    }

    /// Waits for the next change; for ever when there can be none any more.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}
