//! Erasing an account. Everything that belongs to it goes; the trails keep what happened, under a number that is nobody's any
//! more.

use durward_proto::{Code, Secret};
use durward_verify::{Refusal, Verified};

use crate::acts;
use crate::audit::erase_person;
use crate::budgets::{Paid, account_key};
use crate::client::Client;
use crate::factors::password;
use crate::fault::Fault;
use crate::login::{Tried, wrong_credentials};
use crate::mail::{Mail, MailKind, NOTICE_LIFE};
use crate::revoke::Cause;
use crate::second_factor::key_of;
use crate::service::Core;

impl Core {
    /// Erases the caller's account. All its sessions end, and their sockets close.
    ///
    /// # Errors
    /// `reauthentication_required`, `invalid_credentials` when the password is wrong, `last_admin`,
    /// `too_many_attempts`; 503 `overloaded`, `unavailable`.
    pub async fn erase_account(&self, who: &Verified, given: &Secret, client: &Client) -> Result<(), Fault> {
        self.recently_authenticated(who)?;
        let email_key = key_of(who.email());
        let paid = self.budgets.charge(&email_key, client).await?;
        match self.try_erase(who, given, &paid, client).await {
            Err(fault) if fault.code() == Code::InvalidCredentials => {
                self.failed(
                    &Tried::new(&email_key, Some(who.user_id()), "password").within(who.session_id()),
                    fault,
                    client,
                )
                .await
            }
            Err(fault) => {
                paid.give_back(&self.budgets).await?;
                Err(fault)
            }
            Ok(()) => Ok(()),
        }
    }

    async fn try_erase(&self, who: &Verified, given: &Secret, paid: &Paid, client: &Client) -> Result<(), Fault> {
        let (user_id, now, cause) = (who.user_id(), self.clock.now(), Cause::Deleted);
        let credential = self.own_credential(who).await?;
        let shown = password::show(&self.hasher, Some(credential), given).await?.ok_or_else(wrong_credentials)?;
        let mut write = self.gate.write().await?;
        acts::keep_an_admin(&mut write, user_id).await?;
        if !write.hold_account(user_id, &shown.hash.checked, &shown.hash.kept).await? {
            // Somebody changed the password, or was here first.
            return Err(match write.hold_user(user_id).await? {
                Some(_) => wrong_credentials(),
                None => Refusal::Revoked.into(),
            });
        }
        let user = write.hold_user(user_id).await?.ok_or(Refusal::Revoked)?;
        let ended = write.end_sessions(user_id, None, now, cause.as_str()).await?;
        self.revoker.announce(&mut write, user_id, &ended, cause).await?;
        let kind = MailKind::AccountDeleted { ip: client.ip.to_string(), at: now };
        let (to, name, language) = (user.email.clone(), user.full_name.clone(), client.language.clone());
        // It is nobody's mail: it must outlive the account.
        self.post(&mut write, Mail { to, name, language, user: None, kind, expires_in: NOTICE_LIFE }).await?;
        let email_key = key_of(&user.email);
        write.erase_user(user_id, &email_key, &budgets_of(&email_key)).await?;
        erase_person(&mut write, user_id);
        paid.commit(write, client.audit("account_deleted").actor(user_id).subject(user_id)).await?;
        self.revoker.tell(&ended, cause.as_str());
        self.ring_post();
        metrics::counter!("durward_accounts_erased_total").increment(1);
        Ok(())
    }
}

/// The budgets that are kept for an address, whoever has it.
pub(crate) fn budgets_of(email_key: &str) -> [String; 2] {
    let account = account_key(email_key);
    let mails = format!("mail-to:{account}");
    [account, mails]
}
