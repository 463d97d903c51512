//! Changing one's password. Every other session of the user ends, and with them what is half-way in and the trust in
//! devices.

use durward_proto::wire::auth::PasswordChange;
use durward_proto::{Code, Problem};
use durward_verify::Verified;

use crate::client::Client;
use crate::factors::password::{self, prepare};
use crate::fault::Fault;
use crate::login::{Tried, wrong_credentials};
use crate::mail::MailKind;
use crate::revoke::Cause;
use crate::service::Core;

impl Core {
    /// Changes the caller's password.
    ///
    /// # Errors
    /// `reauthentication_required`, `weak_password`, `invalid_credentials` when the current password is wrong,
    /// `too_many_attempts`; 503 `overloaded`, `unavailable`.
    pub async fn change_password(&self, who: &Verified, change: PasswordChange, client: &Client) -> Result<(), Fault> {
        self.recently_authenticated(who)?;
        let user = who.user();
        let about: Vec<&str> = [Some(user.email.as_str()), user.full_name.as_deref()].into_iter().flatten().collect();
        self.check_new_password(&change.new_password, &about, "/new_password").await?;
        let email_key = user.email.to_lowercase();
        let paid = self.budgets.charge(&email_key, client).await?;
        let shown = match self.own_credential(who).await {
            Ok(credential) => password::show(&self.hasher, Some(credential), &change.current_password).await,
            Err(fault) => Err(fault),
        };
        let old = match shown {
            Ok(Some(shown)) => shown.hash.checked,
            Ok(None) => {
                let tried = Tried::new(&email_key, Some(who.user_id()), "password").within(who.session_id());
                return self.failed(&tried, wrong_credentials(), client).await;
            }
            Err(fault) => {
                paid.give_back(&self.budgets).await?;
                return Err(fault);
            }
        };
        let new = self.hasher.hash(prepare(&change.new_password)).await?;
        let (user_id, now, cause) = (who.user_id(), self.clock.now(), Cause::PasswordChanged);
        let mut write = self.gate.write().await?;
        if !write.replace_password(user_id, &old, &new, now).await? {
            let detail = "The password was changed by another request at the same time. Please look and try again.";
            return Err(Fault::of(Problem::new(Code::InvalidCredentials).detail(detail)));
        }
        // Before the sessions: a login that is half done ends with them.
        write.forget_pending(user_id).await?;
        write.forget_trusts(user_id).await?;
        let this = write.hold_device_of_session(user_id, who.session_id()).await?.map(|device| device.id);
        write.distrust_devices(user_id, this, now).await?;
        let ended = write.end_sessions(user_id, Some(who.session_id()), now, cause.as_str()).await?;
        if let Some(user) = write.hold_user(user_id).await? {
            let notice = MailKind::PasswordChanged { ip: client.ip.to_string(), at: now };
            self.notify(&mut write, &user, notice, client).await?;
        }
        self.revoker.announce(&mut write, user_id, &ended, cause).await?;
        let audit = client.audit("password_changed").actor(user_id).subject(user_id).session(who.session_id());
        paid.commit(write, audit).await?;
        self.revoker.tell(&ended, cause.as_str());
        self.ring_post();
        Ok(())
    }
}
