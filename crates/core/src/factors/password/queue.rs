//! What waits for the hashing threads, and which thread takes what.
//!
//! Most of them, the *idle* ones, run only where nobody else wants the processor, so that a storm of logins costs other
//! requests nothing. But they do not get on while others take all of it, and may stand still in the middle of a hash. That
//! must not keep anybody from logging in, so there are *helpers* beside them, which always get a share. A helper does nothing
//! as long as the idle threads get on. What one of them began too long ago it computes anew, and whoever is through first
//! has the answer; and it takes what waits when none of them has begun anything for as long.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use tokio::time::Instant;

use super::argon2id::Memory;
use super::desk::{Answer, Done};
use super::hasher::overloaded;
use crate::fault::Fault;

/// How many may wait at once: more would not be served within anybody's patience by any machine.
const QUEUE: usize = 4_096;
/// How long a thread with nothing to do keeps its working memory, which is most of what an idle server would hold.
pub(super) const KEEP: Duration = Duration::from_millis(500);
/// After how long something is late that takes next to no time by itself.
const LATE: Duration = Duration::from_millis(250);
/// Something is late when it takes longer than this many hashes should, beside that.
const LATE_HASHES: u32 = 4;

/// Work that more than one thread may do, and any of them alone is enough. It comes to what gives the answer.
pub(super) type Work = dyn Fn(&mut Memory) -> Answer + Send + Sync;

/// What a hashing thread takes from the queue. It goes straight on with the next one: nobody has to be woken in between.
#[derive(Clone)]
pub(super) struct Job {
    pub(super) work: Arc<Work>,
    pub(super) turn: Arc<Turn>,
}

/// The jobs that are not done. Only the desk and hashing threads take its locks.
pub(super) struct Queue {
    state: Mutex<State>,
    /// What the desk has to answer.
    pub(super) done: Mutex<Vec<Done>>,
    pub(super) desk: OnceLock<Thread>,
    running: AtomicUsize,
    /// For idle threads.
    bell: Condvar,
    /// For helpers.
    alarm: Condvar,
    late: Mutex<Duration>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    /// What each idle thread does.
    begun: Vec<Option<Begun>>,
    /// When an idle thread last took something, or there was nothing to take.
    taken_at: Option<Instant>,
    /// How many idle threads wait for the bell.
    idle: usize,
    /// Whether a helper looks at the clock. One is enough.
    is_watched: bool,
    is_closed: bool,
}

/// What an idle thread has begun.
struct Begun {
    job: Job,
    at: Instant,
    /// Whether a helper does it, too.
    is_helped: bool,
}

impl Begun {
    fn may_be_late(&self) -> bool {
        !self.is_helped && !self.job.turn.is_over.load(Ordering::Relaxed)
    }
}

impl Queue {
    /// For so many idle threads.
    pub(super) fn new(idle: usize) -> Self {
        let begun = std::iter::repeat_with(|| None).take(idle).collect();
        let state = Mutex::new(State { begun, ..State::default() });
        Self {
            state,
            done: Mutex::default(),
            desk: OnceLock::new(),
            running: AtomicUsize::new(0),
            bell: Condvar::new(),
            alarm: Condvar::new(),
            late: Mutex::new(LATE),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how long a hash takes on this machine.
    pub(super) fn one_takes(&self, took: Duration) {
        *self.late.lock().unwrap_or_else(PoisonError::into_inner) = LATE.saturating_add(took * LATE_HASHES);
    }

    /// After how long something is late.
    fn late(&self) -> Duration {
        *self.late.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many jobs are being worked on.
    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::Relaxed)
    }

    /// Does a job, and has the desk answer.
    pub(super) fn work_on(&self, job: Job, memory: &mut Memory, is_late: bool) {
        self.running.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let answer = (job.work)(memory);
        job.turn.is_over.store(true, Ordering::Relaxed);
        self.running.fetch_sub(1, Ordering::Relaxed);
        let done = Done { answer, job, took: began.elapsed(), is_late };
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push(done);
        self.desk.get().map(Thread::unpark);
    }

    pub(super) fn put(&self, job: Job) {
        let mut state = self.state();
        if state.waiting.is_empty() {
            state.taken_at = Some(job.turn.began);
        }
        state.waiting.push_back(job);
        // Who is at work takes it without being woken.
        let (wakes, alarms) = (state.idle > 0, !state.is_watched);
        drop(state);
        if wakes {
            self.bell.notify_one();
        }
        if alarms {
            self.alarm.notify_one();
        }
    }

    /// The next job for an idle thread, of which this one is in `place`, after it is done with the last one. When there is
    /// none for a while, the memory is given back. None when the queue is closed.
    pub(super) fn next(&self, place: usize, memory: &mut Memory) -> Option<Job> {
        let mut state = self.state();
        state.begin(place, None);
        let mut patience = Some(KEEP);
        loop {
            if let Some(job) = state.first_wanted() {
                let at = Instant::now();
                state.taken_at = Some(at);
                state.begin(place, Some(Begun { job: job.clone(), at, is_helped: false }));
                return Some(job);
            }
            if state.is_closed {
                return None;
            }
            state.idle += 1;
            let is_over;
            (state, is_over) = wait(&self.bell, state, patience);
            state.idle -= 1;
            if is_over {
                patience = None;
                drop(state);
                memory.release();
                state = self.state();
            }
        }
    }

    /// The next job for a helper: one that is late. None when the queue is closed.
    pub(super) fn next_late(&self, memory: &mut Memory) -> Option<Job> {
        let mut state = self.state();
        loop {
            if state.is_closed {
                return None;
            }
            let (late, now) = (self.late(), Instant::now());
            if let Some(job) = state.late(late, now) {
                // The next helper looks at what is left.
                self.alarm.notify_one();
                return Some(job);
            }
            let until = state.late_at(late).map(|at| at.saturating_duration_since(now));
            // Another one looks at the clock, or there is nothing that could be late.
            let watches = until.is_some() && !state.is_watched;
            if !watches && memory.is_there() {
                drop(state);
                memory.release();
                state = self.state();
                continue;
            }
            state.is_watched |= watches;
            (state, _) = wait(&self.alarm, state, until.filter(|_| watches));
            if watches {
                state.is_watched = false;
            }
        }
    }

    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.bell.notify_all();
        self.alarm.notify_all();
    }
}

