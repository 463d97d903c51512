//! Changing the account's address: both addresses confirm it, in either order.

use durward_proto::wire::recovery::{EmailChange, EmailChangeAnswer, MailedToken as Confirmation};
use durward_proto::{Code, Email, UserId};
use durward_store::{EmailChangeRow, Gate, NewEmailChange, StoreError, UserRow, Write};
use durward_verify::Verified;
use serde_json::json;

use crate::budgets::Paid;
use crate::client::Client;
use crate::fault::Fault;
use crate::mail::{Mail, MailKind, Request, RequestKind};
use crate::recover::count;
use crate::recover::rules::VERIFY_LIFE;
use crate::recover::token::{MailedToken, link_invalid};
use crate::register::parse_email;
use crate::service::Core;

impl Core {
    /// Asks for another address. Both get a mail; an address that somebody has gets none, and the change waits in vain:
    /// nobody learns from it which addresses are known.
    ///
    /// # Errors
    /// `reauthentication_required`, `validation_failed`; `rate_limited` when this client asks for too many mails; 503.
    pub async fn request_email_change(&self, who: &Verified, form: EmailChange, client: &Client) -> Result<(), Fault> {
        count("request_email_change", self.try_request_email_change(who, form, client).await)
    }

    async fn try_request_email_change(&self, who: &Verified, form: EmailChange, client: &Client) -> Result<(), Fault> {
        self.recently_authenticated(who)?;
        let new_email = parse_email(&form.new_email, "/new_email")?;
        let mut write = self.gate.write().await?;
        let user = write.hold_user(who.user_id()).await?.ok_or_else(|| Fault::new(Code::AccountInactive))?;
        if new_email.key() == user.email.to_lowercase() {
            return Err(Fault::field("/new_email", "this is the account's address already"));
        }
        if !self.may_mail(&mut write, &new_email.key(), client).await? {
            write.commit_unaudited("too many mails to this address were asked for; that one is none").await?;
            return Ok(());
        }
        self.start_change(&mut write, &user, &new_email, client).await?;
        let audit = client.audit("email_change_requested").actor(user.id).subject(user.id);
        write.commit(audit.session(who.session_id())).await?;
        self.ring_post();
        Ok(())
    }

    async fn start_change(
        &self,
        write: &mut Write<Gate>,
        user: &UserRow,
        new_email: &Email,
        client: &Client,
    ) -> Result<(), Fault> {
        let (old, now) = (MailedToken::new(&*self.random), self.clock.now());
        let new = NewEmailChange {
            user_id: user.id,
            new_email: new_email.as_str(),
            old_token_hash: &old.hash(),
            // Nobody has this one: who sends the mail to the new address makes another.
            new_token_hash: &MailedToken::new(&*self.random).hash(),
            now,
            expires_at: now.plus(VERIFY_LIFE),
        };
        write.put_email_change(&new).await?;
        let link = old.link(&self.policy.recovery.confirm_page);
        let mail = Mail {
            to: user.email.clone(),
            name: user.full_name.clone(),
            language: client.language.clone(),
            user: Some(user.id),
            kind: MailKind::ConfirmOldAddress { link, new_email: new_email.as_str().to_owned() },
            expires_in: VERIFY_LIFE,
        };
        self.post(write, mail).await?;
        let request = Request::by_client(RequestKind::NewAddress, new_email.key(), client);
        self.post_request(write, Request { user: Some(user.id), ..request }).await
    }

    /// Confirms a change with the token that one of the two addresses got. With the second one the address changes; no
    /// session ends by it.
    ///
    /// # Errors
    /// `link_invalid`, also where somebody has taken the address meanwhile; `too_many_attempts` when this client tried
    /// too many; 503.
    pub async fn confirm_email_change(&self, form: Confirmation, client: &Client) -> Result<EmailChangeAnswer, Fault> {
        count("confirm_email_change", self.try_confirm_email_change(form, client).await)
    }

    async fn try_confirm_email_change(&self, form: Confirmation, client: &Client) -> Result<EmailChangeAnswer, Fault> {
        let token = MailedToken::parse(&form.token)?;
        let paid = self.budgets.charge_proof(client.ip).await?;
        let outcome = paid.settle(self.confirm_with(&token, &paid, client).await);
        self.note_token("change_token", outcome, client).await
    }

