//! Raising an alert: the row, the mails and the call of the webhook are one transaction, so that who is told of it is told, and
//! once.

use std::time::Duration;

use durward_proto::ids::UuidId;
use durward_proto::{AlertId, WebhookId};
use durward_store::NewAlert;
use serde_json::json;

use super::Alerts;
use super::finding::{Finding, in_words};
use crate::fault::Fault;
use crate::mail::{Mail, MailKind};

/// How long it is worth telling of an alert.
const WORTH: Duration = Duration::from_secs(3 * 86_400);

impl Alerts {
    /// Raises an alert, unless it was raised before, by this node or another. Says whether it is new.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn raise(&self, finding: &Finding) -> Result<bool, Fault> {
        let Finding { rule, about, at, detail } = finding;
        let (now, width) = (self.clock.now(), i64::try_from(self.rules.repeat.as_micros()).unwrap_or(i64::MAX).max(1));
        let id = AlertId::new(now, &*self.random);
        let (word, severity, bucket) = (rule.word(), rule.severity(), at.micros().div_euclid(width));
        let summary = in_words(word, about, detail);
        let mut write = self.system.write().await?;
        if !write.raise_alert(&NewAlert { id, rule: word, about, bucket, now, severity, detail }).await? {
            return Ok(false);
        }
        if self.listeners.webhook.is_some() {
            let body = json!({
                "type": "alert.raised",
                "timestamp": now,
                "data": {
                    "id": id, "rule": word, "about": about, "severity": severity, "summary": summary, "detail": detail,
                },
            });
            // The alert's own id, so that who is told twice sees it.
            write.insert_webhook(WebhookId::from_uuid(id.uuid()), &body, now, now.plus(WORTH)).await?;
        }
        if let Some((outbox, addresses)) = &self.listeners.mail {
            for to in addresses {
                let kind = MailKind::Alert {
                    rule: word.to_owned(),
                    severity: severity.to_owned(),
                    summary: summary.clone(),
                    at: now,
                };
                let mail = Mail { to: to.clone(), name: None, language: None, user: None, kind, expires_in: WORTH };
                outbox.put(&mut write, mail).await?;
            }
        }
        write.commit_unaudited("an alert is a record of its own").await?;
        metrics::counter!("durward_alerts_total", "rule" => word).increment(1);
        if severity == "critical" {
            tracing::error!(alert = %id, rule = word, about, severity, "alert: {summary}");
        } else {
            tracing::warn!(alert = %id, rule = word, about, severity, "alert: {summary}");
        }
        self.rung.notify_one();
        Ok(true)
    }
}