impl State {
    fn begin(&mut self, place: usize, begun: Option<Begun>) {
        if let Some(there) = self.begun.get_mut(place) {
            *there = begun;
        }
    }

    /// Takes the first job whose client still waits. Who has gone is not hashed for.
    fn first_wanted(&mut self) -> Option<Job> {
        std::iter::from_fn(|| self.waiting.pop_front()).find(|job| job.turn.take())
    }

    /// Takes what is late: what was begun first, or else what waits while nothing is taken.
    fn late(&mut self, late: Duration, now: Instant) -> Option<Job> {
        let is_late = |at: Instant| now.saturating_duration_since(at) >= late;
        let begun = self.begun.iter_mut().flatten().filter(|begun| begun.may_be_late() && is_late(begun.at));
        if let Some(begun) = begun.min_by_key(|begun| begun.at) {
            begun.is_helped = true;
            return Some(begun.job.clone());
        }
        if self.taken_at.is_some_and(is_late) { self.first_wanted() } else { None }
    }

    /// When something will be late that is not yet done, if nobody takes it before.
    fn late_at(&self, late: Duration) -> Option<Instant> {
        let begun = self.begun.iter().flatten().filter(|begun| begun.may_be_late()).map(|begun| begun.at);
        let waiting = self.taken_at.filter(|_| !self.waiting.is_empty());
        begun.chain(waiting).min().map(|at| at + late)
    }
}

/// Waits for a bell, for so long or for ever: whether the time is over.
fn wait<'a>(bell: &Condvar, state: MutexGuard<'a, State>, patience: Option<Duration>) -> (MutexGuard<'a, State>, bool) {
    let Some(patience) = patience else {
        return (bell.wait(state).unwrap_or_else(PoisonError::into_inner), false);
    };
    let (state, outcome) = bell.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
    (state, outcome.timed_out())
}

/// Who disposes of a job: the thread that begins it, or the client that does not wait any longer. Whoever takes it first.
pub(super) struct Turn {
    is_waiting: AtomicBool,
    /// Whether there is nothing to be done any more: it is done, or nobody waits for it.
    is_over: AtomicBool,
    is_reported: AtomicBool,
    count: Arc<AtomicUsize>,
    began: Instant,
    /// For how many microseconds.
    waited: AtomicU64,
}

impl Turn {
    /// Enters the queue.
    pub(super) fn enter(count: &Arc<AtomicUsize>) -> Result<Arc<Self>, Fault> {
        let turn = Self {
            is_waiting: AtomicBool::new(true),
            is_over: AtomicBool::new(false),
            is_reported: AtomicBool::new(false),
            count: count.clone(),
            began: Instant::now(),
            waited: AtomicU64::new(0),
        };
        let before = count.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!("durward_password_hash_queue").set(before as f64 + 1.0);
        if before < QUEUE {
            return Ok(Arc::new(turn));
        }
        turn.leave();
        Err(overloaded())
    }

    /// Leaves the queue, once: whether it was still in it.
    fn take(&self) -> bool {
        let taken = self.is_waiting.swap(false, Ordering::Relaxed);
        if taken {
            self.count.fetch_sub(1, Ordering::Relaxed);
            let waited = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.waited.store(waited, Ordering::Relaxed);
        }
        taken
    }

