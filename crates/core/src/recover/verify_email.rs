//! Confirming the address that an account was opened with.

use durward_proto::wire::recovery::MailedToken as Confirmation;
use durward_store::{Audit, Gate, RecoveryPurpose, Write};

use crate::budgets::Paid;
use crate::client::Client;
use crate::fault::Fault;
use crate::mail::{Mail, MailKind, Request};
use crate::recover::count;
use crate::recover::rules::VERIFY_LIFE;
use crate::recover::token::{MailedToken, link_invalid};
use crate::service::Core;

impl Core {
    /// Confirms an address with the token that was mailed to it. An account that waited for that alone becomes active.
    ///
    /// # Errors
    /// `link_invalid`; `too_many_attempts` when this client tried too many; 503.
    pub async fn verify_email(&self, form: Confirmation, client: &Client) -> Result<(), Fault> {
        count("verify_email", self.try_verify_email(form, client).await)
    }

    async fn try_verify_email(&self, form: Confirmation, client: &Client) -> Result<(), Fault> {
        let token = MailedToken::parse(&form.token)?;
        let paid = self.budgets.charge_proof(client.ip).await?;
        let outcome = paid.settle(self.verify_with(&token, &paid, client).await);
        self.note_token("verify_token", outcome, client).await
    }

    async fn verify_with(&self, token: &MailedToken, paid: &Paid, client: &Client) -> Result<(), Fault> {
        let now = self.clock.now();
        let mut write = self.gate.write().await?;
        // The account first, as everybody does who changes it together with what hangs on it.
        let found = write.recovery_token(&token.hash(), RecoveryPurpose::VerifyEmail, now).await?;
        write.hold_user(found.ok_or_else(link_invalid)?.user_id).await?;
        let taken = write.take_recovery_token(&token.hash(), RecoveryPurpose::VerifyEmail, now).await?;
        let taken = taken.ok_or_else(link_invalid)?;
        let activates = !self.policy.registration_approve;
        let user = write.verify_email(taken.user_id, &taken.email_key, activates, now).await?;
        let user = user.ok_or_else(link_invalid)?;
        let sessions = self.renew_user(&mut write, user.id, "email_verified").await?;
        let audit = client.audit("email_verified").actor(user.id).subject(user.id);
        paid.commit(write, audit.detail(serde_json::json!({ "status": user.status.as_str() }))).await?;
        self.revoker.tell(&sessions, "email_verified");
        Ok(())
    }
}

/// Mails the link, where an account has an address that was not confirmed.
pub(super) async fn answer(core: &Core, write: &mut Write<Gate>, request: &Request) -> Result<Audit, Fault> {
    let audit = request.audit("verification_requested");
    let found = write.credential_by_email(&request.email_key).await?.map(|credential| credential.user);
    let Some(user) = found.filter(|user| !user.email_verified) else {
        return Ok(audit.detail(serde_json::json!({ "mailed": false })));
    };
    let link = core.mailed_link(write, user.id, RecoveryPurpose::VerifyEmail, &request.email_key).await?;
    let audit = audit.subject(user.id).detail(serde_json::json!({ "mailed": true }));
    let mail = Mail {
        to: user.email,
        name: user.full_name,
        language: request.language.clone(),
        user: Some(user.id),
        kind: MailKind::VerifyEmail { link },
        expires_in: VERIFY_LIFE,
    };
    core.post(write, mail).await?;
    Ok(audit)
}

/// Tells the owner of an account that somebody, probably they, tried to register again. What that one typed is not kept.
pub(super) async fn answer_repeated(core: &Core, write: &mut Write<Gate>, request: &Request) -> Result<(), Fault> {
    let found = write.credential_by_email(&request.email_key).await?.map(|credential| credential.user);
    let Some(user) = found else { return Ok(()) };
    let mail = Mail {
        to: user.email,
        name: user.full_name,
        language: request.language.clone(),
        user: Some(user.id),
        kind: MailKind::AlreadyRegistered,
        expires_in: VERIFY_LIFE,
    };
    core.post(write, mail).await
}
