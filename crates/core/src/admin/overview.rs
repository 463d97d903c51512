//! The operator's overview: how much there is of everything.

use std::time::Duration;

use durward_proto::AccountStatus;
use durward_proto::wire::admin::{AlertCounts, LoginCount, Overview, UserCounts};
use durward_verify::{ReadOverview, Verified};

use crate::fault::Fault;
use crate::service::Core;

/// How far back logins and alerts are counted.
const DAY: Duration = Duration::from_secs(86_400);
/// Within which time every node that runs has counted something.
const NODES: Duration = Duration::from_secs(180);

impl Core {
    /// Counts.
    ///
    /// # Errors
    /// `forbidden` without `overview:read`; 503 when the database is away.
    pub async fn overview(&self, who: &Verified) -> Result<Overview, Fault> {
        let permit = who.permit::<ReadOverview>()?;
        let now = self.clock.now();
        let mut read = self.store.any_user(&permit).read().await?;
        let mut users = UserCounts::default();
        for (status, accounts) in read.count_users().await? {
            users.total += accounts;
            *match status {
                AccountStatus::Pending => &mut users.pending,
                AccountStatus::Active => &mut users.active,
                AccountStatus::Suspended => &mut users.suspended,
                AccountStatus::Deactivated => &mut users.deactivated,
            } = accounts;
        }
        let mut alerts = AlertCounts::default();
        for (severity, count) in read.count_alerts(now.minus(DAY)).await? {
            match severity.as_str() {
                "critical" => alerts.critical = count,
                "warning" => alerts.warning = count,
                _ => alerts.info += count,
            }
        }
        let logins = read.count_logins(now.minus(DAY)).await?;
        let nodes = read.count_nodes(now.minus(NODES)).await?;
        Ok(Overview {
            version: env!("CARGO_PKG_VERSION"),
            started_at: self.figures.started_at(),
            uptime: now.since(self.figures.started_at()).as_secs(),
            // Before its first minute is over, a node has written nothing.
            nodes: u64::try_from(nodes).unwrap_or(0).max(1),
            users,
            sessions: read.count_sessions(now).await?,
            sockets: self.sockets.open(),
            logins: logins
                .into_iter()
                .map(|row| LoginCount { method: row.method, result: row.reason, count: row.attempts })
                .collect(),
            breakers: self.breakers.list(),
            alerts,
            mails_waiting: read.count_mails().await?,
        })
    }
}
