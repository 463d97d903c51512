//! The connections to PostgreSQL.
//!
//! Not the driver's own pool: that one goes on trying a server that refuses connections until its caller's time is up,
//! and then does not say why. Here what keeps a connection from being made is told at once, so that an outage is known
//! for one after a moment and nobody hangs in it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use durward_proto::Clock;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Error};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A connection that was used so lately is not asked whether it still is one.
const SURELY_THERE: Duration = Duration::from_secs(1);
/// After so long without use a connection is closed.
const IDLE: Duration = Duration::from_secs(10 * 60);
/// So old a connection gets: the server's memory for it only grows, and addresses change their hosts.
const LIFETIME: Duration = Duration::from_secs(30 * 60);
/// How long to wait before another attempt while the server has no room for one more.
const FULL: Duration = Duration::from_millis(50);

/// Up to so many connections. Whoever finds all of them in use waits, in order.
pub(crate) struct Connections {
    connect: PgConnectOptions,
    places: Arc<Semaphore>,
    count: u32,
    limit: Duration,
    clock: Arc<dyn Clock>,
    kept: Mutex<Kept>,
}

/// What nobody uses at the moment. Times are of the monotonic clock.
#[derive(Default)]
struct Kept {
    /// The one that was used last is at the end.
    idle: VecDeque<Idle>,
    /// When a connection was last found to be lost: others that were used before that may be lost as well.
    doubt: Duration,
    closed: bool,
}

struct Idle {
    conn: PgConnection,
    opened: Duration,
    since: Duration,
}

/// A connection in use. Dropped, it is closed; [`Held::give_back`] keeps it for others.
pub(crate) struct Held {
    pub(crate) conn: PgConnection,
    opened: Duration,
    of: Arc<Connections>,
    place: OwnedSemaphorePermit,
}

impl Connections {
    /// None yet. `limit` is how long anybody waits for one.
    pub(crate) fn new(connect: PgConnectOptions, count: u32, limit: Duration, clock: Arc<dyn Clock>) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(count as usize));
        Arc::new(Self { connect, places, count, limit, clock, kept: Mutex::default() })
    }

    /// How each of them is made.
    pub(crate) fn options(&self) -> &PgConnectOptions {
        &self.connect
    }

    /// A connection of one's own.
    ///
    /// # Errors
    /// `PoolTimedOut` when none becomes free in time; at once, why the server cannot be reached or lets nobody in.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<Held, Error> {
        tokio::time::timeout(self.limit, self.find()).await.map_err(|_| Error::PoolTimedOut)?
    }

    async fn find(self: &Arc<Self>) -> Result<Held, Error> {
        let place = self.places.clone().acquire_owned().await.map_err(|_| Error::PoolClosed)?;
        while let Some((Idle { mut conn, opened, .. }, is_sure)) = self.take()? {
            if is_sure || Box::pin(conn.ping()).await.is_ok() {
                return Ok(Held { conn, opened, of: self.clone(), place });
            }
            self.doubt();
        }
        // Seldom, and large: whoever gets a connection that is there shall not carry it along.
        let conn = Box::pin(self.open()).await?;
        Ok(Held { conn, opened: self.clock.monotonic(), of: self.clone(), place })
    }

    async fn open(&self) -> Result<PgConnection, Error> {
        loop {
            match PgConnection::connect_with(&self.connect).await {
                // The server is there, and another's connection is about to end: that is a matter of load.
                Err(Error::Database(error)) if error.code().as_deref() == Some("53300") => {
                    tokio::time::sleep(FULL).await;
                }
                done => return done,
            }
        }
    }

    /// The idle connection that was used last, and whether it is surely there.
    fn take(&self) -> Result<Option<(Idle, bool)>, Error> {
        let mut kept = self.kept();
        if kept.closed {
            return Err(Error::PoolClosed);
        }
        let now = self.clock.monotonic();
        while let Some(idle) = kept.idle.pop_back() {
            if !idle.is_over(now) {
                let is_sure = now.saturating_sub(idle.since) < SURELY_THERE && idle.since > kept.doubt;
                return Ok(Some((idle, is_sure)));
            }
        }
        Ok(None)
    }

    /// Lets no connection go unasked that was used before now.
    fn doubt(&self) {
        self.kept().doubt = self.clock.monotonic();
    }

    /// Waits until those in use were given back, and closes all. Whoever asks for one from now on gets `PoolClosed`.
    pub(crate) async fn close(&self) {
        self.kept().closed = true;
        // Those that wait come before, and are told.
        drop(self.places.acquire_many(self.count).await);
        self.places.close();
        let idle = std::mem::take(&mut self.kept().idle);
        for Idle { conn, .. } in idle {
            // The server may be gone already.
            drop(conn.close().await);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Idle {
    fn is_over(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) > IDLE || now.saturating_sub(self.opened) > LIFETIME
    }
}

impl Held {
    /// Keeps it for the next who asks. Nothing may be open on it.
    pub(crate) fn give_back(self) {
        let Self { conn, opened, of, place } = self;
        let since = of.clock.monotonic();
        let mut kept = of.kept();
        // What has not been used for long is at the front. Closed outside the lock.
        let over = kept.idle.iter().take_while(|idle| idle.is_over(since)).count();
        let over: Vec<_> = kept.idle.drain(..over).collect();
        kept.idle.push_back(Idle { conn, opened, since });
        drop(kept);
        drop((over, place));
    }

    /// It turned out to be lost.
    pub(crate) fn lost(self) {
        self.of.doubt();
    }
}

/// Whether a connection cannot be used any more after this error.
pub(crate) fn is_lost(error: &Error) -> bool {
    match error {
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => true,
        Error::Database(error) => {
            use sqlx::postgres::{PgDatabaseError, PgSeverity};
            let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
            matches!(severity, Some(PgSeverity::Fatal | PgSeverity::Panic))
        }
        _ => false,
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("count", &self.count).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}
