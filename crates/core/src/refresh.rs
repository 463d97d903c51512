//! Refreshing: rotation, the ten-second grace, and what a second use means (contract section 3).

use std::time::Duration;

use durward_proto::wire::auth::{Transport, User};
use durward_proto::{AccountStatus, Code, Problem, Secret, SessionId, Timestamp};
use durward_store::{LiveRow, RefreshRow};
use durward_verify::Refusal;

use crate::client::Client;
use crate::fault::Fault;
use crate::issue::{self, Opened, Standing};
use crate::login::Tried;
use crate::mail::MailKind;
use crate::refresh_token::RefreshToken;
use crate::revoke::Cause;
use crate::second_factor::key_of;
use crate::service::Core;

/// How long the same token gets the same successor again: two tabs racing, or an answer that was lost.
const GRACE: Duration = Duration::from_secs(10);

impl Core {
    /// Uses a refresh token. One use rotates it, all others within the grace get the same successor.
    ///
    /// # Errors
    /// `token_malformed`, `token_expired`, `token_revoked`, `refresh_reused`, `account_inactive`; 503 when the database
    /// is away.
    pub async fn refresh(&self, token: &Secret, client: &Client) -> Result<Opened, Fault> {
        let presented = RefreshToken::parse(token).ok_or(Refusal::Malformed("not a refresh token"))?;
        let outcome = match self.rotate(&presented, client).await? {
            Some(opened) => Ok(opened),
            None => self.again(&presented, client).await,
        };
        let result = outcome.as_ref().map_or_else(|fault| fault.code().as_str(), |_| "ok");
        metrics::counter!("durward_refreshes_total", "result" => result).increment(1);
        outcome
    }

    /// Whose token this is, without using it: what its CSRF token is bound to.
    ///
    /// # Errors
    /// 503 when the database is away.
    pub async fn refresh_owner(&self, token: &Secret) -> Result<Option<SessionId>, Fault> {
        let Some(token) = RefreshToken::parse(token) else { return Ok(None) };
        let row = self.gate.read().await?.refresh_by_hash(&token.hash()).await?;
        Ok(row.map(|row| row.session_id))
    }

    /// The winner's way: one guarded update decides. `None` when the token is not there to be rotated.
    async fn rotate(&self, presented: &RefreshToken, client: &Client) -> Result<Option<Opened>, Fault> {
        let now = self.clock.now();
        let successor = RefreshToken::new(&*self.random);
        let sealed = presented.seal(&successor).ok_or_else(|| Fault::unavailable("sealing a refresh token"))?;
        let mut write = self.gate.write().await?;
        let Some((session, generation, live)) = write.rotate_refresh(&presented.hash(), now, &sealed).await? else {
            return Ok(None);
        };
        let generation = generation.saturating_add(1);
        self.still_allowed(&live, now)?;
        let expires_at = live.expires_at.min(now.plus(self.policy.refresh_ttl));
        write.insert_refresh(&successor.hash(), session, generation, now, expires_at).await?;
        write.touch_session(session, now).await?;
        let audit = client.audit("token_refreshed").actor(live.user.id).subject(live.user.id).session(session);
        let opened = self.reopened(session, generation, live, &successor, expires_at, now, client)?;
        write.commit(audit).await?;
        Ok(Some(opened))
    }

