//! WebSocket tickets: so that no long-lived token stands in a URL (contract section 6).

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use durward_proto::{Secret, Timestamp, random};
use durward_store::{GateStore, NewTicket, StoreError};
use durward_verify::{Redeemed, Verified};

use crate::fault::Fault;
use crate::issue::sha256;
use crate::service::Core;

/// How long a ticket holds.
pub const TICKET_TTL: Duration = Duration::from_secs(30);

impl Core {
    /// A ticket for one socket of the caller's session, for pages of the origin that asks. It holds as long as the key
    /// of the caller's token is in force, and so does what it opens.
    ///
    /// # Errors
    /// 401 when that key has just been retired; 503 when the database is away.
    pub async fn ticket(&self, who: &Verified, origin: Option<&str>) -> Result<Secret, Fault> {
        let ticket = Secret::new(URL_SAFE_NO_PAD.encode(random::bytes::<32>(&*self.random)));
        let (hash, now) = (sha256(ticket.expose().as_bytes()), self.clock.now());
        let kid = self.verifier().kid(who)?;
        let row = NewTicket {
            hash: &hash,
            session_id: who.session_id(),
            origin,
            now,
            expires_at: now.plus(TICKET_TTL),
            lease_expires_at: who.expires_at(),
            kid: kid.as_deref(),
        };
        let mut write = self.gate.write().await?;
        write.insert_ticket(&row).await?;
        write.commit_unaudited("a ticket is part of its session").await?;
        Ok(ticket)
    }
}

/// Uses a ticket up. `None` when it is unknown, used, too old or made for another origin.
pub(crate) async fn redeem(
    gate: &GateStore,
    ticket: &Secret,
    origin: Option<&str>,
    now: Timestamp,
) -> Result<Option<Redeemed>, StoreError> {
    let mut write = gate.write().await?;
    let Some(row) = write.take_ticket(&sha256(ticket.expose().as_bytes()), now).await? else { return Ok(None) };
    let session = write.live_session(row.session_id).await?;
    // Used up in any case: a ticket that was tried from a wrong place is no longer safe.
    write.commit_unaudited("a ticket is part of its session").await?;
    let Some(session) = session.filter(|_| row.origin.as_deref() == origin) else { return Ok(None) };
    Ok(Some(Redeemed {
        session: row.session_id,
        kid: row.kid,
        expires_at: row.lease_expires_at,
        auth_time: session.auth_time,
        amr: session.amr.split_whitespace().map(str::to_owned).collect(),
    }))
}
