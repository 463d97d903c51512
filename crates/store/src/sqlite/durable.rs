//! When what was committed is on the disk, and how SQLite's log of it (WAL) is kept short.
//!
//! With `synchronous=FULL` SQLite waits for the disk at each commit, with its writer and its thread. Here a commit only writes
//! into the log; whoever committed then waits for [`Log::durable`], while others write, and one `fdatasync` is for all who
//! committed before it began. Nobody is answered before it has ended, so that what was acknowledged survives a power cut, as
//! with `FULL`. A reader may see what is not on the disk yet.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use sqlx::Error;
use tokio::sync::{Notify, Semaphore, oneshot};
use tokio::task::JoinHandle;

use super::connection::{SqliteConnectOptions, SqliteConnection};
use super::error::SqliteError;

/// After so many commits the log is put into the database's file. A commit of ours is some ten pages, so that this is about
/// SQLite's own measure, which is a thousand of them.
const OFTEN: u32 = 100;
/// From so many pages on a log is long: then it has to be begun anew.
const LONG: i64 = 1_000;

/// How long what nobody waits for stays off the disk, when nothing else brings it there.
const SOON: Duration = Duration::from_millis(200);

/// What came of bringing the log to the disk.
type Synced = Result<(), io::ErrorKind>;

/// Who wants it there.
enum Wish {
    /// Somebody who waits.
    Now(oneshot::Sender<Synced>),
    /// Nobody in particular.
    Soon,
}

/// The log of one database.
#[derive(Debug)]
pub(super) struct Log {
    wishes: mpsc::Sender<Wish>,
    /// Whether it was wished for soon, and has not begun.
    soon: Arc<AtomicBool>,
    commits: AtomicU32,
    bell: Arc<Notify>,
    tidying: JoinHandle<()>,
}

impl Drop for Log {
    fn drop(&mut self) {
        self.tidying.abort();
    }
}

impl Log {
    /// Keeps the log of this file. `writer` is the place of whoever writes.
    pub(super) fn keep(path: &Path, writer: Arc<Semaphore>) -> Result<Self, Error> {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let soon = Arc::new(AtomicBool::new(false));
        let mut disk = Disk { log: log.into(), file: None, failed: None, soon: soon.clone() };
        let (wishes, wished) = mpsc::channel();
        std::thread::Builder::new().name("sqlite-log".to_owned()).spawn(move || disk.serve(&wished))?;
        let bell = Arc::new(Notify::new());
        let tidying = tokio::spawn(tidy(path.to_owned(), bell.clone(), writer));
        Ok(Self { wishes, soon, commits: AtomicU32::new(0), bell, tidying })
    }

    /// Something was committed.
    pub(super) fn grew(&self) {
        if self.commits.fetch_add(1, Ordering::Relaxed) % OFTEN == OFTEN - 1 {
            self.bell.notify_one();
        }
    }

    /// Lets what was committed by now come to the disk within [`SOON`].
    pub(super) fn soon(&self) {
        if !self.soon.swap(true, Ordering::Relaxed) {
            drop(self.wishes.send(Wish::Soon));
        }
    }

    /// Waits until all that was committed by now is on the disk.
    pub(super) async fn durable(&self) -> Result<(), Error> {
        let (done, wait) = oneshot::channel();
        self.wishes.send(Wish::Now(done)).map_err(|_| Error::PoolClosed)?;
        let synced = wait.await.map_err(|_| Error::PoolClosed)?;
        synced.map_err(|kind| Error::Io(kind.into()))
    }
}

/// Makes a connection one that writes into the log.
pub(super) fn into_log(conn: &mut SqliteConnection) -> Result<(), Error> {
    conn.script(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
         -- Done beside those who commit, and not by whoever comes along when it is due.\n\
         PRAGMA wal_autocheckpoint = 0;",
    )
}

/// Who waits for the disk in the place of all others.
struct Disk {
    log: PathBuf,
    file: Option<File>,
    failed: Option<io::ErrorKind>,
    soon: Arc<AtomicBool>,
}

impl Wish {
    fn waits(self) -> Option<oneshot::Sender<Synced>> {
        match self {
            Self::Now(done) => Some(done),
            Self::Soon => None,
        }
    }
}

impl Disk {
    fn serve(&mut self, wished: &mpsc::Receiver<Wish>) {
        let mut waiting = Vec::new();
        while let Ok(first) = wished.recv() {
            waiting.extend(first.waits());
            if waiting.is_empty() {
                waiting.extend(wished.recv_timeout(SOON).ok().and_then(Wish::waits));
            }
            waiting.extend(wished.try_iter().filter_map(Wish::waits));
            self.soon.store(false, Ordering::Relaxed);
            let synced = self.sync();
            for done in waiting.drain(..) {
                // Whoever went away does not want to know.
                let _ = done.send(synced);
            }
        }
    }

    /// After a failure the pages may be gone from memory without being on the disk, and what is written behind them could not
    /// be read again: from then on nothing is acknowledged.
    fn sync(&mut self) -> Synced {
        if self.failed.is_none()
            && let Err(error) = self.try_sync()
        {
            tracing::error!(kind = %error.kind(), "the disk does not take the database's log: durward must be started anew");
            self.failed = Some(error.kind());
        }
        self.failed.map_or(Ok(()), Err)
    }

    fn try_sync(&mut self) -> io::Result<()> {
        let file = match self.file.take().filter(is_linked) {
            Some(file) => file,
            None => {
                // Made with the first connection, or anew after the last one was closed: its name has to be kept as well.
                let file = File::open(&self.log)?;
                if let Some(directory) = self.log.parent().filter(|directory| !directory.as_os_str().is_empty()) {
                    File::open(directory)?.sync_all()?;
                }
                file
            }
        };
        let synced = file.sync_data();
        self.file = Some(file);
        synced
    }
}

/// Whether a file still has its name.
fn is_linked(file: &File) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
    }
    #[cfg(not(unix))]
    {
        let _ = file;
        false
    }
}

/// Puts the log into the database's file, over and over.
async fn tidy(path: PathBuf, bell: Arc<Notify>, writer: Arc<Semaphore>) {
    let mut conn = None;
    loop {
        bell.notified().await;
        let Ok(held) = conn.take().map_or_else(|| SqliteConnectOptions::file(&path).open(), Ok) else { continue };
        // SQLite begins the log anew when all of it is in the file. Most of it is put there beside those who write; for the
        // rest, nobody may.
        let Some((held, pages)) = checkpoint(held).await else { continue };
        if pages < LONG {
            conn = Some(held);
            continue;
        }
        let Ok(place) = writer.acquire().await else { return };
        conn = checkpoint(held).await.map(|(held, _)| held);
        drop(place);
    }
}

/// Puts into the file what nobody reads from the log, and says how many pages the log has.
async fn checkpoint(mut conn: SqliteConnection) -> Option<(SqliteConnection, i64)> {
    let done = tokio::task::spawn_blocking(move || {
        let pages = conn.raw().query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get("log"));
        pages.map(|pages| (conn, pages)).map_err(SqliteError::of)
    });
    match done.await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the database's log could not be put into its file; it will be tried again");
            None
        }
        // The program ends.
        Err(_) => None,
    }
}
