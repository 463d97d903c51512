//! What becomes of a row after a try.

use std::time::Duration;

use durward_proto::Timestamp;
use durward_store::{MailRow, StoreError};

use crate::service::Core;

/// How long to wait after the first, second, … try that failed, in seconds.
const BACKOFF: [u64; 5] = [1, 5, 30, 120, 600];
/// And after all others.
const LONGEST: u64 = 1_800;
/// How long to wait while no mail is taken. How often that is found out is the breaker's business.
const AWAY: Duration = Duration::from_secs(5);
/// How long to wait until it is tried again to write down that a mail was sent.
const AGAIN: Duration = Duration::from_millis(200);

/// What to write down.
enum Settled<'a> {
    Postponed { next: Timestamp, why: &'a str },
    PutBack,
    GivenUp { why: &'a str },
}

impl Core {
    /// Takes out what was sent. That must be written down, however long it takes: else the mail would be sent again.
    pub(super) async fn mail_sent(&self, row: &MailRow) {
        count(row, "sent");
        loop {
            let take_out = async {
                let mut write = self.gate.write().await?;
                write.take_mail_out(row.id).await?;
                write.commit_unaudited("a mail that was sent is done").await
            };
            match take_out.await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(%error, mail = %row.id, "a mail was sent, which cannot be written down yet");
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Tries again later, and after each try later still. `why` holds no address and nothing of the mail.
    pub(super) async fn mail_later(&self, row: &MailRow, why: &str) {
        let place = usize::try_from(row.tries.saturating_sub(1)).unwrap_or(usize::MAX);
        self.postpone(row, Duration::from_secs(BACKOFF.get(place).copied().unwrap_or(LONGEST)), why).await;
    }

    /// Tries again soon: that nobody is there is no fault of this mail's. `why` as for [`Self::mail_later`].
    pub(super) async fn mail_away(&self, row: &MailRow, why: &str) {
        self.postpone(row, AWAY, why).await;
    }

    /// Unless it is not worth sending by then.
    async fn postpone(&self, row: &MailRow, wait: Duration, why: &str) {
        let next = self.clock.now().plus(wait);
        if next >= row.expires_at {
            return self.give_mail_up(row, "expired", why).await;
        }
        let (kind, tries, again_in) = (row.kind.as_str(), row.tries, wait.as_secs());
        tracing::warn!(mail = %row.id, kind, tries, why, again_in, "a mail was not taken; it is tried again");
        count(row, "postponed");
        self.settle(row, Settled::Postponed { next, why }).await;
    }

    /// It was not tried.
    pub(super) async fn put_mail_back(&self, row: &MailRow) {
        self.settle(row, Settled::PutBack).await;
    }

    /// It will never be sent. `why` as for [`Self::mail_later`].
    pub(super) async fn give_mail_up(&self, row: &MailRow, result: &'static str, why: &str) {
        let (kind, tries) = (row.kind.as_str(), row.tries);
        tracing::warn!(mail = %row.id, kind, tries, why, "a mail was given up");
        count(row, result);
        self.settle(row, Settled::GivenUp { why }).await;
    }

    async fn settle(&self, row: &MailRow, settled: Settled<'_>) {
        let (id, tries, now) = (row.id, row.tries, self.clock.now());
        let settle = async {
            let mut write = self.gate.write().await?;
            match settled {
                Settled::Postponed { next, why } => write.postpone_mail(id, tries, next, why).await?,
                Settled::PutBack => write.put_mail_back(id, tries, now).await?,
                Settled::GivenUp { why } => write.give_mail_up(id, tries, now, why).await?,
            };
            write.commit_unaudited("what became of a try to send a mail").await
        };
        let settled: Result<(), StoreError> = settle.await;
        if let Err(error) = settled {
            tracing::warn!(%error, mail = %id, "what became of a mail cannot be written down; its lease runs out");
        }
    }
}

fn count(row: &MailRow, result: &'static str) {
    metrics::counter!("durward_mails_total", "kind" => row.kind.clone(), "result" => result).increment(1);
}
