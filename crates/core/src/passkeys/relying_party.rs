//! The relying party: what authenticators are asked, and whether their answers hold.

use std::fmt;
use std::time::Duration;

use durward_proto::UserId;
use durward_store::{OfferedPasskeyRow, PasskeyRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use uuid::Uuid;
use webauthn_rs_core::WebauthnCore;
use webauthn_rs_core::error::WebauthnError;
use webauthn_rs_core::proto::{
    AllowCredentials, AuthenticationResult, AuthenticationState, AuthenticatorTransport, COSEAlgorithm, Credential,
    ParsedAttestation, PublicKeyCredentialDescriptor, RegistrationState, RequestRegistrationExtensions,
    UserVerificationPolicy,
};

use crate::fault::Fault;
use crate::passkeys::PasskeySettings;
use crate::passkeys::assertion::{Assertion, Attestation, Place};

/// How long an authenticator's answer is waited for, by browsers and by us.
pub(super) const CEREMONY_LIFE: Duration = Duration::from_secs(300);

/// Us, towards authenticators.
pub(super) struct RelyingParty {
    core: WebauthnCore,
    origins: Vec<String>,
}

/// Whether the authenticator has to make sure that it is its user, by a PIN or biometrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    /// It has to: the passkey is all that is shown.
    Required,
    /// If it can: it comes after a password.
    Preferred,
}

/// What a ceremony remembers of what it asked.
#[derive(Serialize, Deserialize)]
pub(super) struct Asked {
    state: AuthenticationState,
    /// Whose passkeys were asked for.
    pub(super) of: AskedOf,
}

/// Whose passkeys were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AskedOf {
    /// Anybody's: the authenticator has to say whose its passkey is.
    Anybody,
    /// This user's.
    User(UserId),
    /// Those of an account that does not exist, or has none.
    Nobody,
}

/// What a ceremony remembers of a registration.
#[derive(Serialize, Deserialize)]
pub(super) struct Registering {
    state: RegistrationState,
}

/// Who registers a passkey, as authenticators show it.
pub(super) struct Registrant<'a> {
    pub(super) handle: Uuid,
    pub(super) email: &'a str,
    pub(super) full_name: Option<&'a str>,
}

/// A passkey that a browser is told to ask for.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) credential_id: Vec<u8>,
    pub(super) transports: Option<Vec<AuthenticatorTransport>>,
}

/// Why an answer was not accepted.
#[derive(Debug)]
pub(super) enum Unaccepted {
    /// It does not hold; why, for the log.
    Wrong(String),
    /// It holds, but the authenticator's counter went back: there may be two of it.
    CounterWentBack,
}

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelyingParty").field("origins", &self.origins).finish_non_exhaustive()
    }
}

impl RelyingParty {
    /// None where there is no RP ID.
    ///
    /// # Errors
    /// When an origin of the settings is none.
    pub(super) fn new(settings: PasskeySettings) -> Result<Option<Self>, Fault> {
        let Some(rp_id) = settings.rp_id else { return Ok(None) };
        let mut origins = vec![settings.origin];
        origins.extend(settings.related_origins);
        let urls = origins.iter().map(|origin| {
            Url::parse(origin).map_err(|error| Fault::unavailable(format!("an origin of passkeys, {origin}: {error}")))
        });
        let urls = urls.collect::<Result<Vec<Url>, Fault>>()?;
        let core = WebauthnCore::new_unsafe_experts_only(
            &settings.rp_name,
            &rp_id,
            urls,
            CEREMONY_LIFE,
            Some(false),
            Some(false),
        );
        Ok(Some(Self { core, origins }))
    }

    /// What to ask for to register a passkey that can be found without its id (a discoverable credential), but not on an
    /// authenticator that has one of `existing`.
    pub(super) fn ask_to_register(
        &self,
        who: &Registrant<'_>,
        existing: Vec<Known>,
    ) -> Result<(Value, Registering), Fault> {
        let shown = who.full_name.filter(|name| !name.is_empty()).unwrap_or(who.email);
        let extensions = RequestRegistrationExtensions {
            cred_protect: None,
            uvm: None,
            cred_props: Some(true),
            min_pin_length: None,
            hmac_create_secret: None,
        };
        let builder = self
            .core
            .new_challenge_register_builder(who.handle.as_bytes(), who.email, shown)
            .map_err(unaskable)?
            .credential_algorithms(COSEAlgorithm::secure_algs())
            .user_verification_policy(UserVerificationPolicy::Preferred)
            .require_resident_key(true)
            .extensions(Some(extensions))
            .exclude_credentials(Some(existing.iter().map(|known| known.credential_id.clone()).collect()));
        let (mut options, state) = self.core.generate_challenge_register(builder).map_err(unaskable)?;
        let excluded = existing.into_iter().map(|known| PublicKeyCredentialDescriptor {
            type_: "public-key".to_owned(),
            id: known.credential_id,
            transports: known.transports,
        });
        options.public_key.exclude_credentials = Some(excluded.collect());
        Ok((written(&options.public_key)?, Registering { state }))
    }

