//! Whether a login needs a second factor.

use durward_proto::wire::factor::Method;
use durward_proto::{Secret, UserId};
use durward_store::{Gate, UserRow, Write};

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
/// but on a device that they trust; whoever has none has to set one up where the operator demands it.
///
/// # Errors
/// `method_unavailable` when what is needed was turned off: no weaker way in takes its place. 503 when the database is
/// away.
pub(crate) async fn need(
    core: &Core,
    write: &mut Write<Gate>,
    user: &UserRow,
    device: Option<&Secret>,
) -> Result<Need, Fault> {
    let (rules, standing) = (&core.policy.second_factor, Standing::of(write, user.id).await?);
    if standing.is_set_up() {
        if let Some(token) = device
            && rules.trust_device.is_some()
            && trust::holds(core, write, user.id, token).await?
        {
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