    async fn confirm_with(
        &self,
        token: &MailedToken,
        paid: &Paid,
        client: &Client,
    ) -> Result<EmailChangeAnswer, Fault> {
        let mut write = self.gate.write().await?;
        let now = self.clock.now();
        // The account first, as everybody does who changes it together with what hangs on it.
        let owner = write.email_change_owner(&token.hash(), now).await?.ok_or_else(link_invalid)?;
        write.hold_user(owner).await?;
        let confirmed = write.confirm_email_change(&token.hash(), now).await?;
        let change = confirmed.ok_or_else(link_invalid)?;
        if change.old_confirmed && change.new_confirmed {
            return self.complete_change(write, change, paid, client).await;
        }
        let by = if change.old_confirmed { "old" } else { "new" };
        let audit = client.audit("email_change_confirmed").actor(change.user_id).subject(change.user_id);
        paid.commit(write, audit.detail(json!({ "by": by }))).await?;
        Ok(EmailChangeAnswer { status: "waiting" })
    }

    async fn complete_change(
        &self,
        mut write: Write<Gate>,
        change: EmailChangeRow,
        paid: &Paid,
        client: &Client,
    ) -> Result<EmailChangeAnswer, Fault> {
        let email: Email = change.new_email.parse().map_err(|_| link_invalid())?;
        let user = write.credential_by_id(change.user_id).await?.map(|credential| credential.user);
        let user = user.ok_or_else(link_invalid)?;
        write.forget_email_change(user.id).await?;
        match write.change_email(user.id, &email, self.clock.now()).await {
            Ok(true) => {}
            Ok(false) => {
                paid.commit(write, client.audit("email_change_failed").actor(user.id).subject(user.id)).await?;
                return Err(link_invalid());
            }
            Err(StoreError::Conflict { .. }) => {
                drop(write);
                return self.give_change_up(user.id, client).await;
            }
            Err(error) => return Err(error.into()),
        }
        write.forget_recovery_tokens(user.id).await?;
        let sessions = self.renew_user(&mut write, user.id, "email_changed").await?;
        let notice = || MailKind::EmailChanged { new_email: email.as_str().to_owned() };
        self.notify(&mut write, &user, notice(), client).await?;
        let renamed = UserRow { email: email.as_str().to_owned(), email_verified: true, ..user };
        self.notify(&mut write, &renamed, notice(), client).await?;
        paid.commit(write, client.audit("email_changed").actor(renamed.id).subject(renamed.id)).await?;
        self.revoker.tell(&sessions, "email_changed");
        self.ring_post();
        Ok(EmailChangeAnswer { status: "changed" })
    }

    /// Somebody took the address at the same moment: what was confirmed is undone with the rest, and the change ends.
    async fn give_change_up(&self, user: UserId, client: &Client) -> Result<EmailChangeAnswer, Fault> {
        let mut write = self.gate.write().await?;
        write.forget_email_change(user).await?;
        write.commit(client.audit("email_change_failed").actor(user).subject(user)).await?;
        Err(link_invalid())
    }
}

/// Mails the link to the new address, unless somebody has it.
pub(super) async fn answer(core: &Core, write: &mut Write<Gate>, request: &Request) -> Result<(), Fault> {
    let Some(user) = request.user else { return Ok(()) };
    if write.credential_by_email(&request.email_key).await?.is_some() {
        return Ok(());
    }
    let (token, now) = (MailedToken::new(&*core.random), core.clock.now());
    // Where a newer change of the same user took its place: that one has a request of its own.
    let wanted = write.wanted_email(user, now).await?.filter(|wanted| wanted.to_lowercase() == request.email_key);
    let Some(new_email) = wanted else { return Ok(()) };
    if !write.renew_email_change(user, &new_email, &token.hash(), now).await? {
        return Ok(());
    }
    let mail = Mail {
        to: new_email,
        // What is known of the user is not told to an address that is not known to be theirs.
        name: None,
        language: request.language.clone(),
        user: Some(user),
        kind: MailKind::ConfirmNewAddress { link: token.link(&core.policy.recovery.confirm_page) },
        expires_in: VERIFY_LIFE,
    };
    core.post(write, mail).await
}
