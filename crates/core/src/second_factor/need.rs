//! Whether a login needs a second factor.

use durward_proto::wire::device::{SecurityLevel, TrustLevel};
use durward_proto::wire::factor::Method;
use durward_proto::{Secret, UserId};
use durward_store::{DeviceRow, Gate, UserRow, Write};

use crate::devices;
use crate::fault::Fault;
use crate::second_factor::{Standing, trust, unavailable};
use crate::service::Core;

/// What a login needs beside the password.
pub(crate) enum Need {
    /// Nothing.
    Nothing(Waived),
    /// One of these.
    Show(Vec<Method>),
    /// A second factor has to be set up first.
    SetUp,
    /// The code that is mailed to who has none, because too much speaks against this login.
    Mail,
}

/// What may stand in for a second factor.
#[derive(Clone, Copy)]
pub(crate) struct StandsIn<'a> {
    /// The token of a device on which it is not asked for.
    pub(crate) token: Option<&'a Secret>,
    /// The user's device that the login comes from.
    pub(crate) device: Option<&'a DeviceRow>,
    /// Whether the login's risk lets anything stand in for it.
    pub(crate) allowed: bool,
}

/// Proof that no second factor is needed at this login. Made here alone.
pub(crate) struct Waived {
    user: UserId,
}

impl Waived {
    pub(crate) fn user_id(&self) -> UserId {
        self.user
    }
}

/// Decides, within the transaction that acts on it and holds the account. Whoever has a second factor is asked for it,
/// but on a device that stands in for it; whoever has none has to set one up where the operator demands it.
///
/// # Errors
/// `method_unavailable` when what is needed was turned off: no weaker way in takes its place. 503 when the database is
/// away.
pub(crate) async fn need(
    core: &Core,
    write: &mut Write<Gate>,
    user: &UserRow,
    instead: StandsIn<'_>,
) -> Result<Need, Fault> {
    let (rules, standing) = (&core.policy.second_factor, Standing::of(write, user.id).await?);
    if standing.is_set_up() {
        if stands_in(core, write, user.id, instead).await? {
            return Ok(Need::Nothing(Waived { user: user.id }));
        }
        let methods = standing.methods(core);
        if methods.is_empty() {
            return Err(unavailable("The second factor of this account was turned off here. Ask the operator."));
        }
        return Ok(Need::Show(methods));
    }
    if !rules.demands_of(&user.role) {
        return Ok(Need::Nothing(Waived { user: user.id }));
    }
    if !rules.allows(Method::Totp) {
        return Err(unavailable("A second factor is needed and cannot be set up here. Ask the operator."));
    }
    Ok(Need::SetUp)
}

/// Whether the device stands in for the second factor: by its own level, or by the token that it was given. One that its
/// user wants to ask for it always asks.
async fn stands_in(core: &Core, write: &mut Write<Gate>, user: UserId, instead: StandsIn<'_>) -> Result<bool, Fault> {
    let level = instead.device.map(|device| device.security_level);
    if !instead.allowed || level == Some(SecurityLevel::Always2fa) {
        return Ok(false);
    }
    let by_itself = |device: &DeviceRow| {
        device.security_level == SecurityLevel::AutoLogin
            && device.trust_level >= TrustLevel::Trusted
            && devices::keeps_cookie(device)
    };
    if instead.device.is_some_and(by_itself) {
        return Ok(true);
    }
    match instead.token.filter(|_| core.policy.second_factor.trust_device.is_some()) {
        Some(token) => trust::holds(core, write, user, token).await,
        None => Ok(false),
    }
}
