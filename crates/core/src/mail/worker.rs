//! What empties the outbox. Each node works on a few rows at a time. A row is leased by a guarded write before anything is
//! done with it, and the lease is renewed while it is worked on: of many nodes one has it, and when that one dies another
//! gets it within [`LEASE`].

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::SPANS;
use durward_store::{MailRow, StoreError};
use tokio::task::JoinSet;
use tracing::Instrument;

use super::courier::{Courier, Message, Undelivered};
use super::request::RequestKind;
use super::templates::Written;
use crate::fault::Fault;
use crate::recover;
use crate::service::Core;

/// How many rows one node works on at once.
const AT_ONCE: usize = 4;
/// How often the outbox is looked at without a ring: other processes put something in as well.
const EVERY: Duration = Duration::from_secs(1);
/// How long a lease holds unless it is renewed.
const LEASE: Duration = Duration::from_secs(15);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(4);
/// How long to stay away at most from a courier that takes nothing: others may have found out before that it does again.
const KNOCK: Duration = Duration::from_secs(5);
/// How long what is under way at a stop may take to finish.
const LAST_ORDERS: Duration = Duration::from_secs(10);

/// How working on one row ended, as far as the others are concerned.
enum Ended {
    /// The courier took it.
    Taken,
    /// The courier takes nothing for so long.
    NotNow(Duration),
    /// Anything else.
    Otherwise,
}

/// What the worker knows from one look to the next.
#[derive(Default)]
struct Looks {
    /// The courier takes nothing until then, by the monotonic clock.
    closed_until: Option<Duration>,
    failing: bool,
}

