//! The hashing threads.
//!
//! A password hash is meant to be slow, so it gets threads of its own, as many as there are cores to spare, at a lower
//! priority than those that serve requests. The queue is bounded in time: who is not served within two seconds gets
//! 503 and may come again. A place belongs to the hash and not to its client: one who goes away does not let two
//! hashes run in one place.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use argon2::Params;
use durward_proto::{Code, Problem, Random, SPANS, Secret, random};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;
use tracing::{Instrument, Level, Span};

use super::phc::{self, HashError, Memory};
use crate::fault::Fault;

/// How long a hash waits for a thread before the client is told to come again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many may wait at once: more would not be served within the patience by any machine.
const QUEUE: usize = 4_096;
/// How much the hashing threads give way to the others (Linux `nice`).
const NICE: i32 = 10;

/// Cost and parallelism.
#[derive(Debug, Clone, Copy)]
pub struct HashSettings {
    /// Memory for one hash in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes of one hash.
    pub parallelism: u32,
    /// How many hashes run at once.
    pub max_concurrent: usize,
}

/// Hashes passwords on threads of its own.
pub struct Hasher {
    params: Params,
    dummy: String,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    jobs: mpsc::Sender<Job>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("params", &self.params).finish_non_exhaustive()
    }
}

struct Job {
    work: Box<dyn FnOnce(&mut Memory) + Send>,
    _place: OwnedSemaphorePermit,
}

impl Hasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// When Argon2 does not accept the parameters, or a thread cannot be started.
    pub fn start(settings: HashSettings, random: Arc<dyn Random>) -> Result<Self, Fault> {
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, Some(32))
            .map_err(|error| Fault::unavailable(format!("password.* cannot be used: {error}")))?;
        let threads = settings.max_concurrent.max(1);
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work_off(&queue))
                .map_err(|error| Fault::unavailable(format!("starting a hashing thread: {error}")))?;
        }
        let salt = random::bytes(&*random);
        let password: [u8; 32] = random::bytes(&*random);
        let dummy = phc::hash(&password, salt, &params, &mut Memory::default())
            .map_err(|error| Fault::unavailable(error.to_string()))?;
        let places = Arc::new(Semaphore::new(threads));
        Ok(Self { params, dummy, places, waiting: AtomicUsize::new(0), jobs, random })
    }

    /// Hashes a prepared password into a PHC string.
    ///
    /// # Errors
    /// `overloaded`.
    pub async fn hash(&self, password: Secret) -> Result<String, Fault> {
        let (params, salt) = (self.params.clone(), random::bytes(&*self.random));
        self.run(move |memory| phc::hash(password.expose().as_bytes(), salt, &params, memory)).await
    }

    /// Whether a prepared password is the one that was hashed.
    ///
    /// # Errors
    /// `overloaded`.
    pub async fn verify(&self, password: Secret, kept: String) -> Result<bool, Fault> {
        self.run(move |memory| phc::verify(password.expose().as_bytes(), &kept, memory)).await
    }

    /// Does other slow work about passwords in the same places, by the same rules.
    ///
    /// # Errors
    /// `overloaded`.
    pub(crate) async fn beside_requests<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        self.run(move |_| Ok(work())).await
    }

    /// How many wait for a hash to be computed, or have one computed.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The hash of nobody's password, with the cost of everybody's.
    pub(super) fn dummy(&self) -> &str {
        &self.dummy
    }

    /// Whether a kept hash has the cost that is configured.
    pub(super) fn is_current(&self, kept: &str) -> bool {
        phc::cost(kept) == Some((self.params.m_cost(), self.params.t_cost(), self.params.p_cost()))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Fault> {
        // Only what is done for somebody is traced, and not the checks of how quick the machine is.
        let is_traced = tracing::enabled!(target: SPANS, Level::INFO) && !Span::current().is_none();
        let span = if is_traced { tracing::info_span!(target: SPANS, "password hash") } else { Span::none() };
        self.run_in_place(work).instrument(span).await
    }

    async fn run_in_place<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self.place().await?;
        let (answer, wait) = oneshot::channel();
        let work = Box::new(move |memory: &mut Memory| {
            let _running = Running::begin();
            drop(answer.send(work(memory)));
        });
        let gone = || Fault::unavailable("the hashing threads are gone");
        self.jobs.send(Job { work, _place: place }).map_err(|_| gone())?;
        let outcome = wait.await.map_err(|_| gone())?;
        outcome.map_err(|error| Fault::unavailable(error.to_string()))
    }

    async fn place(&self) -> Result<OwnedSemaphorePermit, Fault> {
        let _waiting = Waiting::enter(&self.waiting)?;
        let began = Instant::now();
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await;
        metrics::histogram!("durward_password_hash_wait_seconds").record(began.elapsed());
        match place {
            Ok(Ok(place)) => Ok(place),
            _ => Err(overloaded()),
        }
    }
}

