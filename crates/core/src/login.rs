//! Login by password.

use durward_proto::wire::auth::Login;
use durward_proto::{Code, DeviceId, Email, Problem, SessionId, UserId};
use durward_store::{Gate, NewAttempt, Write};

use crate::budgets::Paid;
use crate::client::Client;
use crate::devices;
use crate::factors::password::{self, Compared};
use crate::factors::{self, PasswordPassed};
use crate::fault::Fault;
use crate::issue::{self, Opened};
use crate::place::Place;
use crate::risk::{Assessment, Shown};
use crate::second_factor::{self, Challenge, Need, StandsIn};
use crate::service::Core;

/// How often an account is looked at that changes while its password's hash is computed.
const LOOKS: usize = 3;

/// What a right password leads to.
#[derive(Debug)]
pub enum LoginOutcome {
    /// It was enough: a session is open.
    Opened(Box<Opened>),
    /// A second factor is needed. Nothing is open.
    SecondFactor(Box<Challenge>),
}

/// What comes of showing again who one is.
pub(crate) const REAUTHENTICATED: &str = "reauthenticated";

/// A try to come in, as the trails keep it.
#[derive(Clone, Copy)]
pub(crate) struct Tried<'a> {
    /// The key of the address that was given.
    pub(crate) email_key: &'a str,
    /// Whose account it was, where there is one.
    pub(crate) user_id: Option<UserId>,
    /// `password`, `totp`, …
    pub(crate) method: &'static str,
    /// The device, where it is one that the user has logged in with.
    pub(crate) device: Option<DeviceId>,
    /// The session that it opened, or that it was made in.
    pub(crate) session: Option<SessionId>,
    /// How risky it was, where that was judged.
    pub(crate) risk: Option<&'a Assessment>,
}

impl<'a> Tried<'a> {
    /// A try at the account with this address, by this method.
    pub(crate) fn new(email_key: &'a str, user_id: Option<UserId>, method: &'static str) -> Self {
        Self { email_key, user_id, method, device: None, session: None, risk: None }
    }

    /// Made within a session.
    pub(crate) fn within(self, session: SessionId) -> Self {
        Self { session: Some(session), ..self }
    }
}

impl Core {
    /// Checks a password, and opens a session where that is enough.
    ///
    /// # Errors
    /// `invalid_credentials`, the same for a wrong password and an unknown address, in the same time;
    /// `account_pending`, `account_suspended`, `account_deactivated`, `method_unavailable`, `place_denied`,
    /// `login_denied` with the right password only;
    /// `too_many_attempts`; 503 `overloaded` or `unavailable`.
    pub async fn login(&self, login: &Login, client: &Client) -> Result<LoginOutcome, Fault> {
        let outcome = self.try_login(login, client).await;
        let result = match &outcome {
            Ok(LoginOutcome::Opened(_)) => "ok",
            Ok(LoginOutcome::SecondFactor(_)) => "second_factor",
            Err(fault) => fault.code().as_str(),
        };
        metrics::counter!("durward_logins_total", "method" => "password", "result" => result).increment(1);
        self.figures.login("password", result);
        outcome
    }

    async fn try_login(&self, login: &Login, client: &Client) -> Result<LoginOutcome, Fault> {
        let email_key = identify(&login.email);
        let paid = match self.budgets.charge(&email_key, client).await {
            Ok(paid) => paid,
            Err(fault) if fault.code() == Code::TooManyAttempts => {
                return self.failed(&Tried::new(&email_key, None, "password"), fault, client).await;
            }
            Err(fault) => return Err(fault),
        };
        for _ in 0..LOOKS {
            let credential = self.gate.read().await?.credential_by_email(&email_key).await?;
            let user_id = credential.as_ref().map(|credential| credential.user.id);
            let tried = Tried::new(&email_key, user_id, "password");
            let shown = match password::show(&self.hasher, credential, &login.password).await {
                Ok(Some(shown)) => shown,
                Ok(None) => return self.failed(&tried, wrong_credentials(), client).await,
                Err(fault) => {
                    paid.give_back(&self.budgets).await?;
                    return Err(fault);
                }
            };
            let hash = shown.hash.clone();
            let outcome = match factors::by_password(shown) {
                Ok(passed) => self.go_on(login, &email_key, passed, &hash, &paid, client).await,
                Err(fault) => Err(fault),
            };
            match outcome {
                Ok(Some(outcome)) => return outcome,
                // A session that is opened after a change of the password would outlive it: look at the account again.
                Ok(None) => {}
                Err(fault) if fault.code().status() == 403 || fault.code() == Code::RateLimited => {
                    // The password was right: it was no guess, and it costs nothing.
                    paid.give_back(&self.budgets).await?;
                    return self.failed(&tried, fault, client).await;
                }
                Err(fault) => return Err(fault),
            }
        }
        Err(Fault::unavailable("the account changed each time while its password was being checked"))
    }

