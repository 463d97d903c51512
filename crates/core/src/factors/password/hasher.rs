//! The hashing threads.
//!
//! A password hash is meant to be slow, so it gets threads of its own, as many as there are cores to spare, at a lower
//! priority than those that serve requests. The queue is bounded in time: who is not served within two seconds gets
//! 503 and may come again. A hash that was begun is computed to its end, also when its client goes away; one that was not
//! is not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use argon2::Params;
use durward_proto::{Code, Problem, Random, SPANS, Secret, random};
use tokio::sync::{SetOnce, oneshot};
use tokio::time::Instant;
use tracing::{Instrument, Level, Span};

use super::argon2id::{Library, Memory};
use super::phc::{self, HashError};
use super::rules;
use crate::fault::Fault;

/// How long a hash waits for a thread before the client is told to come again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many may wait at once: more would not be served within the patience by any machine.
const QUEUE: usize = 4_096;
/// How long a hashing thread with nothing to do keeps its working memory, which is most of what an idle server would hold.
const KEEP: Duration = Duration::from_millis(500);
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
    /// Which library computes them.
    pub library: Library,
}

/// What one hash of nobody's password came to.
#[derive(Debug, Clone)]
pub struct Trial {
    hash: String,
    /// How long a hash takes.
    pub took: Duration,
    /// Whether the password was found to be the one that was hashed, and another was not.
    pub holds: bool,
}

/// Hashes passwords on threads of its own.
pub struct Hasher {
    params: Params,
    first: Arc<SetOnce<Result<Trial, String>>>,
    waiting: Arc<AtomicUsize>,
    queue: Arc<Queue>,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("params", &self.params).finish_non_exhaustive()
    }
}

/// What a hashing thread takes from the queue. It goes straight on with the next one: nobody has to be woken in between.
struct Job {
    work: Box<dyn FnOnce(&mut Memory) + Send>,
    turn: Arc<Turn>,
}

/// Hashes a password and compares it.
fn trial(
    params: &Params,
    random: &dyn Random,
) -> impl FnOnce(&mut Memory) -> Result<Trial, HashError> + Send + 'static {
    let (params, salt) = (params.clone(), random::bytes(random));
    let [password, other]: [[u8; 32]; 2] = [random::bytes(random), random::bytes(random)];
    move |memory| {
        let hash = phc::hash(&password, salt, &params, memory)?;
        // The first one has to get its memory: what the others take is measured.
        let began = Instant::now();
        let holds = phc::verify(&password, &hash, memory)?;
        let took = began.elapsed();
        Ok(Trial { holds: holds && !phc::verify(&other, &hash, memory)?, hash, took })
    }
}

/// The jobs that no thread has begun.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_closed: bool,
}

impl Queue {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, job: Job) {
        self.state().jobs.push_back(job);
        self.bell.notify_one();
    }

    /// The next job; when there is none for a while, the memory is given back. None when the queue is closed.
    fn next(&self, memory: &mut Memory) -> Option<Job> {
        let mut state = self.state();
        let mut patience = Some(KEEP);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            let Some(keep) = patience else {
                state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let waited = self.bell.wait_timeout(state, keep).unwrap_or_else(PoisonError::into_inner);
            state = waited.0;
            if waited.1.timed_out() {
                patience = None;
                drop(state);
                memory.release();
                state = self.state();
            }
        }
    }

    fn close(&self) {
        self.state().is_closed = true;
        self.bell.notify_all();
    }
}

/// Who disposes of a job: the thread that begins it, or the client that does not wait any longer. Whoever takes it first.
struct Turn {
    is_waiting: AtomicBool,
    count: Arc<AtomicUsize>,
    began: Instant,
}

impl Turn {
    /// Enters the queue.
    fn enter(count: &Arc<AtomicUsize>) -> Result<Arc<Self>, Fault> {
        let turn = Self { is_waiting: AtomicBool::new(true), count: count.clone(), began: Instant::now() };
        let before = count.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("durward_password_hash_queue").set(before as f64 + 1.0);
        if before < QUEUE {
            return Ok(Arc::new(turn));
        }
        turn.take();
        Err(overloaded())
    }

    /// Leaves the queue, once: whether it was still in it.
    fn take(&self) -> bool {
        let taken = self.is_waiting.swap(false, Ordering::Relaxed);
        if taken {
            let before = self.count.fetch_sub(1, Ordering::Relaxed);
            metrics::gauge!("durward_password_hash_queue").set(before.saturating_sub(1) as f64);
            metrics::histogram!("durward_password_hash_wait_seconds").record(self.began.elapsed());
        }
        taken
    }
}

/// Takes a job out of the queue when its client goes away.
struct Client(Arc<Turn>);