/// One who waits for a place; leaves the queue when dropped, so also when the client goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Result<Self, Fault> {
        let waiting = Self(count);
        let before = count.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("durward_password_hash_queue").set(before as f64 + 1.0);
        if before >= QUEUE { Err(overloaded()) } else { Ok(waiting) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let before = self.0.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("durward_password_hash_queue").set(before.saturating_sub(1) as f64);
    }
}

/// A hash that is being computed, or other work in its place.
struct Running(Instant);

impl Running {
    fn begin() -> Self {
        metrics::gauge!("durward_password_hash_running").increment(1.0);
        Self(Instant::now())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        metrics::gauge!("durward_password_hash_running").decrement(1.0);
        metrics::histogram!("durward_password_hash_seconds").record(self.0.elapsed());
    }
}

fn overloaded() -> Fault {
    metrics::counter!("durward_password_hash_shed_total").increment(1);
    let detail = "Too many logins at once. Please try again in a moment.";
    Fault::of(Problem::new(Code::Overloaded).detail(detail).retry_after(PATIENCE.as_secs()))
}

/// Makes this thread give way to those that serve requests.
pub(crate) fn give_way() {
    // In Linux the priority belongs to the thread, whatever the name of the call says.
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE) {
        tracing::debug!(%error, "a hashing thread keeps the usual priority");
    }
}

/// A hashing thread: takes one job after the other until the sender is gone.
fn work_off(queue: &Mutex<mpsc::Receiver<Job>>) {
    give_way();
    let mut memory = Memory::default();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        (job.work)(&mut memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use durward_verify::SystemRandom;

    fn hasher(memory_kib: u32, max_concurrent: usize) -> Arc<Hasher> {
        let settings = HashSettings { memory_kib, iterations: 1, parallelism: 1, max_concurrent };
        Arc::new(Hasher::start(settings, Arc::new(SystemRandom)).unwrap())
    }

    #[tokio::test]
    async fn hashes_are_salted_and_verify() {
        let hasher = hasher(64, 2);
        let (one, two) = (hasher.hash("secret".to_owned().into()).await, hasher.hash("secret".to_owned().into()).await);
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_ne!(one, two);
        assert!(hasher.verify("secret".to_owned().into(), one.clone()).await.unwrap());
        assert!(!hasher.verify("Secret".to_owned().into(), one.clone()).await.unwrap());
        assert!(hasher.is_current(&one) && hasher.is_current(hasher.dummy()));
        assert!(!hasher.is_current(&one.replace("m=64", "m=32")));
    }

    #[tokio::test]
    async fn a_client_who_goes_away_frees_nothing_before_its_hash_is_done() {
        let hasher = hasher(32_768, 1);
        let running = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.hash("a".to_owned().into()).await }
        });
        while hasher.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        running.abort();
        let _ = running.await;
        assert_eq!(hasher.places.available_permits(), 0, "the place belongs to the hash");
        assert!(hasher.hash("b".to_owned().into()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_to_come_again() {
        let hasher = hasher(64, 1);
        let _place = hasher.places.clone().acquire_owned().await.unwrap();
        let fault = hasher.hash("a".to_owned().into()).await.unwrap_err();
        assert_eq!((fault.code(), fault.problem().retry_after), (Code::Overloaded, Some(2)));
        assert_eq!(hasher.waiting.load(Ordering::Relaxed), 0);
    }
}
