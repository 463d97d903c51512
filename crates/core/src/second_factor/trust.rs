//! Devices on which a user need not show the second factor for a while, by a random token that the device keeps.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::{DeviceId, Secret, TrustId, UserId, random};
use durward_store::{Gate, NewTrust, Write};
use zeroize::Zeroizing;

use crate::client::Client;
use crate::fault::Fault;
use crate::issue::sha256;
use crate::service::Core;

/// What a device keeps that is trusted from now on.
#[derive(Debug)]
pub struct Trusted {
    /// What it shows with its next logins.
    pub token: Secret,
    /// How long.
    pub expires_in: Duration,
}

/// Trusts the device that asks, within the transaction of its login. None where no device can be trusted.
///
/// # Errors
/// 503 when the database is away.
pub(super) async fn grant(
    core: &Core,
    write: &mut Write<Gate>,
    user: UserId,
    device: Option<DeviceId>,
    client: &Client,
) -> Result<Option<Trusted>, Fault> {
    let Some(life) = core.policy.second_factor.trust_device else { return Ok(None) };
    let token = Secret::new(URL_SAFE_NO_PAD.encode(Zeroizing::new(random::bytes::<32>(&*core.random))));
    let now = core.clock.now();
    let new = NewTrust {
        id: TrustId::new(now, &*core.random),
        token_hash: hash_of(&token),
        user_id: user,
        user_agent: client.user_agent.as_deref(),
        ip: Some(&client.ip.to_string()),
        now,
        expires_at: now.plus(life),
        device,
    };
    write.insert_trust(&new).await?;
    let audit = client.audit("device_trusted").actor(user).subject(user);
    write.also(&audit.detail(serde_json::json!({ "trusted_device_id": new.id }))).await?;
    Ok(Some(Trusted { token, expires_in: life }))
}

/// Whether the user trusts the device with this token.
///
/// # Errors
/// 503 when the database is away.
pub(super) async fn holds(core: &Core, write: &mut Write<Gate>, user: UserId, token: &Secret) -> Result<bool, Fault> {
    Ok(write.trusts_device(&hash_of(token), user, core.clock.now()).await?)
}

fn hash_of(token: &Secret) -> [u8; 32] {
    sha256(token.expose().as_bytes())
}
