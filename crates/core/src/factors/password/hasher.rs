//! The hashing threads.
//!
//! A password hash is meant to be slow, so it gets threads of its own, as many as there are cores to spare, which run only
//! where those that serve requests do not want to (`queue.rs` says who gets on where they always do, and `desk.rs` why these
//! threads never meet). The queue is bounded in
//! time: who is not served within two seconds gets 503 and may come again. A hash that was begun is computed to its end, also
//! when its client goes away; one that was not is not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use argon2::Params;
use durward_proto::{Code, Problem, Random, SPANS, Secret, random};
use tokio::sync::{SetOnce, oneshot};
use tokio::time::Instant;
use tracing::{Instrument, Level, Span};

use super::argon2id::{Library, Memory};
use super::desk::{Answer, Desk};
use super::phc::{self, HashError};
use super::priority::{give_way, stand_back};
use super::queue::{Client, Job, Queue, Turn};
use super::rules;
use crate::fault::Fault;

/// How long a hash waits for a thread before the client is told to come again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Cost and parallelism.
#[derive(Debug, Clone, Copy)]
pub struct HashSettings {
    /// Memory for one hash in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes of one hash.
    pub parallelism: u32,
    /// How many hashes run at once; half as many more, where these do not get on.
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
    desk: Desk,
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher").field("params", &self.params).finish_non_exhaustive()
    }
}

/// Hashes a password and compares it.
fn trial(
    params: &Params,
    random: &dyn Random,
) -> impl Fn(&mut Memory) -> Result<Trial, HashError> + Send + Sync + 'static {
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

impl Hasher {
    /// Starts the threads.
    ///
    /// # Errors
    /// When Argon2 does not accept the parameters, or a thread cannot be started.
    pub fn start(settings: HashSettings, random: Arc<dyn Random>) -> Result<Self, Fault> {
        let params = Params::new(settings.memory_kib, settings.iterations, settings.parallelism, Some(32))
            .map_err(|error| Fault::unavailable(format!("password.* cannot be used: {error}")))?;
        let (threads, library) = (settings.max_concurrent.max(1), settings.library.that_agrees());
        let queue = Arc::new(Queue::new(threads));
        for place in 0..threads {
            let queue = queue.clone();
            spawn(format!("hash-{place}"), move || work_off(&queue, place, Memory::new(library)))?;
        }
        for number in 0..threads.div_ceil(2) {
            let queue = queue.clone();
            spawn(format!("hash-late-{number}"), move || help_out(&queue, Memory::new(library)))?;
        }
        let desk = Desk::open(queue.clone())?;
        let (first, waiting) = (Arc::new(SetOnce::new()), Arc::default());
        let (work, tried) = (trial(&params, &*random), first.clone());
        let work = move |memory: &mut Memory| -> Answer {
            let (outcome, tried) = (work(memory), tried.clone());
            queue.one_takes(outcome.as_ref().map_or(Duration::ZERO, |trial| trial.took));
            Box::new(move || drop(tried.set(outcome.map_err(|error| error.to_string()))))
        };
        desk.put(Job { work: Arc::new(work), turn: Turn::enter(&waiting)? });
        // The first estimate of a password's strength reads its dictionaries.
        let warm_up = |_: &mut Memory| -> Answer {
            rules::warm_up();
            Box::new(|| {})
        };
        desk.put(Job { work: Arc::new(warm_up), turn: Turn::enter(&waiting)? });
        Ok(Self { params, first, waiting, desk, random })
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

    /// Does other slow work about passwords in the same places, by the same rules. It may be done twice.
    ///
    /// # Errors
    /// `overloaded`.
    pub(crate) async fn beside_requests<T: Send + 'static>(
        &self,
        work: impl Fn() -> T + Send + Sync + 'static,
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
        work: impl Fn(&mut Memory) -> Result<T, HashError> + Send + Sync + 'static,
    ) -> Result<T, Fault> {
        // Only what is done for somebody is traced, and not the checks of how quick the machine is.
        let is_traced = tracing::enabled!(target: SPANS, Level::INFO) && !Span::current().is_none();
        let span = if is_traced { tracing::info_span!(target: SPANS, "password hash") } else { Span::none() };
        self.run_in_turn(work).instrument(span).await
    }

    async fn run_in_turn<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Memory) -> Result<T, HashError> + Send + Sync + 'static,
    ) -> Result<T, Fault> {
        let client = Client(Turn::enter(&self.waiting)?);
        let turn = &client.0;
        let (answer, mut wait) = oneshot::channel();
        let answer = Arc::new(Mutex::new(Some(answer)));
        let work = move |memory: &mut Memory| -> Answer {
            let (outcome, answer) = (work(memory), answer.clone());
            // Whoever is through first gives it.
            Box::new(move || {
                if let Some(answer) = answer.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    drop(answer.send(outcome));
                }
            })
        };
        let gone = || Fault::unavailable("the hashing threads are gone");
        self.desk.put(Job { work: Arc::new(work), turn: turn.clone() });
        let outcome = match tokio::time::timeout(PATIENCE, &mut wait).await {
            Ok(outcome) => outcome,
            Err(_) if turn.leave() => return Err(overloaded()),
            // It has been begun: that is waited for.
            Err(_) => wait.await,
        };
        let outcome = outcome.map_err(|_| gone())?;
        outcome.map_err(|error| Fault::unavailable(error.to_string()))
    }
}

