//! The follower at work: reads the table, applies what it finds, listens for the bell.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use durward_proto::Code;
use durward_store::{EventRow, Gate, Read, StoreError};
use durward_verify::BreakerError;

use super::Revocation;
use super::follower::{BATCH, Follower, Found, Todo};
use crate::service::Core;

/// How long to wait before another bell is hung up where that failed.
const REHANG: Duration = Duration::from_millis(500);
/// So many reads in a row that find something unannounced mean that the bell does not ring.
const MUTE_AFTER: u32 = 3;

type Reading = Pin<Box<dyn Future<Output = Result<News, BreakerError<StoreError>>> + Send>>;

/// What one read brought.
struct News {
    revocations: Vec<Revocation>,
    newest: Option<i64>,
}

impl Core {
    /// Follows the revocations until the future is dropped. Before it is awaited, the events are known up to now: start
    /// it before the first request is served. Until then nothing is answered from memory.
    ///
    /// # Errors
    /// When the database cannot say where the events stand at the start.
    pub async fn follow_events(self: Arc<Self>) -> Result<impl Future<Output = ()> + Send, StoreError> {
        let began = self.clock.monotonic();
        let applied = self.gate.read().await?.latest_event().await?;
        let bus = &self.bus;
        bus.applied.store(applied, Ordering::Release);
        bus.freshness.renew(began);
        let follower = Follower::starting(applied, began, bus.patience);
        Ok(async move {
            let bell = AtomicBool::new(false);
            tokio::join!(self.follow(follower, &bell), self.listen(&bell), self.follow_keys());
        })
    }

    async fn follow(self: &Arc<Self>, mut follower: Follower, bell: &AtomicBool) {
        let (bus, clock) = (&self.bus, &self.clock);
        let mut reading: Option<Reading> = None;
        let mut unannounced = Unannounced::default();
        let mut failing = false;
        loop {
            let now = clock.monotonic();
            let until = match follower.next(now) {
                Todo::Read { after } => {
                    reading = Some(Box::pin(self.clone().read_events(after)));
                    continue;
                }
                Todo::CloseSockets => {
                    let closed = self.revoker.close_all(Code::VerificationUnavailable);
                    tracing::error!(closed, "revocations cannot be read: the sockets are closed");
                    continue;
                }
                Todo::Wait { until } => until,
            };
            tokio::select! {
                outcome = pending(&mut reading) => {
                    reading = None;
                    let now = clock.monotonic();
                    match outcome {
                        Ok(news) => {
                            if unannounced.is_too_much(news.revocations.len(), bell.load(Ordering::Relaxed)) {
                                bus.mute.notify_one();
                            }
                            if std::mem::take(&mut failing) {
                                tracing::info!("revocations can be read again");
                            }
                            self.learn(&mut follower, now, news);
                        }
                        Err(error) => {
                            if !std::mem::replace(&mut failing, true) {
                                tracing::warn!(%error, "revocations cannot be read; trying again");
                            }
                            follower.failed(now);
                        }
                    }
                    let lag = bus.staleness().unwrap_or_default();
                    metrics::gauge!("durward_revocation_lag_seconds").set(lag.as_secs_f64());
                }
                () = bus.rung.notified() => {
                    unannounced = Unannounced::default();
                    follower.has_bell(bell.load(Ordering::Relaxed));
                    follower.rung();
                }
                () = tokio::time::sleep(until.saturating_sub(clock.monotonic())) => {}
            }
        }
    }

    /// Applies what was read, in order, and only then says that it is known.
    fn learn(&self, follower: &mut Follower, now: Duration, news: News) {
        let found = Found {
            events: news.revocations.len(),
            last: news.revocations.last().map(|revocation| revocation.seq),
            newest: news.newest,
        };
        for revocation in news.revocations {
            self.revoker.tell(&revocation.sessions, &revocation.reason);
            // Nobody may be observing.
            let _ = self.bus.published.send(Arc::new(revocation));
        }
        let known = follower.caught(now, found);
        if known.forget_all {
            tracing::warn!("revocations may be missing: everything is asked anew, and the sockets are closed");
            self.revoker.forget_all();
            self.revoker.close_all(Code::VerificationUnavailable);
        }
        self.bus.applied.store(follower.applied(), Ordering::Release);
        self.bus.freshness.renew(known.as_of);
    }

