//! A forgotten password: the link to set a new one with.

use durward_proto::{AccountStatus, Secret, UserId};
use durward_store::{Audit, Gate, NewRecoveryToken, RecoveryPurpose, Write};

use crate::client::Client;
use crate::fault::Fault;
use crate::mail::{Mail, MailKind, Request, RequestKind};
use crate::recover::count;
use crate::recover::rules::{RESET_LIFE, VERIFY_LIFE};
use crate::recover::token::MailedToken;
use crate::register::parse_email;
use crate::service::Core;

impl Core {
    /// Asks for a mail with a link to set a new password with. Nobody learns from it whether the address is known.
    ///
    /// # Errors
    /// `validation_failed` for what is no address; `rate_limited` when this client asks for too many mails; 503.
    pub async fn forgot_password(&self, email: &str, client: &Client) -> Result<(), Fault> {
        count("forgot_password", self.ask_for_mail(RequestKind::Reset, email, client).await)
    }

    /// Asks for another mail with a link to confirm an address with. Nobody learns from it whether it is known.
    ///
    /// # Errors
    /// As [`Self::forgot_password`].
    pub async fn resend_verification(&self, email: &str, client: &Client) -> Result<(), Fault> {
        count("resend_verification", self.ask_for_mail(RequestKind::Verify, email, client).await)
    }

    /// One row, whoever it is for. When enough mails were asked for to this address, that one is silently none.
    async fn ask_for_mail(&self, kind: RequestKind, email: &str, client: &Client) -> Result<(), Fault> {
        let email_key = parse_email(email, "/email")?.key();
        let mut write = self.gate.write().await?;
        if self.may_mail(&mut write, &email_key, client).await? {
            self.post_request(&mut write, Request::by_client(kind, email_key, client)).await?;
        }
        write.commit_unaudited("the audit row comes when it is known whose address it is").await?;
        self.ring_post();
        Ok(())
    }

    /// Makes a token, keeps its hash, and gives the link: the older one does not work any more.
    pub(super) async fn mailed_link(
        &self,
        write: &mut Write<Gate>,
        user: UserId,
        purpose: RecoveryPurpose,
        email_key: &str,
    ) -> Result<Secret, Fault> {
        let (life, page) = match purpose {
            RecoveryPurpose::ResetPassword => (RESET_LIFE, &self.policy.recovery.reset_page),
            RecoveryPurpose::VerifyEmail => (VERIFY_LIFE, &self.policy.recovery.verify_page),
        };
        // The account first, as everybody does who changes it together with what hangs on it.
        write.hold_user(user).await?;
        let (token, now) = (MailedToken::new(&*self.random), self.clock.now());
        let new = NewRecoveryToken {
            hash: &token.hash(),
            user_id: user,
            purpose,
            email_key,
            now,
            expires_at: now.plus(life),
        };
        write.put_recovery_token(&new).await?;
        Ok(token.link(page))
    }
}

/// Mails the link, where there is an account that may be used or waits for its address to be confirmed.
pub(super) async fn answer(core: &Core, write: &mut Write<Gate>, request: &Request) -> Result<Audit, Fault> {
    let audit = request.audit("password_reset_requested");
    let found = write.credential_by_email(&request.email_key).await?.map(|credential| credential.user);
    let usable = |status| matches!(status, AccountStatus::Active | AccountStatus::Pending);
    let Some(user) = found.filter(|user| usable(user.status)) else {
        return Ok(audit.detail(serde_json::json!({ "mailed": false })));
    };
    let link = core.mailed_link(write, user.id, RecoveryPurpose::ResetPassword, &request.email_key).await?;
    let audit = audit.subject(user.id).detail(serde_json::json!({ "mailed": true }));
    let mail = Mail {
        to: user.email,
        name: user.full_name,
        language: request.language.clone(),
        user: Some(user.id),
        kind: MailKind::ResetPassword { link },
        expires_in: RESET_LIFE,
    };
    core.post(write, mail).await?;
    Ok(audit)
}
