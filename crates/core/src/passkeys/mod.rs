//! Passkeys (WebAuthn level 3), as a second factor and alone.
//!
//! Every ceremony is a row: `begin` writes down what was asked, sealed ([`ceremony`]), and `finish` takes it, so that an
//! answer counts once. What authenticators sign is checked by `webauthn-rs-core` behind [`relying_party`]; that a
//! passkey is known, whose it is, and that its counter went on is decided in [`answer`].

mod answer;
mod assertion;
mod ceremony;
mod login;
mod own;
mod register;
mod relying_party;
mod second_factor;

use durward_proto::wire::factor::Method;

pub(crate) use answer::PasskeyShown;
pub(crate) use own::name;

use crate::fault::Fault;
use crate::second_factor::unavailable;
use crate::service::Core;
use relying_party::RelyingParty;

/// For whom passkeys are made, from the configuration.
#[derive(Debug, Clone)]
pub struct PasskeySettings {
    /// The RP ID: a domain. None where the public URL has none, so that there can be no passkeys.
    pub rp_id: Option<String>,
    /// The name under which authenticators show this site.
    pub rp_name: String,
    /// The origin of the public URL.
    pub origin: String,
    /// Further origins whose pages may use these passkeys (WebAuthn level 3, section 5.11).
    pub related_origins: Vec<String>,
}

/// The relying party, where there can be one.
#[derive(Debug)]
pub(crate) struct Passkeys {
    party: Option<RelyingParty>,
    related_origins: Vec<String>,
}

impl Passkeys {
    /// # Errors
    /// When an origin of the settings is none.
    pub(crate) fn new(settings: PasskeySettings) -> Result<Self, Fault> {
        let related_origins = settings.related_origins.clone();
        Ok(Self { party: RelyingParty::new(settings)?, related_origins })
    }
}

impl Core {
    /// Whether passkeys can be used here at all.
    pub(crate) fn passkeys_work(&self) -> bool {
        self.passkeys.party.is_some() && self.policy.second_factor.allows(Method::Passkey)
    }

    /// The origins beside the public URL's whose pages may use these passkeys, for `/.well-known/webauthn`.
    pub fn related_origins(&self) -> &[String] {
        if self.passkeys_work() { &self.passkeys.related_origins } else { &[] }
    }

    /// The relying party.
    ///
    /// # Errors
    /// `method_unavailable` where passkeys cannot be used.
    fn relying_party(&self) -> Result<&RelyingParty, Fault> {
        let party = self.passkeys.party.as_ref().filter(|_| self.passkeys_work());
        party.ok_or_else(|| unavailable("There are no passkeys here."))
    }
}
