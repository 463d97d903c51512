//! A clock that runs with the machine's and can be put forward.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use durward_proto::{Clock, SystemClock, Timestamp};

/// The machine's clock and what was added to it.
pub struct TestClock {
    machine: Arc<SystemClock>,
    ahead_micros: AtomicI64,
}

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { machine: SystemClock::new(), ahead_micros: AtomicI64::new(0) })
    }

    /// Puts it forward.
    pub fn advance(&self, by: Duration) {
        self.ahead_micros.fetch_add(i64::try_from(by.as_micros()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.machine.now().micros() + self.ahead_micros.load(Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        self.machine.monotonic() + Duration::from_micros(self.ahead_micros.load(Ordering::SeqCst).unsigned_abs())
    }
}