    /// The client leaves: whether the job was still in the queue.
    pub(super) fn leave(&self) -> bool {
        let taken = self.take();
        if taken {
            self.report();
        }
        taken
    }

    /// Counts how long it waited, once it has left.
    pub(super) fn report(&self) {
        if !self.is_reported.swap(true, Ordering::Relaxed) {
            metrics::gauge!("durward_password_hash_queue").set(self.count.load(Ordering::Relaxed) as f64);
            let waited = Duration::from_micros(self.waited.load(Ordering::Relaxed));
            metrics::histogram!("durward_password_hash_wait_seconds").record(waited);
        }
    }
}

/// Takes a job out of the queue when its client goes away.
pub(super) struct Client(pub(super) Arc<Turn>);

impl Drop for Client {
    fn drop(&mut self) {
        self.0.leave();
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use argon2::Params;

    use super::super::argon2id::Library;
    use super::*;

    fn memory() -> Memory {
        let mut memory = Memory::new(Library::default());
        let params = Params::new(64, 1, 1, None).unwrap();
        memory.fill(b"password", b"salt and more", &params, &mut [0; 32]).unwrap();
        memory
    }

    fn job(count: &Arc<AtomicUsize>) -> Job {
        Job { work: Arc::new(|_| Box::new(|| {})), turn: Turn::enter(count).unwrap() }
    }

    fn same(one: &Job, other: &Job) -> bool {
        Arc::ptr_eq(&one.turn, &other.turn)
    }

    #[test]
    fn memory_is_given_back_by_threads_with_nothing_to_do() {
        let queue = Arc::new(Queue::new(1));
        let closing = std::thread::spawn({
            let queue = queue.clone();
            move || {
                std::thread::sleep(2 * KEEP);
                queue.close();
            }
        });
        let [mut idle, mut helper] = [memory(), memory()];
        std::thread::scope(|scope| {
            scope.spawn(|| assert!(queue.next(0, &mut idle).is_none()));
            scope.spawn(|| assert!(queue.next_late(&mut helper).is_none()));
        });
        assert_eq!((idle.size(), helper.size()), (0, 0));
        closing.join().unwrap();
    }

    #[test]
    fn nothing_is_late_while_the_idle_threads_get_on() {
        let (queue, count, mut memory) = (Queue::new(2), Arc::default(), memory());
        let jobs: Vec<Job> = std::iter::repeat_with(|| job(&count)).take(3).collect();
        jobs.iter().for_each(|job| queue.put(job.clone()));
        let (began, late) = (Instant::now(), queue.late());
        assert!(same(&queue.next(0, &mut memory).unwrap(), &jobs[0]));
        assert!(same(&queue.next(1, &mut memory).unwrap(), &jobs[1]));
        assert!(queue.state().late(late, began + late / 2).is_none());
        // The third waits for longer than that, but the others were taken, and are done.
        assert!(queue.state().late_at(late).unwrap() >= began + late);
        queue.work_on(jobs[0].clone(), &mut memory, false);
        assert!(same(&queue.next(0, &mut memory).unwrap(), &jobs[2]));
        queue.work_on(jobs[1].clone(), &mut memory, false);
        queue.work_on(jobs[2].clone(), &mut memory, false);
        assert!(queue.state().late(late, began + 10 * late).is_none());
        assert!(queue.state().late_at(late).is_none());
    }

    #[test]
    fn what_was_begun_first_is_late_first_and_then_what_waits() {
        let (queue, count, mut memory) = (Queue::new(1), Arc::default(), memory());
        let jobs: Vec<Job> = std::iter::repeat_with(|| job(&count)).take(3).collect();
        jobs.iter().for_each(|job| queue.put(job.clone()));
        queue.next(0, &mut memory).unwrap();
        let (late, then) = (queue.late(), Instant::now() + queue.late());
        for job in &jobs {
            assert!(same(&queue.state().late(late, then).unwrap(), job));
        }
        assert!(queue.state().late(late, then).is_none(), "each once");
    }

    #[test]
    fn what_nobody_waits_for_is_not_late() {
        let (queue, count, mut memory) = (Queue::new(1), Arc::default(), memory());
        let [one, other] = [job(&count), job(&count)];
        queue.put(one.clone());
        queue.put(other.clone());
        queue.next(0, &mut memory).unwrap();
        drop([Client(one.turn), Client(other.turn)]);
        assert!(queue.state().late(queue.late(), Instant::now() + 2 * queue.late()).is_none());
        assert_eq!(count.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_takes_long_is_late_later() {
        let queue = Queue::new(1);
        queue.one_takes(Duration::from_secs(1));
        assert!(queue.late() > Duration::from_secs(4));
    }
}
