//! What happened around one account, for its user: the login trail and the audit trail as one list.

use durward_proto::{DeviceId, EventId, SessionId, Timestamp, UserId};

use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::scope::Own;
use crate::tables::After;
use crate::tx::Read;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SecurityEventRow {
    /// Its id.
    #[sqlx(try_from = "Db<EventId>")]
    pub id: EventId,
    /// When.
    #[sqlx(try_from = "Db<Timestamp>")]
    pub at: Timestamp,
    /// The audit trail's word; none for an attempt.
    pub event: Option<String>,
    /// How it was tried; none beside an attempt.
    pub method: Option<String>,
    /// Whether an attempt succeeded.
    pub succeeded: Option<bool>,
    /// What came of an attempt.
    pub reason: Option<String>,
    /// Who did it, where that is in the audit trail.
    #[sqlx(try_from = "Db<Option<UserId>>")]
    pub actor: Option<UserId>,
    /// From which address.
    pub ip: Option<String>,
    /// Where that is.
    pub place: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// The device, unless it was forgotten.
    #[sqlx(try_from = "Db<Option<DeviceId>>")]
    pub device_id: Option<DeviceId>,
    /// That device's name.
    pub device: Option<String>,
    /// The session that it opened, or in which it was done.
    #[sqlx(try_from = "Db<Option<SessionId>>")]
    pub session_id: Option<SessionId>,
}

queries! {
    /// A page of a user's events, newest first. What the audit trail says of attempts is left out: they are here already.
    /// An attempt at the user's address counts where nobody was found for it, as long as there was this account.
    PAGE = "SELECT e.id, e.at, e.event, e.method, e.succeeded, e.reason, e.actor, e.ip, e.place, e.user_agent, \
        d.id AS device_id, d.name AS device, e.session_id FROM ( \
        SELECT * FROM (SELECT a.id, a.at, CAST(NULL AS TEXT) AS event, a.method, a.succeeded, a.reason, \
            CAST(NULL AS BIGINT) AS actor, a.ip, a.place, a.user_agent, a.registered_device_id, a.session_id \
            FROM device_login_attempts a WHERE a.user_id = $1 AND (a.at, a.id) < ($2, $3) AND a.at <= $2 \
            ORDER BY a.at DESC, a.id DESC LIMIT $4) AS known \
        UNION ALL SELECT * FROM (SELECT a.id, a.at, CAST(NULL AS TEXT) AS event, a.method, a.succeeded, a.reason, \
            CAST(NULL AS BIGINT) AS actor, a.ip, a.place, a.user_agent, a.registered_device_id, a.session_id \
            FROM device_login_attempts a JOIN users u ON u.email_key = a.email_key \
            WHERE u.id = $1 AND a.user_id IS NULL AND a.at >= u.created_at AND (a.at, a.id) < ($2, $3) AND a.at <= $2 \
            ORDER BY a.at DESC, a.id DESC LIMIT $4) AS unknown \
        UNION ALL SELECT * FROM (SELECT s.id, s.at, s.event, CAST(NULL AS TEXT) AS method, \
            CAST(NULL AS BOOLEAN) AS succeeded, CAST(NULL AS TEXT) AS reason, s.actor_user_id AS actor, s.ip, \
            CAST(NULL AS TEXT) AS place, CAST(NULL AS TEXT) AS user_agent, o.registered_device_id, s.session_id \
            FROM security_audit s LEFT JOIN user_sessions o ON o.id = s.session_id AND o.user_id = $1 \
            WHERE s.subject_user_id = $1 AND s.event NOT IN ('login', 'login_failed', 'second_factor_asked', \
            'second_factor_failed', 'reauthenticated', 'refresh_reuse') AND (s.at, s.id) < ($2, $3) \
            ORDER BY s.at DESC, s.id DESC LIMIT $4) AS audited \
        ) AS e LEFT JOIN registered_devices d ON d.id = e.registered_device_id AND d.user_id = $1 \
        ORDER BY e.at DESC, e.id DESC LIMIT $4";
}

impl Read<Own> {
    /// A page of what happened around the asking user's account, newest first.
    ///
    /// # Errors
    /// As all statements: `Unavailable` or `Broken`.
    pub async fn security_events(
        &mut self,
        after: Option<After>,
        limit: u32,
    ) -> Result<Vec<SecurityEventRow>, StoreError> {
        let user = self.scope.user;
        let after = after.unwrap_or(After::newest());
        on!(self, |c, sql| sqlx::query_as(sql(PAGE))
            .bind(user.0)
            .bind(Db(after.at))
            .bind(after.id)
            .bind(i64::from(limit))
            .fetch_all(c)
            .await)
    }
}