impl Drop for Client {
    fn drop(&mut self) {
        self.0.take();
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Hasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// When Argon2 does not accept the parameters, or a thread cannot be started.
    pub fn start(settings: HashSettings, random: Arc<dyn Random>) -> Result<Self, Fault> {
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, Some(32))
            .map_err(|error| Fault::unavailable(format!("password.* cannot be used: {error}")))?;
        let (threads, library) = (settings.max_concurrent.max(1), settings.library.that_agrees());
        let queue = Arc::new(Queue::default());
        for number in 0..threads {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work_off(&queue, Memory::new(library)))
                .map_err(|error| Fault::unavailable(format!("starting a hashing thread: {error}")))?;
        }
        let (first, waiting) = (Arc::new(SetOnce::new()), Arc::default());
        let (work, tried) = (trial(&params, &*random), first.clone());
        let work = move |memory: &mut Memory| drop(tried.set(work(memory).map_err(|error| error.to_string())));
        queue.put(Job { work: Box::new(work), turn: Turn::enter(&waiting)? });
        // The first estimate of a password's strength reads its dictionaries.
        queue.put(Job { work: Box::new(|_| rules::warm_up()), turn: Turn::enter(&waiting)? });
        Ok(Self { params, first, waiting, queue, random })
    }

    /// What the first hash came to, which is computed as soon as the threads are there.
    ///
    /// # Errors
    /// When it could not be computed.
    pub async fn first(&self) -> Result<&Trial, Fault> {
        self.first.wait().await.as_ref().map_err(|error| Fault::unavailable(error.clone()))
    }

    /// Computes another one.
    ///
    /// # Errors
    /// `overloaded`.
    pub async fn try_out(&self) -> Result<Trial, Fault> {
        self.run(trial(&self.params, &*self.random)).await
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
    ///
    /// # Errors
    /// As [`Hasher::first`].
    pub(super) async fn dummy(&self) -> Result<&str, Fault> {
        Ok(&self.first().await?.hash)
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
        self.run_in_turn(work).instrument(span).await
    }

    async fn run_in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, Fault> {
        let client = Client(Turn::enter(&self.waiting)?);
        let turn = &client.0;
        let (answer, mut wait) = oneshot::channel();
        let work = Box::new(move |memory: &mut Memory| {
            let _running = Running::begin();
            drop(answer.send(work(memory)));
        });
        let gone = || Fault::unavailable("the hashing threads are gone");
        self.queue.put(Job { work, turn: turn.clone() });
        let outcome = match tokio::time::timeout(PATIENCE, &mut wait).await {
            Ok(outcome) => outcome,
            Err(_) if turn.take() => return Err(overloaded()),
            // It has been begun: that is waited for.
            Err(_) => wait.await,
        };
        let outcome = outcome.map_err(|_| gone())?;
        outcome.map_err(|error| Fault::unavailable(error.to_string()))
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

/// A hashing thread: takes one job after the other until the queue is closed.
fn work_off(queue: &Queue, mut memory: Memory) {
    give_way();
    while let Some(job) = queue.next(&mut memory) {
        // Who has gone is not hashed for.
        if job.turn.take() {
            (job.work)(&mut memory);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use durward_verify::SystemRandom;

    use super::*;

    fn hasher(memory_kib: u32, max_concurrent: usize) -> Arc<Hasher> {
        let library = Library::default();
        let settings = HashSettings { memory_kib, iterations: 1, parallelism: 1, max_concurrent, library };
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
        assert!(hasher.is_current(&one) && hasher.is_current(hasher.dummy().await.unwrap()));
        assert!(!hasher.is_current(&one.replace("m=64", "m=32")));
    }

    /// Keeps the one thread of a hasher busy until what comes back is dropped.
    async fn busy(hasher: &Arc<Hasher>) -> mpsc::Sender<()> {
        let (release, held) = mpsc::channel::<()>();
        let (begun, beginning) = oneshot::channel();
        let other = hasher.clone();
        tokio::spawn(async move {
            let work = move || {
                let _ = begun.send(());
                let _ = held.recv();
            };
            drop(other.beside_requests(work).await);
        });
        beginning.await.unwrap();
        release
    }

    #[tokio::test]
    async fn who_goes_away_while_waiting_is_not_worked_for() {
        let hasher = hasher(64, 1);
        let release = busy(&hasher).await;
        let (done, worked) = mpsc::channel();
        let waiting = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.beside_requests(move || done.send(())).await.map(drop) }
        });
        while hasher.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.waiting(), 0, "who has gone does not wait");
        drop(release);
        assert!(hasher.hash("b".to_owned().into()).await.is_ok());
        assert!(worked.try_recv().is_err());
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_to_come_again() {
        let hasher = hasher(64, 1);
        let _busy = busy(&hasher).await;
        tokio::time::pause();
        let fault = hasher.hash("a".to_owned().into()).await.unwrap_err();
        assert_eq!((fault.code(), fault.problem().retry_after), (Code::Overloaded, Some(2)));
        assert_eq!(hasher.waiting(), 0);
    }

    #[tokio::test]
    async fn what_is_begun_is_waited_for() {
        let hasher = hasher(64, 1);
        let (release, held) = mpsc::channel::<()>();
        let (begun, beginning) = oneshot::channel();
        let slow = tokio::spawn({
            let hasher = hasher.clone();
            let work = move || {
                let _ = begun.send(());
                let _ = held.recv();
                "done"
            };
            async move { hasher.beside_requests(work).await }
        });
        beginning.await.unwrap();
        tokio::time::pause();
        tokio::time::sleep(3 * PATIENCE).await;
        assert!(!slow.is_finished());
        drop(release);
        assert_eq!(slow.await.unwrap().unwrap(), "done");
    }

    #[test]
    fn memory_is_given_back_by_a_thread_with_nothing_to_do() {
        let (queue, mut memory) = (Arc::new(Queue::default()), Memory::new(Library::default()));
        let params = Params::new(64, 1, 1, Some(32)).unwrap();
        phc::hash(b"a", [0; 16], &params, &mut memory).unwrap();
        assert!(memory.size() > 0);
        let closing = std::thread::spawn({
            let queue = queue.clone();
            move || {
                std::thread::sleep(2 * KEEP);
                queue.close();
            }
        });
        assert!(queue.next(&mut memory).is_none());
        assert_eq!(memory.size(), 0);
        closing.join().unwrap();
    }
}
