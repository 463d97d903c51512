//! Opening a session, and the tokens that go with it.

use std::time::Duration;

use aws_lc_rs::digest;
use durward_proto::ids::TokenId;
use durward_proto::wire::auth::{Transport, User};
use durward_proto::{DeviceId, Secret, SessionId, Timestamp};
use durward_store::{DeviceRow, Gate, NewSession, Write};
use durward_verify::Claims;

use crate::client::Client;
use crate::devices::{self, Registered};
use crate::factors::Authenticated;
use crate::fault::Fault;
use crate::refresh_token::RefreshToken;
use crate::second_factor::Trusted;
use crate::service::Core;

/// What a login or a refresh gives out.
#[derive(Debug)]
pub struct Opened {
    /// The access token.
    pub access_token: Secret,
    /// How long it holds.
    pub access_expires_in: Duration,
    /// The refresh token.
    pub refresh_token: Secret,
    /// How long it holds.
    pub refresh_expires_in: Duration,
    /// The session.
    pub session_id: SessionId,
    /// Whose it is.
    pub user: User,
    /// How the client keeps its tokens.
    pub transport: Transport,
    /// The value of the `device_id` cookie; empty for a client that keeps none.
    pub device: Secret,
    /// The device as it was registered; none after a refresh.
    pub registered: Option<Registered>,
    /// What the device keeps from now on that it is trusted with, after a login that asked for it.
    pub trust: Option<Trusted>,
    /// After a login that set a second factor up.
    pub backup_codes: Option<Vec<Secret>>,
}

impl Opened {
    /// The device that it was opened on; none after a refresh.
    pub(crate) fn device_id(&self) -> Option<DeviceId> {
        self.registered.as_ref().map(|device| device.id)
    }
}

/// What a session's tokens say about how it was opened.
pub(crate) struct Standing {
    pub(crate) session_id: SessionId,
    pub(crate) generation: u32,
    pub(crate) amr: Vec<String>,
    pub(crate) auth_time: Timestamp,
}

/// Opens a session within the transaction that the login commits and that holds the account; `known` is the user's device
/// that the client is. Takes nothing less than [`Authenticated`], so that
/// a forgotten factor does not compile.
pub(crate) async fn session(
    core: &Core,
    write: &mut Write<Gate>,
    proof: Authenticated,
    transport: Transport,
    client: &Client,
    known: Option<&DeviceRow>,
) -> Result<Opened, Fault> {
    let now = core.clock.now();
    let (user, amr, auth_time) = proof.into_parts();
    let session_id = SessionId::new(now, &*core.random);
    // A token's end is said in whole seconds (RFC 7519 section 2): a session that outlived its last token by a part of one would
    // give out tokens that have ended.
    let expires_at = Timestamp::from_seconds(now.plus(core.policy.session_absolute).seconds());
    let device = devices::register(core, write, user.id, &amr, transport, client, known).await?;
    let ip = client.ip.to_string();
    let place = core.place_of(client).and_then(|place| place.text());
    let new = NewSession {
        id: session_id,
        user_id: user.id,
        now,
        expires_at,
        auth_time,
        amr: &amr.join(" "),
        transport,
        user_agent: client.user_agent.as_deref(),
        ip: Some(&ip),
        device_hash: Some(device.identity),
        device: Some(device.id),
        place: place.as_deref(),
    };
    write.insert_session(&new).await?;
    let refresh = RefreshToken::new(&*core.random);
    let refresh_expires_at = expires_at.min(now.plus(core.policy.refresh_ttl));
    write.insert_refresh(&refresh.hash(), session_id, 1, now, refresh_expires_at).await?;
    let standing = Standing { session_id, generation: 1, amr, auth_time };
    let user: User = user.into();
    Ok(Opened {
        access_token: access_token(core, &user, &standing, now, expires_at)?,
        access_expires_in: core.policy.access_ttl.min(expires_at.since(now)),
        refresh_token: refresh.to_text(),
        refresh_expires_in: refresh_expires_at.since(now),
        session_id,
        user,
        transport,
        device: device.cookie.clone().unwrap_or_default(),
        registered: Some(device),
        trust: None,
        backup_codes: None,
    })
}

/// Signs an access token (RFC 9068) that ends with its session at the latest.
pub(crate) fn access_token(
    core: &Core,
    user: &User,
    standing: &Standing,
    now: Timestamp,
    session_expires_at: Timestamp,
) -> Result<Secret, Fault> {
    let claims = Claims {
        iss: core.rules.issuer.clone(),
        aud: core.rules.audience.clone(),
        sub: user.id.to_string(),
        id: user.id.0,
        email: user.email.clone(),
        role: user.role.as_str().to_owned(),
        scope: core.policy.roles.scopes_of(&user.role).join(" "),
        sid: standing.session_id,
        jti: TokenId::new(now, &*core.random),
        iat: now.seconds(),
        nbf: now.seconds(),
        exp: now.plus(core.policy.access_ttl).min(session_expires_at).seconds(),
        amr: standing.amr.clone(),
        auth_time: standing.auth_time.seconds(),
        generation: Some(standing.generation),
    };
    core.verifier.keys().sign(&claims).map_err(|error| Fault::unavailable(format!("signing a token: {error}")))
}

/// SHA-256 (FIPS 180-4).
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0u8; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
