//! The connections to a database's file: one that writes, and some that read.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{SqliteConnectOptions, SqliteConnection};
use super::durable::{Log, into_log};
use crate::link::Durability;

/// How long whoever wants to write waits for another process, at first and at most.
const BUSY: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(50)];

/// SQLite lets one write at a time; who waits for that waits here, in order. Readers see what was committed when their
/// statement begins, and wait for nobody.
#[derive(Debug)]
pub(crate) struct Files {
    writer: Arc<Places>,
    readers: Arc<Places>,
    log: Log,
    limit: Duration,
}

/// Up to so many connections, each made when it is first needed.
struct Places {
    make: Box<dyn Fn() -> Result<SqliteConnection, Error> + Send + Sync>,
    free: Arc<Semaphore>,
    count: u32,
    /// What nobody uses. The one that was used last is taken first: what it has prepared and read is still at hand.
    idle: Mutex<Vec<SqliteConnection>>,
}

/// A connection in use. Dropped, it is closed; [`Held::give_back`] keeps it for others.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) conn: SqliteConnection,
    of: Arc<Places>,
    place: OwnedSemaphorePermit,
}

impl Files {
    /// Opens a file that is there. `limit` is how long anybody waits for a connection.
    ///
    /// # Errors
    /// What SQLite says when it is no database, or may not be written.
    pub(crate) fn open(path: &Path, readers: u32, limit: Duration) -> Result<Self, Error> {
        let file = path.to_owned();
        let writer = Places::new(1, move || write_to(&file, limit));
        // The writer comes first: it puts the file into WAL mode, which a reader cannot.
        let first = (writer.make)()?;
        writer.idle().push(first);
        let options = SqliteConnectOptions::file(path).busy_timeout(limit).read_only();
        let readers = Places::new(readers, move || options.open());
        let log = Log::keep(path, writer.free.clone())?;
        Ok(Self { writer, readers, log, limit })
    }

    /// A connection that may only read.
    ///
    /// # Errors
    /// `PoolTimedOut` when none becomes free in time, `PoolClosed`.
    pub(crate) async fn reader(&self) -> Result<Held, Error> {
        self.readers.take(self.limit).await
    }

    /// The one that writes, when it is one's turn.
    ///
    /// # Errors
    /// As [`Files::reader`].
    pub(crate) async fn writer(&self) -> Result<Held, Error> {
        self.writer.take(self.limit).await
    }

    /// Begins to write, once no other process does.
    ///
    /// # Errors
    /// When another process writes for too long, what SQLite says.
    pub(crate) async fn begin(&self, held: &mut Held) -> Result<(), Error> {
        let [mut pause, longest] = BUSY;
        let mut waited = Duration::ZERO;
        loop {
            match held.conn.word("BEGIN IMMEDIATE") {
                // Not with the thread: it has others to serve.
                Err(error) if is_busy(&error) && waited < self.limit => {
                    tokio::time::sleep(pause).await;
                    waited += pause;
                    pause = longest.min(pause * 2);
                }
                done => return done,
            }
        }
    }

    /// Something was committed: waits until it is on the disk, where somebody has to know that it is there. Else it comes there
    /// a moment later.
    ///
    /// # Errors
    /// When the disk does not take it: then nothing is acknowledged any more until durward is started anew.
    pub(crate) async fn committed(&self, durability: Durability) -> Result<(), Error> {
        self.log.grew();
        match durability {
            Durability::Now => self.log.durable().await,
            Durability::Later => {
                self.log.soon();
                Ok(())
            }
        }
    }

    /// Waits until those in use were given back, and closes all. Whoever asks for one from now on gets `PoolClosed`.
    pub(crate) async fn close(&self) {
        for places in [&self.readers, &self.writer] {
            drop(places.free.acquire_many(places.count).await);
            places.free.close();
            places.idle().clear();
        }
    }
}

/// A connection that writes.
fn write_to(path: &Path, limit: Duration) -> Result<SqliteConnection, Error> {
    let mut conn = SqliteConnectOptions::file(path).busy_timeout(limit).open()?;
    into_log(&mut conn)?;
    // From now on another process that writes is waited for without a thread: see `Files::writer`.
    conn.busy_timeout(Duration::ZERO)?;
    Ok(conn)
}

fn is_busy(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| code & 0xff == rusqlite::ffi::SQLITE_BUSY)
}

impl Places {
    fn new(count: u32, make: impl Fn() -> Result<SqliteConnection, Error> + Send + Sync + 'static) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(count as usize));
        Arc::new(Self { make: Box::new(make), free, count, idle: Mutex::default() })
    }

    async fn take(self: &Arc<Self>, limit: Duration) -> Result<Held, Error> {
        let place = match self.free.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                let waited = tokio::time::timeout(limit, self.free.clone().acquire_owned()).await;
                waited.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?
            }
        };
        let idle = self.idle().pop();
        let conn = idle.map_or_else(|| (self.make)(), Ok)?;
        Ok(Held { conn, of: self.clone(), place })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Places").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Held {
    /// Whether its statements may take long, so that others go first.
    pub(crate) fn giving_way(mut self, gives_way: bool) -> Self {
        self.conn.gives_way(gives_way);
        self
    }

    /// Keeps it for the next who asks. What was open on it is undone.
    pub(crate) fn give_back(self) {
        let Self { mut conn, of, place } = self;
        if conn.is_in_transaction() && conn.word("ROLLBACK").is_err() {
            return;
        }
        of.idle().push(conn);
        drop(place);
    }
}
