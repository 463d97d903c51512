//! Ceremonies: from what is asked of an authenticator to its answer.

use durward_proto::CeremonyId;
use durward_proto::wire::passkey::PasskeyRequest;
use durward_store::{CeremonyBond, Gate, Write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::fault::Fault;
use crate::passkeys::relying_party::CEREMONY_LIFE;
use crate::sealing::About;
use crate::service::Core;

/// What the state of a ceremony is sealed as.
const SEALED: &str = "passkey ceremony";

/// Writes a ceremony down, and gives what the client needs of it.
pub(super) async fn begin(
    core: &Core,
    write: &mut Write<Gate>,
    bond: CeremonyBond<'_>,
    (public_key, state): (Value, impl Serialize),
) -> Result<PasskeyRequest, Fault> {
    let now = core.clock.now();
    let ceremony_id = CeremonyId::new(now, &*core.random);
    let state = serde_json::to_vec(&state).map_err(|error| Fault::unavailable(format!("a ceremony: {error}")))?;
    let sealed = core.sealer.seal(About { what: SEALED, whose: &ceremony_id.to_string() }, &state)?;
    write.insert_ceremony(ceremony_id, bond, &sealed, now, now.plus(CEREMONY_LIFE)).await?;
    Ok(PasskeyRequest { ceremony_id, public_key })
}

/// Takes a ceremony, for good: whatever the answer is worth, there is no second one. `None` when it is not known, was
/// answered before, has expired, or belongs to something else.
pub(super) async fn take<T: DeserializeOwned>(
    core: &Core,
    id: CeremonyId,
    bond: CeremonyBond<'_>,
) -> Result<Option<T>, Fault> {
    let mut write = core.gate.write().await?;
    let Some(sealed) = write.take_ceremony(id, bond, core.clock.now()).await? else { return Ok(None) };
    write.commit_unaudited("the audit row comes with what the answer is worth").await?;
    let state = core.sealer.open(About { what: SEALED, whose: &id.to_string() }, &sealed)?;
    let state = serde_json::from_slice(&state).map_err(|error| Fault::unavailable(format!("a ceremony: {error}")))?;
    Ok(Some(state))
}
