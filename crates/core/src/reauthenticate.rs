//! Showing again who one is (step-up): sensitive changes need an authentication younger than ten minutes.

use std::time::Duration;

use durward_proto::wire::auth::User;
use durward_proto::wire::factor::{Method, Reauthenticate};
use durward_proto::{CeremonyId, Code, Problem, Secret, SessionId};
use durward_store::CredentialRow;
use durward_verify::{Refusal, Verified};
use serde_json::{Value, json};

use crate::budgets::Paid;
use crate::client::Client;
use crate::devices;
use crate::factors::password::{self, Compared};
use crate::factors::{SecondShown, totp, union};
use crate::fault::Fault;
use crate::issue::{Standing, access_token};
use crate::login::{REAUTHENTICATED, Tried, wrong_credentials};
use crate::second_factor::{count, key_of, unavailable, wrong_second_factor};
use crate::service::Core;

/// How old an authentication may be for a sensitive change (contract section 5).
const FRESH: Duration = Duration::from_secs(600);

/// What somebody gets who showed again who they are: their session goes on with a new access token.
#[derive(Debug)]
pub struct Renewed {
    /// The access token.
    pub access_token: Secret,
    /// How long it holds.
    pub access_expires_in: Duration,
    /// The session.
    pub session_id: SessionId,
    /// Whose it is.
    pub user: User,
}

