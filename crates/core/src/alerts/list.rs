//! The list of alerts.

use durward_proto::wire::alert::Alert;
use durward_proto::wire::list::{Page, PageQuery};
use durward_verify::{Permit, ReadAlerts};

use super::finding::in_words;
use crate::fault::Fault;
use crate::page;
use crate::service::Core;

impl Core {
    /// Lists alerts, newest first.
    ///
    /// # Errors
    /// `validation_failed` for a bad page; 503 when the database is away.
    pub async fn alerts(&self, permit: &Permit<ReadAlerts>, query: &PageQuery) -> Result<Page<Alert>, Fault> {
        let (limit, after) = (page::limit(query)?, page::after(query)?);
        let rows = self.store.any_user(permit).read().await?.alerts(after, limit + 1).await?;
        Ok(page::page(
            rows,
            limit,
            |row| page::place(row.at, row.id),
            |row| Alert {
                id: row.id,
                summary: in_words(&row.rule, &row.about, &row.detail),
                rule: row.rule,
                about: row.about,
                severity: row.severity,
                at: row.at,
                detail: row.detail,
            },
        ))
    }
}