    /// What to ask for to see one of `allowed`; of any passkey for this site when there are none.
    pub(super) fn ask_for(
        &self,
        allowed: Vec<Known>,
        of: AskedOf,
        verification: Verification,
    ) -> Result<(Value, Asked), Fault> {
        // The library is not given the credentials: which one answers is looked up when it has.
        let builder =
            self.core.new_challenge_authenticate_builder(Vec::new(), Some(verification.policy())).map_err(unaskable)?;
        let (mut options, state) = self.core.generate_challenge_authenticate(builder).map_err(unaskable)?;
        let allowed = allowed.into_iter().map(|known| AllowCredentials {
            type_: "public-key".to_owned(),
            id: known.credential_id,
            transports: known.transports,
        });
        options.public_key.allow_credentials = allowed.collect();
        Ok((written(&options.public_key)?, Asked { state, of }))
    }

    /// Checks a registration (WebAuthn level 3, section 7.1).
    pub(super) fn check_registration(
        &self,
        answer: &Attestation,
        asked: &Registering,
    ) -> Result<Credential, Unaccepted> {
        check_place(&self.origins, answer.place())?;
        let mut credential =
            self.core.register_credential(answer.inner(), &asked.state, None).map_err(|error| wrong(&error))?;
        // Nobody's make of authenticator is asked for, nor kept where it is told all the same.
        credential.attestation = ParsedAttestation::default();
        credential.transports = answer.transports();
        Ok(credential)
    }

    /// Checks an assertion (WebAuthn level 3, section 7.2) of this passkey. Whose it is has been looked at before.
    pub(super) fn check_assertion(
        &self,
        answer: &Assertion,
        asked: &Asked,
        passkey: &PasskeyRow,
    ) -> Result<AuthenticationResult, Unaccepted> {
        check_place(&self.origins, answer.place())?;
        let credential = kept(passkey)?;
        let checked = self.core.authenticate_single_credential(answer.inner(), &asked.state, &credential);
        checked.map_err(|error| match error {
            WebauthnError::CredentialPossibleCompromise => Unaccepted::CounterWentBack,
            error => wrong(&error),
        })
    }
}

impl Verification {
    fn policy(self) -> UserVerificationPolicy {
        match self {
            Self::Required => UserVerificationPolicy::Required,
            Self::Preferred => UserVerificationPolicy::Preferred,
        }
    }
}

impl Known {
    /// A passkey of ours.
    pub(super) fn of(passkey: PasskeyRow) -> Self {
        Self { transports: Self::transports(&passkey.credential), credential_id: passkey.credential_id }
    }

    /// A passkey of ours, or one that is made up.
    pub(super) fn offered(passkey: OfferedPasskeyRow) -> Self {
        Self { transports: Self::transports(&passkey.credential), credential_id: passkey.credential_id }
    }

    /// How a passkey can be reached, from its document.
    fn transports(document: &Value) -> Option<Vec<AuthenticatorTransport>> {
        let transports = document.get("transports").cloned();
        transports.and_then(|transports| serde_json::from_value(transports).ok()).flatten()
    }
}

/// The origin as a browser writes it must be one of ours to the letter, where the library compares parts of URLs, and no
/// other site's page may be around ours, which the library looks at in registrations alone.
fn check_place(origins: &[String], place: &Place) -> Result<(), Unaccepted> {
    if !origins.contains(&place.origin) {
        return Err(Unaccepted::Wrong("the answer was made for another origin".to_owned()));
    }
    if place.cross_origin == Some(true) {
        return Err(Unaccepted::Wrong("the answer was made in a frame of another origin".to_owned()));
    }
    Ok(())
}

/// A passkey as the library takes it: with the counter and the backup state of today. Whether the user has to be
/// verified is what the ceremony says, and not what was possible when the passkey was made.
fn kept(passkey: &PasskeyRow) -> Result<Credential, Unaccepted> {
    let mut credential: Credential = Deserialize::deserialize(&passkey.credential)
        .map_err(|error| Unaccepted::Wrong(format!("the passkey's row cannot be read: {error}")))?;
    credential.counter = passkey.sign_count;
    credential.backup_eligible = passkey.backup_eligible;
    credential.backup_state = passkey.backed_up;
    credential.registration_policy = UserVerificationPolicy::Preferred;
    credential.user_verified = false;
    Ok(credential)
}

fn wrong(error: &WebauthnError) -> Unaccepted {
    Unaccepted::Wrong(error.to_string())
}

fn unaskable(error: WebauthnError) -> Fault {
    Fault::unavailable(format!("asking an authenticator: {error}"))
}

fn written(options: &impl Serialize) -> Result<Value, Fault> {
    serde_json::to_value(options).map_err(|error| Fault::unavailable(format!("asking an authenticator: {error}")))
}
