//! What happened around the caller's account.

use durward_proto::UserId;
use durward_proto::wire::event::{EventActor, EventTrail, SecurityEvent};
use durward_proto::wire::list::{Page, PageQuery};
use durward_store::SecurityEventRow;
use durward_verify::Verified;

use crate::devices::Described;
use crate::fault::Fault;
use crate::page;
use crate::service::Core;

impl Core {
    /// Lists the login attempts at the caller's account and what was done to it, newest first. Who operates the server is
    /// not named.
    ///
    /// # Errors
    /// `validation_failed` for a bad page; 503 when the database is away.
    pub async fn security_events(&self, who: &Verified, query: &PageQuery) -> Result<Page<SecurityEvent>, Fault> {
        let (limit, after) = (page::limit(query)?, page::after(query)?);
        let rows = self.store.own(who).read().await?.security_events(after, limit + 1).await?;
        Ok(page::page(rows, limit, |row| page::place(row.at, row.id), |row| shown(row, who)))
    }
}

fn shown(row: SecurityEventRow, who: &Verified) -> SecurityEvent {
    let trail = if row.method.is_some() { EventTrail::Login } else { EventTrail::Security };
    let event = match (&row.event, row.method.as_deref()) {
        (Some(event), _) => event.clone(),
        (None, method) => {
            attempt(method.unwrap_or_default(), row.session_id.is_some(), row.reason.as_deref()).to_owned()
        }
    };
    let by = actor(row.actor, who.user_id());
    let theirs = by != Some(EventActor::Operator);
    let described = || row.user_agent.as_deref().map(|agent| Described::of(Some(agent)).name());
    let session_id = row.session_id.filter(|_| theirs);
    SecurityEvent {
        id: row.id,
        at: row.at,
        kind: trail,
        event,
        method: row.method,
        succeeded: row.succeeded,
        reason: row.reason,
        by,
        ip: row.ip.filter(|_| theirs),
        location: row.place,
        device: row.device.or_else(described),
        device_id: row.device_id,
        session_id,
        current: session_id == Some(who.session_id()),
    }
}

fn actor(actor: Option<UserId>, me: UserId) -> Option<EventActor> {
    actor.map(|actor| if actor == me { EventActor::You } else { EventActor::Operator })
}

/// What was tried, by how it was tried: within a session it was to show again who one is.
fn attempt(method: &str, in_session: bool, reason: Option<&str>) -> &'static str {
    match method {
        "refresh" => "refresh_reuse",
        "reset_token" => "password_reset",
        "verify_token" => "email_verification",
        "change_token" => "email_change",
        _ if in_session && reason != Some("ok") => "reauthentication",
        _ => "login",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_is_named_by_what_it_was_for() {
        for (method, in_session, reason, event) in [
            ("password", false, "invalid_credentials", "login"),
            ("password", true, "ok", "login"),
            ("totp", false, "invalid_second_factor", "login"),
            ("password", true, "invalid_credentials", "reauthentication"),
            ("passkey", true, "reauthenticated", "reauthentication"),
            ("refresh", true, "refresh_reused", "refresh_reuse"),
            ("reset_token", false, "link_invalid", "password_reset"),
        ] {
            assert_eq!(attempt(method, in_session, Some(reason)), event, "{method} {reason}");
        }
    }

    #[test]
    fn an_operator_has_no_name() {
        assert_eq!(actor(Some(UserId(1)), UserId(1)), Some(EventActor::You));
        assert_eq!(actor(Some(UserId(2)), UserId(1)), Some(EventActor::Operator));
        assert_eq!(actor(None, UserId(1)), None);
    }
}
