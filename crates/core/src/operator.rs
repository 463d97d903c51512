//! What an operator does to accounts from the command line. A process of its own: running nodes hear of it through the
//! event table.

use std::sync::Arc;

use durward_proto::{AccountStatus, Clock, Email, Role, SessionId, UserId};
use durward_store::{Audit, EventKind, NewEvent, NewUser, System, SystemStore, UserRow, Write};
use serde_json::json;

use crate::account::{budgets_of, last_admin};
use crate::audit::erase_person;
use crate::fault::Fault;
use crate::mail::{Mail, MailKind, NOTICE_LIFE, Outbox, Request, RequestKind};
use crate::second_factor::key_of;

/// An operator at the command line.
#[derive(Clone)]
pub struct Operator {
    system: SystemStore,
    outbox: Option<Arc<Outbox>>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operator")
    }
}

impl Operator {
    /// With the capability of the system.
    pub fn new(system: SystemStore, clock: Arc<dyn Clock>) -> Self {
        Self { system, outbox: None, clock }
    }

    /// With the way into the outbox, where somebody sends what is put there.
    #[must_use]
    pub fn with_post(mut self, outbox: Outbox) -> Self {
        self.outbox = Some(Arc::new(outbox));
        self
    }

    /// The account with this address.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn find(&self, email: &Email) -> Result<Option<UserRow>, Fault> {
        Ok(self.system.read().await?.user_by_email(&email.key()).await?)
    }

    /// All accounts, by id; `after` goes on behind one.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn list(&self, after: Option<UserId>, limit: u32) -> Result<Vec<UserRow>, Fault> {
        Ok(self.system.read().await?.users(None, after, limit).await?)
    }

    /// Opens an active account. `None` when the address is taken.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn create(&self, email: &Email, role: &Role, password_hash: &str) -> Result<Option<UserRow>, Fault> {
        let new = NewUser {
            email,
            full_name: None,
            password_hash,
            role,
            status: AccountStatus::Active,
            email_verified: true,
            now: self.clock.now(),
        };
        let mut write = self.system.write().await?;
        let Some(user) = write.insert_user(&new).await? else { return Ok(None) };
        write.commit(act("user_created", user.id).detail(json!({ "by": "operator", "role": role.as_str() }))).await?;
        Ok(Some(user))
    }

    /// Gives an account another role. Its sessions live on with it; its sockets close.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn set_role(&self, user: UserId, role: &Role) -> Result<(), Fault> {
        let mut write = self.system.write().await?;
        write.set_role(user, role, self.clock.now()).await?;
        self.event(&mut write, user, None, "role_changed").await?;
        write.commit(act("role_changed", user).detail(json!({ "by": "operator", "role": role.as_str() }))).await?;
        Ok(())
    }

    /// Changes an account's status; unless it becomes active, its sessions end.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn set_status(&self, user: UserId, status: AccountStatus) -> Result<(), Fault> {
        let mut write = self.system.write().await?;
        write.set_status(user, status, self.clock.now()).await?;
        // Before the sessions: a login that is half done ends with them. After the account, which whoever completes one
        // holds first, too.
        write.forget_pending(user).await?;
        if status == AccountStatus::Active {
            // Nodes may remember that it was not.
            self.event(&mut write, user, None, "activated").await?;
        } else {
            self.end_all(&mut write, user, status.as_str()).await?;
        }
        let audit = act("status_changed", user).detail(json!({ "by": "operator", "status": status.as_str() }));
        write.commit(audit).await?;
        Ok(())
    }

    /// Replaces an account's password; its sessions end, devices are trusted no more, and mailed links work no more.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn set_password(&self, user: UserId, password_hash: &str) -> Result<(), Fault> {
        let mut write = self.system.write().await?;
        write.set_password(user, password_hash, self.clock.now()).await?;
        write.forget_pending(user).await?;
        write.forget_trusts(user).await?;
        write.forget_recovery_tokens(user).await?;
        self.end_all(&mut write, user, "password_changed").await?;
        write.commit(act("password_changed", user).detail(json!({ "by": "operator" }))).await?;
        Ok(())
    }

    /// Removes all second factors of an account: TOTP, passkeys, backup codes, devices that are trusted, and logins that
    /// are half done. Its sessions end. Who has lost their phone logs in with the password alone after it, or sets up
    /// another factor in the course of that where one is demanded. False when there was none.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn reset_factors(&self, user: UserId) -> Result<bool, Fault> {
        let now = self.clock.now();
        let mut write = self.system.write().await?;
        let Some(row) = write.hold_user(user).await? else { return Ok(false) };
        write.forget_pending(user).await?;
        let totp = write.disable_totp(user, now).await?;
        let passkeys = write.forget_passkeys(user).await?;
        write.forget_backup_codes(user).await?;
        write.forget_trusts(user).await?;
        write.set_tfa_enabled(user, false, now).await?;
        self.end_all(&mut write, user, "factors_reset").await?;
        let had = totp || passkeys > 0;
        if let (true, Some(outbox)) = (had, &self.outbox) {
            outbox.put(&mut write, notice(&row, MailKind::FactorsReset { at: now })).await?;
        }
        let detail = json!({ "by": "operator", "totp": totp, "passkeys": passkeys });
        write.commit(act("factors_reset", user).detail(detail)).await?;
        Ok(had)
    }

    /// Asks for a mail with a link to set a new password with, as the user could. False where nobody sends mails.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn send_reset(&self, email: &Email) -> Result<bool, Fault> {
        let Some(outbox) = &self.outbox else { return Ok(false) };
        let mut write = self.system.write().await?;
        outbox.put_request(&mut write, Request::by_operator(RequestKind::Reset, email.key())).await?;
        write.commit_unaudited("the audit row comes with the mail").await?;
        Ok(true)
    }

    /// Ends all sessions of an account, and logins that are half done. Says how many sessions there were.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn revoke_sessions(&self, user: UserId) -> Result<usize, Fault> {
        let mut write = self.system.write().await?;
        write.hold_user(user).await?;
        write.forget_pending(user).await?;
        let ended = self.end_all(&mut write, user, "revoked").await?;
        write.commit(act("sessions_revoked", user).detail(json!({ "by": "operator", "sessions": ended }))).await?;
        Ok(ended)
    }

    /// Deletes an account with all that belongs to it, as its user could; they are told by mail. The trails keep what was
    /// done, under a number that is nobody's any more. False when there is no such account.
    ///
    /// # Errors
    /// `last_admin`; when the database is away.
    pub async fn delete(&self, user: UserId) -> Result<bool, Fault> {
        let now = self.clock.now();
        let mut write = self.system.write().await?;
        if write.would_leave_no_admin(user).await? {
            return Err(last_admin());
        }
        let Some(row) = write.hold_user(user).await? else { return Ok(false) };
        self.end_all(&mut write, user, "deleted").await?;
        if let Some(outbox) = &self.outbox {
            // It is nobody's mail: it must outlive the account.
            let kind = MailKind::AccountDeleted { ip: String::new(), at: now };
            outbox.put(&mut write, Mail { user: None, ..notice(&row, kind) }).await?;
        }
        let email_key = key_of(&row.email);
        write.erase_user(user, &email_key, &budgets_of(&email_key)).await?;
        erase_person(&mut write, user);
        write.commit(act("user_deleted", user).detail(json!({ "by": "operator" }))).await?;
        Ok(true)
    }

    async fn end_all(&self, write: &mut Write<System>, user: UserId, reason: &str) -> Result<usize, Fault> {
        let ended = write.end_sessions(user, self.clock.now(), reason).await?;
        for session in &ended {
            self.event(write, user, Some(*session), reason).await?;
        }
        Ok(ended.len())
    }

    async fn event(
        &self,
        write: &mut Write<System>,
        user: UserId,
        session: Option<SessionId>,
        reason: &str,
    ) -> Result<(), Fault> {
        let kind = if session.is_some() { EventKind::Session } else { EventKind::User };
        write
            .append_event(&NewEvent { kind, user_id: user, session_id: session, reason, now: self.clock.now() })
            .await?;
        Ok(())
    }
}

fn notice(user: &UserRow, kind: MailKind) -> Mail {
    Mail {
        to: user.email.clone(),
        name: user.full_name.clone(),
        language: None,
        user: Some(user.id),
        kind,
        expires_in: NOTICE_LIFE,
    }
}

fn act(event: &'static str, user: UserId) -> Audit {
    Audit::new(event).subject(user)
}
