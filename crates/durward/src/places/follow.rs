//! A file that is followed: when it changes, it is read again. One that cannot be used leaves the one before in place.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use super::Database;

/// How often the file is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A database whose file is followed.
#[derive(Debug)]
pub(super) struct Followed {
    path: PathBuf,
    current: RwLock<Arc<Database>>,
}

/// What tells one version of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    inode: u64,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Followed {
    /// Opens a database and follows its file until nobody holds it any more.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(super) fn open(path: &Path) -> Result<Arc<Self>, String> {
        // The version first: what changes in between is read again.
        let version = Version::of(path);
        let current = RwLock::new(Arc::new(Database::open(path)?));
        let followed = Arc::new(Self { path: path.to_owned(), current });
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(follow(Arc::downgrade(&followed), version));
        }
        Ok(followed)
    }

    /// The database as it was last read.
    pub(super) fn current(&self) -> Arc<Database> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read_again(&self) {
        match Database::open(&self.path) {
            Ok(database) => {
                tracing::info!(path = %self.path.display(), kind = database.kind(), built = %database.built_at(),
                    "a new database of places is in use");
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(database);
            }
            Err(error) => tracing::warn!(error, "a new database of places cannot be used; the one before stays"),
        }
    }
}

async fn follow(followed: Weak<Followed>, mut version: Option<Version>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let Some(followed) = followed.upgrade() else { return };
        // A large file takes a while to read and to check: not on a thread that answers requests. Each version is tried
        // once; one that is still being written is another one in a moment.
        let before = version;
        let looked = tokio::task::spawn_blocking(move || {
            let now = Version::of(&followed.path);
            if now.is_some() && now != before {
                followed.read_again();
            }
            now
        });
        version = looked.await.unwrap_or(None).or(before);
    }
}

impl Version {
    /// None when the file is away, as it is for a moment when it is replaced.
    fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            inode: metadata.ino(),
            size: metadata.size(),
            seconds: metadata.mtime(),
            nanoseconds: metadata.mtime_nsec(),
        })
    }
}
