//! Setting a new password with a mailed token.

use durward_proto::wire::auth::Transport;
use durward_proto::wire::recovery::PasswordReset;
use durward_proto::{AccountStatus, Secret};
use durward_store::{RecoveryPurpose, UserRow};

use crate::client::Client;
use crate::devices;
use crate::factors::password::prepare;
use crate::fault::Fault;
use crate::mail::MailKind;
use crate::recover::count;
use crate::recover::token::{MailedToken, link_invalid};
use crate::revoke::Cause;
use crate::service::Core;

impl Core {
    /// Sets a new password. All sessions of the user end, and none is opened: a second factor stays what it was. The
    /// address is confirmed by that, since its mail was read. The device is one of the user's from then on, so that
    /// nobody who guesses at the account keeps them out: what stands in its cookie comes back.
    ///
    /// # Errors
    /// `link_invalid`; `weak_password`, which leaves the token as it was; `too_many_attempts` when this client tried
    /// too many; 503 `overloaded`, `unavailable`.
    pub async fn reset_password(&self, form: PasswordReset, client: &Client) -> Result<Option<Secret>, Fault> {
        count("reset_password", self.try_reset_password(form, client).await)
    }

    async fn try_reset_password(&self, form: PasswordReset, client: &Client) -> Result<Option<Secret>, Fault> {
        let token = MailedToken::parse(&form.token)?;
        let paid = self.budgets.charge_proof(client.ip).await?;
        let owner = paid.settle(self.token_owner(&token).await?.ok_or_else(link_invalid));
        let user = self.note_token("reset_token", owner, client).await?;
        // Whoever has the token guesses no more, whatever becomes of the new password.
        paid.give_back(&self.budgets).await?;
        let about: Vec<&str> = [Some(user.email.as_str()), user.full_name.as_deref()].into_iter().flatten().collect();
        self.check_new_password(&form.new_password, &about, "/new_password").await?;
        let new_hash = self.hasher.hash(prepare(&form.new_password)).await?;
        let (now, cause) = (self.clock.now(), Cause::PasswordReset);
        let mut write = self.gate.write().await?;
        // The account first, as whoever completes a login does: what is being answered at this moment has opened its
        // session by then, which ends, or finds nothing to answer.
        write.hold_user(user.id).await?;
        let taken = write.take_recovery_token(&token.hash(), RecoveryPurpose::ResetPassword, now).await?;
        let taken = taken.ok_or_else(link_invalid)?;
        let activates = !self.policy.registration_approve;
        let user = write.reset_password(taken.user_id, &taken.email_key, &new_hash, activates, now).await?;
        let user = user.ok_or_else(link_invalid)?;
        self.forget_mailed_codes(&mut write, &taken.email_key);
        write.forget_pending(user.id).await?;
        write.forget_trusts(user.id).await?;
        write.distrust_devices(user.id, None, now).await?;
        let known = write.hold_device(user.id, &client.identity()).await?;
        let device =
            devices::register(self, &mut write, user.id, &[], Transport::Cookie, client, known.as_ref()).await?;
        write.forget_recovery_tokens(user.id).await?;
        write.forget_email_change(user.id).await?;
        let ended = write.end_sessions(user.id, None, now, cause.as_str()).await?;
        self.revoker.announce(&mut write, user.id, &ended, cause).await?;
        self.notify(&mut write, &user, MailKind::PasswordChanged { ip: client.ip.to_string(), at: now }, client)
            .await?;
        // What was guessed wrong on this device is forgotten with the password.
        self.budgets.forgive(&mut write, &user.email.to_lowercase(), client).await?;
        write.commit(client.audit("password_reset").actor(user.id).subject(user.id)).await?;
        self.revoker.tell(&ended, cause.as_str());
        self.ring_post();
        Ok(device.cookie)
    }

    /// Whose token it is, where that account may have a new password.
    async fn token_owner(&self, token: &MailedToken) -> Result<Option<UserRow>, Fault> {
        let mut read = self.gate.read().await?;
        let found = read.recovery_token(&token.hash(), RecoveryPurpose::ResetPassword, self.clock.now()).await?;
        let Some(found) = found else { return Ok(None) };
        let user = read.credential_by_id(found.user_id).await?.map(|credential| credential.user);
        Ok(user.filter(|user| {
            let usable = matches!(user.status, AccountStatus::Active | AccountStatus::Pending);
            usable && user.email.to_lowercase() == found.email_key
        }))
    }
}
