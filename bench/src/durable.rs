//! What a durable transaction costs by itself: one small update, committed, with the drivers that durward has and nothing of
//! durward.

use std::sync::Arc;
use std::time::Duration;

use durward_proto::{Clock, SystemClock};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Executor};
use tokio::task::JoinSet;

use crate::Outcome;
use crate::postgres::Postgres;
use crate::scratch::Scratch;

const TABLE: &str = "CREATE TABLE bare (id BIGINT PRIMARY KEY, used BIGINT NOT NULL)";
const ROW: &str = "INSERT INTO bare (id, used) VALUES ($1, 0)";
/// Alone it is a transaction of its own.
const UPDATE: &str = "UPDATE bare SET used = used + 1 WHERE id = $1";

/// Writers, each with a connection and a row of its own.
#[derive(Debug)]
pub(crate) enum Durable {
    /// One: a second one would only wait for the first.
    Sqlite { writer: Box<rusqlite::Connection>, _file: Scratch },
    /// Many: PostgreSQL brings to the disk together what is committed together.
    Postgres(Vec<PgConnection>),
}

impl Durable {
    /// A file of its own, with a log ahead of it (WAL) and `synchronous=FULL`.
    pub(crate) async fn sqlite() -> Outcome<Self> {
        let scratch = Scratch::new()?;
        let writer = rusqlite::Connection::open(scratch.path().join("bare.db"))?;
        writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
        writer.execute_batch(TABLE)?;
        writer.execute(ROW, [0_i64])?;
        Ok(Self::Sqlite { writer: Box::new(writer), _file: scratch })
    }

    /// A database of its own, and so many connections to it.
    pub(crate) async fn postgres(postgres: &Postgres, writers: usize) -> Outcome<Self> {
        let options: PgConnectOptions = postgres.make_database().await?.parse()?;
        let options = options.disable_statement_logging();
        let mut connections = Vec::with_capacity(writers);
        for number in 0..writers {
            let mut connection = options.connect().await?;
            if number == 0 {
                connection.execute(TABLE).await?;
            }
            sqlx::query(ROW).bind(i64::try_from(number)?).execute(&mut connection).await?;
            connections.push(connection);
        }
        Ok(Self::Postgres(connections))
    }

    /// Transactions in a second.
    pub(crate) async fn rate(&mut self, seconds: u64, clock: &Arc<SystemClock>) -> Outcome<f64> {
        let start = clock.monotonic();
        let until = start + Duration::from_secs(seconds);
        let done = match self {
            Self::Sqlite { writer, .. } => {
                let mut done = 0;
                let mut update = writer.prepare(UPDATE)?;
                while clock.monotonic() < until {
                    update.execute([0_i64])?;
                    done += 1;
                }
                done
            }
            Self::Postgres(connections) => {
                let mut writers = JoinSet::new();
                for (number, mut connection) in std::mem::take(connections).into_iter().enumerate() {
                    let clock = clock.clone();
                    writers.spawn(async move {
                        let mut done = 0_u64;
                        while clock.monotonic() < until {
                            sqlx::query(UPDATE).bind(i64::try_from(number)?).execute(&mut connection).await?;
                            done += 1;
                        }
                        Outcome::Ok((connection, done))
                    });
                }
                let mut all = 0;
                // In whatever order they end: each of them has its own row in the next round.
                while let Some(ended) = writers.join_next().await {
                    let (connection, done) = ended??;
                    connections.push(connection);
                    all += done;
                }
                all
            }
        };
        Ok(done as f64 / (clock.monotonic() - start).as_secs_f64())
    }
}
