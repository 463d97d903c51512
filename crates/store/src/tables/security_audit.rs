//! `security_audit`: what was done, by whom, to whom. Outlives the user.

use durward_proto::EventId;
use durward_proto::ids::UuidId;
use sqlx::types::Json;

use crate::audit::Audit;
use crate::encode::Db;
use crate::error::StoreError;
use crate::link::on;
use crate::query::queries;
use crate::tx::Write;

queries! {
    /// Writes one row.
    INSERT = "INSERT INTO security_audit (id, at, event, actor_user_id, subject_user_id, session_id, ip, \
        request_id, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
}

impl<S> Write<S> {
    /// The row that [`Write::commit`] adds.
    pub(crate) async fn insert_audit(&mut self, audit: &Audit) -> Result<(), StoreError> {
        let now = self.now();
        let id = EventId::new(now, self.random());
        on!(self, |c, sql| sqlx::query(sql(INSERT))
            .bind(id.uuid())
            .bind(Db(now))
            .bind(audit.event)
            .bind(audit.actor.map(Db))
            .bind(audit.subject.map(Db))
            .bind(audit.session.map(Db))
            .bind(audit.ip.as_deref())
            .bind(audit.request_id.as_deref())
            .bind(Json(&audit.detail))
            .execute(c)
            .await
            .map(drop))
    }
}
