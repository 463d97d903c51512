//! What logins leave with a device, those that go well and those that do not.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::wire::auth::Transport;
use durward_proto::wire::device::TrustLevel;
use durward_proto::{Code, DeviceId, Secret, SessionId, UserId, random};
use durward_store::{DeviceRow, Gate, SeenDevice, Write};
use zeroize::Zeroizing;

use crate::client::{Client, identity_of_headers};
use crate::devices::name::Described;
use crate::devices::reputation::Reputation;
use crate::devices::trust::{Trust, is_stepped_up};
use crate::fault::Fault;
use crate::issue::sha256;
use crate::service::Core;

/// The device that a session is opened on.
#[derive(Debug, Clone)]
pub struct Registered {
    /// Its id.
    pub(crate) id: DeviceId,
    /// What it is known by.
    pub(crate) identity: [u8; 32],
    /// Whether its user had never logged in with it.
    pub(crate) is_new: bool,
    /// What stands in its cookie. None where it sends none and keeps none.
    pub(crate) cookie: Option<Secret>,
}

/// Writes down that the user logs in with this device, within the transaction that opens the session. A browser that has
/// no cookie yet gets one; who keeps their tokens themself is known by the cookie they send, or by their headers. The
/// account is held, and `known` is the user's device that the client is by what it sends.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn register(
    core: &Core,
    write: &mut Write<Gate>,
    user: UserId,
    amr: &[String],
    transport: Transport,
    client: &Client,
    known: Option<&DeviceRow>,
) -> Result<Registered, Fault> {
    let cookie = match (client.device_cookie(), transport) {
        (Some(cookie), _) => Some(cookie.clone()),
        (None, Transport::Cookie) => Some(new_cookie(core)),
        (None, Transport::Bearer) => None,
    };
    let identity = match &cookie {
        Some(cookie) => sha256(cookie.expose().as_bytes()),
        None => identity_of_headers(&client.fingerprint),
    };
    let now = core.clock.now();
    // Nobody has logged in with a cookie before that was just made.
    let before = known.filter(|device| device.identity_hash == identity);
    let reputation = Reputation::before(before, now).with_success();
    let trust = Trust::after_login(before, cookie.is_some(), is_stepped_up(amr), now);
    let described = Described::of(client.user_agent.as_deref());
    let place = core.place_of(client).and_then(|place| place.text());
    let seen = SeenDevice {
        id: DeviceId::new(now, &*core.random),
        user_id: user,
        identity_hash: &identity,
        fingerprint: &client.fingerprint,
        kind: described.kind,
        name: &described.name(),
        user_agent: client.user_agent.as_deref(),
        ip: &client.ip.to_string(),
        place: place.as_deref(),
        trust_level: trust.level,
        successes_milli: reputation.successes_milli,
        failures_milli: reputation.failures_milli,
        streak_logins: trust.logins,
        streak_since: trust.since,
        now,
    };
    let row = write.put_device(&seen, before.map(|device| device.id)).await?;
    if row.is_new {
        write.trim_devices(user, row.id, now).await?;
    }
    Ok(Registered { id: row.id, identity, is_new: row.is_new, cookie })
}

/// The user's device that something refused came from, within that transaction; none where it did not come with the
/// cookie of one. A wrong answer is a failure of the device. The same is read whether there is an account or not.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn refused(
    core: &Core,
    write: &mut Write<Gate>,
    user: Option<UserId>,
    why: Code,
    client: &Client,
) -> Result<Option<DeviceId>, Fault> {
    if !client.keeps_cookie() {
        return Ok(None);
    }
    // No user has the number 0.
    let held = write.hold_device(user.unwrap_or(UserId(0)), &client.identity()).await?;
    let Some(device) = held else { return Ok(None) };
    if !matches!(why, Code::InvalidCredentials | Code::InvalidSecondFactor | Code::InvalidPasskey) {
        return Ok(Some(device.id));
    }
    let now = core.clock.now();
    let reputation = Reputation::of(&device, now).with_failure();
    write.note_device_failure(device.id, reputation.successes_milli, reputation.failures_milli, now).await?;
    Ok(Some(device.id))
}

/// The device of a session is verified from now on: a second factor was shown on it. Within that transaction.
///
/// # Errors
/// 503 when the database is away.
pub(crate) async fn verified(write: &mut Write<Gate>, user: UserId, session: SessionId) -> Result<(), Fault> {
    match write.hold_device_of_session(user, session).await? {
        Some(device) if keeps_cookie(&device) && device.trust_level < TrustLevel::Verified => {
            Ok(write.set_device_trust(device.id, TrustLevel::Verified).await?)
        }
        _ => Ok(()),
    }
}

/// Whether a device is known by its secret cookie, and not by what anybody can copy from its headers.
pub(crate) fn keeps_cookie(device: &DeviceRow) -> bool {
    device.identity_hash != identity_of_headers(&device.fingerprint)
}

fn new_cookie(core: &Core) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(random::bytes::<32>(&*core.random))))
}