/// What is shown, with all that belongs to it.
enum Shows<'a> {
    Password(&'a Secret),
    Totp(&'a Secret),
    Passkey(CeremonyId, &'a Value),
}

/// What was looked at before the transaction that acts on it.
enum Looked<'a> {
    Password(Compared),
    Totp(&'a Secret),
    Passkey(SecondShown),
}

impl Core {
    /// Checks a password, a code or a passkey of the caller. `auth_time` and `amr` of the session follow.
    ///
    /// # Errors
    /// `invalid_credentials`, `invalid_second_factor`, `invalid_passkey`, `method_unavailable`, `validation_failed`;
    /// `too_many_attempts`, from the budgets that logins have as well; `token_revoked` when the session ended meanwhile;
    /// 503.
    pub async fn reauthenticate(
        &self,
        who: &Verified,
        asked: &Reauthenticate,
        client: &Client,
    ) -> Result<Renewed, Fault> {
        let shows = Shows::read(asked)?;
        let outcome = self.try_reauthenticate(who, &shows, client).await;
        let result = outcome.as_ref().map_or_else(|fault| fault.code().as_str(), |_| "ok");
        if let Some(method) = shows.second_factor() {
            count(self, method, result);
        }
        metrics::counter!("durward_reauthentications_total", "method" => shows.name(), "result" => result).increment(1);
        outcome
    }

    async fn try_reauthenticate(&self, who: &Verified, shows: &Shows<'_>, client: &Client) -> Result<Renewed, Fault> {
        if shows.second_factor().is_some_and(|method| !self.policy.second_factor.allows(method)) {
            return Err(unavailable("This second factor is turned off here."));
        }
        let email_key = key_of(who.email());
        let tried = Tried::new(&email_key, Some(who.user_id()), shows.name()).within(who.session_id());
        let charged = match shows {
            Shows::Passkey(..) => self.budgets.charge_proof(client.ip).await,
            Shows::Password(_) | Shows::Totp(_) => self.budgets.charge(&email_key, client).await,
        };
        let paid = match charged {
            Ok(paid) => paid,
            Err(fault) if fault.code() == Code::TooManyAttempts => return self.refused(&tried, fault, client).await,
            Err(fault) => return Err(fault),
        };
        let outcome = match self.look_at(who, shows, client).await {
            Ok(looked) => self.renew(who, looked, &tried, &paid, client).await,
            Err(fault) => Err(fault),
        };
        match paid.settle(outcome) {
            Err(fault) if fault.code() == Code::InvalidCredentials => self.failed(&tried, fault, client).await,
            Err(fault)
                if matches!(fault.code(), Code::InvalidSecondFactor | Code::InvalidPasskey | Code::TooManyAttempts) =>
            {
                self.refused(&tried, fault, client).await
            }
            Err(fault) => {
                paid.give_back(&self.budgets).await?;
                Err(fault)
            }
            done => done,
        }
    }

    /// What takes long, or is a transaction of its own.
    async fn look_at<'a>(&self, who: &Verified, shows: &Shows<'a>, client: &Client) -> Result<Looked<'a>, Fault> {
        Ok(match shows {
            Shows::Password(given) => {
                let credential = self.own_credential(who).await?;
                let shown = password::show(&self.hasher, Some(credential), given).await?;
                Looked::Password(shown.ok_or_else(wrong_credentials)?.hash)
            }
            Shows::Totp(code) => Looked::Totp(code),
            Shows::Passkey(ceremony, credential) => {
                let shown = self.finish_passkey_reauthentication(who, *ceremony, credential, client).await?;
                Looked::Passkey(SecondShown::Passkey(shown))
            }
        })
    }

    async fn renew(
        &self,
        who: &Verified,
        looked: Looked<'_>,
        tried: &Tried<'_>,
        paid: &Paid,
        client: &Client,
    ) -> Result<Renewed, Fault> {
        let (user_id, session_id, now) = (who.user_id(), who.session_id(), self.clock.now());
        let mut write = self.gate.write().await?;
        if let Looked::Password(hash) = &looked
            && !write.hold_account(user_id, &hash.checked, &hash.kept).await?
        {
            return Err(wrong_credentials());
        }
        write.hold_user(user_id).await?.ok_or(Refusal::Revoked)?;
        let words = match looked {
            Looked::Password(_) => vec!["pwd"],
            Looked::Totp(code) => {
                let shown = totp::show(self, &mut write, user_id, code).await?.ok_or_else(wrong_second_factor)?;
                SecondShown::Totp(shown).amr()
            }
            Looked::Passkey(shown) if shown.user_id() == user_id => shown.amr(),
            Looked::Passkey(_) => return Err(Fault::unavailable("a passkey of another user")),
        };
        if devices::is_stepped_up(&words) {
            devices::verified(&mut write, user_id, session_id).await?;
        }
        let live = write.live_session(session_id).await?.ok_or(Refusal::Revoked)?;
        let before: Vec<String> = live.amr.split_whitespace().map(str::to_owned).collect();
        let amr = union(&before, &words);
        if !write.renew_authentication(user_id, session_id, &amr.join(" "), now).await? {
            return Err(Refusal::Revoked.into());
        }
        let standing = Standing { session_id, generation: live.settled_generation, amr, auth_time: now };
        let user: User = live.user.into();
        let renewed = Renewed {
            access_token: access_token(self, &user, &standing, now, live.expires_at)?,
            access_expires_in: self.policy.access_ttl.min(live.expires_at.since(now)),
            session_id,
            user,
        };
        let device = devices::recognise(&mut write, user_id, client).await?.map(|device| device.id);
        self.note_attempt(&mut write, &Tried { device, ..*tried }, REAUTHENTICATED, client).await?;
        let audit = client.audit("reauthenticated").actor(user_id).subject(user_id).session(session_id);
        paid.commit(write, audit.detail(json!({ "method": tried.method }))).await?;
        Ok(renewed)
    }

    /// What is kept of the caller's password. Whose account is gone is nobody any more.
    pub(crate) async fn own_credential(&self, who: &Verified) -> Result<CredentialRow, Fault> {
        Ok(self.gate.read().await?.credential_by_id(who.user_id()).await?.ok_or(Refusal::Revoked)?)
    }

    /// Sensitive changes need an authentication younger than ten minutes.
    pub(crate) fn recently_authenticated(&self, who: &Verified) -> Result<(), Fault> {
        if self.clock.now().since(who.auth_time()) < FRESH {
            return Ok(());
        }
        let detail = "This needs an authentication younger than ten minutes. Show again who you are, then repeat it.";
        Err(Fault::of(Problem::new(Code::ReauthenticationRequired).detail(detail)))
    }
}

impl<'a> Shows<'a> {
    /// A password alone, or a method with what belongs to it and nothing else.
    fn read(asked: &'a Reauthenticate) -> Result<Self, Fault> {
        let Reauthenticate { password, method, code, ceremony_id, credential } = asked;
        match (password, method, code, ceremony_id, credential) {
            (Some(password), None, None, None, None) => Ok(Self::Password(password)),
            (None, Some(Method::Totp), Some(code), None, None) => Ok(Self::Totp(code)),
            (None, Some(Method::Passkey), None, Some(ceremony), Some(credential)) => {
                Ok(Self::Passkey(*ceremony, credential))
            }
            _ => Err(Fault::field(
                "/method",
                "send a password alone, method totp with code, or method passkey with ceremony_id and credential",
            )),
        }
    }

    fn second_factor(&self) -> Option<Method> {
        match self {
            Self::Password(_) => None,
            Self::Totp(_) => Some(Method::Totp),
            Self::Passkey(..) => Some(Method::Passkey),
        }
    }

    fn name(&self) -> &'static str {
        self.second_factor().map_or("password", Method::as_str)
    }
}
