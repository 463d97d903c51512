//! How slow the machine is at the moment: what is promised in seconds is promised of a machine that is not.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use super::Actor;

/// What takes longest of all that is measured here goes over so many hops; each may have to wait like a plain answer.
const HOPS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Asks the program for an answer that needs nothing but a processor, again and again, beside what is measured.
pub struct Control {
    state: Arc<Mutex<State>>,
    running: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    slowest: Duration,
    /// Since when an answer is waited for.
    asked: Option<Instant>,
}

impl Control {
    pub fn of(address: SocketAddr) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let running = tokio::spawn(ask(address, state.clone()));
        Self { state, running }
    }

    /// How long what was promised within `promised` may take here: on a quiet machine hardly longer.
    pub fn allows(&self, promised: Duration) -> Duration {
        let state = self.state.lock().unwrap();
        let waiting = state.asked.map_or(Duration::ZERO, |asked| asked.elapsed());
        promised + HOPS * state.slowest.max(waiting)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn ask(address: SocketAddr, state: Arc<Mutex<State>>) {
    let anybody = Actor::new(address, "").without_origin();
    loop {
        let asked = Instant::now();
        state.lock().unwrap().asked = Some(asked);
        // Only that it is answered counts: the program may be about to stop.
        if anybody.try_get("/health/live").await.is_none() {
            return;
        }
        {
            let mut state = state.lock().unwrap();
            (state.slowest, state.asked) = (state.slowest.max(asked.elapsed()), None);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