    /// The way of all others: a race, a lost answer, or a thief.
    async fn again(&self, presented: &RefreshToken, client: &Client) -> Result<Opened, Fault> {
        let now = self.clock.now();
        let mut read = self.gate.read().await?;
        let row = read.refresh_by_hash(&presented.hash()).await?.ok_or(Refusal::Revoked)?;
        let Some(rotated_at) = row.rotated_at else {
            return Err(if row.session_ended { Refusal::Revoked } else { Refusal::Expired }.into());
        };
        let generation = row.generation.saturating_add(1);
        let settled = row.successor_used || row.settled_generation >= generation;
        if settled || now.since(rotated_at) > GRACE {
            drop(read);
            return Err(self.reused(&row, client).await?);
        }
        if row.session_ended {
            return Err(Refusal::Revoked.into());
        }
        let live = read.live_session(row.session_id).await?.ok_or(Refusal::Revoked)?;
        self.still_allowed(&live, now)?;
        let sealed = row.sealed_successor.as_deref().unwrap_or_default();
        let successor = presented.unseal(sealed).ok_or_else(|| Fault::unavailable("unsealing a refresh token"))?;
        let expires_at = live.expires_at.min(rotated_at.plus(self.policy.refresh_ttl));
        self.reopened(row.session_id, generation, live, &successor, expires_at, now, client)
    }

    /// Somebody has a copy of the token: the session ends, for the thief and for the user.
    async fn reused(&self, row: &RefreshRow, client: &Client) -> Result<Fault, Fault> {
        let (cause, now) = (Cause::RefreshReused, self.clock.now());
        let mut write = self.gate.write().await?;
        // The account first, as everybody does who changes more than one thing that hangs on it.
        write.hold_user(row.user_id).await?;
        if write.end_session(row.user_id, row.session_id, now, cause.as_str()).await? {
            self.revoker.announce(&mut write, row.user_id, &[row.session_id], cause).await?;
            if let Some(live) = write.live_session(row.session_id).await? {
                let notice = MailKind::SessionsEndedByReuse { at: now };
                self.notify(&mut write, &live.user, notice, client).await?;
                let email_key = key_of(&live.user.email);
                let tried = Tried::new(&email_key, Some(row.user_id), "refresh").within(row.session_id);
                self.note_refusal(&mut write, &tried, &Fault::new(Code::RefreshReused), client).await?;
            }
            let audit = client.audit("refresh_reuse").actor(row.user_id).subject(row.user_id);
            write.commit(audit.session(row.session_id)).await?;
            self.revoker.tell(&[row.session_id], cause.as_str());
            self.ring_post();
            tracing::warn!(user_id = %row.user_id, session_id = %row.session_id, "a refresh token was used twice");
        }
        Ok(Fault::of(Problem::new(Code::RefreshReused).detail(
            "This refresh token was used before, so somebody may have a copy of it. The session has ended; please log in again.",
        )))
    }

    fn still_allowed(&self, live: &LiveRow, now: Timestamp) -> Result<(), Fault> {
        let limit = self.policy.session_idle.filter(|_| !live.outlasts_idling);
        let idle = limit.is_some_and(|limit| now.since(live.last_seen_at) > limit);
        if live.user.status != AccountStatus::Active {
            return Err(Refusal::AccountInactive.into());
        }
        if live.ended_at.is_some() {
            return Err(Refusal::Revoked.into());
        }
        if live.expires_at <= now || idle { Err(Refusal::Expired.into()) } else { Ok(()) }
    }

    fn reopened(
        &self,
        session_id: SessionId,
        generation: u32,
        live: LiveRow,
        refresh: &RefreshToken,
        refresh_expires_at: Timestamp,
        now: Timestamp,
        client: &Client,
    ) -> Result<Opened, Fault> {
        let amr = live.amr.split_whitespace().map(str::to_owned).collect();
        let transport: Transport = live.transport;
        let standing = Standing { session_id, generation, amr, auth_time: live.auth_time };
        let user: User = live.user.into();
        Ok(Opened {
            access_token: issue::access_token(self, &user, &standing, now, live.expires_at)?,
            access_expires_in: self.policy.access_ttl.min(live.expires_at.since(now)),
            refresh_token: refresh.to_text(),
            refresh_expires_in: refresh_expires_at.since(now),
            session_id,
            user,
            transport,
            device: client.device.clone().unwrap_or_default(),
            registered: None,
            trust: None,
            backup_codes: None,
        })
    }
}
