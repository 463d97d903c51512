//! The second half of a login: a challenge and a second factor.

use durward_proto::problem::FieldError;
use durward_proto::wire::factor::{Method, SecondFactor};
use durward_proto::{CeremonyId, Code, Secret};
use durward_store::{ChallengePurpose, ChallengeRow, Gate, UserRow, Write};
use serde_json::{Value, json};

use crate::budgets::Paid;
use crate::client::Client;
use crate::factors::{self, SecondShown, backup, mail_code, totp};
use crate::fault::Fault;
use crate::issue::{self, Opened};
use crate::login::Tried;
use crate::passkeys::PasskeyShown;
use crate::second_factor::challenge::{self, TRIES, Taken};
use crate::second_factor::{Changed, key_of, state, trust, unavailable, wrong_second_factor};
use crate::service::Core;

/// What is shown, with all that belongs to it.
enum Shows<'a> {
    Totp(&'a Secret),
    Backup(&'a Secret),
    Passkey(CeremonyId, &'a Value),
    Mailed(&'a Secret),
}

/// What an answer does beside opening a session.
struct Let {
    shown: SecondShown,
    backup_codes: Option<Vec<Secret>>,
    changed: Option<Changed>,
}

impl Core {
    /// Checks a second factor and opens a session.
    ///
    /// # Errors
    /// `challenge_invalid`; `invalid_second_factor` or `invalid_passkey`, the fifth of which ends the challenge;
    /// `method_unavailable`, `factor_state`, `validation_failed`; `account_suspended` and its like; `too_many_attempts`,
    /// from the budgets that passwords have as well; 503.
    pub async fn verify_second_factor(&self, asked: &SecondFactor, client: &Client) -> Result<Opened, Fault> {
        let outcome = self.try_second_factor(asked, client).await;
        let result = outcome.as_ref().map_or_else(|fault| fault.code().as_str(), |_| "ok");
        count(self, asked.method, result);
        metrics::counter!("durward_logins_total", "method" => asked.method.as_str(), "result" => result).increment(1);
        self.figures.login(asked.method.as_str(), result);
        outcome
    }

    async fn try_second_factor(&self, asked: &SecondFactor, client: &Client) -> Result<Opened, Fault> {
        let shows = Shows::read(asked)?;
        let hash = challenge::hash_of(&asked.challenge_token);
        let challenge = challenge::of_client(self, &hash, client).await?;
        self.check_method(asked.method, &challenge)?;
        let credential = self.gate.read().await?.credential_by_id(challenge.user_id).await?;
        let user = credential.ok_or_else(challenge::over)?.user;
        let email_key = key_of(&user.email);
        let tried = Tried::new(&email_key, Some(user.id), asked.method.as_str());
        let charged = match &shows {
            Shows::Passkey(..) => self.budgets.charge_proof(client.ip).await,
            Shows::Totp(_) | Shows::Backup(_) | Shows::Mailed(_) => self.budgets.charge(&email_key, client).await,
        };
        let paid = match charged {
            Ok(paid) => paid,
            Err(fault) if fault.code() == Code::TooManyAttempts => return self.refused(&tried, fault, client).await,
            Err(fault) => return Err(fault),
        };
        let Some(tries) = self.count_try(&hash).await? else {
            paid.give_back(&self.budgets).await?;
            return Err(challenge::over());
        };
        let passkey = match &shows {
            Shows::Passkey(ceremony, credential) => {
                let outcome = self.finish_passkey_second_factor(user.id, &hash, *ceremony, credential, client).await;
                match paid.settle(outcome) {
                    Ok(shown) => Some(shown),
                    Err(fault) if matches!(fault.code(), Code::InvalidPasskey | Code::TooManyAttempts) => {
                        return self.wrong(&hash, tries, &user, &tried, fault, client).await;
                    }
                    Err(fault) => {
                        paid.give_back(&self.budgets).await?;
                        return Err(fault);
                    }
                }
            }
            Shows::Totp(_) | Shows::Backup(_) | Shows::Mailed(_) => None,
        };
        match self.let_in(&hash, &user, &shows, passkey, asked.trust_device, &paid, client).await {
            Err(fault) if fault.code() == Code::InvalidSecondFactor => {
                self.wrong(&hash, tries, &user, &tried, fault, client).await
            }
            Err(fault) if fault.code().status() == 403 => {
                // What was shown was right: it was no guess.
                paid.give_back(&self.budgets).await?;
                self.refused(&tried, fault, client).await
            }
            Err(fault) if fault.code().status() == 503 => {
                paid.give_back(&self.budgets).await?;
                Err(fault)
            }
            outcome => outcome,
        }
    }

    /// What is turned off, and what has nothing to do with this challenge, is no guess.
    fn check_method(&self, method: Method, challenge: &ChallengeRow) -> Result<(), Fault> {
        match (method == Method::EmailCode, challenge.mail_code_hash.is_some()) {
            (true, true) => return Ok(()),
            (true, false) => return Err(unavailable("No code was mailed for this login.")),
            (false, true) => {
                return Err(state("A code was mailed for this login. Send it with the method email_code."));
            }
            (false, false) => {}
        }
        if !self.policy.second_factor.allows(method) {
            return Err(unavailable("This second factor is turned off here."));
        }
        match challenge.purpose {
            ChallengePurpose::Verify => Ok(()),
            ChallengePurpose::Enrol if method == Method::Totp => Ok(()),
            ChallengePurpose::Enrol => Err(state("Set TOTP up first, and send its code.")),
        }
    }

    async fn count_try(&self, hash: &[u8; 32]) -> Result<Option<u32>, Fault> {
        let mut write = self.gate.write().await?;
        let tries = write.count_challenge_try(hash, TRIES, self.clock.now()).await?;
        write.commit_unaudited("a try is counted before it is checked").await?;
        Ok(tries)
    }

    /// Everything that a right answer does is one transaction, and a wrong one undoes it.
    async fn let_in(
        &self,
        hash: &[u8; 32],
        user: &UserRow,
        shows: &Shows<'_>,
        passkey: Option<PasskeyShown>,
        trusts: bool,
        paid: &Paid,
        client: &Client,
    ) -> Result<Opened, Fault> {
        let now = self.clock.now();
        let mut write = self.gate.write().await?;
        let mut taken = challenge::take(&mut write, hash, user.id, now).await?.ok_or_else(challenge::over)?;
        let transport = taken.transport;
        let accepted = self.accept(&mut write, &mut taken, hash, shows, passkey, client).await?;
        let Let { shown, backup_codes, changed } = accepted;
        // Whoever reads a mail once proves nothing of the device: the next factor that is set up is asked for on it.
        let trusts = trusts && !matches!(shown, SecondShown::MailCode(_));
        let proof = factors::with_second(factors::resumed(taken)?, &shown, now)?;
        // From where they come was looked at with the password. It may be elsewhere by now.
        let arrival = self.arrives(&mut write, proof.user(), client).await?;
        let mut opened = issue::session(self, &mut write, proof, transport, client, arrival.device.as_ref()).await?;
        if trusts {
            opened.trust = trust::grant(self, &mut write, user.id, opened.device_id(), client).await?;
        }
        opened.backup_codes = backup_codes;
        let email_key = key_of(&user.email);
        let tried = Tried {
            device: opened.device_id(),
            session: Some(opened.session_id),
            ..Tried::new(&email_key, Some(user.id), shows.method().as_str())
        };
        self.note_attempt(&mut write, &tried, "ok", client).await?;
        self.learns(&mut write, &arrival, client).await?;
        let posted = self.notice_login(&mut write, &opened, &arrival, client).await?;
        let audit = client.audit("login").actor(user.id).subject(user.id).session(opened.session_id);
        paid.commit(write, audit.detail(json!({ "method": shows.method() }))).await?;
        if let Some(changed) = &changed {
            self.factors_were_changed(changed);
        }
        // That a factor was set up is told as well.
        if posted || changed.is_some() {
            self.ring_post();
        }
        Ok(opened)
    }

    /// Checks what is shown, and uses it up.
    async fn accept(
        &self,
        write: &mut Write<Gate>,
        taken: &mut Taken,
        hash: &[u8; 32],
        shows: &Shows<'_>,
        passkey: Option<PasskeyShown>,
        client: &Client,
    ) -> Result<Let, Fault> {
        let user = taken.user().id;
        let plain = |shown| Let { shown, backup_codes: None, changed: None };
        if taken.purpose == ChallengePurpose::Enrol {
            return self.enrol(write, taken, shows, client).await;
        }
        match (shows, passkey) {
            (Shows::Totp(code), _) => {
                let shown = totp::show(self, write, user, code).await?.ok_or_else(wrong_second_factor)?;
                Ok(plain(SecondShown::Totp(shown)))
            }
            (Shows::Backup(code), _) => {
                let shown = backup::show(self, write, user, code).await?.ok_or_else(wrong_second_factor)?;
                write.also(&client.audit("backup_code_used").actor(user).subject(user)).await?;
                Ok(plain(SecondShown::Backup(shown)))
            }
            (Shows::Passkey(..), Some(shown)) => Ok(plain(SecondShown::Passkey(shown))),
            (Shows::Passkey(..), None) => Err(wrong_second_factor()),
            (Shows::Mailed(code), _) => {
                let shown = mail_code::show(self, taken, hash, code).ok_or_else(wrong_second_factor)?;
                self.forget_mailed_codes(write, &key_of(&taken.user().email));
                Ok(plain(SecondShown::MailCode(shown)))
            }
        }
    }

    /// The first code of the secret that the challenge gave out turns TOTP on. Not when there is a second factor by now:
    /// then the password alone must not add another one.
    async fn enrol(
        &self,
        write: &mut Write<Gate>,
        taken: &mut Taken,
        shows: &Shows<'_>,
        client: &Client,
    ) -> Result<Let, Fault> {
        let user = taken.user().clone();
        let (Shows::Totp(code), Some(sealed), false) = (shows, &taken.setup, user.tfa_enabled) else {
            return Err(challenge::over());
        };
        let shown = totp::show_first(self, write, user.id, sealed, code).await?.ok_or_else(wrong_second_factor)?;
        let (codes, changed) = self.totp_was_enabled(write, &user, client).await?;
        write.also(&client.audit("totp_enabled").actor(user.id).subject(user.id)).await?;
        taken.enrolled();
        Ok(Let { shown: SecondShown::Totp(shown), backup_codes: Some(codes), changed: Some(changed) })
    }

    /// Writes a wrong answer down, then refuses it. The last one ends the challenge.
    async fn wrong(
        &self,
        hash: &[u8; 32],
        tries: u32,
        user: &UserRow,
        tried: &Tried<'_>,
        fault: Fault,
        client: &Client,
    ) -> Result<Opened, Fault> {
        if tries >= TRIES {
            let mut write = self.gate.write().await?;
            if write.take_challenge(hash, self.clock.now()).await?.is_some() {
                write.commit(client.audit("challenge_ended").subject(user.id)).await?;
            }
        }
        self.refused(tried, fault, client).await
    }

    /// Writes a refused second factor down, then refuses it.
    pub(crate) async fn refused<T>(&self, tried: &Tried<'_>, fault: Fault, client: &Client) -> Result<T, Fault> {
        let mut write = self.gate.write().await?;
        self.note_refusal(&mut write, tried, &fault, client).await?;
        let audit = client.audit("second_factor_failed");
        let audit = audit.detail(json!({ "method": tried.method, "reason": fault.code() }));
        write.commit(if let Some(user) = tried.user_id { audit.subject(user) } else { audit }).await?;
        Err(fault)
    }
}

/// Counts a second factor that was shown, here or to show again who one is.
pub(crate) fn count(core: &Core, method: Method, result: &'static str) {
    core.figures.count("second_factors", format!("{}/{result}", method.as_str()));
    metrics::counter!("durward_second_factors_total", "method" => method.as_str(), "result" => result).increment(1);
}

impl<'a> Shows<'a> {
    /// What belongs to the method must be there, and nothing else.
    fn read(asked: &'a SecondFactor) -> Result<Self, Fault> {
        let mut errors = Vec::new();
        let mut want = |there: bool, wanted: bool, pointer: &str| {
            if there != wanted {
                let (method, verb) = (asked.method.as_str(), if wanted { "belongs" } else { "does not belong" });
                errors.push(FieldError::new(pointer, format!("{verb} to the method {method}")));
            }
        };
        let is_passkey = asked.method == Method::Passkey;
        want(asked.code.is_some(), !is_passkey, "/code");
        want(asked.ceremony_id.is_some(), is_passkey, "/ceremony_id");
        want(asked.credential.is_some(), is_passkey, "/credential");
        match (asked.method, &asked.code, asked.ceremony_id, &asked.credential) {
            _ if !errors.is_empty() => Err(Fault::fields(errors)),
            (Method::Totp, Some(code), ..) => Ok(Self::Totp(code)),
            (Method::BackupCode, Some(code), ..) => Ok(Self::Backup(code)),
            (Method::EmailCode, Some(code), ..) => Ok(Self::Mailed(code)),
            (Method::Passkey, _, Some(ceremony), Some(credential)) => Ok(Self::Passkey(ceremony, credential)),
            _ => Err(Fault::field("/method", "something is missing")),
        }
    }

    fn method(&self) -> Method {
        match self {
            Self::Totp(_) => Method::Totp,
            Self::Backup(_) => Method::BackupCode,
            Self::Passkey(..) => Method::Passkey,
            Self::Mailed(_) => Method::EmailCode,
        }
    }
}
