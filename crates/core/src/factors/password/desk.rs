//! The thread between those that serve requests and those that hash.
//!
//! A thread that runs only where nobody else wants to can be stopped anywhere, also with a lock in its hands, and stands
//! there for as long as others take all of the processor. So it must never hold one that those need who serve requests: not
//! that of the runtime's queue, which waking somebody takes, and none of ours. The desk runs as they do. They hand jobs over to
//! it without a lock, and it gives the answers; where a hashing thread was stopped at the wrong moment, the desk waits, and
//! whoever logs in.

use std::sync::mpsc::{self, TryRecvError};
use std::sync::{Arc, PoisonError};
use std::thread::Thread;
use std::time::Duration;

use super::hasher::spawn;
use super::queue::{Job, Queue};
use crate::fault::Fault;

/// What gives an answer to whoever waits for it.
pub(super) type Answer = Box<dyn FnOnce() + Send>;

/// Where jobs are handed in. When it goes, the hashing threads end.
pub(super) struct Desk {
    inbox: Option<mpsc::Sender<Job>>,
    thread: Thread,
}

impl Desk {
    /// Opens it, before this queue.
    ///
    /// # Errors
    /// When its thread cannot be started.
    pub(super) fn open(queue: Arc<Queue>) -> Result<Self, Fault> {
        let (inbox, jobs) = mpsc::channel();
        let served = queue.clone();
        let thread = spawn("hash-desk".to_owned(), move || serve(&jobs, &served))?;
        drop(queue.desk.set(thread.clone()));
        Ok(Self { inbox: Some(inbox), thread })
    }

    /// Hands a job in. Takes no lock: the other end never blocks on the channel, but parks.
    pub(super) fn put(&self, job: Job) {
        if let Some(inbox) = &self.inbox {
            drop(inbox.send(job));
            self.thread.unpark();
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.inbox = None;
        self.thread.unpark();
    }
}

fn serve(jobs: &mpsc::Receiver<Job>, queue: &Queue) {
    loop {
        loop {
            match jobs.try_recv() {
                Ok(job) => queue.put(job),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return queue.close(),
            }
        }
        let done = std::mem::take(&mut *queue.done.lock().unwrap_or_else(PoisonError::into_inner));
        done.into_iter().for_each(Done::settle);
        metrics::gauge!("durward_password_hash_running").set(queue.running() as f64);
        std::thread::park();
    }
}

/// A job that is done.
pub(super) struct Done {
    pub(super) answer: Answer,
    pub(super) job: Job,
    pub(super) took: Duration,
    /// Whether a helper did it.
    pub(super) is_late: bool,
}

impl Done {
    fn settle(self) {
        (self.answer)();
        self.job.turn.report();
        metrics::histogram!("durward_password_hash_seconds").record(self.took);
        if self.is_late {
            metrics::counter!("durward_password_hash_late_total").increment(1);
        }
    }
}