impl Core {
    /// Empties the outbox until `stop` is there; what is under way then may finish. Without anybody to send mails it only
    /// waits for the stop.
    pub async fn run_post(self: Arc<Self>, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        let Some(courier) = self.post.mailing.courier.clone() else { return stop.await };
        let (mut looks, mut under_way) = (Looks::default(), JoinSet::new());
        loop {
            let wait = self.look(&courier, &mut looks, &mut under_way).await;
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = under_way.join_next(), if !under_way.is_empty() => match ended {
                    Ok(Ended::Taken) => looks.closed_until = None,
                    Ok(Ended::NotNow(wait)) => looks.closed_until = Some(self.clock.monotonic().saturating_add(wait.min(KNOCK))),
                    Ok(Ended::Otherwise) => {}
                    Err(error) => tracing::error!(%error, "working on a mail ended early; it is tried again"),
                },
                () = self.post.rung.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        let finish = async { while under_way.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_ORDERS, finish).await.is_err() {
            tracing::warn!("a mail was under way at the stop; it is sent again after the next start");
        }
    }

    /// Begins to work on what is due, as far as there are hands, and says how long nothing else will be.
    async fn look(
        self: &Arc<Self>,
        courier: &Arc<dyn Courier>,
        looks: &mut Looks,
        under_way: &mut JoinSet<Ended>,
    ) -> Duration {
        match self.begin_due(courier, looks, under_way).await {
            Ok(wait) => {
                looks.failing = false;
                wait
            }
            Err(error) => {
                if !std::mem::replace(&mut looks.failing, true) {
                    tracing::warn!(%error, "the outbox cannot be read; trying again");
                }
                EVERY
            }
        }
    }

    async fn begin_due(
        self: &Arc<Self>,
        courier: &Arc<dyn Courier>,
        looks: &mut Looks,
        under_way: &mut JoinSet<Ended>,
    ) -> Result<Duration, StoreError> {
        let waiting = self.gate.read().await?.waiting_mails().await?;
        let now = self.clock.now();
        let oldest = waiting.oldest.map_or(0.0, |oldest| now.since(oldest).as_secs_f64());
        metrics::gauge!("durward_mail_outbox_waiting").set(waiting.rows as f64);
        metrics::gauge!("durward_mail_outbox_oldest_seconds").set(oldest);
        let Some(next) = waiting.next else { return Ok(EVERY) };
        if looks.closed_until.is_some_and(|until| self.clock.monotonic() < until) {
            return Ok(EVERY);
        }
        if next > now {
            return Ok(next.since(now).min(EVERY));
        }
        while under_way.len() < AT_ONCE {
            let mut write = self.gate.write().await?;
            let Some(row) = write.lease_mail(self.clock.now(), LEASE).await? else { break };
            write.commit_unaudited("a mail is leased before it is worked on").await?;
            under_way.spawn(self.clone().work(courier.clone(), row));
        }
        Ok(EVERY)
    }

    /// Works on one row to the end of this try.
    async fn work(self: Arc<Self>, courier: Arc<dyn Courier>, row: MailRow) -> Ended {
        if row.expires_at <= self.clock.now() {
            self.give_mail_up(&row, "expired", "it could not be sent while it was worth sending").await;
            return Ended::Otherwise;
        }
        match RequestKind::of_word(&row.kind) {
            Some(kind) => {
                let answer = self.answer(kind, &row);
                match Box::pin(self.leased(&row, answer)).await {
                    Some(Ok(())) => self.ring_post(),
                    Some(Err(fault)) => {
                        self.mail_later(&row, fault.cause().unwrap_or("it cannot be answered now")).await
                    }
                    None => {}
                }
                Ended::Otherwise
            }
            None => {
                let span = tracing::info_span!(target: SPANS, "mail", otel.kind = "producer", durward.kind = row.kind);
                Box::pin(self.send(&courier, &row)).instrument(span).await
            }
        }
    }

    /// Looks into what was asked for. The row goes in the same transaction in which the mail comes that it leads to.
    async fn answer(&self, kind: RequestKind, row: &MailRow) -> Result<(), Fault> {
        let request = self.post.outbox.open_request(kind, row)?;
        let mut write = self.gate.write().await?;
        // The account first: the row goes with it.
        if let Some(user) = request.user {
            write.hold_user(user).await?;
        }
        if !write.take_mail_out(row.id).await? {
            return Ok(());
        }
        match recover::answer_request(self, &mut write, &request).await? {
            Some(audit) => write.commit(audit).await?,
            None => write.commit_unaudited("what was asked for was written down when it was").await?,
        }
        Ok(())
    }

    async fn send(&self, courier: &Arc<dyn Courier>, row: &MailRow) -> Ended {
        let message = match self.written(row) {
            Ok(message) => message,
            Err(why) => {
                tracing::error!(mail = %row.id, kind = row.kind, why, "a mail cannot be written");
                self.mail_later(row, &why).await;
                return Ended::Otherwise;
            }
        };
        let Some(outcome) = self.leased(row, courier.deliver(message)).await else {
            tracing::warn!(mail = %row.id, "a mail took so long that another node works on it");
            return Ended::Otherwise;
        };
        match outcome {
            Ok(()) => {
                self.mail_sent(row).await;
                Ended::Taken
            }
            Err(Undelivered::Later(why)) => {
                self.mail_later(row, &why).await;
                Ended::Otherwise
            }
            Err(Undelivered::Away(why)) => {
                self.mail_away(row, &why).await;
                Ended::Otherwise
            }
            Err(Undelivered::Never(why)) => {
                self.give_mail_up(row, "refused", &why).await;
                Ended::Otherwise
            }
            Err(Undelivered::NotNow(wait)) => {
                self.put_mail_back(row).await;
                Ended::NotNow(wait)
            }
        }
    }

    fn written(&self, row: &MailRow) -> Result<Message, String> {
        let letter = self.post.outbox.open(row).map_err(|fault| fault.cause().unwrap_or_default().to_owned())?;
        self.post.mailing.templates.write(&Written {
            id: row.id,
            to: &letter.to,
            name: letter.name.as_deref(),
            language: letter.language.as_deref(),
            values: &letter.values,
            at: row.created_at,
            until: row.expires_at,
        })
    }

    /// Does something while the lease is renewed. `None` when the lease was lost meanwhile: somebody else does it.
    async fn leased<T>(&self, row: &MailRow, what: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = what => Some(done),
            () = self.hold(row) => None,
        }
    }

    /// Ends when the lease is lost.
    async fn hold(&self, row: &MailRow) {
        loop {
            tokio::time::sleep(RENEW).await;
            let until = self.clock.now().plus(LEASE);
            let extend = async {
                let mut write = self.gate.write().await?;
                let held = write.extend_mail_lease(row.id, row.tries, until).await?;
                write.commit_unaudited("a lease is renewed").await.map(|()| held)
            };
            match extend.await {
                Ok(true) => {}
                Ok(false) => return,
                // While the database is away nobody else can lease it either.
                Err(error) => tracing::debug!(%error, "a lease could not be renewed"),
            }
        }
    }
}
