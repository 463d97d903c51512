//! The bell: rings when revocation events have been committed. It carries no news itself: whoever hears it reads the
//! table, and whoever misses it finds them there as well.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::watch;

use crate::error::StoreError;
use crate::open::{Pools, Shared};
use crate::scope::GateStore;

/// The channel of PostgreSQL's `NOTIFY`. It stands in `tables/revocation_events.rs`, too.
const CHANNEL: &str = "durward_revocations";

/// Rings for every commit with events in it; for several at once it may ring once.
#[derive(Debug)]
pub struct Bell(Rope);

#[derive(Debug)]
enum Rope {
    /// SQLite: the commits of this process.
    Process(watch::Receiver<u64>),
    /// PostgreSQL: the commits of everybody.
    Server(Box<PgListener>),
}

impl Bell {
    pub(crate) async fn hang(shared: &Shared) -> Result<Self, StoreError> {
        let connections = match &shared.pools {
            Pools::Sqlite(_) => return Ok(Self(Rope::Process(shared.rung.subscribe()))),
            Pools::Postgres(connections) => connections,
        };
        // A connection of its own: it is held for ever, and must not take one from those that wait.
        let own = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(shared.limit)
            .connect_lazy_with(connections.options().clone());
        let listen = async {
            let mut listener = PgListener::connect_with(&own).await?;
            // A lost connection is to be told at once: what was committed until there is another has to be read.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok::<_, sqlx::Error>(listener)
        };
        match tokio::time::timeout(shared.limit, listen).await {
            Ok(listener) => Ok(Self(Rope::Server(Box::new(listener?)))),
            Err(_) => Err(late(shared.limit)),
        }
    }

    /// Waits until it rings. Must not be dropped before that: then hang up another.
    ///
    /// # Errors
    /// `Unavailable` when it cannot ring any more: the connection was lost.
    pub async fn rung(&mut self) -> Result<(), StoreError> {
        match &mut self.0 {
            Rope::Process(commits) => commits.changed().await.map_err(|_| lost()),
            Rope::Server(listener) => {
                listener.try_recv().await?.ok_or_else(lost)?;
                while listener.next_buffered().is_some() {}
                Ok(())
            }
        }
    }

    /// Whether it rings for the commits of other processes as well.
    pub fn hears_everybody(&self) -> bool {
        matches!(self.0, Rope::Server(_))
    }
}

impl GateStore {
    /// Hangs up a bell. It rings for what is committed from now on.
    ///
    /// # Errors
    /// `Unavailable` when PostgreSQL cannot be reached.
    pub async fn listen(&self) -> Result<Bell, StoreError> {
        Bell::hang(&self.shared).await
    }
}

fn lost() -> StoreError {
    StoreError::Unavailable("the connection that listens was lost".to_owned())
}

fn late(limit: Duration) -> StoreError {
    StoreError::Unavailable(format!("no answer within {limit:?}"))
}
