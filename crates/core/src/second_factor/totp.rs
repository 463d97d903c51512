//! Turning TOTP on and off.

use std::time::Duration;

use durward_proto::wire::factor::{BackupCodes, Method, TotpDisable, TotpEnable, TotpSetup};
use durward_proto::{Code, Secret};
use durward_store::{Gate, UserRow, Write};
use durward_verify::{Refusal, Verified};

use crate::client::Client;
use crate::factors::backup;
use crate::factors::password::{self, Compared};
use crate::factors::totp::{self, TotpSecret};
use crate::fault::Fault;
use crate::login::{Tried, wrong_credentials};
use crate::mail::{FactorWord, MailKind};
use crate::second_factor::verify::count;
use crate::second_factor::{
    Change, Changed, Standing, challenge, key_of, last_factor, state, unavailable, wrong_second_factor,
};
use crate::service::Core;

/// How long a secret waits for its first code.
const WAITS: Duration = Duration::from_secs(15 * 60);

/// How somebody proves that they may turn TOTP off.
enum Shows<'a> {
    Code(&'a Secret),
    Password(&'a Secret),
}

impl Core {
    /// Makes a secret that waits for its first code. Another one that waits is forgotten.
    ///
    /// # Errors
    /// `reauthentication_required`, `method_unavailable`, `factor_state` while TOTP is on; 503 when the database is away.
    pub async fn set_up_totp(&self, who: &Verified) -> Result<TotpSetup, Fault> {
        self.recently_authenticated(who)?;
        self.totp_is_allowed()?;
        let now = self.clock.now();
        let secret = TotpSecret::new(&*self.random);
        let mut write = self.gate.write().await?;
        let Some(user) = write.hold_user(who.user_id()).await? else { return Err(Fault::new(Code::AccountInactive)) };
        write.ensure_factor_row(user.id, self.new_handle(), now).await?;
        if !write.put_pending_totp(user.id, &secret.seal(self, user.id)?, now.plus(WAITS), now).await? {
            return Err(state("TOTP is on. Turn it off first."));
        }
        let setup = challenge::shown(self, &secret, &user)?;
        write.commit_unaudited("nothing holds before the first code").await?;
        Ok(setup)
    }

    /// Turns TOTP on with the first code of the secret that waits, and gives ten backup codes; none where they are turned
    /// off.
    ///
    /// # Errors
    /// `reauthentication_required`, `method_unavailable`, `factor_state` when none waits, `invalid_second_factor`; 503 when
    /// the database is away.
    pub async fn enable_totp(&self, who: &Verified, asked: &TotpEnable, client: &Client) -> Result<BackupCodes, Fault> {
        self.recently_authenticated(who)?;
        self.totp_is_allowed()?;
        let (user_id, now) = (who.user_id(), self.clock.now());
        let mut write = self.gate.write().await?;
        let Some(user) = write.hold_user(user_id).await? else { return Err(Fault::new(Code::AccountInactive)) };
        let row = write.totp(user_id).await?;
        if row.as_ref().is_some_and(|row| row.totp_sealed.is_some()) {
            return Err(state("TOTP is on already."));
        }
        let waits = row.filter(|row| row.totp_pending_until.is_some_and(|until| until > now));
        let Some(sealed) = waits.and_then(|row| row.totp_pending_sealed) else {
            return Err(state("No secret waits for its first code, or its 15 minutes are over. Set TOTP up first."));
        };
        let step = TotpSecret::open(self, user_id, &sealed)?.step_of(&asked.code, now, 0);
        let step = step.ok_or_else(wrong_second_factor)?;
        if !write.enable_pending_totp(user_id, &sealed, step, now).await? {
            return Err(state("Another secret waits by now. Please look and try again."));
        }
        let (backup_codes, changed) = self.totp_was_enabled(&mut write, &user, client).await?;
        write.commit(client.audit("totp_enabled").actor(user_id).subject(user_id).session(who.session_id())).await?;
        self.factors_were_changed(&changed);
        self.ring_post();
        Ok(BackupCodes { backup_codes })
    }

    /// Everything that follows from TOTP being on, within that transaction.
    pub(super) async fn totp_was_enabled(
        &self,
        write: &mut Write<Gate>,
        user: &UserRow,
        client: &Client,
    ) -> Result<(Vec<Secret>, Changed), Fault> {
        let codes = if self.policy.second_factor.allows(Method::BackupCode) {
            write.also(&client.audit("backup_codes_made").actor(user.id).subject(user.id)).await?;
            backup::make(self, write, user.id).await?
        } else {
            Vec::new()
        };
        let notice = MailKind::NewFactor { what: FactorWord::Totp, ip: client.ip.to_string(), at: self.clock.now() };
        self.notify(write, user, notice, client).await?;
        let changed = self.factors_change(write, user, Change::Added).await?;
        Ok((codes, changed))
    }

    /// Turns TOTP off.
    ///
    /// # Errors
    /// `reauthentication_required`, `factor_state` when it is not on, `last_factor`, `invalid_second_factor`,
    /// `invalid_credentials`, `too_many_attempts`; 503 when the database is away.
    pub async fn disable_totp(&self, who: &Verified, asked: &TotpDisable, client: &Client) -> Result<(), Fault> {
        self.recently_authenticated(who)?;
        let shows = Shows::read(asked)?;
        let user_id = who.user_id();
        let mut read = self.gate.read().await?;
        let standing = Standing::of(&mut read, user_id).await?;
        let credential = read.credential_by_id(user_id).await?.ok_or(Refusal::Revoked)?;
        drop(read);
        if standing.totp_enabled_at.is_none() {
            return Err(state("TOTP is not on."));
        }
        let without = Standing { totp_enabled_at: None, ..standing };
        if without.is_last(self, &credential.user) {
            return Err(last_factor());
        }
        let email_key = key_of(who.email());
        let paid = self.budgets.charge(&email_key, client).await?;
        let tried = |method| Tried::new(&email_key, Some(user_id), method).within(who.session_id());
        let compared: Option<Compared> = match shows {
            Shows::Code(_) => None,
            Shows::Password(given) => match password::show(&self.hasher, Some(credential), given).await {
                Ok(Some(shown)) => Some(shown.hash),
                Ok(None) => return self.failed(&tried("password"), wrong_credentials(), client).await,
                Err(fault) => {
                    paid.give_back(&self.budgets).await?;
                    return Err(fault);
                }
            },
        };
        let mut write = self.gate.write().await?;
        if let Some(hash) = &compared
            && !write.hold_account(user_id, &hash.checked, &hash.kept).await?
        {
            return Err(wrong_credentials());
        }
        let Some(user) = write.hold_user(user_id).await? else { return Err(Fault::new(Code::AccountInactive)) };
        if let Shows::Code(code) = shows {
            let shown = totp::show(self, &mut write, user_id, code).await?;
            count(self, Method::Totp, if shown.is_some() { "ok" } else { Code::InvalidSecondFactor.as_str() });
            if shown.is_none() {
                drop(write);
                return self.refused(&tried(Method::Totp.as_str()), wrong_second_factor(), client).await;
            }
        }
        if !write.disable_totp(user_id, self.clock.now()).await? {
            return Err(state("TOTP is not on."));
        }
        let notice =
            MailKind::FactorRemoved { what: FactorWord::Totp, ip: client.ip.to_string(), at: self.clock.now() };
        self.notify(&mut write, &user, notice, client).await?;
        let changed = self.factors_change(&mut write, &user, Change::Removed).await?;
        let audit = client.audit("totp_disabled").actor(user_id).subject(user_id).session(who.session_id());
        paid.commit(write, audit).await?;
        self.factors_were_changed(&changed);
        self.ring_post();
        Ok(())
    }

    fn totp_is_allowed(&self) -> Result<(), Fault> {
        if self.policy.second_factor.allows(Method::Totp) {
            return Ok(());
        }
        Err(unavailable("TOTP is turned off here."))
    }
}

impl<'a> Shows<'a> {
    fn read(asked: &'a TotpDisable) -> Result<Self, Fault> {
        match (&asked.code, &asked.password) {
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(password)) => Ok(Self::Password(password)),
            _ => Err(Fault::field("/code", "send either a code or the password")),
        }
    }
}