pub(super) fn overloaded() -> Fault {
    metrics::counter!("durward_password_hash_shed_total").increment(1);
    let detail = "Too many logins at once. Please try again in a moment.";
    Fault::of(Problem::new(Code::Overloaded).detail(detail).retry_after(PATIENCE.as_secs()))
}

pub(super) fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> Result<Thread, Fault> {
    let spawned = std::thread::Builder::new().name(name).spawn(work);
    let failed = |error| Fault::unavailable(format!("starting a hashing thread: {error}"));
    spawned.map(|handle| handle.thread().clone()).map_err(failed)
}

/// An idle hashing thread: takes one job after the other until the queue is closed.
fn work_off(queue: &Queue, place: usize, mut memory: Memory) {
    stand_back();
    while let Some(job) = queue.next(place, &mut memory) {
        queue.work_on(job, &mut memory, false);
    }
}

/// A helper: does what is late.
fn help_out(queue: &Queue, mut memory: Memory) {
    give_way();
    while let Some(job) = queue.next_late(&mut memory) {
        queue.work_on(job, &mut memory, true);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
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
        let held = Mutex::new(held);
        let (begun, mut beginning) = tokio::sync::mpsc::unbounded_channel();
        let other = hasher.clone();
        tokio::spawn(async move {
            let work = move || {
                let _ = begun.send(());
                let _ = held.lock().unwrap().recv();
            };
            drop(other.beside_requests(work).await);
        });
        beginning.recv().await.unwrap();
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
        let held = Mutex::new(held);
        let (begun, mut beginning) = tokio::sync::mpsc::unbounded_channel();
        let slow = tokio::spawn({
            let hasher = hasher.clone();
            let work = move || {
                let _ = begun.send(());
                let _ = held.lock().unwrap().recv();
                "done"
            };
            async move { hasher.beside_requests(work).await }
        });
        beginning.recv().await.unwrap();
        tokio::time::pause();
        tokio::time::sleep(3 * PATIENCE).await;
        assert!(!slow.is_finished());
        drop(release);
        assert_eq!(slow.await.unwrap().unwrap(), "done");
    }

    /// Work that stands still on every idle thread until what comes back is dropped, and gives the name of the thread that
    /// did it.
    fn standing_still() -> (mpsc::Sender<()>, impl Fn() -> String + Clone + Send + Sync) {
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let work = move || {
            let name = std::thread::current().name().unwrap().to_owned();
            if !name.contains("late") {
                let _ = held.lock().unwrap().recv();
            }
            name
        };
        (release, work)
    }

    #[tokio::test]
    async fn what_stands_still_is_done_by_a_helper_and_so_is_what_waits_behind_it() {
        let hasher = hasher(64, 2);
        let (release, work) = standing_still();
        let all = (0..6).map(|_| hasher.beside_requests(work.clone()));
        let all = futures_util::future::try_join_all(all).await.unwrap();
        assert_eq!(all, ["hash-late-0"; 6]);
        drop(release);
        assert_eq!(hasher.waiting(), 0);
    }

    /// Programs that want all of the processors, twice: on them an idle thread gets a few thousandths of one.
    #[tokio::test]
    async fn others_that_take_all_processors_keep_nobody_out() {
        let hasher = hasher(19_456, 2);
        hasher.first().await.unwrap();
        let (is_over, cores) = (Arc::new(AtomicBool::new(false)), std::thread::available_parallelism().unwrap().get());
        let others: Vec<_> = (0..2 * cores)
            .map(|_| {
                let is_over = is_over.clone();
                std::thread::spawn(move || while !is_over.load(Ordering::Relaxed) {})
            })
            .collect();
        let all = (0..4).map(|_| hasher.hash("secret".to_owned().into()));
        let outcome = tokio::time::timeout(Duration::from_secs(20), futures_util::future::join_all(all)).await;
        is_over.store(true, Ordering::Relaxed);
        others.into_iter().for_each(|other| other.join().unwrap());
        let hashes = outcome.expect("a hash takes seconds").into_iter().filter(Result::is_ok).count();
        assert!(hashes >= 1, "{hashes}");
    }

    /// Whoever waits is woken by the desk: a thread that can be stopped for seconds must not hold the runtime's locks.
    #[tokio::test]
    async fn answers_come_from_the_desk() {
        struct Waking(Mutex<Option<String>>);
        impl std::task::Wake for Waking {
            fn wake(self: Arc<Self>) {
                *self.0.lock().unwrap() = std::thread::current().name().map(str::to_owned);
            }
        }

        let hasher = hasher(64, 1);
        let waking = Arc::new(Waking(Mutex::default()));
        let waker = std::task::Waker::from(waking.clone());
        let mut hashing = std::pin::pin!(hasher.hash("secret".to_owned().into()));
        // Before it is polled again, so that nothing else than its answer wakes it.
        assert!(hashing.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
        while waking.0.lock().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        assert_eq!(waking.0.lock().unwrap().as_deref(), Some("hash-desk"));
        assert!(hashing.await.is_ok());
    }
}
