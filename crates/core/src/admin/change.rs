//! What operators change of somebody's account.

use durward_proto::wire::admin::{FactorsResetAnswer, UserChange};
use durward_proto::wire::auth::User;
use durward_proto::{AccountStatus, Code, Email, Problem, UserId};
use durward_store::{AnyUser, Audit, UserRow, Write};
use durward_verify::{ChangeUsers, Verified};
use serde_json::json;

use crate::acts;
use crate::client::Client;
use crate::fault::Fault;
use crate::mail::{Request, RequestKind};
use crate::service::Core;

impl Core {
    /// Gives an account another role or another status, and shows it as it is then. An account that becomes active may
    /// have waited for an approval; one that becomes anything else loses its sessions.
    ///
    /// # Errors
    /// `forbidden` without `users:write`, where the user may do more than the caller, or where the role does;
    /// `reauthentication_required` for another role; `validation_failed` for a role that there is not, or the status
    /// `pending`; `not_found`; `last_admin`; 503 when the database is away.
    pub async fn change_user(
        &self,
        who: &Verified,
        user: UserId,
        change: &UserChange,
        client: &Client,
    ) -> Result<User, Fault> {
        let permit = who.permit::<ChangeUsers>()?;
        self.check(who, change)?;
        let mut write = self.store.any_user(&permit).write().await?;
        let takes_role = change.role.as_ref().is_some_and(|role| !role.is_admin());
        let takes_status = change.status.is_some_and(|status| status != AccountStatus::Active);
        // Before the account itself is held: so that two who take each other's role away do not wait for each other.
        let is_last = (takes_role || takes_status) && write.would_leave_no_admin(user).await?;
        let row = self.hold_for(who, &mut write, user).await?;
        if is_last {
            return Err(Fault::new(Code::LastAdmin));
        }
        let role = change.role.as_ref().filter(|role| **role != row.role);
        let status = change.status.filter(|status| *status != row.status);
        let now = self.clock.now();
        let about = |event| client.audit(event).actor(who.user_id()).subject(user);
        let mut audits: Vec<Audit> = Vec::new();
        let mut told = Vec::new();
        if let Some(role) = role {
            told.push((acts::set_role(&mut write, user, role, now).await?, "role_changed"));
            let detail = json!({ "from": row.role.as_str(), "role": role.as_str() });
            audits.push(about("role_changed").detail(detail));
        }
        if let Some(status) = status {
            let word = if status == AccountStatus::Active { "activated" } else { status.as_str() };
            told.push((acts::set_status(&mut write, user, status, now).await?, word));
            let detail = json!({ "from": row.status.as_str(), "status": status.as_str() });
            audits.push(about("status_changed").detail(detail));
        }
        let Some(last) = audits.pop() else { return Ok(row.into()) };
        for audit in &audits {
            write.also(audit).await?;
        }
        let changed = write.hold_user(user).await?.unwrap_or(row);
        write.commit(last).await?;
        for (sessions, cause) in told {
            self.revoker.tell(&sessions, cause);
        }
        Ok(changed.into())
    }

    /// Removes all second factors of an account: TOTP, passkeys, backup codes, devices that are trusted, and logins that
    /// are half done. Its sessions end, and its user is told by mail.
    ///
    /// # Errors
    /// `forbidden` without `users:write`, or where the user may do more than the caller; `reauthentication_required`;
    /// `not_found`; 503 when the database is away.
    pub async fn reset_factors(
        &self,
        who: &Verified,
        user: UserId,
        client: &Client,
    ) -> Result<FactorsResetAnswer, Fault> {
        let permit = who.permit::<ChangeUsers>()?;
        self.recently_authenticated(who)?;
        let mut write = self.store.any_user(&permit).write().await?;
        let row = self.hold_for(who, &mut write, user).await?;
        let now = self.clock.now();
        let gone = acts::reset_factors(&mut write, user, now).await?;
        if gone.had() {
            self.post(&mut write, acts::factors_reset_notice(&row, now)).await?;
        }
        let audit = client.audit("factors_reset").actor(who.user_id()).subject(user);
        write.commit(audit.detail(json!({ "totp": gone.totp, "passkeys": gone.passkeys }))).await?;
        self.revoker.tell(&gone.ended, "factors_reset");
        self.ring_post();
        Ok(FactorsResetAnswer { totp: gone.totp, passkeys: gone.passkeys, sessions: gone.ended.len() })
    }

    /// Mails a user a link to set a new password with, as they could ask for themself.
    ///
    /// # Errors
    /// `forbidden` without `users:write`, or where the user may do more than the caller; `not_found`; `mail_unavailable`
    /// where no mail can be sent; `factor_state` where the account's state lets it get none; 503 when the database is
    /// away.
    pub async fn send_reset(&self, who: &Verified, user: UserId, client: &Client) -> Result<(), Fault> {
        let permit = who.permit::<ChangeUsers>()?;
        let mut write = self.store.any_user(&permit).write().await?;
        let row = self.hold_for(who, &mut write, user).await?;
        if !self.has_post() {
            return Err(Fault::new(Code::MailOff));
        }
        if !matches!(row.status, AccountStatus::Active | AccountStatus::Pending) {
            let detail = format!("The account is {}: it gets no links to set a password with.", row.status);
            return Err(Fault::of(Problem::new(Code::FactorState).detail(detail)));
        }
        let Ok(email) = row.email.parse::<Email>() else { return Err(Fault::unavailable("an address of an account")) };
        self.post_request(&mut write, Request::by_operator(RequestKind::Reset, email.key())).await?;
        write.commit(client.audit("password_reset_sent").actor(who.user_id()).subject(user)).await?;
        self.ring_post();
        Ok(())
    }

    /// What can be refused without looking at the account.
    fn check(&self, who: &Verified, change: &UserChange) -> Result<(), Fault> {
        if let Some(role) = &change.role {
            if !self.policy.roles.knows(role) {
                let known: Vec<&str> = self.policy.roles.names().collect();
                return Err(Fault::field("/role", format!("not a role; there are: {}", known.join(", "))));
            }
            self.reaches(who, role)?;
            self.recently_authenticated(who)?;
        }
        if change.status == Some(AccountStatus::Pending) {
            return Err(Fault::field("/status", "active, suspended or deactivated"));
        }
        Ok(())
    }

    /// Holds an account that the caller may change.
    async fn hold_for(
        &self,
        who: &Verified,
        write: &mut Write<AnyUser<ChangeUsers>>,
        user: UserId,
    ) -> Result<UserRow, Fault> {
        let row = write.hold_user(user).await?.ok_or_else(|| Fault::new(Code::NotFound))?;
        self.reaches(who, &row.role)?;
        Ok(row)
    }
}
