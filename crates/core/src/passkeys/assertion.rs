//! What browsers send: the JSON of `PublicKeyCredential.toJSON()` (WebAuthn level 3, section 5.1.2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::problem::FieldError;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use webauthn_rs_core::proto::{AuthenticatorTransport, PublicKeyCredential, RegisterPublicKeyCredential};

use crate::fault::Fault;

/// The longest id of a credential, in bytes (WebAuthn level 3, section 4).
const LONGEST_ID: usize = 1023;

/// The answer to `navigator.credentials.create`.
pub(super) struct Attestation {
    inner: RegisterPublicKeyCredential,
    place: Place,
}

/// The answer to `navigator.credentials.get`.
pub(super) struct Assertion {
    inner: PublicKeyCredential,
    place: Place,
}

/// Where an answer was made (WebAuthn level 3, section 5.8.1): looked at here, and the rest of the client data by the
/// library.
#[derive(Debug, Deserialize)]
pub(super) struct Place {
    /// The origin of the page.
    pub(super) origin: String,
    /// Whether the page was in a frame of another origin's.
    #[serde(default, rename = "crossOrigin")]
    pub(super) cross_origin: Option<bool>,
}

impl Attestation {
    /// # Errors
    /// `validation_failed` when it has not the shape that `toJSON` gives.
    pub(super) fn read(credential: &Value) -> Result<Self, Fault> {
        let inner: RegisterPublicKeyCredential = read(credential)?;
        check_shape(&inner.type_, &inner.id, &inner.raw_id)?;
        let place = place_of(&inner.response.client_data_json)?;
        Ok(Self { inner, place })
    }

    pub(super) fn inner(&self) -> &RegisterPublicKeyCredential {
        &self.inner
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// How the authenticator can be reached; none of the ways that we do not know.
    pub(super) fn transports(&self) -> Option<Vec<AuthenticatorTransport>> {
        let known = |transport: &&AuthenticatorTransport| **transport != AuthenticatorTransport::Unknown;
        self.inner.response.transports.as_ref().map(|all| all.iter().filter(known).take(8).cloned().collect())
    }
}

impl Assertion {
    /// # Errors
    /// `validation_failed` when it has not the shape that `toJSON` gives.
    pub(super) fn read(credential: &Value) -> Result<Self, Fault> {
        let inner: PublicKeyCredential = read(credential)?;
        check_shape(&inner.type_, &inner.id, &inner.raw_id)?;
        let place = place_of(&inner.response.client_data_json)?;
        Ok(Self { inner, place })
    }

    pub(super) fn inner(&self) -> &PublicKeyCredential {
        &self.inner
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn credential_id(&self) -> &[u8] {
        &self.inner.raw_id
    }

    /// Whose passkey it is, as the authenticator says.
    pub(super) fn user_handle(&self) -> Option<&[u8]> {
        self.inner.response.user_handle.as_deref()
    }
}

/// No extension is asked for whose result matters, so results of any shape may come.
fn read<T: DeserializeOwned>(credential: &Value) -> Result<T, Fault> {
    let Value::Object(members) = credential else { return Err(invalid("expected an object")) };
    let mut members = members.clone();
    members.remove("clientExtensionResults");
    members.remove("extensions");
    serde_json::from_value(Value::Object(members)).map_err(|error| invalid(&error.to_string()))
}

fn check_shape(kind: &str, id: &str, raw_id: &[u8]) -> Result<(), Fault> {
    if kind != "public-key" {
        return Err(invalid("expected type public-key"));
    }
    if raw_id.is_empty() || raw_id.len() > LONGEST_ID || id != URL_SAFE_NO_PAD.encode(raw_id) {
        return Err(invalid("expected the same id as id and as rawId, of 1 to 1,023 bytes"));
    }
    Ok(())
}

fn place_of(client_data: &[u8]) -> Result<Place, Fault> {
    serde_json::from_slice(client_data).map_err(|error| invalid(&format!("clientDataJSON: {error}")))
}

fn invalid(detail: &str) -> Fault {
    let detail = format!("expected what toJSON() of a PublicKeyCredential gives (WebAuthn level 3): {detail}");
    Fault::fields(vec![FieldError::new("/credential", detail)])
}