    /// Through the breaker, which so learns of an outage also while nobody asks for anything. While it lets nobody
    /// through, past it: one read now and then harms no database, and memory and the sockets, for which this is all that
    /// they wait for, need not wait for the next probe as well.
    async fn read_events(self: Arc<Self>, after: i64) -> Result<News, BreakerError<StoreError>> {
        match self.database.call(self.find_events(after), StoreError::is_unavailable).await {
            Err(BreakerError::Open { .. }) => {
                let read = tokio::time::timeout(self.breakers.call_timeout(), self.find_events(after));
                read.await.map_err(|_| BreakerError::TimedOut)?.map_err(BreakerError::Failed)
            }
            done => done,
        }
    }

    async fn find_events(&self, after: i64) -> Result<News, StoreError> {
        let mut read = self.gate.read().await?;
        let rows = read.events_after(after, BATCH).await?;
        let newest = if rows.is_empty() { Some(read.latest_event().await?) } else { None };
        let mut revocations = Vec::with_capacity(rows.len());
        for row in rows {
            revocations.push(revocation(&mut read, row).await?);
        }
        Ok(News { revocations, newest })
    }

    /// Hangs up the bell, and again whenever it was lost, and passes on its rings.
    async fn listen(&self, hung: &AtomicBool) {
        let mut lost = false;
        loop {
            match self.gate.listen().await {
                Ok(mut bell) => {
                    if std::mem::replace(&mut lost, true) {
                        metrics::counter!("durward_bus_reconnects_total").increment(1);
                        tracing::info!("the bell for revocations is back");
                    }
                    hung.store(bell.hears_everybody(), Ordering::Relaxed);
                    // What came before there was a bell has not rung.
                    self.bus.rung.notify_one();
                    let error = tokio::select! {
                        error = async { loop {
                            match bell.rung().await {
                                Ok(()) => self.bus.rung.notify_one(),
                                Err(error) => break error.to_string(),
                            }
                        } } => error,
                        () = self.bus.mute.notified() => "it did not ring for what was there".to_owned(),
                    };
                    hung.store(false, Ordering::Relaxed);
                    self.bus.rung.notify_one();
                    tracing::warn!(error, "the bell for revocations was lost; the table is read more often");
                }
                Err(error) => {
                    tracing::debug!(%error, "the bell for revocations cannot be hung up");
                    tokio::time::sleep(REHANG).await;
                }
            }
        }
    }
}

/// Counts reads that found something for which no bell had rung.
#[derive(Debug, Default)]
struct Unannounced(u32);

impl Unannounced {
    fn is_too_much(&mut self, found: usize, has_bell: bool) -> bool {
        if found == 0 || !has_bell {
            return false;
        }
        self.0 += 1;
        self.0 >= MUTE_AFTER && std::mem::take(&mut self.0) > 0
    }
}

/// An event with the sessions that it is about. Those of a user are looked up after the event's commit, so that every
/// session is among them whose old state could be known here.
async fn revocation(read: &mut Read<Gate>, row: EventRow) -> Result<Revocation, StoreError> {
    let sessions = match row.session_id {
        Some(session) => vec![session],
        None => read.session_ids(row.user_id).await?,
    };
    Ok(Revocation { seq: row.seq, user: row.user_id, sessions, reason: row.reason, at: row.at })
}

async fn pending(reading: &mut Option<Reading>) -> Result<News, BreakerError<StoreError>> {
    match reading {
        Some(reading) => reading.await,
        None => std::future::pending().await,
    }
}
