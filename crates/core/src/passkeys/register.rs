//! Registering a passkey.

use durward_proto::problem::FieldError;
use durward_proto::wire::factor::Method;
use durward_proto::wire::passkey::{Passkey, PasskeyRegistered, PasskeyRegistration, PasskeyRequest};
use durward_proto::{PasskeyId, Secret};
use durward_store::{CeremonyBond, CeremonyPurpose, Gate, NewPasskey, UserRow, Write};
use durward_verify::{Refusal, Verified};
use webauthn_rs_core::proto::Credential;

use crate::client::Client;
use crate::factors::backup;
use crate::fault::Fault;
use crate::mail::{FactorWord, MailKind};
use crate::passkeys::assertion::Attestation;
use crate::passkeys::relying_party::{Known, Registering, Registrant, Unaccepted};
use crate::passkeys::{ceremony, own};
use crate::second_factor::{Change, Standing, state};
use crate::service::Core;

/// How many passkeys a user may have: what browsers are told to ask for has to stay short.
const MOST: usize = 20;

impl Core {
    /// Asks for a new passkey of the caller.
    ///
    /// # Errors
    /// `method_unavailable`, `reauthentication_required`; `factor_state` when there are as many as may be; 503 when the
    /// database is away.
    pub async fn begin_passkey_registration(&self, who: &Verified) -> Result<PasskeyRequest, Fault> {
        let party = self.relying_party()?;
        self.recently_authenticated(who)?;
        let mut write = self.gate.write().await?;
        write.hold_user(who.user_id()).await?.ok_or(Refusal::Revoked)?;
        let existing = write.passkeys_of(who.user_id()).await?;
        room_for_one_more(existing.len())?;
        let handle = write.ensure_factor_row(who.user_id(), self.new_handle(), self.clock.now()).await?;
        let user = who.user();
        let registrant = Registrant { handle, email: &user.email, full_name: user.full_name.as_deref() };
        let asked = party.ask_to_register(&registrant, existing.into_iter().map(Known::of).collect())?;
        let request = ceremony::begin(self, &mut write, of_session(who), asked).await?;
        write.commit_unaudited("nothing is done yet").await?;
        Ok(request)
    }

    /// Keeps the passkey that the caller's authenticator made. With the first second factor come backup codes.
    ///
    /// # Errors
    /// As [`Self::begin_passkey_registration`]; `validation_failed` for a ceremony that is over, an answer that does not
    /// hold, or a name; `factor_state` for a passkey that is known already.
    pub async fn finish_passkey_registration(
        &self,
        who: &Verified,
        registration: PasskeyRegistration,
        client: &Client,
    ) -> Result<PasskeyRegistered, Fault> {
        let party = self.relying_party()?;
        self.recently_authenticated(who)?;
        let name = registration.name.as_deref().map(own::name).transpose()?;
        let answer = Attestation::read(&registration.credential)?;
        let Some(asked) = ceremony::take::<Registering>(self, registration.ceremony_id, of_session(who)).await? else {
            return Err(Fault::field("/ceremony_id", "is over or not known; please begin again"));
        };
        let credential = party.check_registration(&answer, &asked).map_err(unaccepted)?;
        let mut write = self.gate.write().await?;
        let user = write.hold_user(who.user_id()).await?.ok_or_else(|| Fault::from(Refusal::Revoked))?;
        let passkey = self.keep(&mut write, &user, &credential, name).await?;
        let backup_codes = self.first_backup_codes(&mut write, &user).await?;
        if backup_codes.is_some() {
            write.also(&client.audit("backup_codes_made").actor(user.id).subject(user.id)).await?;
        }
        let changed = self.factors_change(&mut write, &user, Change::Added).await?;
        let ip = client.ip.to_string();
        let notice = MailKind::NewFactor { what: FactorWord::Passkey, ip, at: self.clock.now() };
        self.notify(&mut write, &user, notice, client).await?;
        let audit = client.audit("passkey_added").actor(user.id).subject(user.id).session(who.session_id());
        write.commit(audit.detail(serde_json::json!({ "passkey_id": passkey.id }))).await?;
        self.factors_were_changed(&changed);
        self.ring_post();
        Ok(PasskeyRegistered { passkey, backup_codes })
    }

    /// Writes a passkey down.
    async fn keep(
        &self,
        write: &mut Write<Gate>,
        user: &UserRow,
        credential: &Credential,
        name: Option<String>,
    ) -> Result<Passkey, Fault> {
        let now = self.clock.now();
        let document = serde_json::to_value(credential);
        let document = document.map_err(|error| Fault::unavailable(format!("writing a passkey: {error}")))?;
        let existing = write.passkeys_of(user.id).await?.len();
        room_for_one_more(existing)?;
        let name = name.unwrap_or_else(|| format!("Passkey {}", existing + 1));
        let new = NewPasskey {
            id: PasskeyId::new(now, &*self.random),
            user_id: user.id,
            credential_id: &credential.cred_id,
            credential: &document,
            name: &name,
            sign_count: credential.counter,
            backup_eligible: credential.backup_eligible,
            backed_up: credential.backup_state,
            now,
        };
        if !write.insert_passkey(&new).await? {
            return Err(state("This passkey is registered already."));
        }
        Ok(own::shown(&new))
    }

    /// Whoever has no backup codes gets some, for the day on which the authenticator is lost.
    async fn first_backup_codes(&self, write: &mut Write<Gate>, user: &UserRow) -> Result<Option<Vec<Secret>>, Fault> {
        let left = Standing::of(write, user.id).await?.backup_left;
        if left > 0 || !self.policy.second_factor.allows(Method::BackupCode) {
            return Ok(None);
        }
        backup::make(self, write, user.id).await.map(Some)
    }
}

fn of_session(who: &Verified) -> CeremonyBond<'static> {
    CeremonyBond {
        purpose: CeremonyPurpose::Register,
        user_id: Some(who.user_id()),
        session_id: Some(who.session_id()),
        challenge_hash: None,
    }
}

fn room_for_one_more(existing: usize) -> Result<(), Fault> {
    if existing < MOST {
        return Ok(());
    }
    Err(state(&format!("An account has at most {MOST} passkeys. Please remove one first.")))
}

fn unaccepted(why: Unaccepted) -> Fault {
    let why = match why {
        Unaccepted::Wrong(why) => why,
        Unaccepted::CounterWentBack => "the counter went back".to_owned(),
    };
    let detail = "the authenticator's answer does not hold; please begin again";
    Fault::fields(vec![FieldError::new("/credential", detail)]).because(why)
}