    /// Opens a session, gives a challenge, or refuses a login whose risk is too high, in one transaction. None when the
    /// account is no longer as it was checked.
    async fn go_on(
        &self,
        login: &Login,
        email_key: &str,
        passed: PasswordPassed,
        hash: &Compared,
        paid: &Paid,
        client: &Client,
    ) -> Result<Option<Result<LoginOutcome, Fault>>, Fault> {
        let user_id = passed.user().id;
        let mut write = self.gate.write().await?;
        if !write.hold_account(user_id, &hash.checked, &hash.kept).await? {
            return Ok(None);
        }
        let mut arrival = self.arrives_judged(&mut write, passed.user(), client, Shown::Password).await?;
        let instead = StandsIn {
            token: login.device_token.as_ref(),
            device: arrival.device.as_ref(),
            allowed: !arrival.steps_up(),
        };
        let need = second_factor::need(self, &mut write, passed.user(), instead).await?;
        // Who has no second factor is mailed a code, where that can be done.
        let need = match need {
            Need::Nothing(_) if arrival.steps_up() && self.has_post() => Need::Mail,
            Need::Nothing(waived) => {
                arrival.cannot_step_up();
                Need::Nothing(waived)
            }
            need => need,
        };
        let tried = Tried {
            device: arrival.device_id(),
            risk: arrival.risk.as_ref(),
            ..Tried::new(email_key, Some(user_id), "password")
        };
        let mut write = match self.refuse_risky(write, passed.user(), &tried, &arrival, paid, client).await? {
            Ok(write) => write,
            Err(fault) => return Ok(Some(Err(fault))),
        };
        let challenge = match need {
            Need::Nothing(waived) => {
                let proof = factors::alone(passed, &waived, self.clock.now())?;
                let opened =
                    issue::session(self, &mut write, proof, login.transport, client, arrival.device.as_ref()).await?;
                let tried = Tried { device: opened.device_id(), session: Some(opened.session_id), ..tried };
                self.note_attempt(&mut write, &tried, "ok", client).await?;
                self.learns(&mut write, &arrival, client).await?;
                let posted = self.notice_login(&mut write, &opened, &arrival, client).await?;
                let audit = client.audit("login").actor(user_id).subject(user_id).session(opened.session_id);
                paid.commit(write, audit).await?;
                if posted {
                    self.ring_post();
                }
                return Ok(Some(Ok(LoginOutcome::Opened(Box::new(opened)))));
            }
            Need::Show(methods) => {
                second_factor::give(self, &mut write, &passed, methods, login.transport, client).await?
            }
            Need::SetUp => second_factor::give(self, &mut write, &passed, Vec::new(), login.transport, client).await?,
            Need::Mail => second_factor::give_mailed(self, &mut write, &passed, login.transport, client).await?,
        };
        self.note_attempt(&mut write, &tried, "second_factor_required", client).await?;
        paid.commit(write, client.audit("second_factor_asked").subject(user_id)).await?;
        self.ring_post();
        Ok(Some(Ok(LoginOutcome::SecondFactor(Box::new(challenge)))))
    }

    /// Writes a refused password down, then refuses it.
    pub(crate) async fn failed<T>(&self, tried: &Tried<'_>, fault: Fault, client: &Client) -> Result<T, Fault> {
        let mut write = self.gate.write().await?;
        self.note_refusal(&mut write, tried, &fault, client).await?;
        let audit = client.audit("login_failed").detail(serde_json::json!({ "reason": fault.code() }));
        write.commit(if let Some(user) = tried.user_id { audit.subject(user) } else { audit }).await?;
        Err(fault)
    }

    /// Writes a refused attempt down, and what is wrong also against the device it comes from, within the transaction that
    /// refuses it.
    pub(crate) async fn note_refusal(
        &self,
        write: &mut Write<Gate>,
        tried: &Tried<'_>,
        fault: &Fault,
        client: &Client,
    ) -> Result<(), Fault> {
        if matches!(fault.code(), Code::InvalidCredentials | Code::InvalidSecondFactor) {
            self.surge.count(self.clock.now());
        }
        let device = devices::refused(self, write, tried.user_id, fault.code(), client).await?;
        self.note_attempt(write, &Tried { device: device.or(tried.device), ..*tried }, fault.code().as_str(), client)
            .await
    }

    /// Writes an attempt down, within the transaction that decides it.
    pub(crate) async fn note_attempt(
        &self,
        write: &mut Write<Gate>,
        tried: &Tried<'_>,
        reason: &str,
        client: &Client,
    ) -> Result<(), Fault> {
        let place = self.place_of(client);
        let text = place.as_ref().and_then(Place::text);
        let signals = tried.risk.map(Assessment::signals_json).unwrap_or_default();
        let attempt = NewAttempt {
            user_id: tried.user_id,
            email_key: tried.email_key,
            method: tried.method,
            succeeded: matches!(reason, "ok" | REAUTHENTICATED),
            reason,
            ip: Some(&client.ip.to_string()),
            user_agent: client.user_agent.as_deref(),
            request_id: Some(&client.request_id),
            device: tried.device,
            session: tried.session,
            country: place.as_ref().and_then(|place| place.country.as_deref()),
            place: text.as_deref(),
            risk: tried.risk.map(|risk| risk.to_row(&signals)),
            now: self.clock.now(),
        };
        Ok(write.insert_attempt(&attempt).await?)
    }
}

/// The key of an address; of what is none, a text that no account has. It goes the same way and takes the same time.
pub(crate) fn identify(email: &str) -> String {
    match email.parse::<Email>() {
        Ok(email) => email.key(),
        Err(_) => "not an address".to_owned(),
    }
}

/// The one answer to a wrong password and to an unknown address.
pub(crate) fn wrong_credentials() -> Fault {
    Fault::of(Problem::new(Code::InvalidCredentials).detail("The e-mail address or the password is wrong."))
}
