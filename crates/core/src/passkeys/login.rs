//! Logging in with a passkey and nothing else.

use std::convert::Infallible;

use durward_proto::wire::passkey::{PasskeyLogin, PasskeyRequest};
use durward_proto::{Code, UserId};
use durward_store::{CeremonyBond, CeremonyPurpose, Gate, Write};
use serde_json::Value;

use crate::budgets::Paid;
use crate::client::Client;
use crate::factors;
use crate::fault::Fault;
use crate::issue::{self, Opened};
use crate::login::{Tried, identify};
use crate::passkeys::answer::{self, invalid_passkey};
use crate::passkeys::assertion::Assertion;
use crate::passkeys::ceremony;
use crate::passkeys::relying_party::{Asked, AskedOf, Known, Verification};
use crate::risk::Shown;
use crate::second_factor::key_of;
use crate::service::Core;

/// Nobody is known yet, and no session is open.
const BOND: CeremonyBond<'static> =
    CeremonyBond { purpose: CeremonyPurpose::Login, user_id: None, session_id: None, challenge_hash: None };

/// A passkey's document, as it would stand in the row of one that does not exist: of a usual size, with the transports of
/// those that phones make.
const STAND_IN: &str = r#"{"cred_id":"AAECAwQFBgcICQoLDA0ODw","cred":{"type_":"ES256","key":{"EC_EC2":{"curve":"SECP256R1",
    "x":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8","y":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}}},"counter":0,
    "transports":["hybrid","internal"],"user_verified":true,"backup_eligible":true,"backup_state":true,
    "registration_policy":"required","extensions":{"cred_protect":"NotRequested","hmac_create_secret":"NotRequested",
    "appid":"NotRequested","cred_props":"Ignored"},"attestation":{"data":"None","metadata":"None"},
    "attestation_format":"none"}"#;

impl Core {
    /// Asks for a passkey to log in with: any for this site, or those of the account with this address. Where there is no
    /// such account, or it has none, one is made up, always the same for the same address, so that nobody learns of it
    /// (WebAuthn level 3, section 14.6.2).
    ///
    /// # Errors
    /// `method_unavailable`; 503 when the database is away.
    pub async fn begin_passkey_login(&self, email: Option<&str>) -> Result<PasskeyRequest, Fault> {
        let party = self.relying_party()?;
        let mut write = self.gate.write().await?;
        let (allowed, of) = match email {
            None => (Vec::new(), AskedOf::Anybody),
            Some(email) => self.passkeys_at(&mut write, email).await?,
        };
        let asked = party.ask_for(allowed, of, Verification::Required)?;
        let request = ceremony::begin(self, &mut write, BOND, asked).await?;
        write.commit_unaudited("nothing is done yet").await?;
        Ok(request)
    }

    /// Checks what the authenticator answered, and opens a session.
    ///
    /// # Errors
    /// `invalid_passkey`, whatever is wrong; `account_pending`, `account_suspended`, `account_deactivated` with the right
    /// passkey only; `validation_failed` for what is no answer at all; `too_many_attempts` for this client, never for the
    /// account, which nobody can lock its owner out of; `method_unavailable`; 503 when the database is away.
    pub async fn finish_passkey_login(&self, login: PasskeyLogin, client: &Client) -> Result<Opened, Fault> {
        let outcome = self.try_passkey_login(login, client).await;
        let result = outcome.as_ref().map_or_else(|fault| fault.code().as_str(), |_| "ok");
        metrics::counter!("durward_logins_total", "method" => "passkey", "result" => result).increment(1);
        self.figures.login("passkey", result);
        outcome
    }

