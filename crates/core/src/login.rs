//! Login by password.

use durward_proto::wire::auth::Transport;
use durward_proto::{Code, Email, Problem, Secret, UserId};
use durward_store::{Gate, NewAttempt, Write};

use crate::client::Client;
use crate::factors::{self, password};
use crate::fault::Fault;
use crate::issue::{self, Opened};
use crate::service::Core;

impl Core {
    /// Checks a password and opens a session.
    ///
    /// # Errors
    /// `invalid_credentials`, the same for a wrong password and an unknown address, in the same time;
    /// `account_pending`, `account_suspended`, `account_deactivated` with the right password only;
    /// `too_many_attempts`; 503 `overloaded` or `unavailable`.
    pub async fn login(
        &self,
        email: &str,
        password: &Secret,
        transport: Transport,
        client: &Client,
    ) -> Result<Opened, Fault> {
        let outcome = self.try_login(email, password, transport, client).await;
        let result = outcome.as_ref().map_or_else(|fault| fault.code().as_str(), |_| "ok");
        metrics::counter!("durward_logins_total", "method" => "password", "result" => result).increment(1);
        outcome
    }

    async fn try_login(
        &self,
        email: &str,
        password: &Secret,
        transport: Transport,
        client: &Client,
    ) -> Result<Opened, Fault> {
        let email_key = identify(email);
        let paid = match self.budgets.charge(&email_key, client.ip).await {
            Ok(paid) => paid,
            Err(fault) => return self.failed(&email_key, None, fault, client).await,
        };
        // A second time, when the account changes between the look at the password and the session: another login that
        // rehashes it, or a password change, whose end of all sessions must not miss this one.
        for _ in 0..2 {
            let credential = self.gate.read().await?.credential_by_email(&email_key).await?;
            let user_id = credential.as_ref().map(|credential| credential.user.id);
            let Some(mut shown) = password::show(&self.hasher, credential, password).await? else {
                return self.failed(&email_key, user_id, wrong_credentials(), client).await;
            };
            let rehash = shown.rehash.take();
            let proof = match factors::enough(shown, self.clock.now()) {
                Ok(proof) => proof,
                Err(fault) => {
                    // The password was right: it was no guess, and it costs nothing.
                    let mut write = self.gate.write().await?;
                    paid.refund(&mut write).await?;
                    write.commit_unaudited("the audit row comes with the attempt").await?;
                    return self.failed(&email_key, user_id, fault, client).await;
                }
            };
            let mut write = self.gate.write().await?;
            paid.refund(&mut write).await?;
            if !write.credential_holds(proof.user_id(), proof.password_hash()).await? {
                continue;
            }
            if let Some(new) = rehash {
                write.replace_password(proof.user_id(), proof.password_hash(), &new, self.clock.now()).await?;
            }
            let opened = issue::session(self, &mut write, proof, transport, client).await?;
            self.note_attempt(&mut write, &email_key, Some(opened.user.id), "ok", client).await?;
            let audit = client.audit("login").actor(opened.user.id).subject(opened.user.id).session(opened.session_id);
            write.commit(audit).await?;
            return Ok(opened);
        }
        self.failed(&email_key, None, wrong_credentials(), client).await
    }

    /// Writes a refused login down, then refuses it.
    pub(crate) async fn failed<T>(
        &self,
        email_key: &str,
        user_id: Option<UserId>,
        fault: Fault,
        client: &Client,
    ) -> Result<T, Fault> {
        let mut write = self.gate.write().await?;
        self.note_attempt(&mut write, email_key, user_id, fault.code().as_str(), client).await?;
        let audit = client.audit("login_failed").detail(serde_json::json!({ "reason": fault.code() }));
        write.commit(if let Some(user) = user_id { audit.subject(user) } else { audit }).await?;
        Err(fault)
    }

    /// Writes an attempt down, within the transaction that decides it.
    async fn note_attempt(
        &self,
        write: &mut Write<Gate>,
        email_key: &str,
        user_id: Option<UserId>,
        reason: &str,
        client: &Client,
    ) -> Result<(), Fault> {
        let attempt = NewAttempt {
            user_id,
            email_key,
            method: "password",
            succeeded: reason == "ok",
            reason,
            ip: Some(&client.ip.to_string()),
            user_agent: client.user_agent.as_deref(),
            request_id: Some(&client.request_id),
            now: self.clock.now(),
        };
        Ok(write.insert_attempt(&attempt).await?)
    }
}

/// The key of an address; of what is none, a text that no account has. It goes the same way and takes the same time.
fn identify(email: &str) -> String {
    match email.parse::<Email>() {
        Ok(email) => email.key(),
        Err(_) => "not an address".to_owned(),
    }
}

/// The one answer to a wrong password and to an unknown address.
pub(crate) fn wrong_credentials() -> Fault {
    Fault::of(Problem::new(Code::InvalidCredentials).detail("The e-mail address or the password is wrong."))
}
