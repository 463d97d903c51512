//! What empties the webhook's outbox: one call at a time on each node. A row is leased before anything is done with it, and
//! taken out only when the other end has said that it has it. So none is lost, and one may come twice, with the same id.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use durward_proto::{SPANS, Timestamp};
use durward_store::{StoreError, WebhookRow};
use tracing::Instrument;

use super::{Alerts, Webhook, WebhookCall, WebhookKey};
use crate::mail::Undelivered;

/// How often the outbox is looked at without a ring: other processes put something in as well.
const EVERY: Duration = Duration::from_secs(1);
/// How much longer a lease holds than a call can take.
const MARGIN: Duration = Duration::from_secs(5);
/// How long to wait after the first, second, … try that failed, in seconds; and after all others.
const BACKOFF: [u64; 5] = [1, 5, 30, 120, 600];
const LONGEST: u64 = 1_800;
/// How long to wait while nobody answers. How often that is found out is the breaker's business.
const AWAY: Duration = Duration::from_secs(5);

impl Alerts {
    /// Calls the webhook until `stop` is there. A call that is under way then is given up, and made again after the next
    /// start. Without a webhook it only waits.
    pub async fn run_webhook(&self, stop: impl Future<Output = ()> + Send) {
        let Some((webhook, key)) = &self.listeners.webhook else { return stop.await };
        let (mut stop, mut failing) = (pin!(stop), false);
        loop {
            let wait = tokio::select! {
                () = &mut stop => return,
                done = self.deliver_next(webhook, key) => match done {
                    Ok(wait) => {
                        failing = false;
                        wait
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut failing, true) {
                            tracing::warn!(%error, "the webhook's outbox cannot be read; trying again");
                        }
                        EVERY
                    }
                },
            };
            tokio::select! {
                () = &mut stop => return,
                () = self.rung.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Makes the call that has been due for the longest, and says how long nothing else will be.
    async fn deliver_next(&self, webhook: &Arc<dyn Webhook>, key: &WebhookKey) -> Result<Duration, StoreError> {
        let waiting = self.system.read().await?.waiting_webhooks().await?;
        metrics::gauge!("durward_webhook_outbox_waiting").set(waiting.rows as f64);
        let now = self.clock.now();
        match waiting.next {
            None => return Ok(EVERY),
            Some(next) if next > now => return Ok(next.since(now).min(EVERY)),
            Some(_) => {}
        }
        let mut write = self.system.write().await?;
        let Some(row) = write.lease_webhook(now, webhook.patience().saturating_add(MARGIN)).await? else {
            return Ok(EVERY);
        };
        write.commit_unaudited("a call is leased before it is made").await?;
        if row.expires_at <= now {
            self.give_up(&row, "expired", "it did not arrive while it was worth it").await?;
            return Ok(Duration::ZERO);
        }
        // The body reads the same at each try: the members stay in their order.
        let body = row.body.to_string().into_bytes();
        let timestamp = now.seconds();
        let signature = key.sign(row.id, timestamp, &body);
        let span = tracing::info_span!(target: SPANS, "webhook", otel.kind = "client");
        match webhook.call(WebhookCall { id: row.id, timestamp, signature, body }).instrument(span).await {
            Ok(()) => self.arrived(&row).await?,
            Err(Undelivered::Later(why)) => {
                let place = usize::try_from(row.tries.saturating_sub(1)).unwrap_or(usize::MAX);
                let wait = Duration::from_secs(BACKOFF.get(place).copied().unwrap_or(LONGEST));
                self.postpone(&row, wait, &why).await?;
            }
            Err(Undelivered::Away(why)) => self.postpone(&row, AWAY, &why).await?,
            Err(Undelivered::Never(why)) => self.give_up(&row, "refused", &why).await?,
            Err(Undelivered::NotNow(wait)) => {
                self.put_back(&row).await?;
                return Ok(wait.clamp(Duration::from_millis(50), AWAY));
            }
        }
        Ok(Duration::ZERO)
    }

    async fn arrived(&self, row: &WebhookRow) -> Result<(), StoreError> {
        count("arrived");
        tracing::info!(webhook = %row.id, tries = row.tries, "the webhook has taken an alert");
        let mut write = self.system.write().await?;
        write.take_webhook_out(row.id).await?;
        write.commit_unaudited("a call that arrived is done").await
    }

    /// Unless it is not worth trying by then.
    async fn postpone(&self, row: &WebhookRow, wait: Duration, why: &str) -> Result<(), StoreError> {
        let next: Timestamp = self.clock.now().plus(wait);
        if next >= row.expires_at {
            return self.give_up(row, "expired", why).await;
        }
        count("postponed");
        let again_in = wait.as_secs();
        tracing::warn!(webhook = %row.id, tries = row.tries, why, again_in, "the webhook has not taken an alert");
        let mut write = self.system.write().await?;
        write.postpone_webhook(row.id, row.tries, next, why).await?;
        write.commit_unaudited("what became of a call").await
    }

    async fn put_back(&self, row: &WebhookRow) -> Result<(), StoreError> {
        let mut write = self.system.write().await?;
        write.put_webhook_back(row.id, row.tries, self.clock.now()).await?;
        write.commit_unaudited("it was not tried").await
    }

    async fn give_up(&self, row: &WebhookRow, result: &'static str, why: &str) -> Result<(), StoreError> {
        count(result);
        tracing::error!(webhook = %row.id, tries = row.tries, why, "the webhook was not told of an alert");
        let mut write = self.system.write().await?;
        write.give_webhook_up(row.id, row.tries, self.clock.now(), why).await?;
        write.commit_unaudited("what became of a call").await
    }
}

fn count(result: &'static str) {
    metrics::counter!("durward_webhooks_total", "result" => result).increment(1);
}