    async fn try_passkey_login(&self, login: PasskeyLogin, client: &Client) -> Result<Opened, Fault> {
        self.relying_party()?;
        let answer = Assertion::read(&login.credential)?;
        let paid = self.budgets.charge_proof(client.ip).await?;
        let Some(asked) = ceremony::take::<Asked>(self, login.ceremony_id, BOND).await? else {
            let fault = invalid_passkey().because("the ceremony is over, or was another one's");
            return self.passkey_failed(None, &paid, fault, client).await;
        };
        let checked = match answer::check(self, &asked, &answer, client).await? {
            Ok(checked) => checked,
            Err(refused) => return self.passkey_failed(refused.user_id, &paid, refused.into_fault(), client).await,
        };
        let mut write = self.gate.write().await?;
        let proof = match answer::accept(self, &mut write, &checked).await {
            Ok(shown) => factors::by_passkey(shown, self.clock.now()),
            Err(fault) => Err(fault),
        };
        let proof = match proof {
            Ok(proof) => proof,
            Err(fault) if fault.code() == Code::Unavailable => return Err(fault),
            Err(fault) => {
                drop(write);
                // The passkey was right: it was no guess, and it costs nothing.
                let refused = self.passkey_failed(Some(checked.user_id()), &paid, fault, client).await;
                paid.give_back(&self.budgets).await?;
                return refused;
            }
        };
        let (email_key, user_id) = (key_of(&proof.user().email), proof.user().id);
        let arrival = match self.arrives_judged(&mut write, proof.user(), client, Shown::Passkey).await {
            Ok(arrival) => arrival,
            Err(fault) if fault.code() == Code::PlaceDenied => {
                drop(write);
                let refused = self.passkey_failed(Some(user_id), &paid, fault, client).await;
                paid.give_back(&self.budgets).await?;
                return refused;
            }
            Err(fault) => return Err(fault),
        };
        let tried =
            Tried { device: arrival.device_id(), risk: arrival.risk.as_ref(), ..tried(&email_key, Some(user_id)) };
        let mut write = self.refuse_risky(write, proof.user(), &tried, &arrival, &paid, client).await??;
        let opened = issue::session(self, &mut write, proof, login.transport, client, arrival.device.as_ref()).await?;
        let tried = Tried { device: opened.device_id(), session: Some(opened.session_id), ..tried };
        self.note_attempt(&mut write, &tried, "ok", client).await?;
        self.learns(&mut write, &arrival, client).await?;
        let posted = self.notice_login(&mut write, &opened, &arrival, client).await?;
        let audit = client.audit("login").actor(opened.user.id).subject(opened.user.id).session(opened.session_id);
        paid.commit(write, audit.detail(serde_json::json!({ "method": "passkey" }))).await?;
        if posted {
            self.ring_post();
        }
        Ok(opened)
    }

    /// The passkeys of the account with this address, or one that is made up: read and taken apart by the same steps.
    async fn passkeys_at(&self, write: &mut Write<Gate>, email: &str) -> Result<(Vec<Known>, AskedOf), Fault> {
        let key = identify(email);
        let document: Value = serde_json::from_str(STAND_IN).map_err(|_| Fault::unavailable("a decoy"))?;
        let offered = write.passkeys_by_email(&key, (&self.decoy(&key), &document)).await?;
        let of = offered.first().and_then(|passkey| passkey.user_id).map_or(AskedOf::Nobody, AskedOf::User);
        Ok((offered.into_iter().map(Known::offered).collect(), of))
    }

    /// The id of a passkey that does not exist, like those that phones make.
    fn decoy(&self, email_key: &str) -> Vec<u8> {
        let mark = self.sealer.mark("passkey decoy", email_key);
        // The lengths of the ids that common makes of passkeys have.
        let length = if mark.last().is_some_and(|byte| byte % 2 == 0) { 16 } else { 20 };
        mark.into_iter().take(length).collect()
    }

    /// Writes a refused login down, then refuses it.
    async fn passkey_failed<T>(
        &self,
        user_id: Option<UserId>,
        paid: &Paid,
        fault: Fault,
        client: &Client,
    ) -> Result<T, Fault> {
        let Err(fault) = paid.settle::<Infallible>(Err(fault));
        let mut write = self.gate.write().await?;
        let email = match user_id {
            Some(user) => write.credential_by_id(user).await?.map(|credential| credential.user.email),
            None => None,
        };
        let email_key = email.map(|email| key_of(&email)).unwrap_or_default();
        self.note_refusal(&mut write, &tried(&email_key, user_id), &fault, client).await?;
        let detail = serde_json::json!({ "method": "passkey", "reason": fault.code() });
        let audit = client.audit("login_failed").detail(detail);
        write.commit(if let Some(user) = user_id { audit.subject(user) } else { audit }).await?;
        Err(fault)
    }
}

fn tried(email_key: &str, user_id: Option<UserId>) -> Tried<'_> {
    Tried::new(email_key, user_id, "passkey")
}
