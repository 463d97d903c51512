//! What an operator does to accounts from the command line. A process of its own: running nodes hear of it through the
//! event table.

use std::sync::Arc;

use durward_proto::wire::admin::UserDetail;
use durward_proto::{AccountStatus, Clock, Email, Role, UserId};
use durward_store::{Audit, NewUser, SystemStore, UserFilter, UserRow};
use serde_json::json;

use crate::account::budgets_of;
use crate::acts;
use crate::admin;
use crate::audit::erase_person;
use crate::factors::SecondFactorRules;
use crate::fault::Fault;
use crate::mail::{Mail, MailKind, NOTICE_LIFE, Outbox, Request, RequestKind};
use crate::roles::Roles;
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
        Ok(self.system.read().await?.users(&UserFilter::default(), after, limit).await?)
    }

    /// An account with everything that belongs to it, as an admin sees it over the wire.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn detail(&self, user: UserRow, roles: &Roles, rules: &SecondFactorRules) -> Result<UserDetail, Fault> {
        let mut read = self.system.read().await?;
        let mut detail = admin::outline(&mut read, user, roles, rules).await?;
        admin::add_sessions(&mut read, &mut detail).await?;
        admin::add_attempts(&mut read, &mut detail).await?;
        Ok(detail)
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
    /// `last_admin`; when the database is away.
    pub async fn set_role(&self, user: UserId, role: &Role) -> Result<(), Fault> {
        let mut write = self.system.write().await?;
        if !role.is_admin() {
            acts::keep_an_admin(&mut write, user).await?;
        }
        write.hold_user(user).await?;
        acts::set_role(&mut write, user, role, self.clock.now()).await?;
        write.commit(act("role_changed", user).detail(json!({ "by": "operator", "role": role.as_str() }))).await?;
        Ok(())
    }

    /// Changes an account's status; unless it becomes active, its sessions end.
    ///
    /// # Errors
    /// `last_admin`; when the database is away.
    pub async fn set_status(&self, user: UserId, status: AccountStatus) -> Result<(), Fault> {
        let mut write = self.system.write().await?;
        if status != AccountStatus::Active {
            acts::keep_an_admin(&mut write, user).await?;
        }
        write.hold_user(user).await?;
        acts::set_status(&mut write, user, status, self.clock.now()).await?;
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
        write.distrust_devices(user, self.clock.now()).await?;
        write.forget_recovery_tokens(user).await?;
        acts::end_all(&mut write, user, "password_changed", self.clock.now()).await?;
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
        let gone = acts::reset_factors(&mut write, user, now).await?;
        if let (true, Some(outbox)) = (gone.had(), &self.outbox) {
            outbox.put(&mut write, acts::factors_reset_notice(&row, now)).await?;
        }
        let detail = json!({ "by": "operator", "totp": gone.totp, "passkeys": gone.passkeys });
        write.commit(act("factors_reset", user).detail(detail)).await?;
        Ok(gone.had())
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
        let ended = acts::end_all(&mut write, user, "revoked", self.clock.now()).await?.len();
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
        acts::keep_an_admin(&mut write, user).await?;
        let Some(row) = write.hold_user(user).await? else { return Ok(false) };
        acts::end_all(&mut write, user, "deleted", now).await?;
        if let Some(outbox) = &self.outbox {
            let mail = Mail {
                to: row.email.clone(),
                name: row.full_name.clone(),
                language: None,
                // It is nobody's mail: it must outlive the account.
                user: None,
                kind: MailKind::AccountDeleted { ip: String::new(), at: now },
                expires_in: NOTICE_LIFE,
            };
            outbox.put(&mut write, mail).await?;
        }
        let email_key = key_of(&row.email);
        write.erase_user(user, &email_key, &budgets_of(&email_key)).await?;
        erase_person(&mut write, user);
        write.commit(act("user_deleted", user).detail(json!({ "by": "operator" }))).await?;
        Ok(true)
    }
}

fn act(event: &'static str, user: UserId) -> Audit {
    Audit::new(event).subject(user)
}
